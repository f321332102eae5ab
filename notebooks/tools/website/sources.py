"""What Sphinx reads: the executed notebooks and the texts beside them, as pages of the site."""

import base64
import io
import os
import re
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import nbformat
from nbformat import NotebookNode
from PIL import Image
from shown import COURSE, tags, without_checkers

from website import figures

ROOT = Path(__file__).parents[3]
TEXTS = Path(__file__).parent / "texts"  # that stand on the site alone
ENGLISH = "en"
LINK = re.compile(r"\[([^\]]*)\]\(([^)\s#]+)(#[^)\s]*)?\)")
WAY = "[Glossary](glossary.md)"
PICTURE = re.compile(r'<img alt="([^"]*)" src="data:image/png;base64,([^"]*)" width="(\d+)">')
CONTENTS = """
```{{toctree}}
:hidden:
:caption: {caption}

{pages}
```
"""


@dataclass
class Edition:
    """The course in one language: its code, its name, and the folder of its notebooks.

    Texts that are not translated are in the English edition alone.
    """

    language: str
    name: str
    notebooks: Path

    @cached_property
    def lessons(self) -> list[Path]:
        """The notebooks of the lessons, in their order."""
        return sorted(self.notebooks.glob("[0-9]*.ipynb"))

    @cached_property
    def files(self) -> dict[str, Path]:
        """The file that each page shows, by the page's address without its ending."""
        solutions = sorted(self.notebooks.glob("solutions/*.ipynb"))
        found = {address_of(self.place(path)): path for path in [*self.lessons, *solutions]}
        if (glossary := self.notebooks / "glossary.md").exists():
            found["glossary"] = glossary
        if self.language == ENGLISH:
            paths = [ROOT / "notebooks/trpo_on_one_page.py", *sorted(ROOT.glob("trpo_lib/**/*.py"))]
            for path in [*paths, *sorted(ROOT.glob("benchmarks/*.md"))]:
                found[address_of(self.place(path))] = path
            found["cartpole"] = TEXTS / "cartpole.md"
            found["index"] = ROOT / "README.md"
        return found

    def place(self, path: Path) -> PurePosixPath:
        """Where a file stands in the repository, or would stand if its language were English."""
        if path.parent == TEXTS:
            return PurePosixPath("notebooks", path.name)
        if path.is_relative_to(self.notebooks):
            return PurePosixPath("notebooks", path.relative_to(self.notebooks).as_posix())
        return PurePosixPath(path.relative_to(ROOT).as_posix())

    def write(self, folder: Path, site: Path) -> None:
        """Writes what Sphinx reads; pictures go to the site at once."""
        (site / "pictures").mkdir(parents=True)
        for address, path in self.files.items():
            text = self.page(address, path, site / "pictures")
            if address == "index":
                text += self.contents()
            file = folder / f"{address}{'.ipynb' if path.suffix == '.ipynb' else '.md'}"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        shutil.copytree(ROOT / "figs", folder / "figs", ignore=shutil.ignore_patterns("*.py"))
        shutil.copytree(folder / "figs", site / "figs")  # the README's tables name them in HTML
        if "index" not in self.files:
            (folder / "index.md").write_text(f"# {COURSE}\n{self.contents()}", encoding="utf-8")

    def page(self, address: str, path: Path, pictures: Path) -> str:
        """What Sphinx reads of one page."""
        if path.suffix == ".ipynb":
            return nbformat.writes(self.notebook(address, path, pictures))
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".py":
            return f"# `{self.place(path)}`\n\n`````python\n{text}`````\n"
        return self.relinked(text, path, address)

    def notebook(self, address: str, path: Path, pictures: Path) -> NotebookNode:
        """A notebook as a page."""
        notebook, up = nbformat.read(path, 4), "../" * address.count("/")
        if path in self.lessons:
            notebook.cells = without_checkers(notebook.cells)
            add_way_to_slides(notebook.cells, path.stem)
        for number, cell in enumerate(notebook.cells):
            if cell.cell_type == "markdown":
                cell.source = self.relinked(cell.source, path, address)
                continue
            unpack_pictures(cell, f"{path.stem}-{number}", pictures, up)
            if figures.is_live(cell):
                make_live(cell, path.stem)
            if "predict" in tags(cell):
                cell.metadata.tags.append("hide-output")
        return notebook

    def relinked(self, text: str, path: Path, address: str) -> str:
        """The text of a file with links to pages; of a link to what has no page the words stay."""
        folder = self.place(path).parent

        def lead(found: re.Match) -> str:
            words, target, section = found.groups()
            if ":" in target:  # another site
                return found[0]
            file = PurePosixPath(os.path.normpath(folder / target))
            there, here = address_of(file), PurePosixPath(address).parent
            if file.parts[0] == "figs":
                return f"[{words}](/{file})"
            if there in self.files:
                ending = ".ipynb" if file.suffix == ".ipynb" else ".md"
                return f"[{words}]({os.path.relpath(there, here)}{ending}{section or ''})"
            if (ROOT / file).is_file() and there and self.language != ENGLISH:
                way = os.path.relpath(f"../{ENGLISH}/{there}.html", here)
                return f'<a href="{way}" hreflang="{ENGLISH}">{words}</a>'
            return words

        return LINK.sub(lead, text)

    def contents(self) -> str:
        """The lists of pages beside each page."""
        groups = {"Lessons": [], "More": [], "Solutions": [], "Code": []}
        for address in self.files:
            match address.split("/"):
                case ["index"]:
                    continue
                case ["solutions", _]:
                    groups["Solutions"].append(address)
                case ["code", _]:
                    groups["Code"].append(address)
                case [name] if name[0].isdigit():
                    groups["Lessons"].append(address)
                case _:
                    groups["More"].append(address)
        lists = {caption: "\n".join(pages) for caption, pages in groups.items() if pages}
        return "".join(CONTENTS.format(caption=name, pages=pages) for name, pages in lists.items())


def address_of(file: PurePosixPath) -> str:
    """The address, without its ending, of the page that shows a file of the repository, or ''."""
    match file.parts:
        case ["README.md"]:
            return "index"
        case ["notebooks", *_, name] if name.endswith(".py"):
            return f"code/{file.stem}"
        case ["notebooks", *inside]:
            return "/".join(inside).removesuffix(file.suffix)
        case ["trpo_lib", *_]:
            return f"code/{'.'.join(file.with_suffix('').parts).removesuffix('.__init__')}"
        case ["benchmarks", _]:
            return f"benchmarks/{file.stem}"
    return ""


def unpack_pictures(cell: NotebookNode, name: str, folder: Path, up: str) -> None:
    """Makes files of the pictures that a cell shows: a browser fetches those that come into view.

    up: the way from the page to the site's root.
    """

    def write(found: re.Match) -> str:
        alt, data, width = found.groups()
        file, png = f"{name}-{len(list(folder.glob(f'{name}-*')))}.png", base64.b64decode(data)
        (folder / file).write_bytes(png)
        picture = Image.open(io.BytesIO(png))
        height = round(int(width) * picture.height / picture.width)
        size = f'width="{width}" height="{height}"'
        return f'<img alt="{alt}" src="{up}{folder.name}/{file}" {size} loading="lazy">'

    for output in cell.outputs:
        if shown := output.get("data", {}).get("text/html"):
            output.data["text/html"] = PICTURE.sub(write, shown)


def add_way_to_slides(cells: list[NotebookNode], lesson: str) -> None:
    """Puts a link to a lesson's slides beside its link to the glossary."""
    cell = next(cell for cell in cells if WAY in cell.source)
    cell.source = cell.source.replace(WAY, f'<a href="slides/{lesson}.html">Slides</a> · {WAY}', 1)


def make_live(cell: NotebookNode, lesson: str) -> None:
    """Puts the place of a live figure around the picture that its cell has stored."""
    data = cell.outputs[-1].data
    place = f'<div class="trpo-live" data-figure="live/{lesson}">{data["text/html"]}</div>'
    data["text/html"] = f'{place}<script src="live/{lesson}.js"></script>'

"""Show the lessons as a site, on this machine only: `python notebooks/tools/demo.py [FOLDER]`.

Voilà runs a lesson when its page is opened, and shows no code. With `--today=02` lesson 02 runs
ahead, so that its page opens as it will be when all has run. A lesson links to files that Voilà
does not show: the glossary, the solutions, the modules. Their pages need no kernel. They are made
from the files when they are asked for, at the very addresses to which the links lead.
"""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ClassVar

import nbformat
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from rehearsal import CellsHandler, RehearsingKernelManager
from shown import COURSE, heading, without_checkers
from tornado.ioloop import IOLoop
from tornado.web import RequestHandler, StaticFileHandler
from traitlets import List, Unicode
from traitlets.config import Config
from voila.app import Voila

ROOT = Path(__file__).parents[2]
TEMPLATES = Path(__file__).with_name("templates")
VENDOR = Path(__file__).with_name("vendor")
MINUTES_WITHOUT_PAGE = 5
READY = " (ready)"
IT_RUNS = (
    "A lesson that is ready has run already. Any other starts when its page is opened: its text is "
    "there at once, and a figure when its cell has run."
)
EXPORTER = HTMLExporter(
    template_file="reference.html.j2",
    extra_template_paths=[str(TEMPLATES)],
    exclude_input_prompt=True,
    exclude_output_prompt=True,
)


def lessons(folder: Path) -> dict[str, str]:
    """The titles of the lessons in a folder, by file name."""
    paths = sorted(folder.glob("[0-9]*.ipynb"))
    return {path.name: heading(nbformat.read(path, 4).cells[0].source) for path in paths}


def title_page(folder: Path, is_ready: Callable[[str], bool]) -> NotebookNode:
    """The course's name, and its lessons."""
    links = [
        f"- [{title}](voila/render/{name}){READY if is_ready(name) else ''}"
        for name, title in lessons(folder).items()
    ]
    lines = [f"# {COURSE}", "", *links, "- [Glossary](voila/render/glossary.md)", "", IT_RUNS]
    return new_page(COURSE, new_markdown_cell("\n".join(lines)))


def markdown_page(path: Path) -> NotebookNode:
    """A Markdown file."""
    text = path.read_text(encoding="utf-8")
    return new_page(heading(text), way_back(), new_markdown_cell(text))


def notebook_page(path: Path) -> NotebookNode:
    """A notebook as it is stored, with its code."""
    cells = nbformat.read(path, 4).cells
    return new_page(heading(cells[0].source), way_back(), *cells)


def module_page(path: Path) -> NotebookNode:
    """A Python file."""
    name = path.relative_to(ROOT).as_posix()
    code = new_code_cell(path.read_text(encoding="utf-8"))
    return new_page(name, way_back(), new_markdown_cell(f"# `{name}`"), code)


def new_page(title: str, *cells: NotebookNode) -> NotebookNode:
    """A page, as a notebook."""
    metadata = {"title": title, "language_info": {"name": "python"}}
    return new_notebook(cells=list(cells), metadata=metadata)


def way_back(*links: str) -> NotebookNode:
    """A link to the title page, and others."""
    inside = " · ".join([f'<a href="/">{COURSE}</a>', *links])
    return new_markdown_cell(f'<nav aria-label="Course">{inside}</nav>')


def pages(folder: Path, is_ready: Callable[[str], bool]) -> dict[str, Callable[[], NotebookNode]]:
    """What makes each page that needs no kernel, by its address."""
    solutions = (folder / "solutions").glob("*.ipynb")
    modules = [*(ROOT / "trpo_lib").rglob("*.py"), ROOT / "notebooks/trpo_on_one_page.py"]
    return {
        "/": partial(title_page, folder, is_ready),
        "/voila/render/glossary.md": partial(markdown_page, folder / "glossary.md"),
        **{f"/voila/render/solutions/{p.name}": partial(notebook_page, p) for p in solutions},
        **{f"/voila/{p.relative_to(ROOT).as_posix()}": partial(module_page, p) for p in modules},
    }


def lesson(notebook: NotebookNode, path: Path) -> NotebookNode:
    """What Voilà runs and shows of a notebook: no checkers, whose cells nobody sees; ways out."""
    titles = lessons(path.parent)
    later = [f'<a href="{other}">{titles[other]} →</a>' for other in titles if other > path.name]
    notebook.cells = [way_back(), *without_checkers(notebook.cells), way_back(*later[:1])]
    notebook.metadata.title = titles.get(path.name, path.name)
    return notebook


def lesson_page(handler: RequestHandler, notebook: NotebookNode, cwd: str) -> NotebookNode:
    """What Voilà makes of a notebook that it has read."""
    # When a page is left, it asks for the end of its kernel. It must prove by this cookie that it
    # is no other site's page; Voilà hands the cookie out on its own title page only.
    _ = handler.xsrf_token
    return lesson(notebook, Path(handler.contents_manager.root_dir, handler.path_args[0]))


class Page(RequestHandler):
    """A page that needs no kernel."""

    def initialize(self, make: Callable[[], NotebookNode]) -> None:
        """Takes what makes the page."""
        self.make = make

    def get(self) -> None:
        """Makes the page."""
        html, _ = EXPORTER.from_notebook_node(self.make())
        self.finish(html)


class Demo(Voila):
    """Voilà with our templates, our pages, which go before its own, and lessons that run ahead."""

    aliases: ClassVar = {**Voila.aliases, "today": "Demo.today"}
    today = List(Unicode(), config=True, help="The numbers of the lessons that run ahead.")

    def lesson(self, name: str) -> NotebookNode:
        """What is run and shown of a lesson."""
        path = Path(self.root_dir, name)
        return lesson(nbformat.read(path, 4), path)

    def name_of(self, number: str) -> str:
        """The file of a lesson."""
        names = lessons(Path(self.root_dir))
        found = [name for name in names if name.startswith(f"{number}_")]
        if not found:
            numbers = ", ".join(name.split("_")[0] for name in names)
            raise SystemExit(f"today must be numbers of lessons ({numbers}), got {number!r}")
        return found[0]

    def setup_template_dirs(self) -> None:
        """Finds templates."""
        super().setup_template_dirs()
        self.template_paths.insert(0, str(TEMPLATES))

    def init_handlers(self) -> list:
        """Says what answers at which address."""
        for name in map(self.name_of, self.today):
            IOLoop.current().add_callback(self.kernel_manager.rehearse, name)
        ours = pages(Path(self.root_dir), self.kernel_manager.is_ready).items()
        return [
            *((re.escape(address), Page, {"make": make}) for address, make in ours),
            ("/vendor/(.*)", StaticFileHandler, {"path": VENDOR}),
            ("/voila/execution/([^/]+)", CellsHandler),
            *super().init_handlers(),
        ]


SETTINGS = Config(
    Voila={
        "ip": "127.0.0.1",
        "root_dir": str(ROOT / "notebooks"),
        "kernel_websocket_connection_class": "trpo_lib.connection.PromptConnection",
    },
    VoilaConfiguration={
        "prelaunch_hook": lesson_page,
        "progressive_rendering": True,
        "multi_kernel_manager_class": RehearsingKernelManager,
    },
    # For pages that were lost without a word, as when a browser is killed.
    MappingKernelManager={"cull_idle_timeout": 60 * MINUTES_WITHOUT_PAGE, "cull_interval": 60},
)

if __name__ == "__main__":
    Demo.launch_instance(config=SETTINGS)

"""Makes the student edition of the lessons: `python notebooks/tools/student.py FOLDER`.

No outputs, no solutions, and blanks where a student writes the core of a lesson. All of it is cut
from the lessons: a cell with the tag `core` holds one function, whose body is taken out, and one
with the tag `answer` is left out. What a student has written in an edition made before stays.
"""

import ast
import re
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import lab
import nbformat
from nbformat import NotebookNode
from shown import tags

NOTEBOOKS = Path(__file__).resolve().parents[1]
BLANK = "...  # yours to write"
SOLUTIONS = re.compile(r"\s*Solutions: \[[^\]]*\]\([^)]*\)\.")


def blank(code: str) -> str:
    """The code of a cell without the body of its first function."""
    function = next(node for node in ast.parse(code).body if isinstance(node, ast.FunctionDef))
    first, last = function.body[0], function.body[-1]
    lines = code.split("\n")
    lines[first.lineno - 1 : last.end_lineno] = [" " * first.col_offset + BLANK]
    return "\n".join(lines)


def edition(lesson: NotebookNode, depth: str) -> NotebookNode:
    """A lesson as a student gets it; depth: the way from there to the folder of the notebooks."""
    lesson.cells = [cell for cell in lesson.cells if "answer" not in tags(cell)]
    for cell in lesson.cells:
        if cell.cell_type == "markdown":
            cell.source = SOLUTIONS.sub("", cell.source).replace("](../", f"]({depth}../")
            continue
        cell.update(outputs=[], execution_count=None)
        if "core" in tags(cell):
            cell.source = blank(cell.source)
    return lesson


def write(folder: Path, depth: str) -> None:
    """Writes the edition, with what its lessons read and link to, into an empty folder."""
    for lesson in sorted(NOTEBOOKS.glob("*.ipynb")):
        notebook = edition(nbformat.read(lesson, as_version=4), depth)
        nbformat.validate(notebook)
        text = nbformat.writes(notebook) + "\n"
        (folder / lesson.name).write_text(text, encoding="utf-8", newline="\n")
    shutil.copytree(NOTEBOOKS / "data", folder / "data")
    shutil.copy(NOTEBOOKS / "glossary.md", folder)


def make(folder: Path) -> None:
    """Makes the edition, or renews it as `make lab` renews its copies."""
    depth = "../" * (len(folder.resolve().relative_to(NOTEBOOKS.parent).parts) - 1)
    with TemporaryDirectory() as new:
        write(Path(new), depth)
        lab.update(folder, Path(new))


if __name__ == "__main__":
    make(target := Path(sys.argv[1]))
    print(f"{len(list(target.glob('*.ipynb')))} lessons. Open them in `make lab`: folder {target}.")

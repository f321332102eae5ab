"""What pages show of a lesson: those of `make demo`, of `make site` and of `make student`."""

import re
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

ROOT = Path(__file__).parents[2]
CHECKER = "exercises.check_"  # a cell that begins so waits for an answer, and binds no name
NO_CHECKER = "These pages have no cells to write in. In `make lab` a checker reads your answers."


def heading(text: str) -> str:
    """The first heading of a Markdown text."""
    return re.search(r"^# (.+)$", text, re.MULTILINE)[1]


COURSE = heading((ROOT / "README.md").read_text(encoding="utf-8"))


def tags(cell: NotebookNode) -> list[str]:
    """The tags of a cell."""
    return cell.metadata.get("tags", [])


def without_checkers(cells: list[NotebookNode]) -> list[NotebookNode]:
    """The cells but for those that wait for an answer; a line tells where a checker is."""
    waiting = [cell for cell in cells if cell.source.startswith(CHECKER)]
    kept = [cell for cell in cells if cell not in waiting]
    if waiting:
        kept.insert(cells.index(waiting[0]), new_markdown_cell(NO_CHECKER))
    return kept

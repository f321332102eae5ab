"""How long a lesson takes: an estimate from its words, its code cells and its exercises."""

import re
from pathlib import Path

import jupytext
from nbformat import NotebookNode

ESTIMATE = re.compile(r"About \d+ minutes \(estimated\)")
WORDS_PER_MINUTE, PER_CODE_CELL, PER_EXERCISE = 150, 0.5, 5


def words(markdown: str) -> int:
    """Words of prose: code, table rows and comments do not count, a formula counts as one."""
    text = re.sub(r"^```.*?^```", "", markdown, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"^\s*(>\s*)?\|.*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"\$\$.*?\$\$|\$[^$]+\$", " formula ", text, flags=re.DOTALL)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    return sum(bool(re.search(r"\w", word)) for word in text.split())


def estimate(lesson: NotebookNode) -> str:
    """What a lesson says of its time, to five minutes."""
    prose = sum(words(cell.source) for cell in lesson.cells if cell.cell_type == "markdown")
    code = [cell.source for cell in lesson.cells if cell.cell_type == "code"]
    exercises = sum(source.startswith("exercises.check_") for source in code)
    minutes = prose / WORDS_PER_MINUTE + PER_CODE_CELL * len(code) + PER_EXERCISE * exercises
    return f"About {5 * round(minutes / 5)} minutes (estimated)"


def renew(source: Path) -> None:
    """Writes the estimate into a lesson's source, where it has one."""
    text = source.read_text(encoding="utf-8")
    renewed = ESTIMATE.sub(estimate(jupytext.read(source)), text)
    if renewed != text:
        source.write_text(renewed, encoding="utf-8", newline="\n")

"""The glossary has every public name of the package and every symbol of the lessons' summaries."""

import ast
import re
from pathlib import Path

import jupytext
import pytest

ROOT = Path(__file__).parents[1]
GLOSSARY = ROOT / "notebooks/glossary.md"
LESSONS = sorted((ROOT / "notebooks/src").glob("*.md"))
COLUMNS = ["term", "symbol", "code name", "shape", "Chinese term", "lesson"]


def rows(text):
    """The cells of every table row, a list each; heads and rules included."""
    for line in text.splitlines():
        if line.startswith("|"):
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def entries():
    table = rows(GLOSSARY.read_text(encoding="utf-8"))
    return [row for row in table if row != COLUMNS and set("".join(row)) != {"-"}]


def symbols(cell):
    return set(re.findall(r"\$[^$]+\$", cell))


def public_names():
    for path in sorted((ROOT / "trpo_lib").rglob("[!_]*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                yield node.name
            elif isinstance(node, ast.Assign):
                yield node.targets[0].id


def test_every_row_is_whole():
    for row in entries():
        assert len(row) == len(COLUMNS), row
        term, *_, chinese, lesson = row
        assert term, row
        assert re.search(r"[\u4e00-\u9fff]", chinese), row
        assert re.fullmatch(r"0\d|10", lesson), row


def test_every_public_name_of_the_package_is_in_it():
    words = set(re.findall(r"\w+", " ".join(row[2] for row in entries())))
    named = {name for name in public_names() if not name.startswith(("_", "check_"))}
    assert named - words == set()


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_every_symbol_of_a_summary_table_is_in_it(lesson):
    known = {symbol for row in entries() for symbol in symbols(row[1])}
    summary = lesson.read_text(encoding="utf-8").split("## Summary")[1].split("| in the chapter")[0]
    used = {symbol for row in rows(summary) for symbol in symbols(row[0])}
    assert used
    assert used - known == set()


def test_a_term_is_introduced_where_a_lesson_first_emphasises_it():
    prose = {
        path.name[:2]: "\n".join(
            cell.source.lower()
            for cell in jupytext.read(path).cells
            if cell.cell_type == "markdown"
        )
        for path in LESSONS
    }
    wrong, found = [], 0
    for term, *_, lesson in entries():
        word = re.escape(re.split(r"[:,(]", term)[0].strip().lower())
        emphasised = re.compile(rf"\*{word}(?:e?s|d)?\b[^*\n]{{0,12}}\*")
        first = next((number for number in sorted(prose) if emphasised.search(prose[number])), None)
        found += first is not None
        if first not in (None, lesson):
            wrong.append((term, lesson, first))
    assert wrong == []
    assert found > 30


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_every_lesson_links_to_it(lesson):
    assert "(glossary.md)" in lesson.read_text(encoding="utf-8")

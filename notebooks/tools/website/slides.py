"""Slides of a lesson: its question, its best picture, its Predict boxes, and its live figure.

What the lesson says around these stands in the speaker notes.
"""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from shown import COURSE, heading, tags

BOX = "> **Predict.**"
LINK = re.compile(r"\[([^\]]*)\]\([^)\s]*[./][^)\s]*\)")  # in a formula, no dot follows
PLACE = re.compile(r'((?:src|data-figure)=")(pictures|live)/')
NO_SPEECH = re.compile(r'^(###|\||<small>)|href="slides/')
WITHOUT_SLIDES = ("Exercises", "References")
SLIDE = """\
{level} {title}

{body}

<aside class="notes">

{notes}

</aside>
"""
INDEX = """\
# {course}

{links}

```{{toctree}}
:hidden:

{pages}
```
"""


@dataclass
class Piece:
    """A part of a lesson: a "text" (one paragraph), a "box", an "output", or a "figure"."""

    kind: str
    text: str


@dataclass
class Slide:
    """One slide. below: it stands below the slide before, whose question it answers."""

    title: str
    body: list[str]
    notes: list[str] = field(default_factory=list)
    below: bool = False


def write_decks(pages: Path, lessons: Sequence[str], folder: Path) -> None:
    """Writes what Sphinx reads of the slides, from what it reads of the lessons' pages."""
    folder.mkdir(parents=True)
    links = []
    for lesson in lessons:
        cells = nbformat.read(pages / f"{lesson}.ipynb", 4).cells
        (folder / f"{lesson}.md").write_text(deck(lesson, cells), encoding="utf-8")
        links.append(f"- [{heading(cells[0].source)}]({lesson}.md)")
    index = INDEX.format(course=COURSE, links="\n".join(links), pages="\n".join(lessons))
    (folder / "index.md").write_text(index, encoding="utf-8")


def deck(lesson: str, cells: Sequence[NotebookNode]) -> str:
    """The slides of a lesson in Markdown: side by side, and each answer below its question."""
    title, *others = slides(cells)
    others[-1].body.append(f'<a href="../{lesson}.html">The lesson</a>')
    levels = ["###" if slide.below else "##" for slide in others]
    return "\n".join(map(written, [title, *others], ["#", *levels]))


def written(slide: Slide, level: str) -> str:
    """A slide in Markdown. A link leads to a page that is not among the slides: its words stay."""
    body, notes = "\n\n".join(slide.body), "\n\n".join(slide.notes)
    text = SLIDE.format(level=level, title=slide.title, body=body, notes=notes)
    return PLACE.sub(r"\1../\2/", LINK.sub(r"\1", text))


def slides(cells: Sequence[NotebookNode]) -> Iterator[Slide]:
    """The slides in their order: the title's, those of the sections, and the summary's."""
    (title, *opening), *others = sections(cells)
    best = [cell for cell in cells if "hero" in tags(cell) and "answer" not in tags(cell)]
    yield Slide(title, list(map(output, best)), texts(opening))
    for title, *pieces in others:
        if title == "Summary":
            yield Slide(title, texts(pieces))
        elif title not in WITHOUT_SLIDES:
            yield from slides_of_section(title, pieces)


def sections(cells: Sequence[NotebookNode]) -> list[list]:
    """The title of each section, and its pieces; the first is that of the lesson."""
    found = []
    for piece in pieces_of(cells):
        if start := re.match(r"##? (.+)", piece.text):
            found.append([start[1]])
        else:
            found[-1].append(piece)
    return found


def slides_of_section(title: str, pieces: Sequence[Piece]) -> Iterator[Slide]:
    """A slide for each question, one below it for the answer, and one for the live figure."""
    for k, piece in enumerate(pieces):
        if piece.kind == "box":
            before = takewhile(lambda one: one.kind == "text", reversed(pieces[:k]))
            yield Slide(title, [piece.text], texts(list(before)[::-1]))
            yield answer(pieces[k + 1 :])
        elif piece.kind == "figure":
            yield Slide(title, [piece.text], texts(pieces[:k]))


def answer(pieces: Sequence[Piece]) -> Slide:
    """What the cells after a question show, and what the lesson then says of it."""
    outputs = [one.text for one in takewhile(lambda one: one.kind == "output", pieces)]
    after = texts(list(takewhile(lambda one: one.kind == "text", pieces[len(outputs) :])))
    return Slide("Answer", [*outputs, *after[:1]], after[1:], below=True)


def texts(pieces: Sequence[Piece]) -> list[str]:
    """The paragraphs among the pieces, without headings, tables, small print, and ways out."""
    paragraphs = [one.text for one in pieces if one.kind == "text"]
    return [text for text in paragraphs if not NO_SPEECH.search(text)]


def pieces_of(cells: Sequence[NotebookNode]) -> Iterator[Piece]:
    """The parts of a lesson in their order."""
    for cell in cells:
        if cell.cell_type == "code":
            shown = output(cell)
            yield Piece("figure" if "trpo-live" in shown else "output", shown)
            continue
        for paragraph in re.split(r"\n{2,}", cell.source.strip()):
            yield Piece("box" if paragraph.startswith(BOX) else "text", paragraph)


def output(cell: NotebookNode) -> str:
    """What a cell shows, in HTML."""
    return "\n".join(map(shown_of, cell.outputs))


def shown_of(output: NotebookNode) -> str:
    """One output in HTML: a picture, a table, or what was printed."""
    data = output.get("data", {})
    if "text/html" in data:
        return f"<div>{data['text/html'].strip()}</div>"
    printed = output.get("text") or data.get("text/plain", "")
    return f"<pre>{html.escape(printed.rstrip(), quote=False)}</pre>"

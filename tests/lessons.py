"""Lessons as Python: their code up to the live figure, run without showing anything."""

from pathlib import Path

import jupytext
from matplotlib import pyplot as plt

from trpo_lib import plotting, widgets

SOURCES = Path(__file__).parents[1] / "notebooks" / "src"


def explorer_of(lesson: str, monkeypatch) -> widgets.Explorer:
    """The ``Explorer`` that a lesson shows, after all the code before it."""
    made = []
    monkeypatch.setattr(plotting, "show", lambda drawn, alt: plt.close("all"))
    monkeypatch.setattr(widgets, "explore", lambda *args: made.append(widgets.Explorer(*args)))
    monkeypatch.chdir(SOURCES.parent)  # where a kernel stands: a lesson reads data/
    names = {}
    for cell in jupytext.read(SOURCES / f"{lesson}.md").cells:
        if cell.cell_type == "code" and not made:
            exec(cell.source, names)
    return made[0]

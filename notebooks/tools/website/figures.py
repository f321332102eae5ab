"""Live figures without a kernel: each is drawn ahead, over a grid of its sliders' settings.

Of a lesson only the cells are run that its figure needs: they have the tag ``live``.
"""

import io
import itertools
import json
from collections.abc import Iterator
from contextlib import chdir, redirect_stdout
from dataclasses import asdict, dataclass, field
from pathlib import Path
from unittest.mock import patch

import nbformat
import numpy as np
from nbformat import NotebookNode
from PIL import Image
from shown import tags

from trpo_lib import widgets

PICTURES = 700  # of one figure at most: the site must be quick to make, and to copy
EFFORT = 4  # of WebP to pack without loss, 0 to 6


@dataclass
class Figure:
    """A live figure as a page has it. sliders: as in ``View.sliders``, with the stops on offer.

    lines: of numbers, in the order of ``settings``; the pictures have the same numbers.
    """

    sliders: list[dict]
    alt: str
    width: int
    lines: list[str] = field(default_factory=list)

    def settings(self) -> Iterator[dict]:
        """Each combination of the stops, the last slider fastest."""
        names = [slider["name"] for slider in self.sliders]
        for values in itertools.product(*(slider["stops"] for slider in self.sliders)):
            yield dict(zip(names, values, strict=True))


def is_live(cell: NotebookNode) -> bool:
    """Whether a cell shows a live figure."""
    return cell.cell_type == "code" and "widgets.explore(" in cell.source


def has_figure(lesson: Path) -> bool:
    """Whether a lesson has a live figure."""
    return any(map(is_live, nbformat.read(lesson, 4).cells))


def draw_ahead(lesson: Path, folder: Path) -> None:
    """Draws a lesson's figure at each setting on offer.

    Setting k is ``folder/NAME/k.webp``, and the rest of the figure ``folder/NAME.js``.
    """
    explorer = explorer_of(lesson)
    figure, pictures = offered(explorer), folder / lesson.stem
    pictures.mkdir(parents=True)
    for number, setting in enumerate(figure.settings()):
        png, line = explorer.picture_at(setting)
        figure.lines.append(line)
        image = Image.open(io.BytesIO(png)).convert("RGB")
        image.save(pictures / f"{number}.webp", lossless=True, method=EFFORT)
    name, data = json.dumps(lesson.stem), json.dumps(asdict(figure), ensure_ascii=False)
    script = f"(window.trpoFigures ??= {{}})[{name}] = {data};\n"
    (folder / f"{lesson.stem}.js").write_text(script, encoding="utf-8")


def explorer_of(lesson: Path) -> widgets.Explorer:
    """A lesson's live figure, as a kernel has it."""
    cells, made = nbformat.read(lesson, 4).cells, []
    sources = [c.source for c in cells if is_live(c) or "live" in tags(c)]
    keep = patch.object(widgets, "explore", lambda *given: made.append(widgets.Explorer(*given)))
    silence = redirect_stdout(io.StringIO())
    with keep, silence, chdir(lesson.parent):  # where its kernel would be
        exec(compile("\n".join(sources), lesson.name, "exec"), {"__name__": "__main__"})
    return made[0]


def offered(explorer: widgets.Explorer) -> Figure:
    """The figure with so few stops that each combination can be drawn."""
    sliders, budget = explorer.view.sliders, PICTURES
    stops = {}
    by_length = sorted(sliders, key=lambda slider: len(slider["stops"]))
    for left, slider in zip(range(len(sliders), 0, -1), by_length, strict=True):
        count = min(len(slider["stops"]), int(budget ** (1 / left) + 1e-9))
        budget //= count
        stops[slider["name"]] = thinned(slider["stops"], slider["start"], count)
    offer = [{**slider, "stops": stops[slider["name"]]} for slider in sliders]
    return Figure(offer, explorer.view.alt, explorer.view.width)


def thinned(stops: list[float], start: float, count: int) -> list[float]:
    """That many of the stops (3 or more), evenly; both ends are among them, and the start."""
    places = np.linspace(0, len(stops) - 1, count).round().astype(int)
    home = stops.index(start)
    if start not in (stops[0], stops[-1]):
        places[1 + abs(places[1:-1] - home).argmin()] = home
    return [stops[place] for place in places]

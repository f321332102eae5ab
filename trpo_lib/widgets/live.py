"""What every live figure is made of: sliders, and a picture of which only a part is drawn anew.

A figure has two parts. What stays (axes, ticks, a landscape) is drawn once and kept as pixels; what
moves is drawn on top of it at every move of a slider. That takes a fraction of the whole figure's
time, and nothing flickers.
"""

import asyncio
import io
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import anywidget
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image
from traitlets import Bool, Dict, Int, List, Unicode

from trpo_lib import plotting
from trpo_lib._checks import require_between, require_inside

_HERE = Path(__file__).parent


class View(anywidget.AnyWidget):
    """What a browser shows of a live figure; ``figure.js`` makes native controls of it."""

    _esm = (_HERE / "figure.js").read_text(encoding="utf-8")
    _css = (_HERE / "figure.css").read_text(encoding="utf-8")
    sliders = List().tag(sync=True)  # of each: name, label, unit, whole, stops, start
    values = Dict().tag(sync=True)  # where they stand, by name
    alt = Unicode().tag(sync=True)
    width = Int().tag(sync=True)  # of the picture, in pixels of the page where there is room
    picture = Unicode().tag(sync=True)
    line = Unicode().tag(sync=True)
    busy = Bool().tag(sync=True)  # the line will change again soon


@dataclass(frozen=True)
class Slider:
    """One setting that a hand can move: its label with the unit, its range, and where it starts.

    One key press moves it by step; on a log slider it multiplies by 10^step. An ``int`` start makes
    a slider of whole numbers. Raises ``ValueError`` unless low <= start <= high, step > 0, and
    low > 0 on a log slider.
    """

    label: str
    low: float
    high: float
    start: float
    step: float
    log: bool = False

    def __post_init__(self):
        require_between(self.low, self.high, start=self.start)
        require_inside(0, np.inf, step=self.step)
        if self.log and self.low <= 0:
            raise ValueError(f"low must be > 0 on a log slider, got {self.low}")

    @property
    def unit(self) -> str:
        """What stands in brackets at the end of the label."""
        found = re.search(r"\(([^()]*)\)$", self.label)
        return found[1] if found else ""

    @property
    def stops(self) -> list[float]:
        """Where keys and a drag lead: whole steps from the start, and both ends of the range.

        Steps of a log slider are rounded to two digits, and what stands there is what is used.
        """
        low, high, start = self.low, self.high, self.start
        if self.log:
            low, high, start = np.log10([low, high, start])
        below, above = ((np.array([start - low, high - start]) / self.step) + 1e-9).astype(int)
        places = start + self.step * np.arange(-below, above + 1)
        steps = [float(f"{10**p:.2g}" if self.log else f"{p:.12g}") for p in places]
        steps[below] = self.start
        inside = {step for step in steps if self.low < step < self.high}
        return sorted(map(type(self.start), {self.low, *inside, self.high}))


KL_BOUND = Slider("KL bound δ (nats)", 1e-4, 1.0, 0.01, 0.1, log=True)


class Hand:
    """A slider of a view as a program moves it."""

    def __init__(self, view: View, name: str, slider: Slider):
        self._view, self._name, self._slider, self.stops = view, name, slider, slider.stops

    @property
    def value(self) -> float:
        """Where it stands. Set anywhere in its range it moves, and the figure follows."""
        return type(self._slider.start)(self._view.values[self._name])  # a page's 1 may be 1.0

    @value.setter
    def value(self, value: float) -> None:
        require_between(self.stops[0], self.stops[-1], value=value)
        self._view.values = self._view.values | {self._name: value}

    def onward(self, before: float, now: float) -> float:
        """Where the move from before to now leads if it is made once more, or its end."""
        stops = np.array(self.stops)
        old, new = (np.abs(stops - value).argmin() for value in (before, now))
        return self.stops[np.clip(2 * new - old, 0, len(stops) - 1)]


class Controls:
    """The sliders of a view, by name; whenever one is moved, on_change is called."""

    def __init__(self, view: View, sliders: Mapping[str, Slider], on_change: Callable[[], None]):
        self.sliders = {name: Hand(view, name, slider) for name, slider in sliders.items()}
        view.sliders = [
            {
                "name": name,
                "label": slider.label,
                "unit": slider.unit,
                "whole": isinstance(slider.start, int),
                "stops": slider.stops,
                "start": slider.start,
            }
            for name, slider in sliders.items()
        ]
        view.values = {name: slider.start for name, slider in sliders.items()}
        follow = in_this_thread(on_change)
        view.observe(lambda change: follow(), "values")

    @property
    def values(self) -> dict:
        """Where the sliders stand, by name."""
        return {name: slider.value for name, slider in self.sliders.items()}

    def onward(self, before: dict, now: dict) -> dict:
        """Where all sliders stand if the move from before to now is made once more."""
        return {
            name: slider.onward(before[name], now[name]) for name, slider in self.sliders.items()
        }


def in_this_thread(act: Callable) -> Callable:
    """The same, but from another thread it is left to this one's event loop, if it has one.

    JupyterLab's messages reach the kernel in a thread of their own. Neither a figure nor a network
    that a cell is using is made for two threads at once.
    """
    here = threading.get_ident()
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return act

    def hand_over(*args) -> None:
        if threading.get_ident() == here:
            act(*args)
        else:
            loop.call_soon_threadsafe(act, *args)

    return hand_over


class Live:
    """A picture with a line of numbers under it; ``view`` is all that the browser shows of it.

    axes, one or an array of one figure's, hold what stays. alt says in a sentence what one sees.
    """

    def __init__(self, view: View, axes: np.ndarray | Axes, alt: str):
        self.view, self._figure = view, np.ravel(axes)[0].figure
        plt.close(self._figure)  # or the notebook would show it a second time
        self._figure.set_dpi(plotting.DPI)
        self._canvas = FigureCanvasAgg(self._figure)  # pyplot has closed the other one
        view.alt, view.width = alt, self._canvas.get_width_height()[0]
        for ax in self._figure.axes:
            ax.autoscale(False)
        self._keep()
        self._figure.set_layout_engine("none")  # what moves must not move the axes

    def _drawn(self, add: Callable[[], str]) -> tuple[bytes, str]:
        """A PNG of what add puts on the axes, on top of what stays, and the line that it returns.

        What add has put there is taken off again; the limits that it has set stay.
        """
        standing, limits = set(self._artists()), self._limits()
        containers = {ax: len(ax.containers) for ax in self._figure.axes}
        for ax in self._figure.axes:
            ax.set_prop_cycle(None)  # or the next picture would go on with the next colour
        try:
            said = add()
        except Exception as error:  # raised in a callback, it would reach no reader
            said = f"No picture: {type(error).__name__}: {error}"
        moving = [artist for artist in self._artists() if artist not in standing]
        if self._limits() != limits:
            self._keep(hidden=moving)
        self._canvas.restore_region(self._background)
        for artist in sorted(moving, key=Artist.get_zorder):
            artist.axes.draw_artist(artist)
            artist.remove()
        for ax, standing_containers in containers.items():
            del ax.containers[standing_containers:]  # of bars, which would keep them for ever
        return encode_png(np.asarray(self._canvas.buffer_rgba()), colors=128), said

    def _present(self, png: bytes, said: str) -> None:
        """Shows a picture and its line of numbers."""
        self.png, self.said = png, said
        with self.view.hold_sync():  # one message
            self.view.picture, self.view.line = plotting.data_url(png), said

    def _still(self) -> tuple[bytes, str]:
        """The picture and the line for where no kernel is."""
        return self.png, self.said

    def _keep(self, hidden: Sequence[Artist] = ()) -> None:
        """Keeps the pixels of all that is on the axes now, but for what is hidden."""
        for artist in hidden:
            artist.set_visible(False)
        self._canvas.draw()
        self._background = self._canvas.copy_from_bbox(self._figure.bbox)
        for artist in hidden:
            artist.set_visible(True)

    def _artists(self) -> list[Artist]:
        return [artist for ax in self._figure.axes for artist in ax.get_children()]

    def _limits(self) -> list[tuple]:
        return [(ax.get_xlim(), ax.get_ylim()) for ax in self._figure.axes]

    def _ipython_display_(self) -> None:
        """One bundle: the live view where there is a kernel, else the picture, else the line."""
        view, _ = self.view._repr_mimebundle_()
        png, said = self._still()
        display(view | plotting.image_bundle(png, self.view.alt, said), raw=True)


def encode_png(pixels: np.ndarray, colors: int, shrink: int = 1) -> bytes:
    """Pixels ``[H, W, 3 or 4]`` in few colours: half the bytes, two thirds of the time.

    shrink: this many pixels a side become one, their mean.
    """
    image = Image.fromarray(pixels).convert("RGB").reduce(shrink)
    buffer = io.BytesIO()
    image.quantize(colors, Image.Quantize.FASTOCTREE).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()

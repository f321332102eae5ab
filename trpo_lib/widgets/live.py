"""What every live figure is made of: sliders, and a picture of which only a part is drawn anew.

A figure has two parts. What stays (axes, ticks, a landscape) is drawn once and kept as pixels; what
moves is drawn on top of it at every move of a slider. That takes a fraction of the whole figure's
time, and nothing flickers.
"""

import asyncio
import base64
import html
import io
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from trpo_lib import plotting


@dataclass(frozen=True)
class Slider:
    """One setting that a hand can move: its label with the unit, its range, and where it starts.

    One key press moves it by step; on a log slider it multiplies by 10^step. Its lowest value is
    the lowest that whole steps from the start reach, never below low. An ``int`` start makes a
    slider of whole numbers. Raises ``ValueError`` unless low <= start <= high, and low > 0 on a log
    slider.
    """

    label: str
    low: float
    high: float
    start: float
    step: float
    log: bool = False

    def __post_init__(self):
        if not self.low <= self.start <= self.high:
            raise ValueError(f"start must be in [{self.low}, {self.high}], got {self.start}")
        if self.log and self.low <= 0:
            raise ValueError(f"low must be > 0 on a log slider, got {self.low}")

    def widget(self) -> ipywidgets.Widget:
        """The slider itself, at its start."""
        places = self.low, self.high, self.start
        low, high, start = (float(np.log10(place)) for place in places) if self.log else places
        steps = int((start - low) / self.step + 1e-9)
        low = start - steps * self.step  # pages round to whole steps from there, the start too
        look = {"description": self.label, "tooltip": self.label, "step": self.step}
        look |= {"style": {"description_width": "15em"}, "layout": {"width": "36em"}}
        look |= {"min": low, "max": high}
        if self.log:
            return ipywidgets.FloatLogSlider(self.start, readout_format=".2g", **look)
        if isinstance(self.start, int):
            return ipywidgets.IntSlider(self.start, **look)
        return ipywidgets.FloatSlider(self.start, readout_format=".3g", **look)


KL_BOUND = Slider("KL bound δ (nats)", 1e-4, 1.0, 0.01, 0.1, log=True)


class Controls:
    """Sliders by name, each in a row with the button that takes it back to its start."""

    def __init__(self, sliders: Mapping[str, Slider], on_change: Callable[[], None]):
        self.sliders = {name: slider.widget() for name, slider in sliders.items()}
        self.rows = [self._row(self.sliders[name], slider) for name, slider in sliders.items()]
        follow = _in_this_thread(on_change)
        for widget in self.sliders.values():
            widget.observe(lambda change: follow(), "value")

    @property
    def values(self) -> dict:
        """Where the sliders stand, by name."""
        return {name: slider.value for name, slider in self.sliders.items()}

    def onward(self, before: dict, now: dict) -> dict:
        """Where the move from before to now leads if it is made once more, or a slider's end."""
        return {
            name: _onward(slider, before[name], now[name]) for name, slider in self.sliders.items()
        }

    @staticmethod
    def _row(widget: ipywidgets.Widget, slider: Slider) -> ipywidgets.HBox:
        reset = ipywidgets.Button(icon="undo", tooltip=f"Reset: {slider.label}")
        reset.layout.width = "3em"
        reset.on_click(lambda button: widget.set_trait("value", slider.start))
        return ipywidgets.HBox([widget, reset])


def _in_this_thread(act: Callable[[], None]) -> Callable[[], None]:
    """The same, but from another thread it is left to this one's event loop, if it has one.

    JupyterLab's messages reach the kernel in a thread of their own. Neither a figure nor a network
    that a cell is using is made for two threads at once.
    """
    here = threading.get_ident()
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return act
    return lambda: act() if threading.get_ident() == here else loop.call_soon_threadsafe(act)


def _onward(slider: ipywidgets.Widget, old: float, new: float) -> float:
    low, high, ahead = slider.min, slider.max, 2 * new - old
    if isinstance(slider, ipywidgets.FloatLogSlider):
        low, high, ahead = slider.base**low, slider.base**high, new * new / old
    return min(max(ahead, low), high)


class Live:
    """A picture with a line of numbers under it; ``view`` is all that the browser shows of it.

    axes, one or an array of one figure's, hold what stays. alt says in a sentence what one sees.
    """

    view: ipywidgets.Widget

    def __init__(self, axes: np.ndarray | Axes, alt: str):
        self._alt, self._figure = alt, np.ravel(axes)[0].figure
        plt.close(self._figure)  # or the notebook would show it a second time
        self._figure.set_dpi(plotting.DPI)
        self._canvas = FigureCanvasAgg(self._figure)  # pyplot has closed the other one
        width, height = self._canvas.get_width_height()
        self.picture = ipywidgets.Image(format="url", width=width, height=height)
        self.line = ipywidgets.HTML()
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
        self.png, self.picture.value = png, data_url(png)
        self.say(said)

    def say(self, text: str) -> None:
        """Shows the line of numbers; a screen reader reads it out when it changes."""
        self.said = text
        self.line.value = f'<div role="status">{html.escape(text)}</div>'

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
        bundle = self.view._repr_mimebundle_()
        bundle |= {"image/png": base64.b64encode(self.png).decode()}
        bundle |= {"text/plain": f"{self._alt}\n{self.said}"}
        display(bundle, metadata={"image/png": {"alt": self._alt}}, raw=True)


def encode_png(pixels: np.ndarray, colors: int, shrink: int = 1) -> bytes:
    """Pixels ``[H, W, 3 or 4]`` in few colours: half the bytes, two thirds of the time.

    shrink: this many pixels a side become one, their mean.
    """
    image = Image.fromarray(pixels).convert("RGB").reduce(shrink)
    buffer = io.BytesIO()
    image.quantize(colors, Image.Quantize.FASTOCTREE).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def data_url(png: bytes) -> bytes:
    """A picture as an address that holds it: shown at once, where a file must be asked for."""
    return b"data:image/png;base64," + base64.b64encode(png)

"""What the pictures of several lessons share: colours, axes, and how a picture is shown.

Colours are those of Okabe and Ito, which the colour-blind tell apart. Curves also differ in line
style or mark, so that a grey print is enough for the first few. No two curves of a picture look
alike, and none is left out: more than can be told apart are a ``ValueError``.
"""

import base64
import html
import io
from collections.abc import Mapping, Sequence, Sized

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image

from trpo_lib._checks import require_count, require_same_shape

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#000000")
DPI = 80  # pixels per inch of every picture on the screen
STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))
BELOW = {
    "loc": "upper center",
    "bbox_to_anchor": (0.5, -0.2),
    "frameon": False,
    "fontsize": 8,
    "ncols": 2,
}
TWO_STEPS = {
    "plain": {"color": COLORS[1], "marker": "^", "linestyle": "none", "markersize": 7},
    "natural": {"color": COLORS[2], "marker": "D", "linestyle": "none", "markersize": 7},
}


def learning_curve(
    transitions: np.ndarray,
    center: np.ndarray,
    low: np.ndarray | None = None,
    high: np.ndarray | None = None,
    label: str | None = None,
    target: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Mean return against transitions, all ``[K]``; low to high is shaded, target is a line.

    On a given axis it takes the next colour and line style.
    """
    band = {} if low is None or high is None else {"low": low, "high": high}
    alike(transitions=transitions, center=center, **band)
    ax = ax or new_axes("transitions seen", "mean return per episode")
    drawn = range(len(ax.lines) + 1)
    look = looks_of("lines on ax", drawn, color=COLORS, linestyle=STYLES)[-1]
    ax.plot(transitions, center, label=label, **look)
    if band:
        ax.fill_between(transitions, low, high, color=look["color"], alpha=0.2, linewidth=0)
    if target is not None:
        ax.axhline(target, color="grey", linewidth=1)
        ax.annotate(f"solved: {target:g}", (0, target), (2, 3), textcoords="offset points")
    if label:
        ax.legend(frameon=False, loc="best")
    return ax


def panels(rows: int, columns: int, width: float = 3.2, height: float = 2.8) -> np.ndarray:
    """A new figure's axes ``[rows, columns]``, each of that width and height in inches."""
    require_count(rows=rows, columns=columns)
    size = (width * columns, height * rows)
    axes = plt.figure(figsize=size, layout="constrained").subplots(rows, columns, squeeze=False)
    for ax in axes.flat:
        ax.spines[["top", "right"]].set_visible(False)
    return axes


def curves(
    x: np.ndarray, named: Mapping[str, np.ndarray], xlabel: str, ylabel: str, ax: Axes | None = None
) -> Axes:
    """Curves over one x ``[K]``: name -> y ``[K]``."""
    alike(**{"x": x, **named})
    looks = looks_of("named", named, color=COLORS, linestyle=STYLES)
    ax = ax or new_axes(xlabel, ylabel)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    for (name, y), look in zip(named.items(), looks, strict=True):
        ax.plot(x, y, label=name, **look)
    ax.legend(frameon=False)
    return ax


def film_strip(frames: Sequence[np.ndarray], titles: Sequence[str]) -> Figure:
    """Frames ``[H, W, 3]`` side by side, each with its title."""
    counts = len(frames), len(titles)
    if not 0 < counts[0] == counts[1]:
        raise ValueError(f"frames must be 1 or more, and titles as many, got {counts}")
    size = (1.6 * len(frames), 1.4)
    figure, axes = plt.subplots(1, len(frames), figsize=size, squeeze=False)
    for ax, frame, title in zip(axes[0], frames, titles, strict=True):
        ax.imshow(frame)
        ax.set_title(title, fontsize=9)
        ax.axis("off")
    return figure


def show(drawn: Axes | Figure, alt: str) -> None:
    """Displays a figure as a picture that carries its description, and closes it."""
    display(image_bundle(figure_png(drawn), alt), raw=True)


def show_film(frames: Sequence[np.ndarray], alt: str, fps: int = 25, width: int = 300) -> None:
    """Displays frames ``[H, W, 3]`` as an animated PNG: it moves in browsers, is still in print."""
    height = width * frames[0].shape[0] // frames[0].shape[1]
    first, *rest = (Image.fromarray(frame).resize((width, height)).quantize(16) for frame in frames)
    buffer = io.BytesIO()
    first.save(buffer, "PNG", save_all=True, append_images=rest, duration=1000 // fps, loop=0)
    display(image_bundle(buffer.getvalue(), alt), raw=True)


def figure_png(drawn: Axes | Figure) -> bytes:
    """A figure as a PNG; it is closed."""
    figure = drawn if isinstance(drawn, Figure) else drawn.figure
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=2 * DPI, bbox_inches="tight")  # sharp when enlarged
    plt.close(figure)
    return buffer.getvalue()


def image_bundle(png: bytes, alt: str, said: str = "") -> dict[str, str]:
    """A picture with its description, and the line that it says, in the forms that notebooks show.

    HTML, for JupyterLab, Voilà and nbconvert give no description to an ``image/png``.
    """
    picture = Image.open(io.BytesIO(png))
    density, _ = picture.info.get("dpi", (DPI, DPI))  # matplotlib writes it
    width = round(picture.width * DPI / density)
    image = f'<img alt="{html.escape(alt)}" src="{data_url(png)}" width="{width}">'
    line = f"<p>{html.escape(said)}</p>" if said else ""
    return {"text/html": image + line, "text/plain": f"{alt}\n{said}".strip()}


def data_url(png: bytes) -> str:
    """A picture as an address that holds it: shown at once, where a file must be asked for."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def looks_of(name: str, drawn: Sized, **cycles: Sequence) -> list[dict]:
    """Properties for each of the things drawn, no two alike: a value from each cycle.

    When the first cycle ends, it starts again beside other values of the others. Raises
    ``ValueError`` where nothing is to be drawn, or more than can be told apart.
    """
    (key, first), *others = cycles.items()
    limit = len(first) * max((len(cycle) for _, cycle in others), default=1)
    if not 1 <= len(drawn) <= limit:
        raise ValueError(f"{name} must be 1 to {limit}, or they look alike, got {len(drawn)}")
    turns = [divmod(number, len(first)) for number in range(len(drawn))]
    return [
        {key: first[place]} | {key: cycle[(turn + place) % len(cycle)] for key, cycle in others}
        for turn, place in turns
    ]


def alike(**named: np.ndarray) -> list[np.ndarray]:
    """The arguments as arrays, which have one shape: matplotlib may draw others in part."""
    arrays = {name: np.asarray(array) for name, array in named.items()}
    require_same_shape(**arrays)
    return list(arrays.values())


def add_line(ax: Axes, x: np.ndarray, y: np.ndarray, **look) -> None:
    """``ax.plot`` in a third of the time: limits and colour cycle stay as they are."""
    ax.add_artist(Line2D(np.atleast_1d(x), np.atleast_1d(y), **look))


def new_axes(xlabel: str, ylabel: str) -> Axes:
    """A new figure's axes, labelled."""
    ax = plt.figure(figsize=(6, 3.4)).subplots()
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def make_room(ax: Axes, values: np.ndarray) -> None:
    """Lets the y-axis grow, by half its height at a time, until it holds all finite values."""
    finite = np.asarray(values)[np.isfinite(values)]
    low, high = ax.get_ylim()
    while finite.max(initial=low) > high:
        high += (high - low) / 2
    while finite.min(initial=high) < low:
        low -= (high - low) / 2
    ax.set_ylim(low, high)

"""Pictures of records and arrays. Nothing is computed here.

Colours are those of Okabe and Ito, which the colour-blind tell apart; every curve also has a line
style of its own, so that a grey print is enough.
"""

import base64
import io
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from matplotlib.ticker import NullLocator
from PIL import Image

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#000000")
STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))
BELOW = {
    "loc": "upper center",
    "bbox_to_anchor": (0.5, -0.2),
    "frameon": False,
    "fontsize": 8,
    "ncols": 2,
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
    ax = ax or _axes("transitions seen", "mean return per episode")
    look = {"color": COLORS[len(ax.lines)], "linestyle": STYLES[len(ax.lines)]}
    ax.plot(transitions, center, label=label, **look)
    if low is not None and high is not None:
        ax.fill_between(transitions, low, high, color=look["color"], alpha=0.2, linewidth=0)
    if target is not None:
        ax.axhline(target, color="grey", linewidth=1)
        ax.annotate(f"solved: {target:g}", (0, target), (2, 3), textcoords="offset points")
    if label:
        ax.legend(frameon=False, loc="best")
    return ax


def kl_history(kls: Mapping[str, Sequence[float]], max_kl: float, ax: Axes | None = None) -> Axes:
    """The KL of each update in nats, a series of marks per name, and the bound; log scale."""
    ax = ax or _axes("update", "KL(old ‖ new) (nats)")
    for (name, series), color, mark in zip(kls.items(), COLORS, "o^sxD+", strict=False):
        updates = np.arange(1, len(series) + 1)
        ax.semilogy(updates, series, mark, color=color, markersize=4, label=name)
    ax.axhline(max_kl, color="black", linestyle="--", label=f"bound δ = {max_kl:g}")
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return ax


def rollout_rows(kinds: np.ndarray, names: Sequence[str], ax: Axes | None = None) -> Axes:
    """What each step of each environment was: kinds ``[T, N]``, indices into names."""
    ax = ax or _axes("step t", "environment n")
    shades = plt.get_cmap("cividis", len(names))
    image = ax.imshow(kinds.T, cmap=shades, vmin=-0.5, vmax=len(names) - 0.5, aspect="auto")
    bar = ax.figure.colorbar(image, ax=ax, ticks=range(len(names)))
    bar.ax.set_yticklabels(names)
    return ax


def film_strip(frames: Sequence[np.ndarray], titles: Sequence[str]) -> Figure:
    """Frames ``[H, W, 3]`` side by side, each with its title."""
    figure, axes = plt.subplots(1, len(frames), figsize=(1.6 * len(frames), 1.4))
    for ax, frame, title in zip(axes, frames, titles, strict=True):
        ax.imshow(frame)
        ax.set_title(title, fontsize=9)
        ax.axis("off")
    return figure


def panels(count: int, size: float = 3.6) -> list[Axes]:
    """The axes of one figure, side by side, each about size inches wide."""
    figure = plt.figure(figsize=(size * count, size), layout="constrained")
    return list(figure.subplots(1, count, squeeze=False)[0])


def climb(
    grid: np.ndarray, heights: np.ndarray, paths: Mapping[str, np.ndarray], ax: Axes | None = None
) -> Axes:
    """Paths ``[K + 1, 2]`` by name over the contours of heights ``[H, W]`` on grid ``[H, W, 2]``.

    The start is a black disc, each path's end its own large mark.
    """
    ax = _contours(grid, heights, ax)
    for (name, path), color, mark in zip(paths.items(), COLORS, "osD^v", strict=False):
        look = {"color": color, "marker": mark, "markeredgecolor": "white", "clip_on": True}
        ax.plot(*path.T, markersize=4, markeredgewidth=0.3, linewidth=1.3, label=name, **look)
        ax.plot(*path[-1], markersize=10, **look)
    start = next(iter(paths.values()))[0]
    ax.plot(*start, "o", color="black", markersize=7)
    ax.legend(**BELOW)
    return ax


def trust_region(
    grid: np.ndarray,
    heights: np.ndarray,
    old: np.ndarray,
    borders: Mapping[str, tuple[np.ndarray, float]] | None = None,
    steps: Mapping[str, np.ndarray] | None = None,
    model: np.ndarray | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A point old ``[2]``, borders of regions around it, and steps ``[2]`` that start at it.

    A border is where an array ``[H, W]`` on the grid ``[H, W, 2]`` has the given value. model
    ``[H, W]``: heights that a model claims, drawn as dotted contours at the levels of the heights.
    """
    ax = _contours(grid, heights, ax)
    if model is not None:
        levels = ax.collections[0].levels
        ax.contour(*_planes(grid), model, levels, colors=COLORS[1], linestyles=":", linewidths=1.4)
        ax.plot([], [], ":", color=COLORS[1], label="model m(θ)")
    for (name, (values, level)), style in zip((borders or {}).items(), STYLES, strict=False):
        ax.contour(*_planes(grid), values, [level], colors="black", linestyles=[style])
        ax.plot([], [], color="black", linestyle=style, label=name)
    for (name, step), color, mark in zip((steps or {}).items(), COLORS[2::-1], "D^s", strict=False):
        ax.annotate("", old + step, old, arrowprops={"arrowstyle": "->", "color": color, "lw": 2})
        ax.plot(*(old + step), mark, color=color, markersize=7, markeredgecolor="white", label=name)
    ax.plot(*old, "o", color="black", label="θ_old")
    ax.legend(**BELOW)
    return ax


def gain_by_radius(
    radii: np.ndarray,
    actual: np.ndarray,
    predicted: np.ndarray,
    marked: Sequence[float],
    ax: Axes | None = None,
) -> Axes:
    """Actual and predicted gain ``[K]`` of the best step within each radius ``[K]``."""
    ax = ax or panels(1, 4.5)[0]
    ax.set(xlabel="radius Δ", ylabel="gain of height", box_aspect=0.86)
    ax.plot(radii, predicted, ":", color=COLORS[1], linewidth=2, label="predicted by the model")
    ax.plot(radii, actual, color=COLORS[0], linewidth=2, label="actual")
    for radius, style in zip(marked, STYLES, strict=False):
        ax.axvline(radius, color="black", linestyle=style, linewidth=1, label=f"Δ = {radius:.3g}")
    ax.legend(**BELOW)
    return ax


def policy_regions(
    grid: np.ndarray,
    kls: np.ndarray,
    olds: np.ndarray,
    max_kl: float,
    radius: float,
    ax: Axes | None = None,
) -> Axes:
    """Around each of M points olds ``[M, 2]``: where KL ``[M, H, W]`` is max_kl, and a circle."""
    ax = ax or panels(1, 4.5)[0]
    for old, kl in zip(olds, kls, strict=True):
        ax.contour(*_planes(grid), kl, [max_kl], colors=COLORS[0], linewidths=1.5)
        ax.add_patch(Circle(old, radius, fill=False, color="grey", linestyle="--"))
        ax.plot(*old, "o", color="black", markersize=4)
    ax.plot([], [], color=COLORS[0], label=f"KL = {max_kl:g} nats")
    ax.plot([], [], "--", color="grey", label=f"length of the step = {radius:g}")
    ax.set(xlabel="θ₁", ylabel="θ₂", aspect="equal")
    ax.legend(**BELOW)
    return ax


def radius_history(radii: np.ndarray, accepted: np.ndarray, ax: Axes | None = None) -> Axes:
    """The radius of each trial ``[K]`` on a log axis; trials not accepted ``[K]`` are crosses."""
    ax = ax or panels(1, 4.5)[0]
    ax.set(xlabel="trial", ylabel="radius Δ", box_aspect=0.86)
    trials = np.arange(1, len(radii) + 1)
    ax.semilogy(trials, radii, color="grey", linewidth=1)
    ax.semilogy(trials[accepted], radii[accepted], "o", color=COLORS[0], label="accepted")
    ax.semilogy(trials[~accepted], radii[~accepted], "x", color=COLORS[1], ms=9, label="refused")
    ax.set_yticks(np.unique(radii), [f"{radius:g}" for radius in np.unique(radii)])
    ax.yaxis.set_minor_locator(NullLocator())
    ax.legend(**BELOW)
    return ax


def _contours(grid: np.ndarray, heights: np.ndarray, ax: Axes | None) -> Axes:
    """Heights ``[H, W]`` in light greys with a few labelled lines; equal scales on both axes."""
    ax = ax or panels(1, 4.5)[0]
    filled = ax.contourf(*_planes(grid), heights, 10, cmap="Greys", alpha=0.55)
    look = {"colors": "dimgrey", "linewidths": 0.5, "linestyles": "solid"}
    lines = ax.contour(*_planes(grid), heights, filled.levels[1:-1], **look)
    ax.clabel(lines, lines.levels[::2], fontsize=7, colors="dimgrey")
    low, high = grid.min((0, 1)), grid.max((0, 1))
    ax.set(xlabel="θ₁", ylabel="θ₂", xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
    return ax


def _planes(grid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return grid[..., 0], grid[..., 1]


def _axes(xlabel: str, ylabel: str) -> Axes:
    """A new figure's axes, labelled."""
    ax = plt.figure(figsize=(6, 3.4)).subplots()
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def show(drawn: Axes | Figure, alt: str, dpi: int = 80) -> None:
    """Displays a figure as a PNG that carries its description, and closes it."""
    figure = drawn if isinstance(drawn, Figure) else drawn.figure
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, bbox_inches="tight")
    plt.close(figure)
    _display_png(buffer, alt)


def show_film(frames: Sequence[np.ndarray], alt: str, fps: int = 25, width: int = 300) -> None:
    """Displays frames ``[H, W, 3]`` as an animated PNG: it moves in browsers, is still in print."""
    height = width * frames[0].shape[0] // frames[0].shape[1]
    first, *rest = (Image.fromarray(frame).resize((width, height)).quantize(16) for frame in frames)
    buffer = io.BytesIO()
    first.save(buffer, "PNG", save_all=True, append_images=rest, duration=1000 // fps, loop=0)
    _display_png(buffer, alt)


def _display_png(buffer: io.BytesIO, alt: str) -> None:
    png = base64.b64encode(buffer.getvalue()).decode()
    bundle, description = {"image/png": png, "text/plain": alt}, {"image/png": {"alt": alt}}
    display(bundle, metadata=description, raw=True)

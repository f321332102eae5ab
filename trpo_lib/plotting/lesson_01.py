"""The pictures of lesson 01."""

from collections.abc import Mapping, Sequence, Sized

import numpy as np
from contourpy import contour_generator
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LightSource, LinearSegmentedColormap
from matplotlib.contour import QuadContourSet
from matplotlib.patches import Circle

from trpo_lib.plotting._shared import (
    BELOW,
    COLORS,
    STYLES,
    TWO_STEPS,
    add_line,
    alike,
    looks_of,
    panels,
)

_GROUND = LinearSegmentedColormap.from_list("ground", ["#bcd7ea", "#f4efdc", "#dcc48e", "#b98d52"])
_NUMBERS = {"fontsize": 8, "colors": "black"}  # on the lines of equal height


def landscape(grid: np.ndarray, heights: np.ndarray, ax: Axes | None = None) -> Axes:
    """Heights ``[H, W]`` as a relief under light, with labelled lines; equal scales on both axes.

    grid ``[H, W, 2]`` must be regular. Low ground is blue, high ground brown.
    """
    ax = ax or panels(1, 1, 5.2, 4.6)[0, 0]
    lines = _relief(ax, grid, heights)
    ax.clabel(lines, lines.levels[::2], **_NUMBERS)
    return ax


def _relief(ax: Axes, grid: np.ndarray, heights: np.ndarray) -> QuadContourSet:
    """Draws it, and returns its lines of equal height."""
    # No line runs around the lowest ground, where rounding would make it jagged.
    heights = np.maximum(heights, heights.min() + 1e-6 * np.ptp(heights))
    low, high = grid.min((0, 1)), grid.max((0, 1))
    size = (high - low) / np.subtract(heights.shape[::-1], 1)
    light = LightSource(azdeg=300, altdeg=50)
    tallness = 0.12 * (high - low).max() / max(np.ptp(heights), 1e-12)
    look = {"dx": size[0], "dy": size[1], "vert_exag": tallness, "blend_mode": "soft"}
    relief = light.shade(heights, _GROUND, **look)
    extent = (low[0], high[0], low[1], high[1])
    ax.imshow(relief, origin="lower", extent=extent, interpolation="bilinear", aspect="equal")
    ax.set(xlabel="θ₁", ylabel="θ₂", xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    # All solid: dashes are for the borders of regions.
    look = {"colors": "#5a4a32", "linewidths": 0.5, "alpha": 0.7, "linestyles": "solid"}
    return ax.contour(*_planes_of(grid), heights, 8, **look)


def _planes_of(grid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both coordinates of a grid ``[H, W, 2]``."""
    return grid[..., 0], grid[..., 1]


def climb(
    grid: np.ndarray, heights: np.ndarray, paths: Mapping[str, np.ndarray], ax: Axes | None = None
) -> Axes:
    """Paths ``[K + 1, 2]`` by name on the landscape of heights ``[H, W]``, grid ``[H, W, 2]``."""
    _path_looks("paths", paths)
    ax = landscape(grid, heights, ax)
    for number, (name, points) in enumerate(paths.items()):
        path(points, number, ax, name)
    ax.legend(**BELOW)
    return ax


def path(points: np.ndarray, number: int, ax: Axes, label: str | None = None) -> None:
    """A path ``[K + 1, 2]`` from a black disc to a large mark, in the look of that number."""
    look = _path_looks("number + 1", range(number + 1))[-1] | {"markeredgecolor": "white"}
    add_line(ax, *points.T, markersize=4, markeredgewidth=0.3, linewidth=1.3, label=label, **look)
    add_line(ax, *points[-1], markersize=10, zorder=3, **look)  # on top of all other paths
    add_line(ax, *points[0], marker="o", color="black", markersize=7, zorder=3)


def _path_looks(name: str, drawn: Sized) -> list[dict]:
    return looks_of(name, drawn, color=COLORS, marker="osD^v")


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
    ``[H, W]``: a model's heights, as dotted contours at the same levels. The grid's edge cuts all.
    """
    border_looks = looks_of("borders", borders, linestyle=STYLES) if borders else []
    markers = {"color": COLORS[2::-1], "marker": "D^s", "linestyle": ["none"]}
    step_looks = looks_of("steps", steps, **markers) if steps else []
    ax = landscape(grid, heights, ax)
    if model is not None:
        look = {"colors": COLORS[1], "linestyles": ":", "linewidths": 1.4}
        ax.contour(*_planes_of(grid), model, ax.collections[0].levels, **look)
        ax.plot([], [], ":", color=COLORS[1], label="model m(θ)")
    for (name, (values, level)), look in zip((borders or {}).items(), border_looks, strict=True):
        ax.contour(
            *_planes_of(grid), values, [level], colors="black", linestyles=[look["linestyle"]]
        )
        ax.plot([], [], color="black", label=name, **look)
    for (name, step), look in zip((steps or {}).items(), step_looks, strict=True):
        _arrow(ax, old, old + step, look["color"])
        ax.plot(*(old + step), markersize=7, markeredgecolor="white", label=name, **look)
    ax.plot(*old, "o", color="black", label="θ_old")
    ax.legend(**BELOW)
    return ax


def _arrow(ax: Axes, start: np.ndarray, end: np.ndarray, color: str) -> None:
    """An arrow that is cut off where the axes end."""
    note = ax.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": color, "lw": 2})
    note.set_in_layout(False)
    note.arrow_patch.set_clip_path(ax.patch)
    note.set_zorder(3 + 1 / (1 + np.linalg.norm(end - start)))  # a short one lies on a long one


def gain_by_radius(
    radii: np.ndarray,
    actual: np.ndarray,
    predicted: np.ndarray,
    marked: Sequence[float],
    ax: Axes | None = None,
) -> Axes:
    """Actual and predicted gain ``[K]`` of the best step within each radius ``[K]``."""
    alike(radii=radii, actual=actual, predicted=predicted)
    looks = looks_of("marked", marked, linestyle=STYLES)
    ax = ax or panels(1, 1, 4.5, 4.5)[0, 0]
    ax.set(xlabel="radius Δ", ylabel="gain of height", box_aspect=0.86)
    ax.plot(radii, predicted, ":", color=COLORS[1], linewidth=2, label="promised by the model")
    ax.plot(radii, actual, color=COLORS[0], linewidth=2, label="actual")
    for radius, look in zip(marked, looks, strict=True):
        ax.axvline(radius, color="black", linewidth=1, label=f"Δ = {radius:.3g}", **look)
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
    ax = ax or panels(1, 1, 5.2, 5)[0, 0]
    for old, kl in zip(olds, kls, strict=True):
        ax.contour(*_planes_of(grid), kl, [max_kl], colors=COLORS[0], linewidths=2)
        ax.add_patch(Circle(old, radius, fill=False, color="grey", linestyle="--"))
        ax.plot(*old, "o", color="black", markersize=5)
    ax.plot([], [], color=COLORS[0], label=f"KL = {max_kl:g} nats")
    ax.plot([], [], "--", color="grey", label=f"length of the step = {radius:g}")
    ax.set(xlabel="θ₁", ylabel="θ₂", aspect="equal")
    ax.legend(**BELOW)
    return ax


def region_panels(pair: Sequence[Axes], square: np.ndarray, heights: np.ndarray) -> Sequence[Axes]:
    """A pair of axes for ``region_and_steps``: the relief of heights ``[G, G]``, and two bars.

    square ``[G]``: the values of both parameters.
    """
    plane, bars = pair
    lines = _relief(plane, np.stack(np.meshgrid(square, square), axis=-1), heights)
    numbered = lines.levels[::2]
    plane.clabel(lines, numbered, manual=_near_the_edge(lines, numbered, square), **_NUMBERS)
    plane.plot([], [], "k-", label="KL = δ")
    plane.plot([], [], "k--", label="½ dᵀF d = δ")
    for name, look in TWO_STEPS.items():
        plane.plot([], [], label=name, **look)
    plane.legend(**BELOW)
    bars.set(ylabel="share of the natural gain", ylim=(0, 1.25), xlim=(-0.6, 1.6))
    bars.set_xticks([0, 1], list(TWO_STEPS))
    return pair


def _near_the_edge(
    lines: QuadContourSet, levels: np.ndarray, square: np.ndarray
) -> list[np.ndarray]:
    """For each level's line, if it has one, the point where regions seldom cover a number."""
    places = []
    for level, line in zip(lines.levels, lines.get_paths(), strict=True):
        if level in levels and len(line.vertices):
            away = (line.vertices - square.mean()) / (np.ptp(square) / 2)
            inside = abs(away).max(1) < 0.86  # or the number would be cut off
            places.append(line.vertices[(inside * np.linalg.norm(away, axis=1)).argmax()])
    return places


def region_and_steps(
    pair: Sequence[Axes],
    square: np.ndarray,
    kl: np.ndarray,
    max_kl: float,
    old: np.ndarray,
    ellipse: np.ndarray,
    steps: np.ndarray,
    gains: np.ndarray,
) -> None:
    """A region around old ``[2]``, and the plain and the natural step ``[2, 2]`` with their gains.

    kl ``[G, G]`` on the square ``[G]`` of ``region_panels``; ellipse ``[K, 2]``: its model.
    """
    plane, bars = pair
    border = contour_generator(square, square, kl).lines(max_kl)
    plane.add_artist(LineCollection(border, colors="black", linewidths=1.6, clip_on=True))
    add_line(plane, *ellipse.T, color="black", linestyle="--", linewidth=1.6)
    for step, look in zip(steps, TWO_STEPS.values(), strict=True):
        add_line(plane, *np.stack([old, old + step]).T, color=look["color"], linewidth=2)
        add_line(plane, *(old + step), markeredgecolor="white", **(look | {"markersize": 9}))
    add_line(plane, *old, marker="o", color="black", markersize=6)
    setting = f"θ_old = ({old[0]:g}, {old[1]:g}), δ = {max_kl:g}".replace("-", "−")
    bars.text(0.5, 0.99, setting, transform=bars.transAxes, ha="center", va="top", fontsize=9)
    for place, (gain, look) in enumerate(zip(gains / gains[1], TWO_STEPS.values(), strict=True)):
        x = place + np.array([-0.35, -0.35, 0.35, 0.35])
        bars.fill_between(x, gain * np.array([0, 1, 1, 0]), facecolor=look["color"])

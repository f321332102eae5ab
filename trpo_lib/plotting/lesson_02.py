"""The pictures of lesson 02."""

from collections.abc import Mapping, Sequence, Sized

import numpy as np
from contourpy import contour_generator
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from trpo_lib._checks import require_count
from trpo_lib.plotting._shared import COLORS, STYLES, add_line, alike, looks_of, new_axes, panels

_WIDTHS = (3.0, 2.0, 1.4)  # lines may lie on one another, and the last drawn is the thinnest
_CORNERS = ((-0.02, "top", "left"), (-0.02, "top", "right"), (0.02, "bottom", "center"))


def _line_looks(name: str, drawn: Sized) -> list[dict]:
    """How each line of a triangle looks; lines that coincide can all be seen."""
    return looks_of(name, drawn, color=COLORS, linestyle=STYLES, linewidth=_WIDTHS)


def _line_style(look: dict) -> dict:
    """A look, as collections of lines and contours call it."""
    return {key + "s": value for key, value in look.items()}


def bound_scatter(
    bounds: np.ndarray, values: np.ndarray, xlabel: str, ylabel: str, ax: Axes | None = None
) -> Axes:
    """Values against the bounds that they must not exceed, both ``[K]``, and where they are equal.

    No dot may lie above the line.
    """
    alike(bounds=bounds, values=values)
    ax = ax or new_axes(xlabel, ylabel)
    ax.scatter(bounds, values, s=5, color=COLORS[0], alpha=0.4, linewidths=0)
    ax.axline((0, 0), slope=1, color="black", linestyle="--", label="value = bound")
    ax.set(xlim=(0, None), ylim=(0, None))
    ax.legend(frameon=False, loc="lower right")
    return ax


def density_fits(
    x: np.ndarray, target: np.ndarray, fits: Mapping[str, np.ndarray], ax: Axes | None = None
) -> Axes:
    """A density, shaded, and the densities fitted to it, against x; all ``[K]``."""
    alike(**{"x": x, "target": target, **fits})
    looks = looks_of("fits", fits, color=COLORS, linestyle=STYLES)
    ax = ax or new_axes("x", "probability density")
    ax.fill_between(x, target, color="grey", alpha=0.35, linewidth=0, label="p, two humps")
    for (name, fit), look in zip(fits.items(), looks, strict=True):
        ax.plot(x, fit, label=name, **look)
    ax.legend(frameon=False, loc="upper right")
    return ax


def simplex_grid(steps: int) -> np.ndarray:
    """Policies of three actions on a grid of the whole triangle: ``[steps + 1, steps + 1, 3]``."""
    require_count(steps=steps)
    third, share = np.meshgrid(*2 * [np.linspace(1e-6, 1 - 1e-6, steps + 1)], indexing="ij")
    return np.stack([(1 - third) * (1 - share), (1 - third) * share, third], -1)


def _in_triangle(policies: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where policies ``[..., 3]`` stand: action 1 at the left corner, 2 at the right, 3 on top."""
    return policies[..., 1] + policies[..., 2] / 2, 3**0.5 / 2 * policies[..., 2]


def simplex_panel(ax: Axes, names: Sequence[str]) -> Axes:
    """The triangle of all policies of three actions, with a legend of its lines' names."""
    looks = _line_looks("names", names)
    ax.plot(*_in_triangle(np.eye(3)[[0, 1, 2, 0]]), color="black", linewidth=1)
    for corner, (rise, side, beside) in enumerate(_CORNERS):
        x, y = _in_triangle(np.eye(3)[corner])
        ax.text(x, y + rise, f"action {corner + 1}", ha=beside, va=side)
    for name, look in zip(names, looks, strict=True):
        ax.plot([], [], label=name, **look)
    ax.plot([], [], "o", color="black", markersize=4, label="p, old")
    ax.set(aspect="equal", xlim=(-0.04, 1.04), ylim=(-0.1, 0.97))
    ax.axis("off")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.02), frameon=False, fontsize=8, ncols=2)
    return ax


def simplex(
    measures: Mapping[str, np.ndarray], grid: np.ndarray, p: np.ndarray, levels: Sequence[float]
) -> Axes:
    """Lines of equal value of measures ``[H, W]`` on a ``simplex_grid``.

    The first measure's lines have their values on top of them, the others' at their right.
    """
    ax = simplex_panel(panels(1, 1, 5.6, 5.4)[0, 0], list(measures))
    looks = _line_looks("measures", measures)
    for values, look in zip(measures.values(), looks, strict=True):
        lines = ax.contour(*_in_triangle(grid), values, levels, **_line_style(look))
        for path, level in zip(lines.get_paths(), lines.levels, strict=True):
            if len(path.vertices):  # a level may be reached nowhere
                beside = look != looks[0]
                end = path.vertices[path.vertices[:, 0 if beside else 1].argmax()]
                _label(ax, f"{level:g}", end, look["color"], beside)
    ax.plot(*_in_triangle(p), "o", color="black", markersize=4)
    return ax


def _label(ax: Axes, text: str, point: np.ndarray, color: str, beside: bool) -> None:
    """A small text right above a point, or at its right."""
    above = {"xytext": (0, 2), "ha": "center", "va": "bottom"}
    right = {"xytext": (3, 0), "ha": "left", "va": "center"}
    where = right if beside else above
    ax.annotate(text, point, textcoords="offset points", fontsize=9, color=color, **where)


def simplex_regions(
    ax: Axes,
    grid: np.ndarray,
    measures: Sequence[np.ndarray],
    level: float,
    border: np.ndarray,
    p: np.ndarray,
) -> None:
    """Where each measure ``[H, W]`` is at the level, another border ``[K, 3]``, and the point p."""
    looks = _line_looks("measures", [*measures, border])
    for values, look in zip(measures, looks, strict=False):
        lines = contour_generator(*_in_triangle(grid), values).lines(level)
        ax.add_artist(LineCollection(lines, **_line_style(look)))
    add_line(ax, *_in_triangle(border), **looks[-1])
    add_line(ax, *_in_triangle(p), marker="o", markersize=4, color="black")

"""The pictures of lesson 05."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter

from trpo_lib.plotting._shared import (
    BELOW,
    COLORS,
    STYLES,
    TWO_STEPS,
    add_line,
    alike,
    looks_of,
    new_axes,
)


def stretch_panel(ax: Axes) -> Axes:
    """Axes for ``stretched_plane``: one scale and names; a figure's first axes have the legend."""
    ax.set(aspect="equal", xlim=(-0.5, 0.5), ylim=(-0.5, 0.5))
    ax.set(xlabel="first coordinate", ylabel="second coordinate")
    ax.locator_params(nbins=5)
    ax.plot([], [], color="black", label="border of the region")
    ax.plot([], [], color="lightgrey", label="equal gain")
    names = "plain step of the d plane", "natural step"
    for name, look in zip(names, TWO_STEPS.values(), strict=True):
        ax.plot([], [], label=name, **look)
    panels = ax.figure.axes
    if ax is panels[0]:
        ax.legend(**BELOW | {"ncols": 2 if len(panels) == 1 else 1})
    return ax


def stretched_plane(ax: Axes, border: np.ndarray, steps: np.ndarray, slope: np.ndarray) -> Axes:
    """A region's border ``[K, 2]``, a plain and a natural step ``[2, 2]``, and lines of equal gain.

    slope ``[2]``: the gain's gradient in this plane.
    """
    if not ax.lines:
        stretch_panel(ax)
        size = 1.15 * abs(border).max()
        ax.set(xlim=(-size, size), ylim=(-size, size))
    along, reach = np.array([-slope[1], slope[0]]) / np.linalg.norm(slope), 2 * ax.get_xlim()[1]
    far = (border @ slope).max() / (slope @ slope) * slope  # on the last line that is touched
    for share in np.linspace(-1, 1, 9):
        ends = np.stack([share * far - reach * along, share * far + reach * along])
        add_line(ax, *ends.T, color="lightgrey", linewidth=1)
    add_line(ax, *border.T, color="black", linewidth=1.6)
    for step, look in zip(steps, TWO_STEPS.values(), strict=True):
        add_line(ax, *np.stack([0 * step, step]).T, color=look["color"], linewidth=2.5)
        add_line(ax, *step, markeredgecolor="white", **(look | {"markersize": 10}))
    add_line(ax, 0, 0, marker="o", color="black", markersize=6)
    return ax


def paths_on_bowl(
    xs: np.ndarray,
    ys: np.ndarray,
    heights: np.ndarray,
    paths: Mapping[str, np.ndarray],
    ax: Axes | None = None,
) -> Axes:
    """Contours of heights ``[Y, X]`` over xs ``[X]``, ys ``[Y]``, and named paths ``[K, 2]``."""
    looks = looks_of("paths", paths, color=COLORS, linestyle=STYLES, marker="os^D")
    ax = ax or new_axes("x₁", "x₂")
    ax.contour(xs, ys, heights, levels=12, colors="lightgrey", linestyles="solid")
    ax.set_aspect("equal")  # so that straight downhill stands at a right angle to the lines
    for (name, path), look in zip(paths.items(), looks, strict=True):
        ax.plot(*np.asarray(path).T, ms=5, label=name, **look)
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return ax


def residual_curves(curves: Mapping[str, Sequence[float]], ax: Axes | None = None) -> Axes:
    """Relative residuals ‖b − A x_k‖ / ‖b‖ for k = 0, 1, …, a named curve each; log scale."""
    looks = looks_of("curves", curves, color=COLORS, linestyle=STYLES, marker="os^Dv+")
    ax = ax or new_axes("iterations k of conjugate gradient", "relative residual")
    for (name, residuals), look in zip(curves.items(), looks, strict=True):
        ax.semilogy(residuals, ms=4, label=name, **look)
    ax.legend(frameon=False, loc="best")
    return ax


def full_steps(
    kls: np.ndarray, gains: np.ndarray, accepted: np.ndarray, timid: float, ax: Axes | None = None
) -> Axes:
    """What each update's full step did, as shares of its model's KL and of its promised gain.

    kls, gains, accepted: ``[K]``. timid: the share to mark, below which a step counts as timid.
    """
    kls, gains, accepted = alike(kls=kls, gains=gains, accepted=accepted)
    ax = ax or new_axes("KL / KL of the bowl (log axis)", "gain / promised gain")
    ax.semilogx(kls[accepted], gains[accepted], "o", color=COLORS[0], ms=4, label="accepted")
    ax.semilogx(kls[~accepted], gains[~accepted], "x", color=COLORS[1], ms=4, label="refused")
    ax.axvline(1, color="grey", linestyle=":", label="as the model says")
    ax.axhline(1, color="grey", linestyle=":")
    ax.axhline(0, color="grey", linewidth=1, label="no gain")
    look = {"color": "black", "linestyle": "--", "linewidth": 1}
    ax.axvline(timid, label=f"timid: below {timid:g}", **look)
    ax.set_yscale("symlog", linthresh=2)  # a few are huge: nearly nothing was promised
    limits = ax.axis()
    for axis, ticks in (
        (ax.yaxis, [-1, -0.5, 0, 0.5, 1, 1.5, 2, 5, 10]),
        (ax.xaxis, [0.25, 0.5, 1, 2, 5, 10, 20]),
    ):
        axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.axis(limits)
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return ax

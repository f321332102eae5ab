"""The pictures of lesson 08."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from trpo_lib.plotting._shared import BELOW, COLORS, STYLES, add_line, looks_of

_NEW = {"marker": "s", "markersize": 5, "color": COLORS[4], "mec": "black", "linestyle": "none"}


def gaussian_panels(axes: Sequence[Axes]) -> Sequence[Axes]:
    """A pair of axes for ``two_gaussians``: the plane of mean and width, and the densities."""
    plane, line = axes
    plane.set(xlabel="shift of the mean, in σ_old", ylabel="σ / σ_old", yscale="log")
    plane.set(xlim=(-3.5, 3.5), ylim=(0.2, 7), yticks=(0.25, 0.5, 1, 2, 4))
    plane.yaxis.set_major_formatter("{x:g}")
    plane.yaxis.set_minor_locator(NullLocator())
    plane.plot([], [], color=COLORS[0], label="KL = δ")
    plane.plot([], [], "--", color=COLORS[1], label="bowl = δ")
    plane.plot(0, 1, "o", color=COLORS[0], markersize=4, label="p, old")
    plane.plot([], [], label="q, new", **_NEW)
    plane.legend(**BELOW)
    line.set(xlabel="action, in σ_old from the old mean", ylabel="density", xlim=(-6, 6))
    line.set_ylim(0, 1.7)  # the narrowest new Gaussian, σ_old / 4, reaches 1.6
    line.plot([], [], color=COLORS[0], label="p, old")
    line.plot([], [], "-.", color=COLORS[4], label="q, new")
    line.legend(**BELOW)
    return axes


def two_gaussians(
    regions: Sequence[tuple[np.ndarray, np.ndarray]],
    new: tuple[float, float],
    x: np.ndarray,
    densities: Sequence[np.ndarray],
    axes: Sequence[Axes],
) -> None:
    """Two edges of a region, each a pair (shifts, ratios) ``[K]``, and the new Gaussian in them.

    x, densities: actions ``[M]``, and how dense the old and the new Gaussian are there.
    """
    looks = looks_of("regions", regions, color=COLORS, linestyle=STYLES)
    plane, line = axes
    for edge, look in zip(regions, looks, strict=True):
        add_line(plane, *edge, **look)
    add_line(plane, *new, **_NEW)
    for density, color, style in zip(densities, (COLORS[0], COLORS[4]), ("-", "-."), strict=True):
        add_line(line, x, density, color=color, linestyle=style)

"""The pictures of lesson 08."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from trpo_lib.plotting._shared import BELOW, COLORS, STYLES, add_line, looks_of

_NEW = {"marker": "s", "markersize": 5, "color": COLORS[4], "mec": "black", "linestyle": "none"}
_FACTORS = np.array([1.01, 1.02, 1.05, 1.1, 1.2, 1.5, 2, 4])  # that an axis may name


def gaussian_panels(axes: Sequence[Axes]) -> Sequence[Axes]:
    """A pair of axes for ``two_gaussians``: the plane of mean and width, and the densities."""
    plane, line = axes
    plane.set(xlabel="shift χ, in σ_old", ylabel="factor ω", yscale="log")
    plane.yaxis.set_minor_locator(NullLocator())
    plane.yaxis.set_label_coords(-0.18, 0.5)  # clear of all ticks that a setting may bring
    plane.plot([], [], color=COLORS[0], label="KL = δ")
    plane.plot([], [], "--", color=COLORS[1], label="bowl = δ")
    plane.plot(0, 1, "o", color=COLORS[0], markersize=4, label="p, old")
    plane.plot([], [], label="q, new", **_NEW)
    plane.legend(**BELOW)
    line.set(xlabel="action, in σ_old from the old mean", ylabel="density", xlim=(-5, 5))
    line.set_ylim(0, 1.1)  # the narrowest new Gaussian, 0.4 σ_old, reaches 1.0
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
    """Two edges of a region, each a pair (shifts, factors) ``[K]``, and the new Gaussian in them.

    x, densities: actions ``[M]``, and how dense the old and the new Gaussian are there. The plane
    shows no more than the edges and the new Gaussian need.
    """
    looks = looks_of("regions", regions, color=COLORS, linestyle=STYLES)
    plane, line = axes
    for edge, look in zip(regions, looks, strict=True):
        add_line(plane, *edge, **look)
    add_line(plane, *new, **_NEW)
    shifts, factors = (np.concatenate([new[k : k + 1], *(e[k] for e in regions)]) for k in (0, 1))
    _fit(plane, abs(shifts).max(), abs(np.log(factors)).max())
    for density, color, style in zip(densities, (COLORS[0], COLORS[4]), ("-", "-."), strict=True):
        add_line(line, x, density, color=color, linestyle=style)


def _fit(plane: Axes, shift: float, log_factor: float) -> None:
    """Limits just beyond these, the same to both sides, and a few factors named."""
    high = np.exp(1.15 * log_factor)
    within = _FACTORS[high >= _FACTORS][-2:]
    ticks = [*1 / within[::-1], 1, *within]
    plane.set(xlim=(-1.15 * shift, 1.15 * shift), ylim=(1 / high, high))
    plane.set_yticks(ticks, [f"{tick:.2g}" if tick < 1 else f"{tick:g}" for tick in ticks])


def swimmers(
    bodies: Sequence[np.ndarray], times: Sequence[int], titles: Sequence[str], axes: Sequence[Axes]
) -> Sequence[Axes]:
    """What several swimmers did, seen from above: an axis each, and a row for each of K times.

    bodies: for each swimmer ``[K, links, 2, 2]``, the two ends of each link, x and y; its first
    link ends in the head. Each row shows the shape only: it is moved sideways to its line.
    """
    left = min(body[..., 0].min() for body in bodies) - 0.5
    right = max(body[..., 0].max() for body in bodies) + 0.5
    rows = -3 * np.arange(len(times))
    for body, title, ax in zip(bodies, titles, axes, strict=True):
        for row, links in zip(rows, body, strict=True):
            ax.axhline(row, color="lightgrey", linewidth=0.5)
            placed = links - [0, links[..., 1].mean()] + [0, row]
            for link in placed:
                add_line(ax, *link.T, color=COLORS[0], linewidth=3, solid_capstyle="round")
            add_line(ax, *placed[0, 1], color=COLORS[1], marker="o", markersize=6)
        ax.set(aspect="equal", xlim=(left, right), ylim=(rows[-1] - 1.8, 1.8))
        ax.set_yticks(rows, [f"step {time}" for time in times])
        ax.set(title=title, xlabel="distance (a straight body is 3)")
    ax.plot([], [], "o", color=COLORS[1], markersize=6, label="head")
    ax.legend(frameon=False, fontsize=8, loc="lower left")
    return axes


def walker(bodies: Sequence[np.ndarray], times: Sequence[int], ax: Axes) -> Axes:
    """What a body did, seen from the side: its pose at each of K times, at its place.

    bodies: ``[links, 2, 2]`` each, the two ends of each link, x and z in metres; the trunk first.
    """
    top = max(body[..., 1].max() for body in bodies)
    for body, time in zip(bodies, times, strict=True):
        colors = [COLORS[1], *COLORS[:1] * (len(body) - 1)]
        for link, color in zip(body, colors, strict=True):
            add_line(ax, *link.T, color=color, linewidth=3, solid_capstyle="round")
        ax.text(body[..., 0].mean(), top + 0.15, str(time), ha="center", fontsize=8)
    ax.axhline(0, color="grey", linewidth=1)
    ends = np.concatenate([body[..., 0].ravel() for body in bodies])
    ax.set(aspect="equal", xlim=(ends.min() - 0.3, ends.max() + 0.3), ylim=(-0.2, top + 0.5))
    ax.set(xlabel="place (m)", ylabel="height (m)")
    return ax

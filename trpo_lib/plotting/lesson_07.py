"""The pictures of lesson 07. Its seven algorithms look the same in all of them."""

from collections.abc import Mapping, Sequence, Sized

import numpy as np
from matplotlib.axes import Axes

from trpo_lib.plotting._shared import COLORS, STYLES, add_line, alike, looks_of, new_axes

_SEVEN = (*COLORS[:5], "#56B4E9", "#000000")
_SIZES = (9, 5, 5, 5, 5, 11, 5)  # the first and the sixth look out from behind their neighbours


def _looks(name: str, drawn: Sized) -> list[dict]:
    cycles = {"linestyle": STYLES, "marker": "os^Dv*X", "markersize": _SIZES}
    return looks_of(name, drawn, color=_SEVEN, **cycles)


def clipped_objective(ax: Axes, w: np.ndarray, terms: Mapping[str, np.ndarray]) -> Axes:
    """Two terms and the smaller of them, against ratios w; all ``[K]``, the smaller one last."""
    alike(**{"w": w, **terms})
    widths = {"color": (COLORS[1], COLORS[2], COLORS[0]), "linestyle": ("--", ":", "-")}
    looks = looks_of("terms", terms, **widths, linewidth=(1.6, 2.2, 5), zorder=(3, 4, 2))
    for (name, term), look in zip(terms.items(), looks, strict=True):
        ax.plot(w, term, label=name, **look)
    ax.axvline(1, color="grey", linewidth=1)
    ax.set(xlabel="ratio w")
    ax.legend(frameon=False, loc="best")
    return ax


def step_size_panel(
    ax: Axes, sizes: np.ndarray, bands: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]]
) -> Axes:
    """Returns against step sizes ``[K]``: for each name a centre, low and high ``[K]``."""
    looks = looks_of("bands", bands, color=COLORS, linestyle=STYLES, marker="os^D")
    for (name, (center, low, high)), look in zip(bands.items(), looks, strict=True):
        alike(sizes=sizes, center=center, low=low, high=high)
        ax.plot(sizes, center, label=name, markersize=3, **look)
        ax.fill_between(sizes, low, high, color=look["color"], alpha=0.2, linewidth=0)
    ax.set(xscale="log", ylim=(0, 515))
    return ax


def knob_curves(ax: Axes, x: Mapping[str, np.ndarray], y: Mapping[str, np.ndarray]) -> Axes:
    """One curve of marks per algorithm: x and y ``[K]`` by name, over a logarithmic x-axis."""
    for (name, values), look in zip(y.items(), _looks("y", y), strict=True):
        alike(x=x[name], y=values)
        ax.plot(x[name], values, label=name, **look)
    ax.set(xscale="log")
    return ax


def intervals(
    ax: Axes, rows: Sequence[str], named: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]]
) -> Axes:
    """Estimates with their intervals, a row for each name: value, low and high ``[rows]``."""
    looks = looks_of("named", named, color=COLORS, marker="os^D")
    height = np.arange(len(rows))[::-1]
    for place, ((name, (value, low, high)), look) in enumerate(
        zip(named.items(), looks, strict=True)
    ):
        y = height - 0.22 * (place - (len(named) - 1) / 2)
        alike(rows=height, value=value, low=low, high=high)
        ax.hlines(y, low, high, color=look["color"], linewidth=2)
        ax.plot(value, y, label=name, linestyle="none", markersize=6, **look)
    ax.set_yticks(height, rows)
    ax.set(ylim=(-0.6, len(rows) - 0.4))
    return ax


def update_panel(ax: Axes, names: Sequence[str]) -> Axes:
    """Axes for ``one_update``: KL against the place of the knob, and a legend of the names."""
    for name, look in zip(names, _looks("names", names), strict=True):
        ax.plot([], [], label=name, **look)
    ax.set(xscale="log", yscale="log", xlim=(7e-6, 1.5), ylim=(1e-9, 1e3))
    ax.set(xlabel="step size / largest step size", ylabel="KL of one update (nats)")
    if ax is ax.figure.axes[0]:
        ax.legend(frameon=False, loc="upper left", fontsize=8)
    return ax


def one_update(
    ax: Axes, shares: np.ndarray, kls: Mapping[str, np.ndarray], chosen: int | None = None
) -> Axes:
    """The KL ``[K]`` of one update by each algorithm, against shares ``[K]`` of its largest step.

    chosen: the place of a share to mark. A KL that is not positive is not drawn.
    """
    for values, look in zip(kls.values(), _looks("kls", kls), strict=True):
        alike(shares=shares, kls=values)
        seen = values > 0
        add_line(ax, shares[seen], values[seen], **look)
    if chosen is not None:
        add_line(ax, [shares[chosen]] * 2, [1e-9, 1e3], color="grey", linewidth=6, alpha=0.35)
    return ax


def refusals(named: Mapping[str, tuple[np.ndarray, ...]], ax: Axes | None = None) -> Axes:
    """The share of refused full steps by task: dampings, value, low and high, each ``[K]``."""
    looks = looks_of("named", named, color=COLORS, linestyle=STYLES, marker="os^D")
    ax = ax or new_axes("damping c", "share of full steps refused")
    for (name, (dampings, value, low, high)), look in zip(named.items(), looks, strict=True):
        alike(dampings=dampings, value=value, low=low, high=high)
        bars = np.array([value, value]) - [low, high]
        ax.errorbar(dampings, value, abs(bars), label=name, capsize=4, **look)
    ax.set(xscale="log", ylim=(-0.02, 0.75))
    ax.legend(frameon=False)
    return ax

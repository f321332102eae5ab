"""The pictures of lesson 04."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from trpo_lib.plotting._shared import COLORS, STYLES, add_line, alike, looks_of, new_axes, panels


def visitation_bars(shares: np.ndarray, names: Sequence[str], states: Sequence[str]) -> Axes:
    """The share of time in each of S states for each of M policies: shares ``[M, S]``."""
    looks = looks_of("names", names, color=COLORS)
    ax, width = panels(1, 1, 6, 3)[0, 0], 0.8 / len(names)
    for place, (name, share, look) in enumerate(zip(names, shares, looks, strict=True)):
        x = np.arange(len(states)) + (place - (len(names) - 1) / 2) * width
        ax.bar(x, share, width, label=name, edgecolor="white", **look)
    ax.set(ylabel="share of time", ylim=(0, 1))
    ax.set_xticks(range(len(states)), states)
    ax.legend(frameon=False)
    return ax


def frozen_panels(
    pair: Sequence[Axes],
    states: Sequence[str],
    old: np.ndarray,
    lengths: np.ndarray,
    curves: np.ndarray,
    near: tuple[np.ndarray, np.ndarray],
) -> Sequence[Axes]:
    """A pair of axes for ``frozen``: time in each of S states, and gains along a step.

    old ``[S]``: the time before the step. curves ``[3, K]`` over lengths ``[K]``: the gains of η,
    of L and of the lower bound. near: other lengths and curves, of short steps, for an inset.
    """
    bars, line = pair
    look = {"markeredgecolor": "black"}
    bars.bar(np.arange(len(old)) - 0.27, old, 0.26, color="lightgrey", edgecolor="black")
    bars.plot([], [], "s", color="lightgrey", label="before: what L believes", **look)
    bars.plot([], [], "s", color=COLORS[4], label="after the step that δ allows")
    bars.plot([], [], "s", color=COLORS[3], label="after your step")
    bars.set(ylabel="share of time", ylim=(0, 1), xlim=(-0.6, len(old) - 0.4))
    bars.set_xticks(range(len(old)), states)
    bars.legend(frameon=False, loc="upper right", fontsize=8)
    _gains(line, lengths, curves)
    line.set(xlabel="step length", ylabel="gain in return", xlim=(0, lengths[-1]), ylim=(-6, 10))
    line.legend(frameon=False, loc=(0.06, 0.08), fontsize=8)
    inset = line.inset_axes((0.15, 0.72, 0.32, 0.21))
    _gains(inset, *near)
    inset.set(xlim=(0, near[0][-1]), ylim=(-0.003, 0.006), yticks=(0, 0.005))
    inset.set_title("the first steps, enlarged", fontsize=8)
    inset.set_xticks((0, near[0][-1]))
    inset.tick_params(labelsize=7)
    return pair


def _gains(ax: Axes, lengths: np.ndarray, curves: np.ndarray) -> None:
    names = ("true η", "L", "guaranteed")
    looks = looks_of("curves", curves, color=COLORS, linestyle=STYLES)
    for name, curve, look in zip(names, curves, looks, strict=True):
        ax.plot(lengths, curve, label=name, **look)
    ax.axhline(0, color="grey", linewidth=1)


def frozen(
    pair: Sequence[Axes],
    new: np.ndarray,
    allowed: float,
    length: float,
    gains: tuple[float, float],
    new_if_allowed: np.ndarray,
) -> None:
    """The time ``[S]`` in each state after a step of this length, its gains in η and in L.

    allowed: the length of the longest step that the bound δ allows; after it, the time in each
    state is new_if_allowed ``[S]``.
    """
    bars, line = pair
    _bars_beside(bars, new_if_allowed, -0.13, COLORS[4])
    _bars_beside(bars, new, 0.14, COLORS[3])
    line.fill_between([0, allowed], -5.9, -5.4, facecolor=COLORS[4], zorder=3)  # above the curves
    add_line(line, [allowed, allowed], [-6, -5], color="black", linewidth=1.5)
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
    line.text(allowed + 0.08, -5.8, "δ allows", va="bottom", fontsize=8, bbox=paper, zorder=3)
    line.vlines(length, *sorted(gains), color="dimgrey", linewidth=3)
    true, promised = gains
    add_line(line, length, true, marker="o", markersize=8, color=COLORS[0], markeredgecolor="white")
    look = {"marker": "o", "markersize": 11, "fillstyle": "none", "markeredgewidth": 2}
    add_line(line, length, promised, color=COLORS[1], **look)


def _bars_beside(ax: Axes, heights: np.ndarray, shift: float, color: str) -> None:
    """A bar for each state, to the right of where the shift leads."""
    edges = np.arange(len(heights))[:, None] + shift + np.array([0, 0, 0.26, 0.26])
    ax.fill_between(edges.ravel(), (heights[:, None] * [0, 1, 1, 0]).ravel(), facecolor=color)


def promise_and_truth(promised: np.ndarray, kept: np.ndarray, ax: Axes | None = None) -> Axes:
    """Each step's gain in η against its gain in L, both ``[K]``; losses have their own mark."""
    promised, kept = alike(promised=promised, kept=kept)
    if not promised.size:
        raise ValueError("promised must not be empty")
    ax = ax or new_axes("", "")
    ax.set(xlabel="promised: gain in L", ylabel="kept: gain in η")
    fell = kept < 0
    ax.plot(promised[~fell], kept[~fell], ".", color=COLORS[0], markersize=2, label="η rose")
    small = {"markersize": 3, "markeredgewidth": 0.7}
    ax.plot(promised[fell], kept[fell], "x", color=COLORS[1], label="η fell", **small)
    end = promised.max()
    ax.plot([0, end], [0, end], color="black", linewidth=1, label="L kept its promise")
    ax.axhline(0, color="grey", linewidth=1)
    ax.legend(frameon=False, loc="upper left", markerscale=3)
    return ax

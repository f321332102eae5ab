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
) -> Sequence[Axes]:
    """A pair of axes for ``frozen``: time in each of S states, and gains along a step.

    old ``[S]``: the time before the step. curves ``[3, K]`` over lengths ``[K]``: the gains of η,
    of L and of the lower bound.
    """
    bars, line = pair
    bars.bar(np.arange(len(old)) - 0.2, old, 0.4, color="lightgrey", edgecolor="black")
    bars.plot([], [], "s", color="lightgrey", markeredgecolor="black", label="what L believes")
    bars.plot([], [], "s", color=COLORS[0], label="after the step")
    bars.set(ylabel="share of time", ylim=(0, 1), xlim=(-0.6, len(old) - 0.4))
    bars.set_xticks(range(len(old)), states)
    bars.legend(frameon=False, loc="upper right")
    names = ("true η", "L", "guaranteed")
    looks = looks_of("curves", curves, color=COLORS, linestyle=STYLES)
    for name, curve, look in zip(names, curves, looks, strict=True):
        line.plot(lengths, curve, label=name, **look)
    line.axhline(0, color="grey", linewidth=1)
    line.set(xlabel="step length", ylabel="gain in return", xlim=(0, lengths[-1]), ylim=(-5, 10))
    line.legend(frameon=False, loc="upper left", fontsize=8)
    return pair


def frozen(
    pair: Sequence[Axes],
    new: np.ndarray,
    accepted: float,
    length: float,
    gains: tuple[float, float],
) -> None:
    """The time ``[S]`` in each state after a step of this length, its gains in η and in L.

    accepted: the length of the step that TRPO would take.
    """
    bars, line = pair
    edges = np.arange(len(new))[:, None] + np.array([0, 0, 0.4, 0.4])
    heights = new[:, None] * [0, 1, 1, 0]
    bars.fill_between(edges.ravel(), heights.ravel(), facecolor=COLORS[0])
    add_line(line, [accepted, accepted], [-5, 10], color="black", linestyle=":", linewidth=1)
    line.text(accepted, -4.9, " accepted", va="bottom", fontsize=8)
    for gain, color in zip(gains, COLORS, strict=False):
        add_line(line, length, gain, marker="o", markersize=8, color=color, markeredgecolor="white")


def promise_and_truth(promised: np.ndarray, kept: np.ndarray, ax: Axes | None = None) -> Axes:
    """Each step's gain in η against its gain in L, both ``[K]``; losses have their own mark."""
    promised, kept = alike(promised=promised, kept=kept)
    if not promised.size:
        raise ValueError("promised must not be empty")
    ax = ax or new_axes("promised: gain in L", "kept: gain in η")
    fell = kept < 0
    ax.plot(promised[~fell], kept[~fell], ".", color=COLORS[0], markersize=3, label="η rose")
    ax.plot(promised[fell], kept[fell], "x", color=COLORS[1], markersize=5, label="η fell")
    end = promised.max()
    ax.plot([0, end], [0, end], color="black", linewidth=1, label="L kept its promise")
    ax.axhline(0, color="grey", linewidth=1)
    ax.legend(frameon=False, loc="upper left", markerscale=2)
    return ax

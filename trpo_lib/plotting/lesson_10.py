"""The picture of lesson 10."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.legend_handler import HandlerTuple

from trpo_lib._checks import require_same_shape
from trpo_lib.plotting._shared import COLORS, new_axes


def own_and_library(
    updates: np.ndarray, own: np.ndarray, library: np.ndarray, ax: Axes | None = None
) -> Axes:
    """Test returns ``[seeds, K]`` after updates ``[K]``: both programs' seeds, and their medians.

    Right of the last update stand the pairs of that update, each with the number of its seed.
    Raises ``ValueError`` on unequal shapes.
    """
    own, library = np.asarray(own), np.asarray(library)
    require_same_shape(own=own, library=library)
    ax = ax or new_axes("updates", "steps per episode, 20 fresh episodes")
    thin = {"linewidth": 1, "alpha": 0.55}
    curves = [np.column_stack([updates, row]) for row in library]
    other = LineCollection(curves, colors=COLORS[1], linestyles="--", zorder=2.1, **thin)
    ax.add_collection(other)
    lines = [ax.plot(updates, row, color=COLORS[0], **thin)[0] for row in own]
    looks = ("o-", COLORS[0], 3.0), ("s--", COLORS[1], 2.0)
    medians = [
        ax.plot(updates, np.median(rows, 0), style, color=color, linewidth=width, zorder=3)[0]
        for rows, (style, color, width) in zip((own, library), looks, strict=True)
    ]
    dots = _pairs(ax, updates[-1], own[:, -1], library[:, -1])
    ax.set(ylim=(0, 535), xticks=updates)
    names = "each seed: yours, library", "yours, median", "library, median"
    pairs = {tuple: HandlerTuple(ndivide=None, pad=0.4)}
    place = {"frameon": False, "loc": "upper left", "bbox_to_anchor": (1, 1)}
    handles = (lines[0], other, *dots), *medians
    ax.legend(handles, names, handler_map=pairs, handlelength=4.5, **place)
    return ax


def _pairs(ax: Axes, last: float, own: np.ndarray, library: np.ndarray) -> list[PathCollection]:
    """Returns ``[seeds]`` after the last update, in the order of own: the two sets of marks."""
    x, order = last + last * (0.1 + 0.055 * np.arange(len(own))), np.argsort(own, kind="stable")
    for place, seed in zip(x, order, strict=True):
        top = max(own[seed], library[seed]) + 10
        ax.text(place, top, str(seed), ha="center", va="bottom", fontsize=8, color="gray")
    ax.text(x.mean(), 60, f"each seed\nafter update {last:g}", ha="center", fontsize=8)
    ax.vlines(x, own[order], library[order], color="gray", linewidth=1, zorder=2)
    dot = ax.scatter(x, own[order], s=16, color=COLORS[0], zorder=3)
    look = {"facecolors": "none", "edgecolors": COLORS[1], "zorder": 4}
    return [dot, ax.scatter(x, library[order], s=34, marker="s", **look)]

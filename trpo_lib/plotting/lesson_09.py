"""The picture of lesson 09."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from trpo_lib.plotting._shared import COLORS, new_axes


def defect_returns(
    returns: Mapping[str, Sequence[float]],
    right: Sequence[float],
    ax: Axes | None = None,
    marks: Mapping[str, float] | None = None,
) -> Axes:
    """Returns ``[S]`` of S seeds with each function in the library's place: median and seeds.

    The seeds stand side by side in their order. right ``[S]``: those of the library, on the left.
    marks: returns to which a dotted line leads, by their name.
    """
    ax = ax or new_axes("number of the function", "mean return per episode")
    places = np.arange(len(returns))
    medians = [np.median(seeds) for seeds in returns.values()]
    spread = np.linspace(-0.28, 0.28, len(right))
    ax.scatter(spread - 1.2, right, 8, "black", label="library, seeds in their order")
    ax.axhline(np.median(right), color="black", linewidth=1, label="library, median")
    ax.bar(places, medians, 0.8, color=COLORS[0], alpha=0.35, label="function, median")
    for place, seeds in zip(places, returns.values(), strict=True):
        dots = ax.plot(place + spread, seeds, ".", color=COLORS[1], markersize=4)
    dots[0].set_label("function, seeds in their order")
    for name, height in (marks or {}).items():
        ax.hlines(height, -1.7, len(returns) - 0.4, "grey", "dotted", linewidth=1)
        ax.text(len(returns) - 0.3, height, name, fontsize=8, va="center")
    ax.set_xticks(places, list(returns))
    below = ax.get_xaxis_transform()
    ax.text(-1.2, -0.03, "library", fontsize=8, ha="center", va="top", transform=below)
    ax.set(xlim=(-1.7, len(returns) - 0.4), ylim=(0, None))
    ax.legend(frameon=False, fontsize=8, ncols=2, loc="upper center", bbox_to_anchor=(0.5, 1.2))
    return ax

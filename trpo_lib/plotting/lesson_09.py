"""The picture of lesson 09."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from trpo_lib.plotting._shared import COLORS, new_axes


def defect_returns(
    returns: Mapping[str, Sequence[float]], right: Sequence[float], ax: Axes | None = None
) -> Axes:
    """Returns ``[S]`` of S seeds under each named defect: bars to the median, a dot for each seed.

    right ``[S]``: those of the right code; a band covers them all, a line is their median.
    """
    ax = ax or new_axes("defect", "mean return per episode")
    places = np.arange(len(returns))
    medians = [np.median(seeds) for seeds in returns.values()]
    band = {"color": "grey", "alpha": 0.25, "linewidth": 0}
    ax.axhspan(min(right), max(right), label="right code, all seeds", **band)
    ax.axhline(np.median(right), color="black", linewidth=1, label="right code, median")
    ax.bar(places, medians, 0.7, color=COLORS[0], alpha=0.6, label="with the defect, median")
    for place, seeds in zip(places, returns.values(), strict=True):
        spread = np.linspace(-0.22, 0.22, len(seeds))
        dots = ax.plot(place + spread, seeds, ".", color=COLORS[1], markersize=5)
    dots[0].set_label("with the defect, one seed each")
    ax.set_xticks(places, list(returns))
    ax.set_ylim(0)
    ax.legend(frameon=False, fontsize=8, ncols=2, loc="upper center", bbox_to_anchor=(0.5, 1.2))
    return ax

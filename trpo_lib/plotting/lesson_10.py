"""The picture of lesson 10."""

import numpy as np
from matplotlib.axes import Axes

from trpo_lib._checks import require_same_shape
from trpo_lib.plotting._shared import COLORS, new_axes


def own_and_library(
    updates: np.ndarray, own: np.ndarray, library: np.ndarray, ax: Axes | None = None
) -> Axes:
    """Test returns ``[seeds, K]`` after updates ``[K]``: the own program's, and the means of both.

    Raises ``ValueError`` on unequal shapes.
    """
    own, library = np.asarray(own), np.asarray(library)
    require_same_shape(own=own, library=library)
    ax = ax or new_axes("updates", "steps per episode, 20 fresh episodes")
    for seed, curve in enumerate(own):
        label = None if seed else "yours, each seed"
        ax.plot(updates, curve, color=COLORS[0], alpha=0.3, linewidth=1, label=label)
    ax.plot(updates, own.mean(0), "o-", color=COLORS[0], linewidth=2.5, label="yours, mean")
    ax.plot(updates, library.mean(0), "s--", color=COLORS[1], linewidth=2, label="library, mean")
    ax.set_ylim(0, 510)
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return ax

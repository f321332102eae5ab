"""The pictures of lesson 06."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from trpo_lib.plotting._shared import COLORS, looks_of, new_axes


def kl_history(kls: Mapping[str, Sequence[float]], max_kl: float, ax: Axes | None = None) -> Axes:
    """The KL of each update in nats, a series of marks per name, and the bound; log scale."""
    looks = looks_of("kls", kls, color=COLORS, marker="o^sxD+")
    ax = ax or new_axes("update", "KL(old ‖ new) (nats)")
    for (name, series), look in zip(kls.items(), looks, strict=True):
        updates = np.arange(1, len(series) + 1)
        ax.semilogy(updates, series, linestyle="none", markersize=4, label=name, **look)
    ax.axhline(max_kl, color="black", linestyle="--", label=f"bound δ = {max_kl:g}")
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return ax


def rollout_rows(kinds: np.ndarray, names: Sequence[str], ax: Axes | None = None) -> Axes:
    """What each step of each environment was: kinds ``[T, N]``, indices into names."""
    ax = ax or new_axes("step t", "environment n")
    shades = plt.get_cmap("cividis", len(names))
    image = ax.imshow(kinds.T, cmap=shades, vmin=-0.5, vmax=len(names) - 0.5, aspect="auto")
    bar = ax.figure.colorbar(image, ax=ax, ticks=range(len(names)))
    bar.ax.set_yticklabels(names)
    return ax

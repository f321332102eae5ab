"""The pictures of lesson 06."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from trpo_lib.plotting._shared import COLORS, alike, looks_of, new_axes


def kl_history(kls: Mapping[str, Sequence[float]], max_kl: float, ax: Axes | None = None) -> Axes:
    """The KL of each update in nats, a series of marks per name, and the bound; log scale.

    Each series has smaller marks than the one before, which are seen around them where both agree.
    """
    looks = looks_of("kls", kls, color=COLORS, marker="o^sxD+")
    ax = ax or new_axes("update", "KL(old ‖ new) (nats)")
    for k, ((name, series), look) in enumerate(zip(kls.items(), looks, strict=True)):
        updates, size = np.arange(1, len(series) + 1), max(9 - 5 * k, 4)
        ax.semilogy(updates, series, linestyle="none", markersize=size, label=name, **look)
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


def state_map(
    ax: Axes,
    angles: np.ndarray,
    speeds: np.ndarray,
    values: np.ndarray,
    title: str,
    span: tuple[float, float] | None = None,
) -> Axes:
    """Values ``[Y, X]`` over the pole's angle ``[X]`` and its speed ``[Y]``, with a colour bar.

    Where a value is NaN the map stays white. span: the values at the ends of the colours; with it
    they are a probability, and the line where it is ½ is drawn, unless it is near ½ everywhere.
    """
    low, high = span or (np.nanmin(values), np.nanmax(values))
    shades = "RdBu_r" if span else "viridis"
    mesh = ax.pcolormesh(angles, speeds, values, cmap=shades, vmin=low, vmax=high, shading="auto")
    mesh.set_rasterized(True)
    if span and values.min() < 0.4 < 0.6 < values.max():
        ax.contour(angles, speeds, values, levels=[0.5], colors="black", linewidths=1)
    ax.set(title=title, xlabel="angle of the pole (rad)", ylabel="speed of the pole (rad/s)")
    ax.figure.colorbar(mesh, ax=ax)
    return ax


def fresh_kls(own: np.ndarray, fresh: np.ndarray, max_kl: float, ax: Axes | None = None) -> Axes:
    """The KL of each update on its own batch and on fresh states, both ``[K]``, and the bound."""
    own, fresh = alike(own=own, fresh=fresh)
    ax = ax or new_axes("mean KL on the update's own batch", "mean KL on fresh states")
    over = fresh > max_kl
    ax.plot(own[~over], fresh[~over], "o", color=COLORS[0], ms=4, label="within the bound")
    ax.plot(own[over], fresh[over], "^", color=COLORS[1], ms=6, label="above it on fresh states")
    ends = [0, 1.05 * max(own.max(), fresh.max())]
    ax.plot(ends, ends, color="grey", linewidth=1, label="equal")
    for line in (ax.axhline, ax.axvline):
        line(max_kl, color="black", linestyle="--", linewidth=1)
    ax.plot([], [], color="black", linestyle="--", label=f"δ = {max_kl:g}")
    ax.set(xlim=(0, 1.2 * max_kl), ylim=ends)
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return ax

"""The pictures of lesson 00."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from trpo_lib.plotting._shared import COLORS, STYLES, alike, looks_of, make_room, panels


def return_histories(
    groups: Sequence[tuple[str, np.ndarray]],
    names: Sequence[str],
    marked: tuple[int, int] | None = None,
) -> Axes:
    """Groups of runs side by side, on one scale: the mean return ``[M, K]`` after each update.

    names: of the M runs, which are alike in all groups. marked: a run of the first group, and the
    number of the return before the update to mark.
    """
    axes = panels(1, len(groups), 6.4 / len(groups), 3.3)[0]
    for ax, (title, returns) in zip(axes, groups, strict=True):
        looks = looks_of("runs", returns, color=COLORS, linestyle=STYLES)
        updates = np.arange(1, returns.shape[1] + 1)
        for run, look in zip(returns, looks, strict=True):
            ax.plot(updates, run, linewidth=1.2, **look)
        ax.set(title=title, xlabel="update", ylim=(0, 515), yticks=range(0, 501, 100))
        ax.xaxis.get_major_locator().set_params(integer=True)
    axes[0].set_ylabel("mean return, actions drawn")
    for line, name in zip(axes[0].lines, names, strict=True):
        line.set_label(name)
    if marked:
        run, before = marked
        two = slice(before, before + 2)
        x, y = np.arange(1, groups[0][1].shape[1] + 1)[two], groups[0][1][run, two]
        axes[0].plot(x, y, color="black", linewidth=4, label="the largest fall")
    axes[0].figure.legend(loc="outside lower center", frameon=False, ncols=5)
    return axes[0]


def training_panels() -> np.ndarray:
    """Three axes ``[3]`` for a training run: returns, KL and accepted fraction by update."""
    axes = panels(1, 3, 3.2, 3.3)[0]
    labels = ("mean return per episode", "KL(old ‖ new) (nats)", "accepted fraction of the step")
    for ax, label in zip(axes, labels, strict=True):
        ax.set(xlabel="update", ylabel=label, xlim=(0, 50))
    axes[0].set_ylim(0, 100)
    axes[0].plot([], [], color=COLORS[0], label="training, its last episodes")
    axes[0].plot([], [], "o", color=COLORS[1], label="test, greedy")
    axes[1].set(yscale="log", ylim=(1e-6, 20))
    axes[1].plot([], [], color="black", linestyle="--", label="bound δ")
    axes[1].plot([], [], ".", color=COLORS[0], label="KL of the update")
    axes[2].set_ylim(0, 1.05)
    for ax in axes[:2]:  # above: inside it would lie on the data sooner or later
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), frameon=False)
    return axes


def training(
    axes: np.ndarray,
    returns: Sequence[float],
    tests: Sequence[float],
    kls: Sequence[float],
    bounds: Sequence[float],
    fractions: Sequence[float],
) -> None:
    """A run so far on ``training_panels``, a number ``[K]`` of each kind for K updates.

    A NaN is not drawn: tests have one where there was none. Where there are more updates or larger
    returns than the axes can hold, their limits grow.
    """
    alike(returns=returns, tests=tests, kls=kls, bounds=bounds, fractions=fractions)
    updates = np.arange(1, len(returns) + 1)
    make_room(axes[0], [*returns, *tests])
    for ax in axes:
        ax.set_xlim(0, 50 * 2 ** max(0, np.ceil(np.log2(max(len(returns), 1) / 50))))
    axes[0].plot(updates, returns, color=COLORS[0])
    axes[0].plot(updates, tests, "o", color=COLORS[1], clip_on=False)  # 500 may be at the top
    axes[1].step(updates, bounds, where="mid", color="black", linestyle="--")
    axes[1].plot(updates, kls, ".", color=COLORS[0])
    axes[2].plot(updates, fractions, ".", color=COLORS[0])

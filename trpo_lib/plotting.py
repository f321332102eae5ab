"""Pictures of records and arrays. Nothing is computed here.

Colours are those of Okabe and Ito, which the colour-blind tell apart. Curves also differ in line
style or mark, so that a grey print is enough for the first few. No two curves of a picture look
alike, and none is left out: more than can be told apart are a ``ValueError``.
"""

import base64
import html
import io
from collections.abc import Mapping, Sequence, Sized

import matplotlib.pyplot as plt
import numpy as np
from contourpy import contour_generator
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LightSource, LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Patch
from matplotlib.ticker import NullFormatter, NullLocator
from PIL import Image

from trpo_lib._checks import require_count, require_same_shape

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#000000")
DPI = 80  # pixels per inch of every picture on the screen
_GROUND = LinearSegmentedColormap.from_list("ground", ["#bcd7ea", "#f4efdc", "#dcc48e", "#b98d52"])
STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))
_BELOW = {
    "loc": "upper center",
    "bbox_to_anchor": (0.5, -0.2),
    "frameon": False,
    "fontsize": 8,
    "ncols": 2,
}

_TWO_STEPS = {
    "plain": {"color": COLORS[1], "marker": "^", "linestyle": "none", "markersize": 7},
    "natural": {"color": COLORS[2], "marker": "D", "linestyle": "none", "markersize": 7},
}
_NEW = {"marker": "s", "markersize": 5, "color": COLORS[4], "mec": "black", "linestyle": "none"}
_CHOSEN = {"marker": "D", "markersize": 11, "color": "black", "mfc": "none", "linestyle": "none"}


def learning_curve(
    transitions: np.ndarray,
    center: np.ndarray,
    low: np.ndarray | None = None,
    high: np.ndarray | None = None,
    label: str | None = None,
    target: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Mean return against transitions, all ``[K]``; low to high is shaded, target is a line.

    On a given axis it takes the next colour and line style.
    """
    band = {} if low is None or high is None else {"low": low, "high": high}
    _alike(transitions=transitions, center=center, **band)
    ax = ax or _axes("transitions seen", "mean return per episode")
    drawn = range(len(ax.lines) + 1)
    look = _looks("lines on ax", drawn, color=COLORS, linestyle=STYLES)[-1]
    ax.plot(transitions, center, label=label, **look)
    if band:
        ax.fill_between(transitions, low, high, color=look["color"], alpha=0.2, linewidth=0)
    if target is not None:
        ax.axhline(target, color="grey", linewidth=1)
        ax.annotate(f"solved: {target:g}", (0, target), (2, 3), textcoords="offset points")
    if label:
        ax.legend(frameon=False, loc="best")
    return ax


def return_histories(
    groups: Sequence[tuple[str, np.ndarray]], marked: tuple[int, int] | None = None
) -> Axes:
    """Groups of runs side by side, on one scale: the mean return ``[M, K]`` after each update.

    marked: a run of the first group, and the number of the return before the update to mark.
    """
    axes = panels(1, len(groups), 6.4 / len(groups), 3)[0]
    for ax, (name, returns) in zip(axes, groups, strict=True):
        looks = _looks("runs", returns, color=COLORS, linestyle=STYLES)
        updates = np.arange(1, returns.shape[1] + 1)
        for run, look in zip(returns, looks, strict=True):
            ax.plot(updates, run, linewidth=1.2, **look)
        ax.set(title=name, xlabel="update", ylim=(0, 515), yticks=range(0, 501, 100))
    axes[0].set_ylabel("mean return, actions drawn")
    if marked:
        run, before = marked
        two = slice(before, before + 2)
        x, y = np.arange(1, groups[0][1].shape[1] + 1)[two], groups[0][1][run, two]
        axes[0].plot(x, y, color="black", linewidth=4, label="the largest fall")
        axes[0].legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return axes[0]


def kl_history(kls: Mapping[str, Sequence[float]], max_kl: float, ax: Axes | None = None) -> Axes:
    """The KL of each update in nats, a series of marks per name, and the bound; log scale."""
    looks = _looks("kls", kls, color=COLORS, marker="o^sxD+")
    ax = ax or _axes("update", "KL(old ‖ new) (nats)")
    for (name, series), look in zip(kls.items(), looks, strict=True):
        updates = np.arange(1, len(series) + 1)
        ax.semilogy(updates, series, linestyle="none", markersize=4, label=name, **look)
    ax.axhline(max_kl, color="black", linestyle="--", label=f"bound δ = {max_kl:g}")
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return ax


def rollout_rows(kinds: np.ndarray, names: Sequence[str], ax: Axes | None = None) -> Axes:
    """What each step of each environment was: kinds ``[T, N]``, indices into names."""
    ax = ax or _axes("step t", "environment n")
    shades = plt.get_cmap("cividis", len(names))
    image = ax.imshow(kinds.T, cmap=shades, vmin=-0.5, vmax=len(names) - 0.5, aspect="auto")
    bar = ax.figure.colorbar(image, ax=ax, ticks=range(len(names)))
    bar.ax.set_yticklabels(names)
    return ax


def film_strip(frames: Sequence[np.ndarray], titles: Sequence[str]) -> Figure:
    """Frames ``[H, W, 3]`` side by side, each with its title."""
    counts = len(frames), len(titles)
    if not 0 < counts[0] == counts[1]:
        raise ValueError(f"frames must be 1 or more, and titles as many, got {counts}")
    size = (1.6 * len(frames), 1.4)
    figure, axes = plt.subplots(1, len(frames), figsize=size, squeeze=False)
    for ax, frame, title in zip(axes[0], frames, titles, strict=True):
        ax.imshow(frame)
        ax.set_title(title, fontsize=9)
        ax.axis("off")
    return figure


def divergence_curves(
    x: np.ndarray, measures: Mapping[str, np.ndarray], xlabel: str, ax: Axes | None = None
) -> Axes:
    """Measures of how far apart two policies are, in nats, against x; all ``[K]``."""
    ax = curves(x, measures, xlabel, "divergence (nats)", ax)
    ax.legend(frameon=False, fontsize=9)
    return ax


def bound_scatter(
    bounds: np.ndarray, values: np.ndarray, xlabel: str, ylabel: str, ax: Axes | None = None
) -> Axes:
    """Values against the bounds that they must not exceed, both ``[K]``, and where they are equal.

    No dot may lie above the line.
    """
    _alike(bounds=bounds, values=values)
    ax = ax or _axes(xlabel, ylabel)
    ax.scatter(bounds, values, s=5, color=COLORS[0], alpha=0.4, linewidths=0)
    ax.axline((0, 0), slope=1, color="black", linestyle="--", label="value = bound")
    ax.set(xlim=(0, None), ylim=(0, None))
    ax.legend(frameon=False, loc="lower right")
    return ax


def density_fits(
    x: np.ndarray, target: np.ndarray, fits: Mapping[str, np.ndarray], ax: Axes | None = None
) -> Axes:
    """A density, shaded, and the densities fitted to it, against x; all ``[K]``."""
    _alike(**{"x": x, "target": target, **fits})
    looks = _looks("fits", fits, color=COLORS, linestyle=STYLES)
    ax = ax or _axes("x", "probability density")
    ax.fill_between(x, target, color="grey", alpha=0.35, linewidth=0, label="p, two humps")
    for (name, fit), look in zip(fits.items(), looks, strict=True):
        ax.plot(x, fit, label=name, **look)
    ax.legend(frameon=False, loc="upper right")
    return ax


def two_policies_panels(axes: Sequence[Axes], names: Sequence[str]) -> Sequence[Axes]:
    """A pair of axes for ``two_policies`` of three actions, with a legend of its curves' names."""
    bars, way = axes
    old = Patch(color=COLORS[0], label="p, old")
    new = Patch(facecolor=COLORS[4], hatch="//", edgecolor="black", label="q, new")
    bars.set(xlabel="action", ylabel="probability", xlim=(-0.6, 2.6), ylim=(0, 1), xticks=range(3))
    bars.legend(handles=[old, new], frameon=False)
    empty = dict.fromkeys(names, np.empty(0))
    divergence_curves(np.empty(0), empty, "share of the way from p to q", way)
    way.legend(loc="upper left", frameon=False, fontsize=9)
    way.set(xlim=(0, 1), ylim=(0, 3), ylabel=f"multiples of {names[0]} at q")
    return axes


def two_policies(
    p: np.ndarray,
    q: np.ndarray,
    share: np.ndarray,
    curves: Mapping[str, np.ndarray],
    axes: Sequence[Axes],
) -> None:
    """Two policies ``[3]`` as bars, and measures of the way from p to q, on a pair of axes.

    Share ``[K]`` of the way, from 0 to 1; each curve ``[K]`` is drawn in multiples of the first
    one's end, so that one scale fits all settings.
    """
    looks = _looks("curves", curves, color=COLORS, linestyle=STYLES)
    bars, way = axes
    unit = max(next(iter(curves.values()))[-1], 1e-12)  # nothing, if the policies are the same
    middles = np.arange(len(p))[:, None]
    for probs, left, look in ((p, -0.4, {}), (q, 0.0, {"hatch": "//", "edgecolor": "black"})):
        edges = middles + left + np.array([0, 0, 0.4, 0.4])
        heights = probs[:, None] * [0, 1, 1, 0]  # one shape for all: a fourth of the time of bars
        color = COLORS[4] if look else COLORS[0]
        bars.fill_between(edges.ravel(), heights.ravel(), facecolor=color, **look)
    for curve, look in zip(curves.values(), looks, strict=True):
        _line(way, share, curve / unit, **look)


def simplex_grid(steps: int) -> np.ndarray:
    """Policies of three actions on a grid of the whole triangle: ``[steps + 1, steps + 1, 3]``."""
    third, share = np.meshgrid(*2 * [np.linspace(1e-6, 1 - 1e-6, steps + 1)], indexing="ij")
    return np.stack([(1 - third) * (1 - share), (1 - third) * share, third], -1)


def _in_triangle(policies: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where policies ``[..., 3]`` stand: action 1 at the left corner, 2 at the right, 3 on top."""
    return policies[..., 1] + policies[..., 2] / 2, 3**0.5 / 2 * policies[..., 2]


def simplex_panel(ax: Axes, names: Sequence[str]) -> Axes:
    """The triangle of all policies of three actions, with a legend of its lines' names."""
    ax.plot(*_in_triangle(np.eye(3)[[0, 1, 2, 0]]), color="black", linewidth=1)
    for corner, align in ((0, "right"), (1, "left"), (2, "center")):
        x, y = _in_triangle(np.eye(3)[corner])
        side = "bottom" if corner == 2 else "top"
        ax.text(x, y + (0.02 if corner == 2 else -0.02), f"action {corner + 1}", ha=align, va=side)
    looks = _looks("names", names, color=COLORS, linestyle=STYLES)
    for name, look in zip(names, looks, strict=True):
        ax.plot([], [], label=name, linewidth=1.8, **look)
    ax.plot([], [], "o", color="black", label="p, old")
    ax.set(aspect="equal", xlim=(-0.12, 1.12), ylim=(-0.1, 0.97))
    ax.axis("off")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.02), frameon=False, fontsize=8, ncols=2)
    return ax


def simplex(
    measures: Mapping[str, np.ndarray], grid: np.ndarray, p: np.ndarray, levels: Sequence[float]
) -> Axes:
    """Lines of equal value of measures ``[H, W]`` on a ``simplex_grid``; the first has labels."""
    ax = simplex_panel(panels(1, 1, 5.6, 5.4)[0, 0], list(measures))
    looks = _looks("measures", measures, color=COLORS, linestyle=STYLES)
    for values, look in zip(measures.values(), looks, strict=True):
        style = {"colors": look["color"], "linestyles": [look["linestyle"]], "linewidths": 1.8}
        lines = ax.contour(*_in_triangle(grid), values, levels, **style)
        if look == looks[0]:
            ax.clabel(lines, lines.levels[1:], fontsize=8, fmt="%g")
    ax.plot(*_in_triangle(p), "o", color="black")
    return ax


def simplex_regions(
    ax: Axes,
    grid: np.ndarray,
    measures: Sequence[np.ndarray],
    level: float,
    border: np.ndarray,
    p: np.ndarray,
) -> None:
    """Where each measure ``[H, W]`` is at the level, another border ``[K, 3]``, and the point p."""
    looks = _looks("measures", [*measures, border], color=COLORS, linestyle=STYLES)
    for values, look in zip(measures, looks, strict=False):
        lines = contour_generator(*_in_triangle(grid), values).lines(level)
        style = {"colors": look["color"], "linestyles": [look["linestyle"]], "linewidths": 1.8}
        ax.add_artist(LineCollection(lines, **style))
    _line(ax, *_in_triangle(border), linewidth=1.8, **looks[-1])
    _line(ax, *_in_triangle(p), marker="o", color="black")


def gaussian_panels(axes: Sequence[Axes]) -> Sequence[Axes]:
    """A pair of axes for ``two_gaussians``: the plane of mean and width, and the densities."""
    plane, line = axes
    plane.set(xlabel="shift of the mean, in σ_old", ylabel="σ / σ_old", yscale="log")
    plane.set(xlim=(-3.5, 3.5), ylim=(0.2, 7), yticks=(0.25, 0.5, 1, 2, 4))
    plane.yaxis.set_major_formatter("{x:g}")
    plane.yaxis.set_minor_locator(NullLocator())
    plane.plot([], [], color=COLORS[0], label="KL = δ")
    plane.plot([], [], "--", color=COLORS[1], label="bowl = δ")
    plane.plot(0, 1, "o", color=COLORS[0], markersize=4, label="p, old")
    plane.plot([], [], label="q, new", **_NEW)
    plane.legend(**_BELOW)
    line.set(xlabel="action, in σ_old from the old mean", ylabel="density", xlim=(-6, 6))
    line.set_ylim(0, 1.7)  # the narrowest new Gaussian, σ_old / 4, reaches 1.6
    line.plot([], [], color=COLORS[0], label="p, old")
    line.plot([], [], "-.", color=COLORS[4], label="q, new")
    line.legend(**_BELOW)
    return axes


def two_gaussians(
    regions: Sequence[tuple[np.ndarray, np.ndarray]],
    new: tuple[float, float],
    x: np.ndarray,
    densities: Sequence[np.ndarray],
    axes: Sequence[Axes],
) -> None:
    """Two edges of a region, each a pair (shifts, ratios) ``[K]``, and the new Gaussian in them.

    x, densities: actions ``[M]``, and how dense the old and the new Gaussian are there.
    """
    looks = _looks("regions", regions, color=COLORS, linestyle=STYLES)
    plane, line = axes
    for edge, look in zip(regions, looks, strict=True):
        _line(plane, *edge, **look)
    _line(plane, *new, **_NEW)
    for density, color, style in zip(densities, (COLORS[0], COLORS[4]), ("-", "-."), strict=True):
        _line(line, x, density, color=color, linestyle=style)


def feasible_steps(
    steps: np.ndarray, gains: np.ndarray, marks: Mapping[str, np.ndarray], ax: Axes | None = None
) -> Axes:
    """Steps ``[K, 2]`` shaded by their gains ``[K]``, and named arrows.

    marks: name -> step ``[2]``, drawn as an arrow from 0.
    """
    looks = _looks("marks", marks, color=COLORS[1:], linestyle=STYLES)
    ax = ax or _axes("step in parameter 1", "step in parameter 2")
    cloud = ax.scatter(*steps.T, c=gains, s=5, cmap="cividis")
    ax.set_aspect("equal")  # so that g stands at a right angle to the lines of equal gain
    ax.figure.colorbar(cloud, ax=ax, label="gain of the model, gᵀd", location="bottom", pad=0.25)
    for (name, end), look in zip(marks.items(), looks, strict=True):
        arrow = {"arrowstyle": "-|>", "linewidth": 2, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", end, (0, 0), arrowprops=arrow | look)
        ax.plot([], [], linewidth=2, label=name, **look)
    ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=len(marks))
    return ax


def stretch_panel(ax: Axes) -> Axes:
    """Axes for ``stretched_plane``: one scale for both directions, and a legend."""
    ax.set(aspect="equal", xlim=(-0.5, 0.5), ylim=(-0.5, 0.5), xticks=[], yticks=[])
    ax.plot([], [], color="black", label="border of the region")
    ax.plot([], [], color="lightgrey", label="equal gain")
    for name, look in _TWO_STEPS.items():
        ax.plot([], [], label=f"{name} step", **look)
    ax.legend(**_BELOW)
    return ax


def stretched_plane(ax: Axes, border: np.ndarray, steps: np.ndarray, slope: np.ndarray) -> Axes:
    """A region's border ``[K, 2]``, a plain and a natural step ``[2, 2]``, and lines of equal gain.

    slope ``[2]``: the gain's gradient in this plane.
    """
    if not ax.get_legend():
        stretch_panel(ax)
        size = 1.15 * abs(border).max()
        ax.set(xlim=(-size, size), ylim=(-size, size))
    along, reach = np.array([-slope[1], slope[0]]) / np.linalg.norm(slope), 2 * ax.get_xlim()[1]
    far = (border @ slope).max() / (slope @ slope) * slope  # on the last line that is touched
    for share in np.linspace(-1, 1, 9):
        ends = np.stack([share * far - reach * along, share * far + reach * along])
        _line(ax, *ends.T, color="lightgrey", linewidth=1)
    _line(ax, *border.T, color="black", linewidth=1.6)
    for step, look in zip(steps, _TWO_STEPS.values(), strict=True):
        _line(ax, *np.stack([0 * step, step]).T, color=look["color"], linewidth=2.5)
        _line(ax, *step, markeredgecolor="white", **(look | {"markersize": 10}))
    _line(ax, 0, 0, marker="o", color="black", markersize=6)
    return ax


def paths_on_bowl(
    xs: np.ndarray,
    ys: np.ndarray,
    heights: np.ndarray,
    paths: Mapping[str, np.ndarray],
    ax: Axes | None = None,
) -> Axes:
    """Contours of heights ``[Y, X]`` over xs ``[X]``, ys ``[Y]``, and named paths ``[K, 2]``."""
    looks = _looks("paths", paths, color=COLORS, linestyle=STYLES, marker="os^D")
    ax = ax or _axes("x₁", "x₂")
    ax.contour(xs, ys, heights, levels=12, colors="lightgrey", linestyles="solid")
    ax.set_aspect("equal")  # so that straight downhill stands at a right angle to the lines
    for (name, path), look in zip(paths.items(), looks, strict=True):
        ax.plot(*np.asarray(path).T, ms=5, label=name, **look)
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return ax


def residual_curves(curves: Mapping[str, Sequence[float]], ax: Axes | None = None) -> Axes:
    """Relative residuals ‖b − A x_k‖ / ‖b‖ for k = 0, 1, …, a named curve each; log scale."""
    looks = _looks("curves", curves, color=COLORS, linestyle=STYLES, marker="os^Dv+")
    ax = ax or _axes("iterations k of conjugate gradient", "relative residual")
    for (name, residuals), look in zip(curves.items(), looks, strict=True):
        ax.semilogy(residuals, ms=4, label=name, **look)
    ax.legend(frameon=False, loc="best")
    return ax


def full_steps(kls: np.ndarray, ratios: np.ndarray, max_kl: float, ax: Axes | None = None) -> Axes:
    """What each update's full step did: KL in nats and actual/promised gain, both ``[K]``."""
    kls, ratios = _alike(kls=kls, ratios=ratios)
    ax = ax or _axes("KL of the full step (nats)", "gain ratio κ = actual / promised")
    good = (kls <= max_kl) & (ratios > 0)
    for name, chosen, color, mark in (
        ("accepted", good, COLORS[0], "o"),
        ("refused", ~good, COLORS[1], "x"),
    ):
        ax.semilogx(kls[chosen], ratios[chosen], mark, color=color, ms=4, label=name)
    ax.axvline(max_kl, color="black", linestyle="--", label=f"bound δ = {max_kl:g}")
    ax.axhline(0, color="grey", linewidth=1)
    ax.axhline(1, color="grey", linestyle=":", label="promise kept")
    ax.set_yscale("symlog", linthresh=2)  # a few ratios are huge: nearly nothing was promised
    limits = ax.axis()
    for axis, ticks in (
        (ax.yaxis, [-1, -0.5, 0, 0.5, 1, 1.5, 2, 5, 10]),
        (ax.xaxis, [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1]),
    ):
        axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.axis(limits)
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return ax


def update_panels(axes: Sequence[Axes]) -> Sequence[Axes]:
    """Three axes for ``one_update``, with what no update changes."""
    residuals, gain, kl = axes
    residuals.set(xlabel="CG iteration k", ylabel="relative residual", yscale="log")
    residuals.set(xlim=(-0.5, 20.5), ylim=(1e-13, 2), xticks=range(0, 21, 5))
    gain.set(ylabel="gain of L / promised gain", ylim=(-0.5, 1.5))
    kl.set(ylabel="mean KL / δ", ylim=(0, 2))
    for ax in (gain, kl):
        ax.set(xlabel="fraction of the step", xlim=(0, 1.03))
    gain.axhline(0, color="grey", linewidth=1)
    kl.axhline(1, color="grey", linestyle=":", label="bound")
    looks = {"model": (5, "--", ""), "batch": (0, "-", ""), "refused": (1, "", "x")}
    looks |= {"accepted": (2, "", "o")}
    for name, (number, line, mark) in looks.items():
        kl.plot([], [], color=COLORS[number], linestyle=line, marker=mark, label=name)
    kl.plot([], [], label="chosen", **_CHOSEN)
    kl.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return axes


def one_update(
    axes: Sequence[Axes],
    residuals: Sequence[float],
    model: np.ndarray,
    batch: np.ndarray,
    trials: np.ndarray,
    chosen: np.ndarray,
) -> None:
    """One TRPO update on ``update_panels``: CG's residuals, then gain and KL along the step.

    Gains are multiples of the gain that the model promises for the full step, KLs of the bound δ.
    residuals: relative, k = 0, 1, …. batch, trials ``[M, 3]`` and chosen ``[3]``: fraction of the
    step, gain and KL, measured; the search ends at the first trial that is good. model ``[2, M]``:
    gain and KL that the model expects at the batch's fractions.
    """
    _line(axes[0], range(len(residuals)), residuals, color=COLORS[0], marker="o", markersize=4)
    good = (trials[:, 1] > 0) & (trials[:, 2] <= 1)
    found = np.cumsum(good)  # how many good trials up to each
    refused, taken = trials[found == 0], trials[good & (found == 1)]
    marks = ((refused, 1, "x"), (taken, 2, "o"))
    for column, ax in enumerate(axes[1:]):
        _line(ax, batch[:, 0], model[column], color=COLORS[5], linestyle="--")
        _line(ax, batch[:, 0], batch[:, column + 1], color=COLORS[0])
        for points, number, mark in marks:
            look = {"color": COLORS[number], "marker": mark, "markersize": 7}
            _line(ax, points[:, 0], points[:, column + 1], linestyle="", **look)
        _line(ax, chosen[0], chosen[column + 1], **_CHOSEN)


def training_panels() -> np.ndarray:
    """Three axes ``[3]`` for a training run: returns, KL and accepted fraction by update."""
    axes = panels(1, 3)[0]
    labels = ("mean return per episode", "KL(old ‖ new) (nats)", "accepted fraction of the step")
    for ax, label in zip(axes, labels, strict=True):
        ax.set(xlabel="update", ylabel=label, xlim=(0, 50))
    axes[0].set_ylim(0, 100)
    axes[0].plot([], [], color=COLORS[0], label="training, last episodes")
    axes[0].plot([], [], "o", color=COLORS[1], label="test, greedy")
    axes[0].legend(loc="upper left", frameon=False)
    axes[1].set(yscale="log", ylim=(1e-6, 20))
    axes[1].plot([], [], color="black", linestyle="--", label="bound δ")
    axes[1].plot([], [], ".", color=COLORS[0], label="KL")
    axes[1].legend(loc="lower right", frameon=False)
    axes[2].set_ylim(0, 1.05)
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
    _alike(returns=returns, tests=tests, kls=kls, bounds=bounds, fractions=fractions)
    updates = np.arange(1, len(returns) + 1)
    make_room(axes[0], [*returns, *tests])
    for ax in axes:
        ax.set_xlim(0, 50 * 2 ** max(0, np.ceil(np.log2(max(len(returns), 1) / 50))))
    axes[0].plot(updates, returns, color=COLORS[0])
    axes[0].plot(updates, tests, "o", color=COLORS[1])
    axes[1].step(updates, bounds, where="mid", color="black", linestyle="--")
    axes[1].plot(updates, kls, ".", color=COLORS[0])
    axes[2].plot(updates, fractions, ".", color=COLORS[0])


def make_room(ax: Axes, values: np.ndarray) -> None:
    """Lets the y-axis grow, by half its height at a time, until it holds all finite values."""
    finite = np.asarray(values)[np.isfinite(values)]
    low, high = ax.get_ylim()
    while finite.max(initial=low) > high:
        high += (high - low) / 2
    while finite.min(initial=high) < low:
        low -= (high - low) / 2
    ax.set_ylim(low, high)


def panels(rows: int, columns: int, width: float = 3.2, height: float = 2.8) -> np.ndarray:
    """A new figure's axes ``[rows, columns]``, each of that width and height in inches."""
    require_count(rows=rows, columns=columns)
    size = (width * columns, height * rows)
    axes = plt.figure(figsize=size, layout="constrained").subplots(rows, columns, squeeze=False)
    for ax in axes.flat:
        ax.spines[["top", "right"]].set_visible(False)
    return axes


def curves(
    x: np.ndarray, named: Mapping[str, np.ndarray], xlabel: str, ylabel: str, ax: Axes | None = None
) -> Axes:
    """Curves over one x ``[K]``: name -> y ``[K]``."""
    _alike(**{"x": x, **named})
    looks = _looks("named", named, color=COLORS, linestyle=STYLES)
    ax = ax or _axes(xlabel, ylabel)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    for (name, y), look in zip(named.items(), looks, strict=True):
        ax.plot(x, y, label=name, **look)
    ax.legend(frameon=False)
    return ax


def estimate_panels(pair: Sequence[Axes], truth: float, name: str) -> Sequence[Axes]:
    """A pair of axes for ``estimates`` of a true number: errors against λ, and a histogram."""
    errors, counts = pair
    errors.set(xlabel="λ", ylabel=f"error of {name}", xlim=(0, 1), ylim=(0, 1.6))
    for label, look in zip(("bias, without sign", "noise"), _TWO_ERRORS, strict=True):
        errors.plot([], [], label=label, **look)
    errors.legend(frameon=False, loc="upper left")
    counts.set(xlabel=f"estimates of {name}", ylabel="share", xlim=(-1.5, 3.5), ylim=(0, 1))
    counts.axvline(truth, color="black", linestyle="--", label="true")
    counts.legend(frameon=False, loc="upper right")
    return pair


def estimates(
    pair: Sequence[Axes],
    lams: np.ndarray,
    bias: np.ndarray,
    noise: np.ndarray,
    lam: float,
    samples: np.ndarray,
) -> None:
    """Bias and noise ``[K]`` of GAE over lams ``[K]``, and the samples at one lam."""
    errors, counts = pair
    for curve, look in zip((bias, noise), _TWO_ERRORS, strict=True):
        _line(errors, lams, curve, **look)
    _line(errors, [lam, lam], [0, 1.6], color="grey", linewidth=1)
    shares, edges = np.histogram(samples, np.linspace(-1.5, 3.5, 41))
    counts.stairs(shares / len(samples), edges, fill=True, color=COLORS[0], alpha=0.6)
    _line(counts, 2 * [samples.mean()], [0, 1], color=COLORS[1], linewidth=1.5)


_TWO_ERRORS = ({"color": COLORS[1], "linestyle": "-"}, {"color": COLORS[0], "linestyle": "--"})


def spreads(
    samples: Mapping[str, np.ndarray], exact: float, xlabel: str, ax: Axes | None = None
) -> Axes:
    """How estimates scatter around the exact number: a histogram for each name -> ``[K]``."""
    looks = _looks("samples", samples, color=COLORS, hatch=("//", ""))
    ax = ax or _axes(xlabel, "batches")
    bins = np.histogram_bin_edges(np.concatenate(list(samples.values())), 40)
    for (name, drawn), look in zip(samples.items(), looks, strict=True):
        ax.hist(drawn, bins, alpha=0.5, label=name, **look)
    ax.axvline(exact, color="black", linestyle="--", label="exact")
    ax.legend(frameon=False)
    return ax


def promise_and_truth(promised: np.ndarray, kept: np.ndarray, ax: Axes | None = None) -> Axes:
    """Each step's gain in η against its gain in L, both ``[K]``; losses have their own mark."""
    promised, kept = _alike(promised=promised, kept=kept)
    if not promised.size:
        raise ValueError("promised must not be empty")
    ax = ax or _axes("promised: gain in L", "kept: gain in η")
    fell = kept < 0
    ax.plot(promised[~fell], kept[~fell], ".", color=COLORS[0], markersize=3, label="η rose")
    ax.plot(promised[fell], kept[fell], "x", color=COLORS[1], markersize=5, label="η fell")
    end = promised.max()
    ax.plot([0, end], [0, end], color="black", linewidth=1, label="L kept its promise")
    ax.axhline(0, color="grey", linewidth=1)
    ax.legend(frameon=False, loc="upper left", markerscale=2)
    return ax


def visitation_bars(shares: np.ndarray, names: Sequence[str], states: Sequence[str]) -> Axes:
    """The share of time in each of S states for each of M policies: shares ``[M, S]``."""
    looks = _looks("names", names, color=COLORS)
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
    looks = _looks("curves", curves, color=COLORS, linestyle=STYLES)
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
    _line(line, [accepted, accepted], [-5, 10], color="black", linestyle=":", linewidth=1)
    line.text(accepted, -4.9, " accepted", va="bottom", fontsize=8)
    for gain, color in zip(gains, COLORS, strict=False):
        _line(line, length, gain, marker="o", markersize=8, color=color, markeredgecolor="white")


def landscape(grid: np.ndarray, heights: np.ndarray, ax: Axes | None = None) -> Axes:
    """Heights ``[H, W]`` as a relief under light, with labelled lines; equal scales on both axes.

    grid ``[H, W, 2]`` must be regular. Low ground is blue, high ground brown.
    """
    ax = ax or panels(1, 1, 5.2, 4.6)[0, 0]
    low, high = grid.min((0, 1)), grid.max((0, 1))
    size = (high - low) / np.subtract(heights.shape[::-1], 1)
    light = LightSource(azdeg=300, altdeg=50)
    tallness = 0.12 * (high - low).max() / max(np.ptp(heights), 1e-12)
    look = {"dx": size[0], "dy": size[1], "vert_exag": tallness, "blend_mode": "soft"}
    relief = light.shade(heights, _GROUND, **look)
    extent = (low[0], high[0], low[1], high[1])
    ax.imshow(relief, origin="lower", extent=extent, interpolation="bilinear", aspect="equal")
    lines = ax.contour(*_planes(grid), heights, 8, colors="#5a4a32", linewidths=0.5, alpha=0.7)
    ax.clabel(lines, lines.levels[::2], fontsize=8, colors="black")
    ax.set(xlabel="θ₁", ylabel="θ₂", xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    return ax


def climb(
    grid: np.ndarray, heights: np.ndarray, paths: Mapping[str, np.ndarray], ax: Axes | None = None
) -> Axes:
    """Paths ``[K + 1, 2]`` by name on the landscape of heights ``[H, W]``, grid ``[H, W, 2]``."""
    _path_looks("paths", paths)
    ax = landscape(grid, heights, ax)
    for number, (name, points) in enumerate(paths.items()):
        path(points, number, ax, name)
    ax.legend(**_BELOW)
    return ax


def path(points: np.ndarray, number: int, ax: Axes, label: str | None = None) -> None:
    """A path ``[K + 1, 2]`` from a black disc to a large mark, in the look of that number."""
    look = _path_looks("number + 1", range(number + 1))[-1] | {"markeredgecolor": "white"}
    _line(ax, *points.T, markersize=4, markeredgewidth=0.3, linewidth=1.3, label=label, **look)
    _line(ax, *points[-1], markersize=10, **look)
    _line(ax, *points[0], marker="o", color="black", markersize=7)


def _path_looks(name: str, drawn: Sized) -> list[dict]:
    return _looks(name, drawn, color=COLORS, marker="osD^v")


def trust_region(
    grid: np.ndarray,
    heights: np.ndarray,
    old: np.ndarray,
    borders: Mapping[str, tuple[np.ndarray, float]] | None = None,
    steps: Mapping[str, np.ndarray] | None = None,
    model: np.ndarray | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A point old ``[2]``, borders of regions around it, and steps ``[2]`` that start at it.

    A border is where an array ``[H, W]`` on the grid ``[H, W, 2]`` has the given value. model
    ``[H, W]``: heights that a model claims, drawn as dotted contours at the levels of the heights.
    """
    border_looks = _looks("borders", borders, linestyle=STYLES) if borders else []
    markers = {"color": COLORS[2::-1], "marker": "D^s", "linestyle": ["none"]}
    step_looks = _looks("steps", steps, **markers) if steps else []
    ax = landscape(grid, heights, ax)
    if model is not None:
        levels = ax.collections[0].levels
        ax.contour(*_planes(grid), model, levels, colors=COLORS[1], linestyles=":", linewidths=1.4)
        ax.plot([], [], ":", color=COLORS[1], label="model m(θ)")
    for (name, (values, level)), look in zip((borders or {}).items(), border_looks, strict=True):
        ax.contour(*_planes(grid), values, [level], colors="black", linestyles=[look["linestyle"]])
        ax.plot([], [], color="black", label=name, **look)
    for (name, step), look in zip((steps or {}).items(), step_looks, strict=True):
        arrow = {"arrowstyle": "->", "color": look["color"], "lw": 2}
        ax.annotate("", old + step, old, arrowprops=arrow)
        ax.plot(*(old + step), markersize=7, markeredgecolor="white", label=name, **look)
    ax.plot(*old, "o", color="black", label="θ_old")
    ax.legend(**_BELOW)
    return ax


def gain_by_radius(
    radii: np.ndarray,
    actual: np.ndarray,
    predicted: np.ndarray,
    marked: Sequence[float],
    ax: Axes | None = None,
) -> Axes:
    """Actual and predicted gain ``[K]`` of the best step within each radius ``[K]``."""
    _alike(radii=radii, actual=actual, predicted=predicted)
    looks = _looks("marked", marked, linestyle=STYLES)
    ax = ax or panels(1, 1, 4.5, 4.5)[0, 0]
    ax.set(xlabel="radius Δ", ylabel="gain of height", box_aspect=0.86)
    ax.plot(radii, predicted, ":", color=COLORS[1], linewidth=2, label="predicted by the model")
    ax.plot(radii, actual, color=COLORS[0], linewidth=2, label="actual")
    for radius, look in zip(marked, looks, strict=True):
        ax.axvline(radius, color="black", linewidth=1, label=f"Δ = {radius:.3g}", **look)
    ax.legend(**_BELOW)
    return ax


def policy_regions(
    grid: np.ndarray,
    kls: np.ndarray,
    olds: np.ndarray,
    max_kl: float,
    radius: float,
    ax: Axes | None = None,
) -> Axes:
    """Around each of M points olds ``[M, 2]``: where KL ``[M, H, W]`` is max_kl, and a circle.

    Neighbouring points have different colours.
    """
    ax = ax or panels(1, 1, 5.2, 5)[0, 0]
    for number, (old, kl) in enumerate(zip(olds, kls, strict=True)):
        color = COLORS[number % 5]
        ax.contour(*_planes(grid), kl, [max_kl], colors=color, linewidths=2)
        ax.add_patch(Circle(old, radius, fill=False, color="grey", linestyle="--"))
        ax.plot(*old, "o", color=color, markeredgecolor="black", markersize=6)
    ax.plot([], [], color="black", label=f"KL = {max_kl:g} nats")
    ax.plot([], [], "--", color="grey", label=f"length of the step = {radius:g}")
    ax.set(xlabel="θ₁", ylabel="θ₂", aspect="equal")
    ax.legend(**_BELOW)
    return ax


def region_panels(pair: Sequence[Axes], square: np.ndarray, heights: np.ndarray) -> Sequence[Axes]:
    """A pair of axes for ``region_and_steps``: the relief of heights ``[G, G]``, and two bars.

    square ``[G]``: the values of both parameters.
    """
    plane, bars = pair
    landscape(np.stack(np.meshgrid(square, square), axis=-1), heights, plane)
    plane.plot([], [], "k-", label="KL = δ")
    plane.plot([], [], "k:", label="½ dᵀF d = δ")
    for name, look in _TWO_STEPS.items():
        plane.plot([], [], label=name, **look)
    plane.legend(**_BELOW)
    bars.set(ylabel="gain, as a share of the natural one", ylim=(0, 1.05), xlim=(-0.6, 1.6))
    bars.set_xticks([0, 1], list(_TWO_STEPS))
    return pair


def region_and_steps(
    pair: Sequence[Axes],
    square: np.ndarray,
    kl: np.ndarray,
    max_kl: float,
    old: np.ndarray,
    ellipse: np.ndarray,
    steps: np.ndarray,
    gains: np.ndarray,
) -> None:
    """A region around old ``[2]``, and the plain and the natural step ``[2, 2]`` with their gains.

    kl ``[G, G]`` on the square ``[G]`` of ``region_panels``; ellipse ``[K, 2]``: its model.
    """
    plane, bars = pair
    border = contour_generator(square, square, kl).lines(max_kl)
    plane.add_artist(LineCollection(border, colors="black", linewidths=1.6, clip_on=True))
    _line(plane, *ellipse.T, color="black", linestyle=":", linewidth=1.6)
    for step, look in zip(steps, _TWO_STEPS.values(), strict=True):
        _line(plane, *np.stack([old, old + step]).T, color=look["color"], linewidth=2)
        _line(plane, *(old + step), markeredgecolor="white", **(look | {"markersize": 9}))
    _line(plane, *old, marker="o", color="black", markersize=6)
    for place, (gain, look) in enumerate(zip(gains / gains[1], _TWO_STEPS.values(), strict=True)):
        x = place + np.array([-0.35, -0.35, 0.35, 0.35])
        bars.fill_between(x, gain * np.array([0, 1, 1, 0]), facecolor=look["color"])


def radius_history(radii: np.ndarray, accepted: np.ndarray, ax: Axes | None = None) -> Axes:
    """The radius of each trial ``[K]`` on a log axis; trials not accepted ``[K]`` are crosses."""
    radii, accepted = _alike(radii=radii, accepted=accepted)
    ax = ax or panels(1, 1, 4.5, 4.5)[0, 0]
    ax.set(xlabel="trial", ylabel="radius Δ", box_aspect=0.86)
    trials = np.arange(1, len(radii) + 1)
    ax.semilogy(trials, radii, color="grey", linewidth=1)
    ax.semilogy(trials[accepted], radii[accepted], "o", color=COLORS[0], label="accepted")
    ax.semilogy(trials[~accepted], radii[~accepted], "x", color=COLORS[1], ms=9, label="refused")
    ax.set_yticks(np.unique(radii), [f"{radius:g}" for radius in np.unique(radii)])
    ax.yaxis.set_minor_locator(NullLocator())
    ax.legend(**_BELOW)
    return ax


def _looks(name: str, drawn: Sized, **cycles: Sequence) -> list[dict]:
    """Properties for each of the things drawn, no two alike: a value from each cycle.

    When the first cycle ends, it starts again beside other values of the others. Raises
    ``ValueError`` where nothing is to be drawn, or more than can be told apart.
    """
    (key, first), *others = cycles.items()
    limit = len(first) * max((len(cycle) for _, cycle in others), default=1)
    if not 1 <= len(drawn) <= limit:
        raise ValueError(f"{name} must be 1 to {limit}, or they look alike, got {len(drawn)}")
    turns = [divmod(number, len(first)) for number in range(len(drawn))]
    return [
        {key: first[place]} | {key: cycle[(turn + place) % len(cycle)] for key, cycle in others}
        for turn, place in turns
    ]


def _alike(**named: np.ndarray) -> list[np.ndarray]:
    """The arguments as arrays, which have one shape: matplotlib may draw others in part."""
    arrays = {name: np.asarray(array) for name, array in named.items()}
    require_same_shape(**arrays)
    return list(arrays.values())


def _line(ax: Axes, x: np.ndarray, y: np.ndarray, **look) -> None:
    """``ax.plot`` in a third of the time: limits and colour cycle stay as they are."""
    ax.add_artist(Line2D(np.atleast_1d(x), np.atleast_1d(y), **look))


def _planes(grid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return grid[..., 0], grid[..., 1]


def _axes(xlabel: str, ylabel: str) -> Axes:
    """A new figure's axes, labelled."""
    ax = plt.figure(figsize=(6, 3.4)).subplots()
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def show(drawn: Axes | Figure, alt: str) -> None:
    """Displays a figure as a picture that carries its description, and closes it."""
    display(image_bundle(figure_png(drawn), alt), raw=True)


def show_film(frames: Sequence[np.ndarray], alt: str, fps: int = 25, width: int = 300) -> None:
    """Displays frames ``[H, W, 3]`` as an animated PNG: it moves in browsers, is still in print."""
    height = width * frames[0].shape[0] // frames[0].shape[1]
    first, *rest = (Image.fromarray(frame).resize((width, height)).quantize(16) for frame in frames)
    buffer = io.BytesIO()
    first.save(buffer, "PNG", save_all=True, append_images=rest, duration=1000 // fps, loop=0)
    display(image_bundle(buffer.getvalue(), alt), raw=True)


def figure_png(drawn: Axes | Figure) -> bytes:
    """A figure as a PNG; it is closed."""
    figure = drawn if isinstance(drawn, Figure) else drawn.figure
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, bbox_inches="tight")
    plt.close(figure)
    return buffer.getvalue()


def image_bundle(png: bytes, alt: str, said: str = "") -> dict[str, str]:
    """A picture with its description, and the line that it says, in the forms that notebooks show.

    HTML, for JupyterLab, Voilà and nbconvert give no description to an ``image/png``.
    """
    width = Image.open(io.BytesIO(png)).width
    image = f'<img alt="{html.escape(alt)}" src="{data_url(png)}" width="{width}">'
    line = f"<p>{html.escape(said)}</p>" if said else ""
    return {"text/html": image + line, "text/plain": f"{alt}\n{said}".strip()}


def data_url(png: bytes) -> str:
    """A picture as an address that holds it: shown at once, where a file must be asked for."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"

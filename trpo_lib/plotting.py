"""Pictures of records and arrays. Nothing is computed here.

Colours are those of Okabe and Ito, which the colour-blind tell apart; every curve also has a line
style of its own, so that a grey print is enough.
"""

import base64
import io
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#000000")
STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))


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
    ax = ax or _axes("transitions seen", "mean return per episode")
    look = {"color": COLORS[len(ax.lines)], "linestyle": STYLES[len(ax.lines)]}
    ax.plot(transitions, center, label=label, **look)
    if low is not None and high is not None:
        ax.fill_between(transitions, low, high, color=look["color"], alpha=0.2, linewidth=0)
    if target is not None:
        ax.axhline(target, color="grey", linewidth=1)
        ax.annotate(f"solved: {target:g}", (0, target), (2, 3), textcoords="offset points")
    if label:
        ax.legend(frameon=False, loc="best")
    return ax


def kl_history(kls: Mapping[str, Sequence[float]], max_kl: float, ax: Axes | None = None) -> Axes:
    """The KL of each update in nats, a series of marks per name, and the bound; log scale."""
    ax = ax or _axes("update", "KL(old ‖ new) (nats)")
    for (name, series), color, mark in zip(kls.items(), COLORS, "o^sxD+", strict=False):
        updates = np.arange(1, len(series) + 1)
        ax.semilogy(updates, series, mark, color=color, markersize=4, label=name)
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
    figure, axes = plt.subplots(1, len(frames), figsize=(1.6 * len(frames), 1.4))
    for ax, frame, title in zip(axes, frames, titles, strict=True):
        ax.imshow(frame)
        ax.set_title(title, fontsize=9)
        ax.axis("off")
    return figure


def panels(rows: int, columns: int, width: float = 3.2, height: float = 2.8) -> np.ndarray:
    """A new figure's axes ``[rows, columns]``, each of that width and height in inches."""
    size = (width * columns, height * rows)
    axes = plt.figure(figsize=size, layout="constrained").subplots(rows, columns, squeeze=False)
    for ax in axes.flat:
        ax.spines[["top", "right"]].set_visible(False)
    return axes


def curves(
    x: np.ndarray, named: Mapping[str, np.ndarray], xlabel: str, ylabel: str, ax: Axes | None = None
) -> Axes:
    """Curves over one x ``[K]``: name -> y ``[K]``."""
    ax = ax or _axes(xlabel, ylabel)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    for (name, y), color, style in zip(named.items(), COLORS, STYLES, strict=False):
        ax.plot(x, y, color=color, linestyle=style, label=name)
    ax.legend(frameon=False)
    return ax


def spreads(
    samples: Mapping[str, np.ndarray], exact: float, xlabel: str, ax: Axes | None = None
) -> Axes:
    """How estimates scatter around the exact number: a histogram for each name -> ``[K]``."""
    ax = ax or _axes(xlabel, "batches")
    bins = np.histogram_bin_edges(np.concatenate(list(samples.values())), 40)
    for (name, drawn), color, hatch in zip(samples.items(), COLORS, ("//", ""), strict=False):
        ax.hist(drawn, bins, color=color, alpha=0.5, hatch=hatch, label=name)
    ax.axvline(exact, color="black", linestyle="--", label="exact")
    ax.legend(frameon=False)
    return ax


def promise_and_truth(promised: np.ndarray, kept: np.ndarray, ax: Axes | None = None) -> Axes:
    """Each step's gain in η against its gain in L, both ``[K]``; losses have their own mark."""
    ax = ax or _axes("promised: gain in L", "kept: gain in η")
    fell = kept < 0
    ax.plot(promised[~fell], kept[~fell], ".", color=COLORS[0], markersize=2, label="η rose")
    ax.plot(promised[fell], kept[fell], "x", color=COLORS[1], markersize=5, label="η fell")
    end = promised.max()
    ax.plot([0, end], [0, end], color="black", linewidth=1, label="L kept its promise")
    ax.axhline(0, color="grey", linewidth=1)
    ax.legend(frameon=False, loc="upper left")
    return ax


def step_on_map(
    ax: Axes, grid: np.ndarray, eta: np.ndarray, kl: np.ndarray, max_kl: float, path: np.ndarray
) -> None:
    """A step in a policy's two parameters: contours of η, and the border of the KL region.

    grid ``[G]``: the values of both parameters. eta, kl ``[G, G]``: first axis θ₂, second θ₁.
    path ``[2, 2]``: from θ_old to the accepted θ.
    """
    shades = ax.contourf(grid, grid, eta, 12, cmap="cividis")
    ax.figure.colorbar(shades, ax=ax, label="η")
    for color, style, width in (("black", "-", 3), ("white", "--", 2)):  # seen on any ground
        ax.contour(grid, grid, kl, [max_kl], colors=color, linestyles=style, linewidths=width)
    ax.annotate("", path[1], path[0], arrowprops={"color": "white", "arrowstyle": "-|>"})
    ax.plot(*path[0], "o", color="white", markeredgecolor="black")
    ax.plot(*path[1], "*", color="white", markeredgecolor="black", markersize=11)
    ax.set(title=f"δ = {max_kl:g} nats", xlabel="θ₁, boldness on flat ground")
    ax.set_ylabel("θ₂, boldness on a slope")


def step_along_line(
    ax: Axes,
    length: np.ndarray,
    named: Mapping[str, np.ndarray],
    accepted: float,
    low: float,
    high: float,
) -> None:
    """The same step from the side: name -> gain ``[K]`` over its length ``[K]``, low to high."""
    curves(length, named, "step length", "gain in return", ax=ax)
    ax.legend(loc="upper left", edgecolor="white", framealpha=1, fontsize=8)  # hides the line
    ax.axhline(0, color="grey", linewidth=1)
    ax.axvline(accepted, color="black", linewidth=1, linestyle=":")
    ax.annotate("accepted", (accepted, low), (3, 3), textcoords="offset points", fontsize=8)
    ax.set_ylim(low, high)


def _axes(xlabel: str, ylabel: str) -> Axes:
    """A new figure's axes, labelled."""
    ax = plt.figure(figsize=(6, 3.4)).subplots()
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def show(drawn: Axes | Figure, alt: str, dpi: int = 80) -> None:
    """Displays a figure as a PNG that carries its description, and closes it."""
    figure = drawn if isinstance(drawn, Figure) else drawn.figure
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, bbox_inches="tight")
    plt.close(figure)
    _display_png(buffer, alt)


def show_film(frames: Sequence[np.ndarray], alt: str, fps: int = 25, width: int = 300) -> None:
    """Displays frames ``[H, W, 3]`` as an animated PNG: it moves in browsers, is still in print."""
    height = width * frames[0].shape[0] // frames[0].shape[1]
    first, *rest = (Image.fromarray(frame).resize((width, height)).quantize(16) for frame in frames)
    buffer = io.BytesIO()
    first.save(buffer, "PNG", save_all=True, append_images=rest, duration=1000 // fps, loop=0)
    _display_png(buffer, alt)


def _display_png(buffer: io.BytesIO, alt: str) -> None:
    png = base64.b64encode(buffer.getvalue()).decode()
    bundle, description = {"image/png": png, "text/plain": alt}, {"image/png": {"alt": alt}}
    display(bundle, metadata=description, raw=True)

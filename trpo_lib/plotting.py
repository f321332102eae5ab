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


def divergence_curves(
    x: np.ndarray, curves: Mapping[str, np.ndarray], xlabel: str, ax: Axes | None = None
) -> Axes:
    """Measures of how far apart two policies are, in nats, against x; all ``[K]``."""
    ax = ax or _axes("", "")
    ax.set(xlabel=xlabel, ylabel="divergence (nats)")
    for (name, curve), color, style in zip(curves.items(), COLORS, STYLES, strict=False):
        ax.plot(x, curve, color=color, linestyle=style, label=name)
    ax.legend(frameon=False, fontsize=9)
    return ax


def bound_scatter(
    bounds: np.ndarray, values: np.ndarray, xlabel: str, ylabel: str, ax: Axes | None = None
) -> Axes:
    """Values against the bounds that they must not exceed, both ``[K]``, and where they are equal.

    No dot may lie above the line.
    """
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
    ax = ax or _axes("x", "probability density")
    ax.fill_between(x, target, color="grey", alpha=0.35, linewidth=0, label="p, two humps")
    for (name, fit), color, style in zip(fits.items(), COLORS, STYLES, strict=False):
        ax.plot(x, fit, color=color, linestyle=style, label=name)
    ax.legend(frameon=False, loc="upper right")
    return ax


def two_policies(
    p: np.ndarray,
    q: np.ndarray,
    share: np.ndarray,
    curves: Mapping[str, np.ndarray],
    axes: Sequence[Axes],
) -> Sequence[Axes]:
    """Two policies ``[A]`` as bars, and measures of the way from p to q, on a pair of axes.

    Share ``[K]`` of the way, from 0 to 1; each curve ``[K]`` in nats. The legend holds its end.
    """
    bars, way = axes
    actions = np.arange(len(p))
    bars.bar(actions - 0.2, p, 0.4, color=COLORS[0], label="p, old")
    bars.bar(actions + 0.2, q, 0.4, color=COLORS[4], hatch="//", edgecolor="black", label="q, new")
    bars.set(xlabel="action", ylabel="probability", ylim=(0, 1), xticks=actions)
    bars.legend(frameon=False)
    named = {f"{name} = {curve[-1]:#.3g}": curve for name, curve in curves.items()}
    divergence_curves(share, named, "share of the way from p to q", way)
    return axes


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

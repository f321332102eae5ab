"""The pictures of lesson 03."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from trpo_lib.plotting._shared import COLORS, add_line, alike

_TWO_ERRORS = ({"color": COLORS[1], "linestyle": "-"}, {"color": COLORS[0], "linestyle": "--"})
_CHOSEN = {"color": "grey", "linewidth": 1}
_MEAN = {"color": COLORS[1], "linewidth": 4, "alpha": 0.7}  # wide: the true line lies on it
_ABOVE = {"loc": "lower center", "bbox_to_anchor": (0.5, 1), "frameon": False, "fontsize": 8}
_EDGES = np.linspace(-1.5, 3.5, 26)  # of the histogram's bins
_TOP = 0.6  # where its bars are cut, so that low ones are seen


def estimate_panels(pair: Sequence[Axes], truth: float, name: str) -> Sequence[Axes]:
    """A pair of axes for ``estimates`` of a true number: errors against λ, and a histogram."""
    errors, counts = pair
    errors.set(xlabel="λ", ylabel=f"error of {name}", xlim=(0, 1), ylim=(0, 1.6))
    names = ("bias, without sign", "noise", "chosen λ")
    for label, look in zip(names, (*_TWO_ERRORS, _CHOSEN), strict=True):
        errors.plot([], [], label=label, **look)
    counts.set(xlabel=f"estimates of {name}", ylabel=f"share (cut at {_TOP})")
    counts.set(xlim=(_EDGES[0], _EDGES[-1]), ylim=(0, _TOP))
    counts.axvline(truth, color="black", linestyle="--", label="true", zorder=3)
    counts.plot([], [], label="mean of the estimates", **_MEAN)
    for ax in pair:
        ax.legend(ncols=3, columnspacing=1, **_ABOVE)
    return pair


def estimates(
    pair: Sequence[Axes],
    lams: np.ndarray,
    bias: np.ndarray,
    noise: np.ndarray,
    lam: float,
    samples: np.ndarray,
    title: str,
) -> None:
    """Bias and noise ``[K]`` of GAE over lams ``[K]``, and the samples at one lam.

    The title stands inside the left axes, so that it can move with a slider.
    """
    alike(lams=lams, bias=bias, noise=noise)
    errors, counts = pair
    for curve, look in zip((bias, noise), _TWO_ERRORS, strict=True):
        add_line(errors, lams, curve, **look)
    add_line(errors, [lam, lam], [0, 1.35], **_CHOSEN)  # ends under the title
    errors.text(0.02, 1.45, title, fontsize=9)
    shares, edges = np.histogram(samples, _EDGES)
    counts.stairs(shares / len(samples), edges, fill=True, color=COLORS[0], alpha=0.6)
    add_line(counts, 2 * [samples.mean()], [0, 1], **_MEAN)

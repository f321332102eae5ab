"""The pictures of lesson 03."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from trpo_lib.plotting._shared import COLORS, add_line, alike

_TWO_ERRORS = ({"color": COLORS[1], "linestyle": "-"}, {"color": COLORS[0], "linestyle": "--"})


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
    alike(lams=lams, bias=bias, noise=noise)
    errors, counts = pair
    for curve, look in zip((bias, noise), _TWO_ERRORS, strict=True):
        add_line(errors, lams, curve, **look)
    add_line(errors, [lam, lam], [0, 1.6], color="grey", linewidth=1)
    shares, edges = np.histogram(samples, np.linspace(-1.5, 3.5, 41))
    counts.stairs(shares / len(samples), edges, fill=True, color=COLORS[0], alpha=0.6)
    add_line(counts, 2 * [samples.mean()], [0, 1], color=COLORS[1], linewidth=1.5)

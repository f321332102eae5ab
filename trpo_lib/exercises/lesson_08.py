"""The exercises of lesson 08."""

import math
from collections.abc import Callable

import numpy as np

from trpo_lib.exercises.verdict import Verdict, judge, never_raises, numbers


def _one_kl(shift: float, factor: float) -> float:
    """KL(old ‖ new) of one component, whose mean and width change by these."""
    return math.log(factor) + (1 + shift**2) / (2 * factor**2) - 0.5


_MEANS = 2 * _one_kl(0.5, 1)  # two components whose means move: the same in both directions
_FORWARD = _MEANS + _one_kl(0, 0.5)
_REVERSE = _MEANS + _one_kl(0, 2)
_COUNTS = {  # what a number may be
    "the forward sum": _FORWARD,
    "the reverse sum": _REVERSE,
    "the forward mean": _FORWARD / 3,
    "the reverse mean": _REVERSE / 3,
    "the cost of the means alone": _MEANS,
    "the forward cost of the width alone": _one_kl(0, 0.5),
    "the reverse cost of the width alone": _one_kl(0, 2),
    "that of one mean and the width, forward: two means move": _FORWARD - _MEANS / 2,
    "that of one mean and the width, reverse: two means move": _REVERSE - _MEANS / 2,
    "the bowl's sum": _MEANS + math.log(2) ** 2,
    "the bowl's mean": (_MEANS + math.log(2) ** 2) / 3,
    "the forward sum without the ½ in χ²/2": _FORWARD + _MEANS,
    "the reverse mean without the ½ in χ²/2": (_REVERSE + _MEANS) / 3,
}


@never_raises
def check_08_predict(answer: tuple[float, float]) -> Verdict:
    """Two shifts of ½ and a width halved: the KL as this library and as sb3-contrib counts it."""
    given = numbers(answer, 2)
    names = [_count(value) for value in given]
    if names == ["the forward sum", "the reverse mean"]:
        praise = "the sum, forward; and the mean, reverse: there halving costs what doubling does."
        return Verdict(True, praise)
    if names == ["the reverse mean", "the forward sum"]:
        return Verdict(False, "both are right, in the other order: ours first.")
    wanted = ("ours", "the forward sum"), ("sb3-contrib's", "the reverse mean")
    for (whose, right), name, value in zip(wanted, names, given, strict=True):
        if name != right:
            said = f"{value:g} is {name}" if name else f"{value:g} is not it"
            return Verdict(False, f"{whose}: {said}. It counts {right} over three components.")
    return Verdict(False, "give two numbers, ours first.")


def _count(value: float) -> str:
    """What a number is, up to the rounding of two digits behind the point; empty if unknown."""
    near = [name for name, count in _COUNTS.items() if abs(value - count) <= 0.0051]
    return min(near, key=lambda name: abs(value - _COUNTS[name]), default="")


def _kl(mean_old, log_old, mean_new, log_new) -> np.ndarray:
    """Of each component: means ``[B, D]``, logarithms of widths ``[D]`` -> ``[B, D]``."""
    shift, log_factor = (mean_new - mean_old) / np.exp(log_old), log_new - log_old
    return log_factor + (1 + shift**2) / (2 * np.exp(2 * log_factor)) - 0.5


def _policy_kl(mean_old, log_old, mean_new, log_new) -> np.ndarray:
    return _kl(mean_old, log_old, mean_new, log_new).sum(-1).mean()


_KL_MISTAKES = {
    "that is the mean over the D components, as sb3-contrib counts: take their sum.": lambda *c: (
        _kl(*c).mean()
    ),
    "take the mean over the states, not the sum.": lambda *c: _kl(*c).sum(),
    "that is one number per state: take their mean.": lambda *c: _kl(*c).sum(-1),
    "that is one number per component: sum over them.": lambda *c: _kl(*c).mean(0),
    "the reverse: the KL asks about the old policy's actions.": lambda m, s, n, t: _policy_kl(
        n, t, m, s
    ),
    "the sign is wrong: a KL is never negative.": lambda *c: -_policy_kl(*c),
    "the ½ is missing: equal policies have a KL of 0.": lambda *c: _policy_kl(*c) + 0.5 * len(c[1]),
    "that is the means' part alone: what does another width cost?": lambda m, s, n, t: _policy_kl(
        m, s, n, s
    ),
    "that is the widths' part alone: what does another mean cost?": lambda m, s, n, t: _policy_kl(
        m, s, m, t
    ),
    "these are logarithms of the widths: the width is their exponential.": lambda m, s, n, t: (
        _policy_kl(m, np.log(np.abs(s)), n, np.log(np.abs(t)))
    ),
    "the shift is in units of the old width: divide by σ_old.": lambda m, s, n, t: _policy_kl(
        0 * m, s, (n - m) * np.exp(s), t
    ),
    "the factor is squared in the denominator: 2ω².": lambda m, s, n, t: (
        (t - s + (1 + ((n - m) / np.exp(s)) ** 2) / (2 * np.exp(t - s)) - 0.5).sum(-1).mean()
    ),
    "that is the bowl, χ²/2 + (log ω)²: the KL agrees with it only nearby.": lambda m, s, n, t: (
        (((n - m) / np.exp(s)) ** 2 / 2 + (t - s) ** 2).sum(-1).mean()
    ),
    "average last: the mean of the squares is not the square of the mean.": lambda m, s, n, t: (
        _policy_kl(m.mean(0), s, n.mean(0), t)
    ),
    "all components count, not the first alone.": lambda *c: _kl(*c)[:, 0].mean(),
    "all states count, not the first alone.": lambda *c: _kl(*c)[0].sum(),
}


@never_raises
def check_08_core(answer: Callable) -> Verdict:
    """policy_kl(mean_old, log_std_old, mean_new, log_std_new): the mean KL(old ‖ new), nats."""
    rng, cases = np.random.default_rng(0), []
    for states, dims in ((3, 2), (4, 3), (2, 1)):
        means = rng.normal(size=(2, states, dims))
        log_stds = rng.normal(size=(2, dims)) / 2
        cases.append((means[0], log_stds[0], means[1], log_stds[1]))

    def right(mean_old, log_std_old, mean_new, log_std_new) -> np.ndarray:
        return _policy_kl(mean_old, log_std_old, mean_new, log_std_new)

    praise = "a sum over the components, a mean over the states."
    return judge(answer, cases, right, _KL_MISTAKES, praise)


def _drawn(new, old, picks_new, picks_old) -> np.ndarray:
    """The mean difference of each pair of drawn groups, ``[R]``."""
    return new[picks_new].mean(1) - old[picks_old].mean(1)


def _gap(new, old, picks_new, picks_old) -> np.ndarray:
    return np.percentile(_drawn(new, old, picks_new, picks_old), [2.5, 97.5])


def _ends(scores: np.ndarray, picks: np.ndarray) -> np.ndarray:
    """The interval of one group alone."""
    return np.percentile(scores[picks].mean(1), [2.5, 97.5])


def _same_picks(new, old, picks_new, picks_old) -> np.ndarray:
    size = min(len(new), len(old))
    return _gap(new, old, picks_new % size, picks_new % size)


_GAP_MISTAKES = {
    "that subtracts the ends of two intervals, low of the one and high of the other: too wide. "
    "Take the difference first, then its percentiles.": lambda n, o, i, j: (
        _ends(n, i) - _ends(o, j)[::-1]
    ),
    "that subtracts low from low and high from high. "
    "Take the difference first, then its percentiles.": lambda n, o, i, j: (
        _ends(n, i) - _ends(o, j)
    ),
    "that is the interval of the new group alone.": lambda n, o, i, j: _ends(n, i),
    "that is the interval of the old group alone.": lambda n, o, i, j: _ends(o, j),
    "the sign is wrong: new minus old.": lambda *c: -_gap(*c)[::-1],
    "the order is wrong: the low end first.": lambda *c: _gap(*c)[::-1],
    "that cuts 5% off each end, and leaves 90%: 2.5% each.": lambda *c: np.percentile(
        _drawn(*c), [5, 95]
    ),
    "these are the extremes of what was drawn: cut 2.5% off each end.": lambda *c: np.percentile(
        _drawn(*c), [0, 100]
    ),
    "percentiles are numbers from 0 to 100: 2.5 and 97.5.": lambda *c: np.percentile(
        _drawn(*c), [0.025, 0.975]
    ),
    "means are asked for, not medians.": lambda n, o, i, j: np.percentile(
        np.median(n[i], 1) - np.median(o[j], 1), [2.5, 97.5]
    ),
    "sums grow with the group: means are asked for.": lambda n, o, i, j: np.percentile(
        n[i].sum(1) - o[j].sum(1), [2.5, 97.5]
    ),
    "that is one difference, of the groups as they are: its interval is asked for.": (
        lambda n, o, i, j: n.mean() - o.mean()
    ),
    "these are the differences of all draws: their percentiles are asked for.": _drawn,
    "each group has picks of its own: no seed is shared.": _same_picks,
    "that assumes a normal distribution: take percentiles of what was drawn.": lambda *c: (
        _drawn(*c).mean() + np.array([-1.96, 1.96]) * _drawn(*c).std()
    ),
}


@never_raises
def check_08_compute(answer: Callable) -> Verdict:
    """gap(new, old, picks_new, picks_old): the interval of a difference of means, (low, high)."""
    rng, cases = np.random.default_rng(0), []
    for sizes, draws in (((5, 5), 40), ((4, 6), 60), ((10, 3), 100)):
        groups = [rng.normal(size=size) + 5 * place for place, size in enumerate(sizes)]
        picks = [rng.integers(size, size=(draws, size)) for size in sizes]
        cases.append((*groups, *picks))

    def right(new, old, picks_new, picks_old) -> np.ndarray:
        return _gap(new, old, picks_new, picks_old)

    praise = "each group drawn by itself, and the percentiles of the difference."
    return judge(answer, cases, right, _GAP_MISTAKES, praise)


@never_raises
def check_08_explore(answer: tuple[float, float]) -> Verdict:
    """(shift, factor): a bowl of at most 1 nat and a KL above 2.7."""
    shift, factor = numbers(answer, 2)
    if not (factor > 0 and np.isfinite([shift, factor]).all()):
        got = f"got {shift:g} and {factor:g}"
        return Verdict(False, f"both are finite, and the factor is above 0; {got}.")
    bowl = shift**2 / 2 + np.log(factor) ** 2
    kl = np.log(factor) + (1 + shift**2) / (2 * factor**2) - 0.5
    said = f"the bowl says {bowl:.3f}, the KL is {kl:.3f}"
    if bowl > 1 + 1e-6:  # a point of the edge, rounded, is on the edge
        return Verdict(False, f"{said}: the bowl must say 1 at most, this is {bowl:.6f}.")
    if kl > 2.7:
        return Verdict(True, f"{said}: worst where the width shrinks and the mean moves as well.")
    return Verdict(False, f"{said}: {_direction(shift, factor, bowl)}")


def _direction(shift: float, factor: float, bowl: float) -> str:
    """Where to go from a point whose KL is too small."""
    if factor > 1.01:
        return "under a wider Gaussian the old actions stay likely; try a factor below 1."
    if factor > 0.99:
        return "only the mean has moved; let the width shrink as well."
    if abs(shift) < 0.05:
        return "only the width has shrunk; let the mean move as well."
    if bowl < 0.95:
        return "the bowl allows more: go on to its edge, where it says 1."
    more = "a smaller shift" if abs(shift) > 0.9 else "a larger shift"
    return f"both have moved, in another proportion than the best; try {more} on the bowl's edge."

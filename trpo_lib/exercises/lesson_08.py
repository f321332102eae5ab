"""The exercises of lesson 08."""

import math
from collections.abc import Callable

import numpy as np

from trpo_lib.exercises.verdict import (
    Verdict,
    WrongAnswer,
    call,
    compare,
    judge,
    never_raises,
    numbers,
)


@never_raises
def check_08_predict(answer: float) -> Verdict:
    """How far the mean moves at δ = 0.125 when σ stays 0.2, in units of the action."""
    (value,), right = numbers(answer, 1), 0.1
    with_width = math.expm1(0.25) ** 0.5
    mistakes = {
        0.5: "that is the shift in units of σ.",
        -0.1: "the size is right: a distance has no sign.",
        0.2 * with_width: "that needs a width that grows with it; here σ stays.",
        with_width: "here σ stays, and the answer is in units of the action.",
        0.125: "that is δ, in nats.",
        0.025: "that is δσ; the KL grows with the square of the shift.",
        0.2 * 0.25: "a square root is missing: KL = χ²/2.",
        0.2 * 0.125**0.5: "mind the ½: KL = χ²/2.",
        0.2**2 * 0.5: "that has σ² in place of σ: the shift is counted in units of σ.",
        2.5: "a small σ makes the move small, not large.",
        0.2: "that is σ itself; what does δ allow?",
    }
    for known in mistakes:  # a rounded mistake is the same mistake
        if math.isclose(value, known, rel_tol=0.005):
            value = known
    return compare(value, right, mistakes, "half a σ: √(2δ) = 0.5, and σ = 0.2.")


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


def _mean(mean: np.ndarray, var: np.ndarray, count: int, batch: np.ndarray) -> np.ndarray:
    """Of all that was seen, ``[O]``, from mean and variance ``[O]`` of a part and the rest."""
    return (count * mean + batch.sum(0)) / (count + len(batch))


def _variance(mean: np.ndarray, var: np.ndarray, count: int, batch: np.ndarray) -> np.ndarray:
    new = _mean(mean, var, count, batch)
    squares = count * (var + (mean - new) ** 2) + ((batch - new) ** 2).sum(0)
    return squares / (count + len(batch))


def _share(count: int, batch: np.ndarray) -> float:
    return len(batch) / (count + len(batch))


def _within(var: np.ndarray, count: int, batch: np.ndarray) -> np.ndarray:
    return var + _share(count, batch) * (batch.var(0) - var)


_MEAN_MISTAKES = {
    "the two are not equally many: weigh them.": lambda m, v, n, b: (m + b.mean(0)) / 2,
    "what was seen before must count too.": lambda m, v, n, b: b.mean(0),
    "the batch must count too.": lambda m, v, n, b: m,
    "the weights are swapped: the batch's share is its part of all.": lambda m, v, n, b: (
        b.mean(0) + _share(n, b) * (m - b.mean(0))
    ),
    "every row of the batch counts as one: its mean stands for all of them.": lambda m, v, n, b: (
        (n * m + b.mean(0)) / (n + 1)
    ),
    "that is one number: give one per column.": lambda *case: _mean(*case).mean(),
}
_VARIANCE_MISTAKES = {
    "the two means differ, and that too is variance.": lambda m, v, n, b: _within(v, n, b),
    "the squared shift needs both shares: share · (1 − share).": lambda m, v, n, b: (
        _within(v, n, b) + (b.mean(0) - m) ** 2
    ),
    "the squared shift needs both shares, not one.": lambda m, v, n, b: (
        _within(v, n, b) + _share(n, b) * (b.mean(0) - m) ** 2
    ),
    "the squared shift needs both shares: the other one is missing.": lambda m, v, n, b: (
        _within(v, n, b) + (1 - _share(n, b)) * (b.mean(0) - m) ** 2
    ),
    "the weights are swapped: the batch's share is its part of all.": lambda m, v, n, b: (
        _variance(m, b.var(0), n, b) + _share(n, b) * (v - b.var(0))
    ),
    "that is the sum of the two variances: weigh them.": lambda m, v, n, b: v + b.var(0),
    "that is the sum, and the shift: weigh the two variances.": lambda m, v, n, b: (
        _variance(m, v, n, b) - _within(v, n, b) + v + b.var(0)
    ),
    "the two variances are not equally many: weigh them.": lambda m, v, n, b: (v + b.var(0)) / 2,
    "that is the batch's variance alone.": lambda m, v, n, b: b.var(0),
    "that is the old variance.": lambda m, v, n, b: v,
    "the old ones lie about the old mean; that has moved.": lambda m, v, n, b: (
        _variance(m, v, n, b) - n / (n + len(b)) * (m - _mean(m, v, n, b)) ** 2
    ),
    "divide by the number, not by one less.": lambda m, v, n, b: (
        _variance(m, v, n, b) * (n + len(b)) / (n + len(b) - 1)
    ),
    "the batch's variance too is divided by the number, not by one less.": lambda m, v, n, b: (
        _variance(m, v, n, b) + _share(n, b) * (b.var(0, ddof=1) - b.var(0))
    ),
    "that is the standard deviation.": lambda *case: np.sqrt(_variance(*case)),
    "that is the mean of the squares: the mean's square must go.": lambda *case: (
        _variance(*case) + _mean(*case) ** 2
    ),
}


@never_raises
def check_08_compute(answer: Callable) -> Verdict:
    """merge(mean, var, count, batch): mean and variance of what was seen and the batch."""

    def part(k: int) -> Callable:
        def function(*case) -> np.ndarray:
            parts = call(answer, *case)
            if not isinstance(parts, tuple | list) and np.shape(parts) == case[0].shape:
                raise WrongAnswer("mean and variance are asked for: return mean, var.")
            if len(parts) != 2:
                raise WrongAnswer(f"mean and variance are asked for, yours are {len(parts)} parts.")
            return parts[k]

        return function

    rng, cases = np.random.default_rng(0), []
    for count, size, columns in ((6, 2, 3), (4, 5, 4), (7, 3, 1)):
        mean, var = rng.normal(size=columns), rng.uniform(1, 9, columns)
        cases.append((mean, var, count, 3 * rng.normal(size=(size, columns))))
    verdict = judge(part(0), cases, _mean, _MEAN_MISTAKES, "")
    if not verdict.passed:
        return Verdict(False, f"the mean: {verdict.message}")
    praise = "as if all had been seen at once."
    verdict = judge(part(1), cases, _variance, _VARIANCE_MISTAKES, praise)
    return verdict if verdict.passed else Verdict(False, f"the variance: {verdict.message}")


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

"""The exercises of lesson 08."""

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
    mistakes = {
        0.5: "that is the shift in units of σ.",
        0.2 * np.expm1(0.25) ** 0.5: "that needs a width that grows with it; here σ stays.",
        np.expm1(0.25) ** 0.5: "here σ stays, and the answer is in units of the action.",
        0.025: "that is δσ; the KL grows with the square of the shift.",
        0.2 * 0.125**0.5: "mind the ½: KL = x²/2.",
        2.5: "a small σ makes the move small, not large.",
        0.2: "that is σ itself; what does δ allow?",
    }
    return compare(answer, 0.1, mistakes, "half a σ: √(2δ) = 0.5, and σ = 0.2.")


def _mean(mean: np.ndarray, var: np.ndarray, count: int, batch: np.ndarray) -> np.ndarray:
    """Of all that was seen, ``[D]``, from mean and variance ``[D]`` of a part and the rest."""
    return (count * mean + batch.sum(0)) / (count + len(batch))


def _variance(mean: np.ndarray, var: np.ndarray, count: int, batch: np.ndarray) -> np.ndarray:
    new = _mean(mean, var, count, batch)
    squares = count * (var + (mean - new) ** 2) + ((batch - new) ** 2).sum(0)
    return squares / (count + len(batch))


def _share(count: int, batch: np.ndarray) -> float:
    return len(batch) / (count + len(batch))


_MEAN_MISTAKES = {
    "the two are not equally many: weigh them.": lambda m, v, n, b: (m + b.mean(0)) / 2,
    "what was seen before must count too.": lambda m, v, n, b: b.mean(0),
}
_VARIANCE_MISTAKES = {
    "the two means differ, and that too is variance.": lambda m, v, n, b: (
        v + _share(n, b) * (b.var(0) - v)
    ),
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
}


@never_raises
def check_08_compute(answer: Callable) -> Verdict:
    """merge(mean, var, count, batch): mean and variance of what was seen and the batch."""

    def part(k: int) -> Callable:
        def function(*case) -> np.ndarray:
            parts = call(answer, *case)
            if len(parts) != 2:
                raise WrongAnswer(f"mean and variance are asked for, yours are {len(parts)} parts.")
            return parts[k]

        return function

    rng, cases = np.random.default_rng(0), []
    for count, size, columns in ((6, 2, 2), (3, 5, 3)):
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
    """(x, u): a shift and a width ratio with a bowl of at most 1 nat and a KL above 2.7."""
    x, u = numbers(answer, 2)
    if not (u > 0 and np.isfinite([x, u]).all()):
        return Verdict(False, f"x and u are finite, and u is above 0; got {x:g} and {u:g}.")
    bowl, kl = x**2 / 2 + np.log(u) ** 2, np.log(u) + (1 + x**2) / (2 * u**2) - 0.5
    said = f"the bowl says {bowl:.3f}, the KL is {kl:.3f}"
    if bowl > 1:
        return Verdict(False, f"{said}: the bowl must say 1 at most.")
    if kl > 2.7:
        return Verdict(True, f"{said}: worst where the width shrinks and the mean moves as well.")
    hint = "a wider Gaussian is cheap" if u > 1 else "let both the mean and the width move"
    return Verdict(False, f"{said}: {hint}.")

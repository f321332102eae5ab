"""The exercises of lesson 07."""

from collections.abc import Callable

import numpy as np

from trpo_lib.exercises.verdict import Verdict, compare, never_raises


@never_raises
def check_07_predict(answer: float) -> Verdict:
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


@never_raises
def check_07_compute(answer: Callable) -> Verdict:
    """merge(mean, var, count, batch): mean and variance of what was seen and the batch."""
    rng = np.random.default_rng(0)
    for count, size in ((60, 20), (30, 50)):
        seen, batch = rng.normal([3, -1], [1, 4], (count, 2)), rng.normal([0, 5], [2, 1], (size, 2))
        wrong = _merge_mistake(answer, seen, batch)
        if wrong:
            return Verdict(False, wrong)
    return Verdict(True, "as if all had been seen at once.")


def _merge_mistake(answer: Callable, seen: np.ndarray, batch: np.ndarray) -> str:
    """What is wrong with answer's mean and variance ``[2]`` of both together; empty if nothing."""
    count, size = len(seen), len(batch)
    given = answer(seen.mean(0), seen.var(0), count, batch.copy())
    mean, var = (np.asarray(part, dtype=float) for part in given)
    if mean.shape != (2,) or var.shape != (2,):
        shapes = f"{list(mean.shape)} and {list(var.shape)}"
        return f"mean and variance have one number per column, [2]; got {shapes}."
    everything = np.concatenate([seen, batch])
    if not np.allclose(mean, everything.mean(0)):
        means = {
            "the two are not equally many: weigh them.": (seen.mean(0) + batch.mean(0)) / 2,
            "what was seen before must count too.": batch.mean(0),
        }
        return _named(mean, means, "the mean is wrong.")
    if np.allclose(var, everything.var(0)):
        return ""
    weights, total = (count, size), count + size
    about_new = ((batch - mean) ** 2).sum(0)
    variances = {
        "the two means differ, and that too is variance.": np.average(
            [seen.var(0), batch.var(0)], 0, weights
        ),
        "the old ones lie about the old mean; that has moved.": (
            (count * seen.var(0) + about_new) / total
        ),
        "divide by the number, not by one less.": everything.var(0, ddof=1),
        "the batch's variance too is divided by the number, not by one less.": (
            everything.var(0) + size / total * (batch.var(0, ddof=1) - batch.var(0))
        ),
        "that is the standard deviation.": everything.std(0),
    }
    return _named(var, variances, "the variance is wrong.")


def _named(value: np.ndarray, mistakes: dict[str, np.ndarray], otherwise: str) -> str:
    """The name of the mistake that gives this value."""
    return next((why for why, wrong in mistakes.items() if np.allclose(value, wrong)), otherwise)


@never_raises
def check_07_explore(answer: tuple[float, float]) -> Verdict:
    """(x, u): a shift and a width ratio with a bowl of at most 1 nat and a KL above 2.7."""
    x, u = (float(part) for part in answer)
    if not (u > 0 and np.isfinite([x, u]).all()):
        return Verdict(False, f"x and u are finite, and u is above 0; got {x:g} and {u:g}.")
    bowl, kl = x**2 / 2 + np.log(u) ** 2, np.log(u) + (1 + x**2) / (2 * u**2) - 0.5
    said = f"the bowl says {bowl:.3f}, the KL is {kl:.3f}"
    if bowl > 1:
        return Verdict(False, f"{said}: the bowl must say 1 at most.")
    if kl > 2.7:
        return Verdict(True, f"{said}: worst where the width shrinks and the mean moves as well.")
    hint = "a wider Gaussian is cheap" if u >= 1 else "let both the mean and the width move"
    return Verdict(False, f"{said}: {hint}.")

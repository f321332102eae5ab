"""The exercises of lesson 07."""

from collections.abc import Callable

import numpy as np

from trpo_lib.exercises.verdict import Verdict, compare, never_raises


@never_raises
def check_07_predict(answer: float) -> Verdict:
    """How far the mean moves at δ = 0.5 when σ = 0.2 before and after, in units of the action."""
    mistakes = {
        1: "that is the shift in units of σ.",
        0.2 * np.expm1(1) ** 0.5: "that needs a width that grows with it; here σ stays.",
        np.expm1(1) ** 0.5: "here σ stays, and the answer is in units of the action.",
        0.1: "that is δσ; the KL grows with the square of the shift.",
        0.2 * 0.5**0.5: "mind the ½: KL = x²/2.",
        5: "a small σ makes the move small, not large.",
    }
    return compare(answer, 0.2, mistakes, "one σ: √(2δ) = 1, and σ = 0.2.")


@never_raises
def check_07_compute(answer: Callable) -> Verdict:
    """merge(mean, var, count, batch): mean and variance of what was seen and the batch."""
    rng = np.random.default_rng(0)
    seen, batch = rng.normal([3, -1], [1, 4], (60, 2)), rng.normal([0, 5], [2, 1], (20, 2))
    mean, var, batch_mean, batch_var = seen.mean(0), seen.var(0), batch.mean(0), batch.var(0)
    everything = np.concatenate([seen, batch])
    right = everything.mean(0), everything.var(0)
    weighted = 0.75 * var + 0.25 * batch_var
    mistakes = (
        ((right[0], weighted), "the two means differ, and that too is variance."),
        (((mean + batch_mean) / 2, None), "the batch is smaller than what was seen: weigh them."),
        ((batch_mean, None), "what was seen before must count too."),
        ((right[0], everything.var(0, ddof=1)), "divide by the number, not by one less."),
        ((right[0], everything.std(0)), "that is the standard deviation."),
    )
    given = answer(mean.copy(), var.copy(), 60, batch.copy())
    new_mean, new_var = (np.asarray(part, dtype=float) for part in given)
    if new_mean.shape != (2,) or new_var.shape != (2,):
        shapes = f"{list(new_mean.shape)} and {list(new_var.shape)}"
        return Verdict(False, f"mean and variance have one number per column, [2]; got {shapes}.")
    if np.allclose(new_mean, right[0]) and np.allclose(new_var, right[1]):
        return Verdict(True, "as if all had been seen at once.")
    for (wrong_mean, wrong_var), why in mistakes:
        as_wrong = wrong_var is None or np.allclose(new_var, wrong_var)
        if np.allclose(new_mean, wrong_mean) and as_wrong:
            return Verdict(False, why)
    which = "variance" if np.allclose(new_mean, right[0]) else "mean"
    return Verdict(False, f"the {which} is wrong.")


@never_raises
def check_07_explore(answer: tuple[float, float]) -> Verdict:
    """(x, u): a shift and a width ratio with a bowl of at most 1 nat and a KL above 2.7."""
    x, u = (float(part) for part in answer)
    if not u > 0:
        return Verdict(False, f"u is a ratio of widths, above 0; got {u:g}.")
    bowl, kl = x**2 / 2 + np.log(u) ** 2, np.log(u) + (1 + x**2) / (2 * u**2) - 0.5
    said = f"the bowl says {bowl:.3f}, the KL is {kl:.3f}"
    if bowl > 1:
        return Verdict(False, f"{said}: the bowl must say 1 at most.")
    if kl > 2.7:
        return Verdict(True, f"{said}: worst where the width shrinks and the mean moves as well.")
    hint = "a wider Gaussian is cheap" if u >= 1 else "let both the mean and the width move"
    return Verdict(False, f"{said}: {hint}.")

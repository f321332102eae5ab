"""The exercises of lesson 01."""

from collections.abc import Callable, Sequence

import numpy as np

from trpo_lib.exercises.verdict import Verdict, compare, never_raises
from trpo_lib.landscapes import SoftmaxBandit


@never_raises
def check_01_predict(answer: float) -> Verdict:
    """The radius after a trial with Δ = 1.2, promised gain 2.0, actual gain 0.4."""
    mistakes = {
        0.2: "0.2 is κ; what does it do to the radius?",
        0.24: "κ decides which rule holds; the radius is not multiplied by it.",
        5: "that is 1/κ: κ is the actual gain over the promised one.",
        1.2: "the step is accepted (κ > 0.1), but for the radius κ < ¼ counts as a bad forecast.",
        0.6: "κ < ¼ quarters the radius, it does not halve it.",
        2.4: "it doubles only when κ > ¾.",
        4.8: "the quarter is the factor, not the divisor.",
        0.1: "a quarter of the radius is asked for, not of the gain.",
    }
    return compare(answer, 0.3, mistakes, "κ = 0.2: good enough to step, too bad to trust again.")


@never_raises
def check_01_compute(answer: Callable) -> Verdict:
    """cauchy_step(g, H, radius): the best step along the gradient inside the radius."""
    rng, problems = np.random.default_rng(0), []
    for _ in range(12):
        g, root = rng.normal(size=3), rng.normal(size=(3, 3)) * rng.choice([0.5, 5])
        problems.append((g, root + root.T, rng.uniform(0.1, 1)))
    for g, H, radius in problems:
        shape = np.shape(answer(g.copy(), H.copy(), radius))
        if shape != g.shape:
            return Verdict(False, f"the shape must be [P] = [3], yours is {list(shape)}.")
    given = np.array([answer(g.copy(), H.copy(), radius) for g, H, radius in problems])
    for rule, why in _CAUCHY_MISTAKES:
        wrong = [rule(g @ g, g @ H @ g, radius) * g for g, H, radius in problems]
        if np.allclose(given, wrong, rtol=1e-6, atol=1e-9):
            return Verdict(False, why)
    right = [_cauchy(g @ g, g @ H @ g, radius) * g for g, H, radius in problems]
    count = 12 - np.isclose(given, right, rtol=1e-6, atol=1e-9).all(-1).sum()
    if count:
        return Verdict(False, f"{count} of 12 random problems have another best step.")
    return Verdict(True, "up to the parabola's top, or to the border, whichever comes first.")


def _cauchy(square: float, curvature: float, radius: float) -> float:
    """The best t, from gᵀg, gᵀH g and the radius: of the parabola t gᵀg + ½ t² gᵀH g."""
    border = radius / np.sqrt(square)
    return border if curvature >= 0 else min(-square / curvature, border)


_CAUCHY_MISTAKES = (
    (lambda s, c, r: -_cauchy(s, c, r), "that goes downhill: t must not be negative."),
    (lambda s, c, r: r / np.sqrt(s), "always to the border: where H curves down, stop at the top."),
    (lambda s, c, r: -s / c, "the radius has no say: the step may be too long, or go downhill."),
    (lambda s, c, r: -s / c if c < 0 else r / np.sqrt(s), "the top may lie outside the radius."),
    (lambda s, c, r: min(-s / c, r / np.sqrt(s)), "where H curves up there is no top: t < 0."),
    (lambda s, c, r: _cauchy(s, -c, r), "sign: gᵀH g < 0 is where the parabola has a top."),
    (lambda s, c, r: _cauchy(s, 2 * c, r), "mind the ½ in ½ dᵀH d."),
    (lambda s, c, r: _cauchy(s, c, r) / np.sqrt(s), "the gradient's length is divided out twice."),
    (lambda s, c, r: _cauchy(s, c, r * np.sqrt(s)), "the radius bounds ‖d‖ = t ‖g‖, not t."),
)


@never_raises
def check_01_explore(answer: Sequence) -> Verdict:
    """(theta, rewards) for which the plain direction is promised less than a quarter."""
    theta, rewards = (np.asarray(part, dtype=np.float64) for part in answer)
    if theta.shape != (2,) or rewards.shape != (3,):
        shapes = f"{list(theta.shape)} and {list(rewards.shape)}"
        return Verdict(False, f"theta [2] and rewards [3] are asked for, yours are {shapes}.")
    if not np.isfinite(rewards).all():
        return Verdict(False, "the rewards must be finite.")
    if not (abs(theta) <= 6).all():
        return Verdict(False, "both entries of theta must lie in [-6, 6].")
    bandit = SoftmaxBandit(tuple(rewards))
    g, F = bandit.gradient(theta), bandit.fisher(theta)
    if not np.linalg.norm(g) > 1e-9 * abs(rewards).max():
        return Verdict(False, "all rewards are equal: there is no gradient, and nothing to gain.")
    q = g @ g / np.sqrt(g @ F @ g * (g @ np.linalg.solve(F, g)))
    if q < 0.25:
        return Verdict(True, f"q = {q:.3f}: the plain gradient overlooks what is rare but good.")
    low, high = np.linalg.eigvalsh(F)
    if 2 * np.sqrt(low * high) / (low + high) >= 0.25:  # Kantorovich's inequality: q is no less
        why = f"for no rewards is it enough: F's curvatures are only {high / low:.1f}-fold apart."
    else:
        why = "F is stretched enough, but g lies along one of its axes: change the rewards."
    return Verdict(False, f"q = {q:.3f}; {why}")

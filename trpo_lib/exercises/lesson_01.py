"""The exercises of lesson 01."""

from collections.abc import Callable, Sequence

import numpy as np

from trpo_lib.exercises.verdict import Verdict, array, compare, judge, never_raises
from trpo_lib.landscapes import SoftmaxBandit

_DIRECTION_MISTAKES = {
    "that is the plain gradient: F has no say.": lambda F, g: g,
    "that is F g; F⁻¹ g is asked for: solve F x = g.": lambda F, g: F @ g,
    "that divides by F's entries, number by number; F⁻¹ is the inverse matrix.": lambda F, g: (
        g / np.diag(F)
    ),
    "that is F⁻² g: F is inverted twice.": lambda F, g: np.linalg.solve(F @ F, g),
    "only the direction is asked for, but not of length 1.": lambda F, g: (
        np.linalg.solve(F, g) / np.linalg.norm(np.linalg.solve(F, g))
    ),
    "the sign is wrong: gradients ascend.": lambda F, g: -np.linalg.solve(F, g),
}


@never_raises
def check_01_core(answer: Callable) -> Verdict:
    """natural_direction(F, g) = F⁻¹ g."""
    rng, cases = np.random.default_rng(1), []
    for size in (2, 5, 3):
        root = rng.normal(size=(size, size))
        cases.append((root @ root.T + 0.1 * np.eye(size), rng.normal(size=size)))
    praise = "F⁻¹ g, of any size, by solving F x = g."
    return judge(answer, cases, _solve, _DIRECTION_MISTAKES, praise)


def _solve(F: np.ndarray, g: np.ndarray) -> np.ndarray:
    return np.linalg.solve(F, g)


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


def _cauchy(square: float, curvature: float, radius: float) -> float:
    """The best t, from gᵀg, gᵀH g and the radius: of the parabola t gᵀg + ½ t² gᵀH g."""
    border = radius / np.sqrt(square)
    return border if curvature >= 0 else min(-square / curvature, border)


def _along(rule: Callable) -> Callable:
    """The step t g; rule: t from gᵀg, gᵀH g and the radius."""
    return lambda g, H, radius: rule(g @ g, g @ H @ g, radius) * g


_CAUCHY_MISTAKES = {
    "that goes downhill: t must not be negative.": _along(lambda s, c, r: -_cauchy(s, c, r)),
    "always to the border: where H curves down, stop at the top.": _along(
        lambda s, c, r: r / np.sqrt(s)
    ),
    "the radius has no say: the step may be too long, or go downhill.": _along(
        lambda s, c, r: -s / c
    ),
    "the top may lie outside the radius.": _along(
        lambda s, c, r: -s / c if c < 0 else r / np.sqrt(s)
    ),
    "where H curves up there is no top: t < 0.": _along(
        lambda s, c, r: min(-s / c, r / np.sqrt(s))
    ),
    "sign: gᵀH g < 0 is where the parabola has a top.": _along(lambda s, c, r: _cauchy(s, -c, r)),
    "mind the ½ in ½ dᵀH d.": _along(lambda s, c, r: _cauchy(s, 2 * c, r)),
    "the gradient's length is divided out twice.": _along(
        lambda s, c, r: _cauchy(s, c, r) / np.sqrt(s)
    ),
    "the radius bounds ‖d‖ = t ‖g‖, not t.": _along(lambda s, c, r: _cauchy(s, c, r * np.sqrt(s))),
}


@never_raises
def check_01_compute(answer: Callable) -> Verdict:
    """cauchy_step(g, H, radius): the best step along the gradient inside the radius."""
    rng, cases = np.random.default_rng(0), []
    for size in [2, 3, 4] * 4:
        g, root = rng.normal(size=size), rng.normal(size=(size, size)) * rng.choice([0.5, 5])
        cases.append((g, root + root.T, rng.uniform(0.1, 1)))
    praise = "up to the parabola's top, or to the border, whichever comes first."
    return judge(answer, cases, _along(_cauchy), _CAUCHY_MISTAKES, praise)


@never_raises
def check_01_explore(answer: Sequence) -> Verdict:
    """(theta, rewards) for which the plain direction is promised less than a quarter."""
    theta, rewards = (array(part).astype(float) for part in answer)
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
        return Verdict(True, f"q = {q:.3f}: the plain gradient spends its KL for little gain.")
    low, high = np.linalg.eigvalsh(F)
    if 2 * np.sqrt(low * high) / (low + high) >= 0.25:  # Kantorovich's inequality: q is no less
        why = f"for no rewards is it enough: F's curvatures are only {high / low:.1f}-fold apart."
    else:
        why = "F is stretched enough, but g lies along one of its axes: change the rewards."
    return Verdict(False, f"q = {q:.3f}; {why}")

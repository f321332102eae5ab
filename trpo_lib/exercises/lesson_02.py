"""The exercises of lesson 02."""

import math
from collections.abc import Callable
from itertools import permutations

import numpy as np

from trpo_lib.divergence import categorical_kl
from trpo_lib.exercises.verdict import (
    Verdict,
    array,
    call,
    compare,
    judge,
    never_raises,
    numbers,
    same,
)

_FISHER_MISTAKES = {
    "that is the mean of e_a e_aᵀ alone: the score is e_a − p.": np.diag,
    "that is p pᵀ, which is only what is taken off.": lambda p: np.outer(p, p),
    "the sign is wrong: a Fisher matrix is never negative.": lambda p: np.outer(p, p) - np.diag(p),
    "p pᵀ is taken off, not added: (e_a − p)(e_a − p)ᵀ has it with −2 + 1.": lambda p: (
        np.diag(p) + np.outer(p, p)
    ),
    "−2 p pᵀ is not all: p pᵀ itself comes back once.": lambda p: np.diag(p) - 2 * np.outer(p, p),
    "p p is a product number by number; p pᵀ is a matrix.": lambda p: np.diag(p) - np.diag(p * p),
    "p(1 − p) is only the diagonal of F.": lambda p: np.diag(p * (1 - p)),
}


@never_raises
def check_02_core(answer: Callable) -> Verdict:
    """softmax_fisher(p) = diag(p) − p pᵀ."""
    rng = np.random.default_rng(3)
    cases = [(rng.dirichlet(np.ones(size)),) for size in (3, 2, 5)]
    praise = "diag(p) − p pᵀ is the mean of (e_a − p)(e_a − p)ᵀ."
    return judge(answer, cases, _softmax_fisher, _FISHER_MISTAKES, praise)


def _softmax_fisher(p: np.ndarray) -> np.ndarray:
    return np.diag(p) - np.outer(p, p)


@never_raises
def check_02_predict(answer: float) -> Verdict:
    """The finite KL of (0.5, 0.3, 0.2) and (0.625, 0.375, 0), in nats; two decimals will do."""
    (value,), right = numbers(answer, 1), math.log(1.25)
    if math.isnan(value):
        return Verdict(False, "no NaN: the term 0 · log 0 counts as 0.")
    mistakes = {
        math.inf: "that is KL(p ‖ q): p takes an action that q never takes.",
        math.log2(1.25): "these are bits; nats take the natural logarithm.",
        math.log10(1.25): "nats take the natural logarithm, not that to base 10.",
        math.log(0.8): "upside down: the mean over q is of log(q / p).",
        math.log(1.25) / 3: "KL is a sum over the actions, not their mean.",
        0.2: "that is the total variation.",
        0: "KL is 0 only for equal policies.",
    }
    for known in (right, *mistakes):
        if math.isclose(value, known, abs_tol=0.005):
            value = known
    return compare(
        value, right, mistakes, "q / p is 1 / 0.8 wherever q is not 0, so KL(q ‖ p) = log(1 / 0.8)."
    )


def _random(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).dirichlet(np.full(shape[-1], 2.0), size=(2, *shape[:-1]))


def _terms(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    return p * np.log(p / q)


_KL_MISTAKES = {
    "the sign is wrong: the logarithm is of p / q.": lambda p, q: -categorical_kl(p, q),
    "reversed: this is KL(q ‖ p).": lambda p, q: categorical_kl(q, p),
    "p weighs the logarithms, not q: Σ p log(p / q).": lambda p, q: -categorical_kl(q, p),
    "these are bits; nats take the natural logarithm.": lambda p, q: (
        categorical_kl(p, q) / np.log(2)
    ),
    "KL is a sum over the actions, not their mean.": lambda p, q: _terms(p, q).mean(-1),
    "wrong axis: the actions are on the last one.": lambda p, q: _terms(p, q).sum(0),
    "summed over everything: each state has a KL of its own.": lambda p, q: _terms(p, q).sum(),
    "one KL per state is asked for, not their mean.": lambda p, q: categorical_kl(p, q).mean(),
    "these are the terms; sum them over the actions.": _terms,
    "the logarithms are not weighted by p.": lambda p, q: np.log(p / q).sum(-1),
    "no absolute values: negative terms count as they are.": lambda p, q: np.abs(_terms(p, q)).sum(
        -1
    ),
}


@never_raises
def check_02_compute(answer: Callable) -> Verdict:
    """kl(p, q) for probabilities [..., A], with zeros."""
    with np.errstate(all="ignore"):
        cases = [_random(2, 3), _random(4, 5)]
        verdict = judge(
            answer, cases, categorical_kl, _KL_MISTAKES, "any shape, and zeros on either side."
        )
        if verdict.passed:
            return _other_axes(answer) or _with_zeros(answer) or verdict
        return verdict


def _other_axes(answer: Callable) -> Verdict | None:
    """What is wrong for one state [A], or for [2, 4, 3]."""
    for p, q in (_random(3), _random(2, 4, 3)):
        if not same(array(call(answer, p, q)), categorical_kl(p, q)):
            return Verdict(
                False, f"right for [B, A], wrong for {list(p.shape)}: sum the last axis."
            )
    return None


def _with_zeros(answer: Callable) -> Verdict | None:
    """What is wrong where a probability is 0."""
    cases = (
        ([0.5, 0.5, 0.0], [0.2, 0.5, 0.3], "p(a) = 0", "0 · log 0 counts as 0"),
        ([0.5, 0.5, 0.0], [0.3, 0.7, 0.0], "p(a) = q(a) = 0", "0 · log 0 counts as 0"),
        ([0.2, 0.5, 0.3], [0.5, 0.5, 0.0], "q(a) = 0 < p(a)", "KL is infinite, no clipping"),
    )
    for p, q, where, rule in cases:
        p, q = np.array([p, p[::-1]]), np.array([q, q[::-1]])
        given, right = array(call(answer, p, q)), categorical_kl(p, q)
        if not same(given, right):
            said = f"{given.flat[0]:.4g}, not {right[0]:.4g}"
            return Verdict(False, f"where {where} yours gives {said}: {rule}.")
    return None


@never_raises
def check_02_explore(answer: tuple) -> Verdict:
    """(p, q, r), each [3] with entries >= 0.01: KL(p ‖ r) is over 2.3 times the detour by q."""
    policies = array(answer).astype(float)
    if policies.shape != (3, 3):
        return Verdict(False, f"three policies over three actions: [3, 3], not {policies.shape}.")
    if not np.allclose(policies.sum(-1), 1, rtol=0, atol=1e-6):
        return Verdict(False, "the probabilities of each policy must sum to 1.")
    if not policies.min() >= 0.01 - 1e-9:
        return Verdict(False, f"no probability below 0.01; the smallest is {policies.min():g}.")
    ratio = _direct_over_detour(policies)
    if ratio > 2.3:
        return Verdict(True, f"the direct way is {ratio:.2f} times as long as the detour.")
    if max(map(_direct_over_detour, permutations(policies))) > 2.3:
        return Verdict(False, "the right three in a wrong order: q is on the way from p to r.")
    if ratio > 1:
        return Verdict(False, f"the detour is shorter, but only {ratio:.2f}-fold, not 2.3-fold.")
    return Verdict(False, f"the detour is no shorter: direct / detour = {ratio:.2f}.")


def _direct_over_detour(policies: np.ndarray) -> float:
    p, q, r = policies
    detour = categorical_kl(p, q) + categorical_kl(q, r)
    return categorical_kl(p, r) / detour if detour > 1e-9 else 0.0

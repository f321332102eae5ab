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
    "no action is weighted: each product counts with its probability.": lambda p, s: s.T @ s,
    "all actions weigh the same: each product counts with its probability.": lambda p, s: (
        s.T @ s / len(p)
    ),
    "p makes the mean already: do not divide by the number of actions.": lambda p, s: (
        _fisher(p, s) / len(p)
    ),
    "p counts once, not squared.": lambda p, s: _fisher(p**2, s),
    "that is the product of the mean score, which is 0, and not the mean of the products.": (
        lambda p, s: np.outer(p @ s, p @ s)
    ),
    "the sign is wrong: a Fisher matrix is never negative.": lambda p, s: -_fisher(p, s),
    "the mean squares are only the diagonal of F.": lambda p, s: np.diag(p @ s**2),
    "these are the mean squares, the diagonal of F: products of different entries count too.": (
        lambda p, s: p @ s**2
    ),
    "these are the terms, one per action: sum them.": lambda p, s: (
        p[:, None, None] * s[:, :, None] * s[:, None, :]
    ),
    "wrong way round: sum over the actions, so that [P, P] is left.": lambda p, s: s @ s.T,
    "this weighs the right terms, but sums over the parameters: [P, P] must be left.": (
        lambda p, s: p[:, None] * s @ s.T
    ),
    "that holds for the scores of logits only; here the scores are any.": lambda p, s: _fisher(
        p, np.eye(len(p)) - p
    ),
}


@never_raises
def check_02_core(answer: Callable) -> Verdict:
    """fisher(p, scores) = Σ_a p(a) s_a s_aᵀ, for scores [A, P] whose mean is 0."""
    rng, cases = np.random.default_rng(3), []
    for actions, parameters in ((3, 2), (2, 5), (4, 4)):
        p, raw = rng.dirichlet(np.ones(actions)), rng.normal(size=(actions, parameters))
        cases.append((p, raw - p @ raw))
    praise = "F is the mean of the products s_a s_aᵀ, so p(a) weighs each of them."
    return judge(answer, cases, _fisher, _FISHER_MISTAKES, praise)


def _fisher(p: np.ndarray, scores: np.ndarray) -> np.ndarray:
    return scores.T @ (p[:, None] * scores)


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

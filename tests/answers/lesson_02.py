"""Answers to the exercises of lesson 02: right ones, and typical mistakes with their name."""

import math

import numpy as np
import torch
from scipy.special import rel_entr

from trpo_lib.exercises.lesson_02 import (
    check_02_compute,
    check_02_core,
    check_02_explore,
    check_02_predict,
)


def terms(p, q):
    return np.where(p > 0, p * np.log(p / q), 0.0)


def with_where(p, q):
    return terms(p, q).sum(-1)


def with_torch(p, q):
    p, q = torch.as_tensor(p), torch.as_tensor(q)
    return (torch.xlogy(p, p) - torch.xlogy(p, q)).sum(-1)


def with_scipy(p, q):
    return rel_entr(p, q).sum(-1)


def in_float32(p, q):
    return with_torch(p, q).float()


def one_sum(p, q):
    return (p * np.log(p / q)).sum(-1)


def one_sum_without_nans(p, q):
    return np.nansum(p * np.log(p / q), axis=-1).clip(0, 1e3)


def clipped(p, q):
    return one_sum(p.clip(1e-8), q.clip(1e-8))


def where_both(p, q):
    return np.where(q > 0, terms(p, q), 0.0).sum(-1)


def nan_without_q(p, q):
    return with_where(p, q) + (0 * np.log(q)).sum(-1)


def clipped_below(p, q):
    return terms(p, q.clip(1e-8)).sum(-1)


BENT = ((0.45, 0.01, 0.54), (0.134, 0.016, 0.85), (0.01, 0.018, 0.972))
BINARY = ((0.54, 0.45, 0.01), (0.85, 0.14, 0.01), (0.98, 0.01, 0.01))
STRAIGHT = ((0.3, 0.3, 0.4), (0.32, 0.3, 0.38), (0.34, 0.3, 0.36))
NEAR = [(0.3 + x, 0.3, 0.4 - x) for x in (0, 2e-4, 4e-4)]  # the detour is 2e-7 long


def one_action_at_a_time(p, scores):
    return sum(chance * np.outer(score, score) for chance, score in zip(p, scores, strict=True))


def entry_by_entry(p, scores):
    size = range(scores.shape[1])
    return [[(p * scores[:, i] * scores[:, j]).sum() for j in size] for i in size]


def in_torch(p, scores):
    p, scores = torch.tensor(p), torch.tensor(scores)
    return torch.einsum("a, ai, aj -> ij", p, scores, scores)


def terms_of_fisher(p, scores):
    return p[:, None, None] * scores[:, :, None] * scores[:, None, :]


def for_two_parameters(p, scores):
    return fisher(p, scores[:, :2])


def fisher(p, scores):
    return scores.T @ (p[:, None] * scores)


RIGHT = [
    (check_02_core, fisher),
    (check_02_core, lambda p, scores: scores.T * p @ scores),
    (check_02_core, one_action_at_a_time),
    (check_02_core, entry_by_entry),
    (check_02_core, in_torch),
    (check_02_core, lambda p, scores: np.cov(scores.T, aweights=p, ddof=0)),  # their mean is 0
    (check_02_predict, "0.22"),
    (check_02_predict, torch.tensor(0.2231)),
    (check_02_predict, math.log(1.25)),
    (check_02_predict, -math.log(0.8)),
    (check_02_predict, 0.22),
    (check_02_compute, with_where),
    (check_02_compute, with_torch),
    (check_02_compute, with_scipy),
    (check_02_compute, in_float32),
    (check_02_explore, BENT),
    (check_02_explore, torch.tensor(BINARY)),
    (check_02_explore, np.array(BENT)[:, ::-1]),  # the actions' names do not matter
    (check_02_explore, [list(policy) for policy in BINARY]),
]
WRONG = [
    (check_02_core, lambda p, scores: scores.T @ scores, "no action is weighted"),
    (check_02_core, lambda p, scores: scores.T @ scores / len(p), "all actions weigh the same"),
    (check_02_core, lambda p, scores: terms_of_fisher(p, scores).mean(0), "do not divide"),
    (check_02_core, lambda p, scores: fisher(p**2, scores), "once, not squared"),
    (check_02_core, lambda p, scores: np.outer(p @ scores, p @ scores), "the mean score, which"),
    (check_02_core, lambda p, scores: -fisher(p, scores), "the sign is wrong"),
    (check_02_core, lambda p, scores: np.diag(p @ scores**2), "only the diagonal of F"),
    (check_02_core, lambda p, scores: p @ scores**2, "products of different entries"),
    (check_02_core, terms_of_fisher, "one per action: sum them"),
    (check_02_core, lambda p, scores: scores @ scores.T, "wrong way round"),
    (check_02_core, lambda p, scores: p[:, None] * scores @ scores.T, "over the parameters"),
    (check_02_core, lambda p, scores: np.diag(p) - np.outer(p, p), "scores of logits only"),
    (check_02_core, lambda p, scores: scores.T @ (p * scores), "ValueError: operands"),
    (check_02_core, lambda p, scores: scores.T @ p, r"the shape must be \[2, 2\], yours is \[2\]"),
    (check_02_core, for_two_parameters, r"the shape must be \[5, 5\], yours is \[2, 2\]"),
    (check_02_core, lambda p, scores: 1.1 * fisher(p, scores), "yours gives"),
    (check_02_core, lambda p: np.diag(p), "TypeError"),
    (check_02_core, lambda p, scores: None, "is there a `return`"),
    (check_02_predict, 0.229, "0.229 is not it"),
    (check_02_predict, math.inf, "action that q never takes"),
    (check_02_predict, math.nan, "counts as 0"),
    (check_02_predict, math.log2(1.25), "bits"),
    (check_02_predict, 0.32, "bits"),
    (check_02_predict, math.log10(1.25), "base 10"),
    (check_02_predict, math.log(0.8), "upside down"),
    (check_02_predict, math.log(1.25) / 3, "not their mean"),
    (check_02_predict, 0.2, "total variation"),
    (check_02_predict, 0, "equal policies"),
    (check_02_predict, 1.25, "1.25 is not it"),
    (check_02_compute, lambda p, q: -with_where(p, q), "sign"),
    (check_02_compute, lambda p, q: with_where(q, p), "reversed"),
    (check_02_compute, lambda p, q: -with_where(q, p), "p weighs the logarithms"),
    (check_02_compute, lambda p, q: with_where(p, q) / np.log(2), "bits"),
    (check_02_compute, lambda p, q: terms(p, q).mean(-1), "sum over the actions, not their mean"),
    (check_02_compute, lambda p, q: terms(p, q).sum(0), "wrong axis"),
    (check_02_compute, lambda p, q: terms(p, q).sum(), "everything"),
    (check_02_compute, lambda p, q: with_where(p, q).mean(), "one KL per state"),
    (check_02_compute, terms, "these are the terms"),
    (check_02_compute, lambda p, q: np.log(p / q).sum(-1), "not weighted"),
    (check_02_compute, lambda p, q: abs(terms(p, q)).sum(-1), "absolute"),
    (check_02_compute, lambda p, q: with_where(p, q)[:, None], r"must be \[2\], yours is \[2, 1\]"),
    (
        check_02_compute,
        lambda p, q: one_sum(p, q + 1e-3),
        r"for p = .*, q = .* yours gives .* at index \[0\], not",
    ),
    (check_02_compute, lambda p, q: terms(p, q).sum(p.ndim // 2), r"wrong for \[2, 4, 3\]"),
    (check_02_compute, lambda p, q: terms(p, q).sum(1), "AxisError"),
    (check_02_compute, one_sum, r"p\(a\) = 0 yours gives nan, not .*: 0 · log 0"),
    (
        check_02_compute,
        nan_without_q,
        r"p\(a\) = q\(a\) = 0 yours gives nan, not 0.08718: 0 · log 0",
    ),
    (check_02_compute, clipped, "yours gives .*: KL is infinite, no clipping"),
    (
        check_02_compute,
        lambda p, q: one_sum(p + 1e-10, q + 1e-10),
        "yours gives .*: KL is infinite, no clipping",
    ),
    (check_02_compute, where_both, "yours gives -0.1833, not inf: KL is infinite"),
    (
        check_02_compute,
        clipped_below,
        r"where q\(a\) = 0 < p\(a\) yours gives .*: KL is infinite, no clipping",
    ),
    (check_02_compute, one_sum_without_nans, "yours gives 1000, not inf: KL is infinite"),
    (check_02_explore, BENT[:2], "three policies"),
    (check_02_explore, np.ones((3, 3)), "^the probabilities of each policy must sum to 1"),
    (
        check_02_explore,
        ((0.45, 0.01, 0.540005), *BENT[1:]),
        "^the probabilities of each policy must sum to 1",
    ),
    (check_02_explore, ((0.45, 0.0099995, 0.5400005), *BENT[1:]), "smallest is 0.0099995"),
    (check_02_explore, ((0.5, 0.5, 0.0), *BENT[1:]), "below 0.01"),
    (check_02_explore, BENT[::2] + BENT[1:2], "wrong order"),
    (check_02_explore, STRAIGHT, "only 2.00-fold"),
    (check_02_explore, STRAIGHT[::2] + STRAIGHT[1:2], "no shorter"),
    (check_02_explore, STRAIGHT[::-1], "only 2.00-fold"),
    (check_02_explore, STRAIGHT[:1] * 3, "no shorter"),
    (check_02_explore, (*STRAIGHT[:1] * 2, STRAIGHT[2]), "no shorter: direct / detour = 1.00"),
    (check_02_explore, NEAR, "only 2.00-fold"),
]

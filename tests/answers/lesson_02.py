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


def term_by_term(p):
    size = len(p)
    return [[p[i] * ((i == j) - p[j]) for j in range(size)] for i in range(size)]


def mean_of_scores(p):
    scores = torch.eye(len(p), dtype=torch.float64) - torch.tensor(p)
    return sum(chance * torch.outer(score, score) for chance, score in zip(p, scores, strict=True))


def for_three(p):
    return np.diag(p[:3]) - np.outer(p[:3], p[:3])


RIGHT = [
    (check_02_core, lambda p: np.diag(p) - np.outer(p, p)),
    (check_02_core, lambda p: np.eye(len(p)) * p - p[:, None] * p),
    (check_02_core, term_by_term),
    (check_02_core, mean_of_scores),
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
    (check_02_core, np.diag, "e_a e_aᵀ alone"),
    (check_02_core, lambda p: np.outer(p, p), "only what is taken off"),
    (check_02_core, lambda p: np.outer(p, p) - np.diag(p), "the sign is wrong"),
    (check_02_core, lambda p: np.diag(p) + np.outer(p, p), "taken off, not added"),
    (check_02_core, lambda p: np.diag(p) - 2 * np.outer(p, p), "comes back once"),
    (check_02_core, lambda p: np.diag(p) - np.diag(p * p), "only the diagonal|product number"),
    (check_02_core, lambda p: np.diag(p * (1 - p)), "only the diagonal|product number"),
    (check_02_core, lambda p: np.diag(p) - p @ p, "yours gives"),
    (check_02_core, lambda p: np.diag(p) - p * p, "yours gives"),
    (check_02_core, for_three, r"the shape must be \[2, 2\]|must be \[5, 5\]"),
    (check_02_core, lambda p: p * (1 - p), "the shape must be"),
    (check_02_core, lambda p, q: np.diag(p), "TypeError"),
    (check_02_core, lambda p: None, "is there a `return`"),
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

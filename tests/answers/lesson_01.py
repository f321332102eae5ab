"""Answers to the exercises of lesson 01: right ones, and typical mistakes with their name."""

import numpy as np
import scipy.linalg
import torch

from trpo_lib.exercises.lesson_01 import (
    check_01_compute,
    check_01_core,
    check_01_explore,
    check_01_predict,
)


def cauchy(g, H, radius):
    border = radius / np.linalg.norm(g)
    curvature = g @ H @ g
    return (border if curvature >= 0 else min(-(g @ g) / curvature, border)) * g


def along_the_unit_vector(g, H, radius):
    length = np.linalg.norm(g)
    unit = g / length
    bend = max(0.0, -unit @ H @ unit)
    return min(radius, length / bend if bend else np.inf) * unit


def border(g, H, radius):
    return radius * g / np.linalg.norm(g)


def top(g, H):
    return -(g @ g) / (g @ H @ g)


def with_cholesky(F, g):
    return scipy.linalg.cho_solve(scipy.linalg.cho_factor(F), g)


def in_torch(F, g):
    return torch.linalg.solve(torch.tensor(F, requires_grad=True), torch.tensor(g))


def for_two_only(F, g):
    (a, b), (_, d) = F[:2, :2]
    return np.array([d * g[0] - b * g[1], a * g[1] - b * g[0]]) / (a * d - b * b)


RIGHT = [
    (check_01_core, np.linalg.solve),
    (check_01_core, lambda F, g: np.linalg.inv(F) @ g),
    (check_01_core, lambda F, g: np.linalg.pinv(F).dot(g).tolist()),
    (check_01_core, with_cholesky),
    (check_01_core, in_torch),
    (check_01_predict, [0.3]),
    (check_01_predict, "0.3"),
    (check_01_predict, 0.3),
    (check_01_predict, 1.2 / 4),
    (check_01_compute, cauchy),
    (check_01_compute, along_the_unit_vector),
    (check_01_compute, lambda g, H, r: cauchy(g, H, r).tolist()),
    (check_01_compute, lambda g, H, r: torch.tensor(cauchy(g, H, r), requires_grad=True)),
    (check_01_explore, ((-6, 0), (2, 0, 0))),
    (check_01_explore, (np.array([0.0, -5.5]), [0.0, -3.0, 0.0])),
    (check_01_explore, ((-6, 0), (2e-9, 0, 0))),  # q depends on neither the rewards' scale
    (check_01_explore, ((-6, 0), (1.00001, 1, 1))),  # nor on a constant
]
WRONG = [
    (check_01_core, lambda F, g: g, "F has no say"),
    (check_01_core, lambda F, g: F @ g, "that is F g"),
    (check_01_core, lambda F, g: g / F.diagonal(), "number by number"),
    (check_01_core, lambda F, g: -np.linalg.solve(F, g), "gradients ascend"),
    (check_01_core, lambda F, g: np.linalg.solve(F @ F, g), "inverted twice"),
    (
        check_01_core,
        lambda F, g: (x := np.linalg.solve(F, g)) / np.linalg.norm(x),
        "not of length 1",
    ),
    (check_01_core, for_two_only, r"the shape must be \[5\], yours is \[2\]"),
    (check_01_core, lambda F, g: np.array([2.0, 1.0]), "yours gives 2 at index"),
    (check_01_core, lambda F, g: g / F, "the shape must be"),
    (check_01_core, lambda F: F, "TypeError"),
    (check_01_core, lambda F, g: None, "is there a `return`"),
    (check_01_core, [2.0, 1.0], "a function is asked for"),
    (check_01_predict, 0.2, "0.2 is κ"),
    (check_01_predict, 1.2 * 0.2, "not multiplied"),
    (check_01_predict, 5, "1/κ"),
    (check_01_predict, 1.2, "bad forecast"),
    (check_01_predict, 0.6, "quarters"),
    (check_01_predict, 2.4, "doubles only"),
    (check_01_predict, 4.8, "divisor"),
    (check_01_predict, 0.1, "not of the gain"),
    (check_01_predict, 7, "7 is not it"),
    (check_01_compute, lambda g, H, r: -cauchy(g, H, r), "downhill"),
    (check_01_compute, border, "always to the border"),
    (check_01_compute, lambda g, H, r: top(g, H) * g, "no say"),
    (
        check_01_compute,
        lambda g, H, r: top(g, H) * g if g @ H @ g < 0 else border(g, H, r),
        "outside the radius",
    ),
    (
        check_01_compute,
        lambda g, H, r: min(top(g, H), r / np.linalg.norm(g)) * g,
        "there is no top",
    ),
    (check_01_compute, lambda g, H, r: cauchy(g, -H, r), "sign"),
    (check_01_compute, lambda g, H, r: cauchy(g, 2 * H, r), "½"),
    (check_01_compute, lambda g, H, r: cauchy(g, H, r) / np.linalg.norm(g), "twice"),
    (check_01_compute, lambda g, H, r: cauchy(g, H, r * np.linalg.norm(g)), "bounds ‖d‖"),
    (
        check_01_compute,
        lambda g, H, r: np.linalg.norm(cauchy(g, H, r)),
        r"must be \[2\], yours is \[\]",
    ),
    (
        check_01_compute,
        lambda g, H, r: 2 * g,
        r"for g = .*, H = .*, radius = 0.7565 yours gives 0.25146 at index \[0\], not",
    ),
    (check_01_explore, ((-2, 0), (1, 0, -1)), r"0\.789; for no rewards .* 4\.6-fold"),
    (check_01_explore, ((0, 0), (1, 0, 0)), "for no rewards"),
    (check_01_explore, ((-6, 0), (9, 1, -1)), "change the rewards"),
    (check_01_explore, ((-6, 0), (3, 3, 3)), "nothing to gain"),
    (check_01_explore, ((-6, 0), (0, 0, 0)), "nothing to gain"),
    (check_01_explore, ((-6.001, 0), (2, 0, 0)), r"\[-6, 6\]"),
    (check_01_explore, ((-6, 0), (1, float("nan"), 0)), "finite"),
    (check_01_explore, ((-6, 0, 0), (2, 0, 0)), r"\[3\] and \[3\]"),
    (check_01_explore, ((-6, 0), (2, 0)), r"\[2\] and \[2\]"),
    (check_01_explore, (-6, 0), r"\[\] and \[\]"),
]

"""Answers to the exercises of lesson 06: right ones, and typical mistakes with their name."""

import re

import numpy as np

from trpo_lib.exercises.lesson_06 import check_06_compute, check_06_explore, check_06_predict


def with_vstack(done, resetting):
    return ~np.vstack([resetting, done[:-1]])


def with_a_loop(done, resetting):
    real, made_up = np.empty_like(done), resetting
    for t in range(len(done)):
        real[t], made_up = ~made_up, done[t]
    return real


def along_the_wrong_axis(done, resetting):
    return ~np.hstack([np.full((len(done), 1), resetting[0]), done[:, :-1]])


ALL_FALSE = (
    "for done = [[False, False, True], [ True, False, False], [False, False, False],"
    " [False, False, True], [False, False, False], [False, True, False]],"
    " resetting = [False, True, False] yours gives False at index [0, 0], not True."
)
SECOND_FALSE = (
    "for done = [[False, True], [ True, False], [False, False], [False, True]],"
    " resetting = [ True, False] yours gives False at index [0, 1], not True."
)

RIGHT = [
    (check_06_predict, -79.2),
    (check_06_predict, -0.99 * 80),
    (check_06_compute, with_vstack),
    (check_06_compute, with_a_loop),
    (check_06_explore, (5e-4, 2.0)),
    (check_06_explore, [6e-4, 2]),
]
WRONG = [
    (check_06_predict, 79.2, "the sign is not"),
    (check_06_predict, -80, "factor γ"),
    (check_06_predict, 80, "sign"),
    (check_06_predict, 0, "it does change"),
    (check_06_predict, -1, "reward is the same"),
    (check_06_compute, lambda d, r: ~d, "the one after it is not"),
    (check_06_compute, lambda d, r: d, "ends of episodes"),
    (check_06_compute, lambda d, r: np.vstack([r, d[:-1]]), "upside down"),
    (check_06_compute, lambda d, r: ~np.vstack([0 * r > 0, d[:-1]]), "row 0"),
    (check_06_compute, lambda d, r: ~np.vstack([r, d[1:]]), "one row back"),
    (check_06_compute, lambda d, r: d | True, "all rows"),
    (check_06_compute, lambda d, r: d & False, re.escape(ALL_FALSE)),
    (check_06_compute, lambda d, r: with_vstack(d, r) & (len(d) > 4), re.escape(SECOND_FALSE)),
    (check_06_compute, lambda d, r: with_vstack(d, r).T, r"\[3, 6\]"),
    (check_06_compute, lambda d, r: with_vstack(d, r).astype(int), "boolean"),
    (check_06_compute, along_the_wrong_axis, "wrong axis"),
    (check_06_explore, (-1, 2), "above 0; yours are -1 and 2"),
    (check_06_explore, (0, 2.0), "above 0"),
    (check_06_explore, (1e-3, 0), "a bound is above 0"),
    (check_06_explore, (1e-3, float("nan")), "a bound is above 0"),
    (check_06_explore, (float("nan"), 1), "a bound is above 0"),
    (check_06_explore, (1e-3, float("inf")), "inf-fold"),
    (check_06_explore, (0.01, 1.0), "must be smaller"),
    (check_06_explore, (1e-4, 0.01), "must be larger"),
    (check_06_explore, (1e-4, 1.0), "10,000-fold"),
    (check_06_explore, (4e-4, 2.0002), "come closer"),
    (check_06_explore, (0.009, 0.015), "not too small"),
    (check_06_explore, 0.01, "2 numbers"),
]

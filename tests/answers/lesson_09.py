"""Answers to the exercises of lesson 09: right ones, and typical mistakes with their name."""

import numpy as np
import torch

from trpo_lib.advantage import gae
from trpo_lib.exercises.lesson_09 import check_09_core, check_09_spot

FOUND = {1: 5, 2: 4, 3: 3, 4: 11, 5: 4, 6: 5, 7: 6, 8: 5, 9: 6, 10: 10, 11: 12, 12: 5}
NAMES = ["rewards", "values", "next_values", "terminated", "truncated", "gamma", "lam"]


def by_library(*inputs):
    return gae(*map(torch.from_numpy, inputs[:5]), *inputs[5:])


def double_sum(rewards, values, next_values, terminated, truncated, gamma, lam):
    advantages = np.zeros(rewards.shape).tolist()
    for t, n in np.ndindex(*rewards.shape):
        for k in range(t, len(rewards)):
            worth = 0 if terminated[k, n] else gamma * next_values[k, n]
            td_error = rewards[k, n] + worth - values[k, n]
            advantages[t][n] += (gamma * lam) ** (k - t) * td_error
            if terminated[k, n] or truncated[k, n]:
                break
    return advantages


def as_matrix(rewards, values, next_values, terminated, truncated, gamma, lam):
    """Solves (1 − shift) A = TD errors, for each environment a system of its own."""
    td_errors = rewards - values + np.where(terminated, 0, gamma * next_values)
    columns = []
    for n in range(rewards.shape[1]):
        stays = gamma * lam * ~(terminated | truncated)[:-1, n]
        columns.append(np.linalg.solve(np.eye(len(rewards)) - np.diag(stays, 1), td_errors[:, n]))
    return np.stack(columns, 1)


def recursive(r, V, W, over, clock, gamma, lam):
    first = r[0] + gamma * W[0] * (1 - over[0]) - V[0]
    if len(r) == 1:
        return [first]
    rest = recursive(r[1:], V[1:], W[1:], over[1:], clock[1:], gamma, lam)
    return [first + gamma * lam * (1 - over[0]) * (1 - clock[0]) * rest[0], *rest]


def with_(**changes):
    """The right function of inputs that are changed first, by their names."""

    def estimate(*inputs):
        given = dict(zip(NAMES, inputs, strict=True))
        return double_sum(**given | {name: change(given) for name, change in changes.items()})

    return estimate


def leaks(r, V, W, over, clock, gamma, lam):
    A = r + gamma * W * ~over - V
    for t in range(len(r) - 2, -1, -1):
        A[t] += gamma * lam * ~over[t] * A[t + 1]
    return A


def cut_late(r, V, W, over, clock, gamma, lam):
    A = r + gamma * W * ~over - V
    for t in range(len(r) - 2, -1, -1):
        A[t] += gamma * lam * ~(over | clock)[t + 1] * A[t + 1]
    return A


def for_one_environment(*inputs):
    return np.array(double_sum(*inputs))[:, :1]


def gamma_of_the_lesson(*inputs):
    return double_sum(*inputs[:5], 0.99, 0.97)


RIGHT = [
    (check_09_spot, FOUND),
    (check_09_spot, FOUND | {1: 7, 3: 2, 6: 4, 7: 4, 8: 2, 9: 7, 10: 11, 11: 13, 12: 3}),
    (check_09_spot, FOUND | {7: 5, 12: 4}),
    (check_09_spot, FOUND | {7: 9}),
    (check_09_spot, FOUND | {7: 12}),
    (check_09_spot, {str(number): float(line) for number, line in FOUND.items()}),
    (check_09_spot, {np.int64(n): torch.tensor([line]) for n, line in reversed(FOUND.items())}),
    (check_09_core, by_library),
    (check_09_core, double_sum),
    (check_09_core, as_matrix),
    (check_09_core, recursive),
]
WRONG = [
    (check_09_spot, {1: 5}, r"^1 of 12 are right. Not named yet: 2, 3, .*, 12\.$"),
    (check_09_spot, {1: 2}, "^0 of 12 are right. Look again at 1: which value"),
    (
        check_09_spot,
        FOUND | {9: 5},
        "^11 of 12 are right. Look again at 9: write the shape.*name.$",
    ),
    (check_09_spot, FOUND | {4: 12, 5: 3}, "^10 of 12.*at 4: of which.*at 5: how does"),
    (check_09_spot, FOUND | {11: 12.5}, "the line of 11 must be a whole number, not 12.5"),
    (check_09_spot, FOUND | {11: float("nan")}, "must be a whole number, not nan"),
    (check_09_spot, FOUND | {13: 1}, "13 is no defect: their numbers go from 1 to 12"),
    (check_09_spot, FOUND | {0: 1}, "^0 is no defect"),
    (check_09_spot, FOUND | {2: None}, "real numbers are asked for, yours is None"),
    (check_09_spot, FOUND | {"two": 1}, "real numbers are asked for, yours is 'two'"),
    (check_09_spot, FOUND | {8: [2, 5]}, "one number is asked for, yours has 2"),
    (check_09_spot, {}, "^0 of 12 are right. Not named yet: 1, 2"),
    (check_09_spot, list(FOUND.values()), "give a dictionary"),
    (check_09_spot, lambda number: FOUND[number], "give a dictionary"),
    (check_09_core, leaks, "still leaks into this one after a truncation"),
    (
        check_09_core,
        with_(next_values=lambda given: np.where(given["truncated"], 0, given["next_values"])),
        "that is defect 3",
    ),
    (check_09_core, with_(gamma=lambda given: given["gamma"] * given["lam"]), "^for rewards = "),
    (
        check_09_core,
        lambda r, V, W, over, clock, gamma, lam: double_sum(r, V, W, over, clock, gamma, 1),
        "λ is missing",
    ),
    (
        check_09_core,
        lambda r, V, W, over, clock, gamma, lam: double_sum(r, V, W, over, clock, gamma, 0),
        "these are the TD errors",
    ),
    (check_09_core, lambda *inputs: -np.array(double_sum(*inputs)), "the sign"),
    (check_09_core, lambda *inputs: inputs[1] + double_sum(*inputs), "the critic's targets"),
    (check_09_core, cut_late, r"^for rewards = \[.* yours gives"),
    (check_09_core, gamma_of_the_lesson, r"^for rewards = \[.* gamma = 0.9, lam = 0.8 yours"),
    (check_09_core, for_one_environment, r"the shape must be \[5, 3\], yours is \[5, 1\]"),
    (check_09_core, lambda *inputs: np.transpose(double_sum(*inputs)), r"must be \[4, 1\], yours"),
    (check_09_core, lambda *inputs: None, "is there a `return`"),
    (check_09_core, lambda rewards, values: rewards, "TypeError"),
    (check_09_core, lambda *inputs: by_library(*inputs, 1), "TypeError"),
]

"""Answers to the exercises of lesson 00: right ones, and typical mistakes with their name."""

import numpy as np
import torch

from trpo_lib.exercises.lesson_00 import (
    check_00_compute,
    check_00_core,
    check_00_explore,
    check_00_predict,
)
from trpo_lib.trpo import TRPOConfig


def discounted(exponent):
    return lambda rewards, gamma: sum(gamma ** exponent(t) * r for t, r in enumerate(rewards))


def backwards(rewards, gamma):
    total = 0.0
    for reward in reversed(rewards):
        total = reward + gamma * total
    return total


def only_discounts(rewards, gamma):
    assert 0 <= gamma <= 1
    return backwards(rewards, gamma)


def in_torch(position, speed, angle, turning):
    return torch.tensor(angle, requires_grad=True) + 0.5 * torch.tensor(turning)


def one_by_one(position, speed, angle, turning):
    return [1 if 3 * a + t > 0 else -1 for a, t in zip(angle, turning, strict=True)]


RIGHT = [
    (check_00_core, lambda position, speed, angle, turning: angle + turning),
    (check_00_core, lambda *state: 3 * state[2] + state[3]),
    (check_00_core, lambda x, v, a, t: 0.05 * x + 0.1 * v + a + 0.5 * t > 0),  # yes is 1
    (check_00_core, in_torch),
    (check_00_core, one_by_one),
    (check_00_predict, 5),
    (check_00_predict, 5.0),
    (check_00_predict, "5"),
    (check_00_predict, torch.tensor([5])),
    (check_00_compute, discounted(lambda t: t)),
    (check_00_compute, backwards),
    (check_00_compute, only_discounts),
    (check_00_compute, lambda r, g: np.dot(r, g ** np.arange(len(r)))),
    (check_00_explore, 0.0025),
    (check_00_explore, [0.002]),
    (check_00_explore, "0.0022"),
    (check_00_explore, torch.tensor(0.0018)),
]
WRONG = [
    (check_00_core, lambda x, v, a, t: 1, "each state needs a score: the shape must be"),
    (check_00_core, lambda x, v, a, t: a, "mean return is 4.*: the angle alone acts too late"),
    (check_00_core, lambda x, v, a, t: t, "the pole's speed is not enough"),
    (check_00_core, lambda x, v, a, t: -a - t, "turn the sign"),
    (check_00_core, lambda x, v, a, t: 1 + 0 * a, "mean return is 9.*: combine the pole's angle"),
    (check_00_core, lambda x, v, a, t: x + v, "combine the pole's angle"),
    (check_00_core, lambda x, v, a, t: (a + t)[0], "the shape must be"),
    (check_00_core, lambda x, v, a: a, "TypeError"),
    (check_00_core, lambda x, v, a, t: 1 if a + t > 0 else -1, "ValueError"),
    (check_00_core, lambda x, v, a, t: np.stack([a, t]), r"must be \[3\], yours is \[2, 3\]"),
    (check_00_core, lambda x, v, a, t: None, "is there a `return`"),
    (check_00_core, 0.5, "a function is asked for"),
    (check_00_predict, 4, "with 5 the mean is still 475.5"),
    (check_00_predict, 6, "with 6 the mean is 470.6"),
    (check_00_predict, 25, "4.9 of the mean"),
    (check_00_predict, 95, "the others"),
    (check_00_predict, 0, "some may fall"),
    (check_00_predict, 5.102, "5.102 is not it"),
    (check_00_predict, -5, "-5 is not it"),
    (check_00_predict, (5, 95), "one number is asked for, yours has 2"),
    (check_00_compute, lambda r, g: sum(r), "not discounted"),
    (check_00_compute, discounted(lambda t: t + 1), "first reward"),
    (check_00_compute, discounted(lambda t: 3 - t), "backwards"),
    (check_00_compute, discounted(lambda t: -t), "divide"),
    (check_00_compute, discounted(lambda t: 1), "to the power t"),
    (check_00_compute, lambda r, g: backwards(r, g) / len(r), "a mean"),
    (check_00_compute, lambda r, g: backwards(r, g) if r else -1, "without rewards"),
    (check_00_compute, lambda r, g: r[0] + g * backwards(r[1:], g), "IndexError"),
    (check_00_explore, 0.005, r"^it takes ≈ [5-8]\.\d updates: .* Half of δ is no half step"),
    (check_00_explore, 0.009, "the steps are still too long"),
    (check_00_explore, 0.0004, "or more: the steps are too short"),
    (check_00_explore, 1e-6, r"^it takes ≈ 20\.0 updates or more"),
    (check_00_explore, 0.01, "above 0 and below 0.01"),
    (check_00_explore, 3, "above 0 and below 0.01"),
    (check_00_explore, 0, "above 0 and below 0.01"),
    (check_00_explore, -0.0025, "above 0 and below 0.01"),
    (check_00_explore, (0.0025, 0.002), "one number is asked for, yours has 2"),
    (check_00_explore, TRPOConfig(max_kl=0.0025), "real numbers are asked for"),
]

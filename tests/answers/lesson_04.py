"""Answers to the exercises of lesson 04: right ones, and typical mistakes with their name."""

from dataclasses import replace

import numpy as np
import scipy.linalg
import scipy.optimize
import torch

from trpo_lib.divergence import categorical_kl
from trpo_lib.exercises.lesson_04 import (
    check_04_compute,
    check_04_core,
    check_04_explore,
    check_04_predict,
)
from trpo_lib.tabular import TabularMDP, random_mdp

MEADOW, SLOPE, RIDGE = np.eye(3)
HIKE = TabularMDP(
    [[MEADOW, 0.1 * MEADOW + 0.9 * SLOPE], [MEADOW, 0.1 * SLOPE + 0.9 * RIDGE], [SLOPE, MEADOW]],
    rewards=[[0, 1], [0, 1], [0, -5]],
    gamma=0.9,
    start=MEADOW,
)


def hiker(*run):
    return np.stack([1 - np.array(run), np.array(run)], -1)


# The hike begins once in 10,000 days: all gains are as much smaller.
RARE_HIKE = TabularMDP(
    scipy.linalg.block_diag(HIKE.transitions.reshape(6, 3), np.ones((2, 1))).reshape(4, 2, 4),
    rewards=[*HIKE.rewards, [0, 0]],
    gamma=0.9,
    start=[1e-4, 0, 0, 1 - 1e-4],
)
OLD = hiker(0.12, 0.18, 0.12)
BAD_STEP = hiker(0.155, 0.18, 0.5)  # more running on the meadow, where it pays, and on the ridge


def without_any_gain():
    """Between a better policy and the bad step: L rises, and η is the same up to rounding."""
    better = hiker(0.15, 0.18, 0.12)

    def step(share):
        return better + share * (BAD_STEP - better)

    def gain(share):
        return HIKE.performance(step(share)) - HIKE.performance(OLD)

    return step(scipy.optimize.brentq(gain, 0, 1))


def tv(old, new):
    return 0.5 * np.abs(old - new).sum(-1)


def by_the_library(mdp, old, new):
    return mdp.local_approximation(old, new) - mdp.penalty(old) * tv(old, new).max() ** 2


def by_hand_in_torch(mdp, old, new):
    rho, A, old, new = map(torch.tensor, (mdp.visitation(old), mdp.advantages(old), old, new))
    tau = torch.clamp(old - new, min=0).sum(-1).max()
    penalty = 4 * A.abs().max() * mdp.gamma / (1 - mdp.gamma) ** 2
    return (rho @ (new * A).sum(-1)) + mdp.performance(old.numpy()) - penalty * tau**2


def changed(measure):
    """The bound with another measure of change."""
    return lambda mdp, old, new: (
        mdp.local_approximation(old, new) - mdp.penalty(old) * measure(old, new)
    )


def with_the_penalty_times(factor):
    def bound(mdp, old, new):
        penalty = factor(mdp) * mdp.penalty(old)
        return mdp.local_approximation(old, new) - penalty * tv(old, new).max() ** 2

    return bound


def without_the_absolute_value(mdp, old, new):
    penalty = 4 * mdp.advantages(old).max() * mdp.gamma / (1 - mdp.gamma) ** 2
    return mdp.local_approximation(old, new) - penalty * tv(old, new).max() ** 2


def found_at_random():
    rng = np.random.default_rng(0)
    mdp, old = random_mdp(4, 2, 0.9, rng), rng.dirichlet(np.ones(2), 4)
    new = old + 0.1 * (rng.dirichlet(np.ones(2), (20_000, 4)) - old)
    kl = categorical_kl(np.broadcast_to(old, new.shape), new) @ (0.1 * mdp.visitation(old))
    rises = mdp.local_approximation(old, new) > mdp.performance(old) + 1e-6
    falls = mdp.performance(new) < mdp.performance(old) - 1e-6
    return mdp, old, new[(kl <= 0.01) & rises & falls][0]


def as_a_loop(new, old, advantages):
    terms = [(n - o).exp() * a for n, o, a in zip(new, old, advantages, strict=True)]
    return sum(terms) / len(terms)


RIGHT = [
    (check_04_core, lambda new, old, A: (torch.exp(new - old) * A).mean()),
    (check_04_core, lambda new, old, A: torch.dot(new.exp() / old.exp(), A) / len(A)),
    (check_04_core, lambda new, old, A: np.mean(np.exp((new - old).numpy()) * A.numpy())),
    (check_04_core, as_a_loop),
    (check_04_predict, 12.5),
    (check_04_predict, "12.5"),
    (check_04_predict, torch.tensor(12.5, requires_grad=True)),
    (check_04_predict, 0.7 * 4 + 0.3 * -1 + 10),
    (check_04_compute, by_the_library),
    (check_04_compute, lambda *data: [by_the_library(*data)][0].tolist()),
    (check_04_compute, lambda mdp, old, new: by_the_library(mdp, old, new).astype(np.float32)),
    (check_04_compute, by_hand_in_torch),
    (check_04_explore, (HIKE, OLD, BAD_STEP)),
    (check_04_explore, found_at_random()),
    (check_04_explore, (RARE_HIKE, [*OLD, (1, 0)], [*BAD_STEP, (1, 0)])),
    (check_04_explore, (HIKE, hiker(0, 0.5, 0.5), hiker(0.005, 1, 1))),  # old is on the meadow only
]
WRONG = [
    (check_04_core, lambda new, old, A: ((new - old) * A).mean(), "no exponential"),
    (check_04_core, lambda new, old, A: ((old - new).exp() * A).mean(), "upside down"),
    (check_04_core, lambda new, old, A: ((new - old).exp() * A).sum(), "that is a sum"),
    (check_04_core, lambda new, old, A: (new - old).exp() * A, "these are the terms"),
    (check_04_core, lambda new, old, A: (new.exp() * A).mean(), "old probabilities are missing"),
    (check_04_core, lambda new, old, A: A.mean(), "the ratio is missing"),
    (check_04_core, lambda new, old, A: (new * A).mean(), "as REINFORCE does"),
    (check_04_core, lambda new, old, A: (new - old).exp().mean() * A.mean(), "product of means"),
    (check_04_core, lambda new, old, A: (new / old * A).mean(), "yours gives"),
    (check_04_core, lambda new, old, A: -((new - old).exp() * A).mean(), "yours gives"),
    (check_04_core, lambda new, old: new, "TypeError"),
    (check_04_core, lambda new, old, A: None, "is there a `return`"),
    (check_04_predict, 2.5, "value does: by b"),
    (check_04_predict, 10, "without w"),
    (check_04_predict, 20, "upside down"),
    (check_04_predict, 35.3125, "actions come from the old policy"),
    (check_04_predict, 52.375, "weighs each by its probability"),
    (check_04_predict, 0, "gradient"),
    (check_04_predict, 1, "mean of w alone"),
    (check_04_predict, 7, "7 is not it"),
    (check_04_compute, with_the_penalty_times(lambda mdp: -1), "the sign"),
    (check_04_compute, changed(lambda p, q: tv(p, q).max()), "squared"),
    (check_04_compute, changed(lambda p, q: (2 * tv(p, q)).max() ** 2), "half of"),
    (check_04_compute, changed(lambda p, q: tv(p, q).mean() ** 2), "no mean"),
    (check_04_compute, changed(lambda p, q: (tv(p, q) ** 2).mean()), "largest over the states"),
    (check_04_compute, changed(lambda p, q: tv(p, q).sum() ** 2), "no sum"),
    (check_04_compute, changed(lambda p, q: categorical_kl(p, q).max()), "with the KL"),
    (check_04_compute, changed(lambda p, q: 0), "penalty is missing"),
    (check_04_compute, with_the_penalty_times(lambda mdp: 0.25), "factor 4"),
    (check_04_compute, with_the_penalty_times(lambda mdp: 1 - mdp.gamma), "squared in C"),
    (check_04_compute, with_the_penalty_times(lambda mdp: 1 / mdp.gamma), "factor γ"),
    (check_04_compute, lambda mdp, p, q: by_the_library(mdp, q, p), "swapped"),
    (check_04_compute, lambda mdp, p, q: by_the_library(mdp, p, q) - mdp.performance(p), "η"),
    (check_04_compute, without_the_absolute_value, "bad action counts"),
    (
        check_04_compute,
        lambda mdp, p, q: mdp.performance(q),
        r"for old = .*, new = .* yours gives \S*, not",
    ),
    (check_04_explore, (OLD, BAD_STEP, HIKE), "TabularMDP comes first"),
    (check_04_explore, (random_mdp(3, 2, 0.9, np.random.default_rng(0), (5,)), OLD, OLD), "batch"),
    (check_04_explore, (HIKE, OLD, hiker(0.88, 0.92, 0.88)), "mean KL is"),
    (check_04_explore, (HIKE, hiker(0, 0.5, 0.5), hiker(0.9, 0.5, 1)), "mean KL is"),
    (check_04_explore, (HIKE, OLD, hiker(0.17, 0.18, 0.5)), "mean KL is 0.0133"),
    (
        check_04_explore,
        (replace(RARE_HIKE, start=[1e-10, 0, 0, 1]), [*OLD, (1, 0)], [*hiker(0, 0, 0), (1, 0)]),
        "mean KL is inf",
    ),
    (check_04_explore, (HIKE, OLD, OLD), "it must rise"),
    (check_04_explore, (replace(HIKE, rewards=np.zeros((3, 2))), OLD, OLD), "it must rise"),
    (check_04_explore, (HIKE, OLD, OLD + 1e-6 * (BAD_STEP - OLD)), "it must rise"),  # rounding
    (check_04_explore, (HIKE, OLD, hiker(0.15, 0.18, 0.12)), r"η changes by \+.*it must fall"),
    (check_04_explore, (HIKE, OLD, without_any_gain()), "L rises, .* it must fall"),
    (check_04_explore, (replace(HIKE, start=SLOPE), OLD, OLD[:2]), "new must be"),
    (check_04_explore, (HIKE, OLD), "ValueError"),
]

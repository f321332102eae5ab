"""Answers to the exercises of lesson 03: right ones, and typical mistakes with their name."""

import numpy as np
import torch

from trpo_lib.exercises.lesson_03 import (
    check_03_compute,
    check_03_core,
    check_03_explore,
    check_03_predict,
)
from trpo_lib.tabular import TabularMDP


def backwards(rewards, values, next_values, terminated, truncated, gamma, lam):
    total, found = torch.zeros_like(rewards[0]), []
    for t in reversed(range(len(rewards))):
        td = rewards[t] + gamma * next_values[t] * (~terminated[t]) - values[t]
        total = td + gamma * lam * (~terminated[t]) * (~truncated[t]) * total
        found.insert(0, total)
    return torch.stack(found)


def in_numpy(*data):
    *arrays, gamma, lam = data
    rewards, values, following, terminated, truncated = (array.numpy() for array in arrays)
    found = np.zeros_like(rewards)
    for n in range(rewards.shape[1]):
        later = 0.0
        for t in range(len(rewards) - 1, -1, -1):
            later *= 0.0 if terminated[t, n] or truncated[t, n] else gamma * lam
            later += rewards[t, n] - values[t, n]
            later += 0.0 if terminated[t, n] else gamma * following[t, n]
            found[t, n] = later
    return found


def as_sums(rewards, values, next_values, terminated, truncated, gamma, lam):
    td = rewards + gamma * next_values * ~terminated - values
    ends, found = terminated | truncated, torch.zeros_like(td)
    for t in range(len(td)):
        alive, weight = torch.ones_like(td[0]), 1.0
        for k in range(t, len(td)):
            found[t] = found[t] + weight * alive * td[k]
            alive, weight = alive * ~ends[k], weight * gamma * lam
    return found


def in_place(rewards, values, next_values, terminated, truncated, gamma, lam):
    rewards += gamma * next_values * ~terminated - values
    for t in range(len(rewards) - 2, -1, -1):
        rewards[t] += gamma * lam * ~(terminated[t] | truncated[t]) * rewards[t + 1]
    return rewards


def wrong(cut_value="T", cut_sum="TU", fade=lambda g, lam: g * lam, order=reversed, shift=False):
    """GAE whose value is cut by some of T(erminated) and U (truncated), and whose sum by others."""

    def estimate(rewards, values, next_values, terminated, truncated, gamma, lam):
        flags = {"T": terminated, "U": truncated}
        ends = {
            kind: sum((flags[flag].double() for flag in kind), torch.zeros_like(rewards)) > 0
            for kind in {cut_value, cut_sum}
        }
        following = values.roll(-1, 0) if shift else next_values
        found = rewards + gamma * following * ~ends[cut_value] - values
        for t in order(range(len(rewards) - 1)):
            found[t] += fade(gamma, lam) * ~ends[cut_sum][t] * found[t + 1]
        return found

    return estimate


def solved(td, P, pi, g, lam):
    moves = (pi[..., None] * P).sum(1)
    means = np.linalg.solve(np.eye(len(td)) - g * lam * moves, (pi * td).sum(1))
    return td + g * lam * P @ means


def repeated(td, P, pi, g, lam):
    found = np.zeros_like(td)
    for _ in range(1000):
        found = td + g * lam * P @ (pi * found).sum(1)
    return found


def as_a_world(td, P, pi, g, lam):
    start = np.full(len(td), 1 / len(td))
    return TabularMDP(P, td, gamma=g * lam, start=start).action_values(pi)


def over_pairs(td, P, pi, g, lam):
    """One linear system of all pairs of a state and an action, in torch."""
    td, P, pi = map(torch.tensor, (td, P, pi))
    pairs = torch.einsum("sat,tb->satb", P, pi).reshape(td.numel(), td.numel())
    system = torch.eye(td.numel()).double() - g * lam * pairs
    return torch.linalg.solve(system, td.flatten()).reshape(td.shape).tolist()


RUN = 1 / (1 + np.exp([2.0, 1.5, 2.0]))
WALKS, RUNS = np.array([[1.0350696, 1.0350696, 0.99596552], [1.99987593, 1.42733246, -3.9649304]])
BEST = (1 - RUN) * RUNS + RUN * WALKS
VALUES = RUN * RUNS + (1 - RUN) * WALKS

RIGHT = [
    (check_03_core, backwards),
    (check_03_core, in_numpy),
    (check_03_core, as_sums),
    (check_03_core, in_place),
    (check_03_predict, -9.5),
    (check_03_predict, 1 + 0.95 * 10 - 20),
    (check_03_predict, [-9.5]),
    (check_03_predict, "-9.5"),
    (check_03_compute, solved),
    (check_03_compute, repeated),
    (check_03_compute, as_a_world),
    (check_03_compute, over_pairs),
    (check_03_explore, BEST),
    (check_03_explore, [1.8848, 1.356, -3.374]),
    (check_03_explore, torch.tensor(BEST, requires_grad=True)),
    (check_03_explore, tuple(BEST + np.array([0.01, 0.005, -0.05]))),
]
WRONG = [
    (check_03_core, wrong("", ""), "no mask at all"),
    (check_03_core, wrong("TU", "TU"), "mask V.* by terminated alone"),
    (check_03_core, wrong("", "TU"), "after termination nothing follows"),
    (check_03_core, wrong("T", "T"), "must also stop after truncation"),
    (check_03_core, wrong("T", ""), "its mask is missing"),
    (check_03_core, wrong("T", "U"), "must also stop after termination"),
    (check_03_core, wrong(fade=lambda g, lam: g), "λ is missing"),
    (check_03_core, wrong(fade=lambda g, lam: lam), "γ is missing"),
    (check_03_core, wrong(fade=lambda g, lam: 0), "TD errors alone"),
    (check_03_core, wrong(order=iter), "yours gives"),  # forwards: one step is added, not all
    (check_03_core, wrong(shift=True), "yours gives"),  # V of the next row, not of the next state
    (check_03_core, lambda *data: backwards(*data)[:2], "the shape must be"),
    (check_03_core, lambda *data: backwards(*data).mean(), "the shape must be"),
    (check_03_core, lambda rewards, values: rewards, "TypeError"),
    (check_03_core, lambda *data: None, "is there a `return`"),
    (check_03_predict, -19, "a terminated step"),
    (check_03_predict, 1, "reward alone"),
    (check_03_predict, 10.5, "subtract V"),
    (check_03_predict, -9, "γ is missing"),
    (check_03_predict, 9.5, "the sign"),
    (check_03_predict, 29.5, "subtracted, not added"),
    (check_03_predict, 1 + 0.95 * 20 - 10, "exchanged"),
    (check_03_predict, 0.5, "0.5 is not it"),
    (check_03_predict, (0, 0), "one number is asked for"),
    (check_03_compute, lambda td, P, pi, g, lam: solved(td, P, pi, g, 1), "λ is missing"),
    (check_03_compute, lambda td, P, pi, g, lam: solved(td, P, pi, 1, lam), "γ is missing"),
    (check_03_compute, lambda *data: data[3] * data[4] * solved(*data), "γλ too many"),
    (check_03_compute, lambda *data: solved(*data) - data[0], "first TD error is missing"),
    (check_03_compute, lambda *data: data[0], "add those that follow"),
    (
        check_03_compute,
        lambda td, P, pi, g, lam: td + g * lam * P @ (pi * td).sum(1),
        "one step only",
    ),
    (
        check_03_compute,
        lambda td, P, pi, g, lam: solved(td, P, 0 * pi + 1 / pi.shape[1], g, lam),
        "weigh them by its probabilities",
    ),
    (check_03_compute, lambda *data: (data[2] * solved(*data)).sum(1), "the answer is .S, A."),
    (check_03_compute, lambda td, P, pi, g, lam: solved(td, P, pi, 0.9, lam), "yours gives"),
    (check_03_compute, lambda *data: solved(*data).T, "the shape must be"),
    (check_03_compute, lambda *data: solved(*data).mean(), "the shape must be"),
    (check_03_compute, lambda *data: None, "is there a `return`"),
    (check_03_explore, VALUES, "meadow 1"),
    (check_03_explore, [0, 0, 0], "below 0.01 is asked for"),
    (check_03_explore, 3 * [VALUES.mean()], "below 0.01 is asked for"),
    (check_03_explore, RUNS, "below 0.01 is asked for"),
    (check_03_explore, WALKS, "below 0.01 is asked for"),
    (check_03_explore, [BEST[0], BEST[1], VALUES[2]], "ridge 1"),
    (check_03_explore, BEST[:2], "three numbers are asked for"),
    (check_03_explore, [*BEST, 0], "three numbers are asked for"),
    (check_03_explore, [1.9, float("nan"), -3.4], "must be finite"),
]

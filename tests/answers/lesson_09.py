"""Answers to the exercises of lesson 09: right ones, and typical mistakes with their name."""

import numpy as np
import torch

from trpo_lib.exercises.lesson_09 import check_09_core, check_09_spot

FOUND = {
    1: 6, 2: 4, 3: 2, 4: None, 5: 11, 6: 4, 7: 3, 8: 4, 9: None, 10: None, 11: 5, 12: None, 13: 4,
    14: 2, 15: 5,
}  # fmt: skip
OTHERS = {1: 3, 3: 6, 4: 0, 5: 12, 6: 3, 7: 4, 8: 7, 9: 0, 10: 0, 12: 0, 13: 9, 14: 5, 15: 10}


def double_sum(rewards, values, next_values, terminated, truncated, gamma, lam):
    advantages = np.zeros(np.shape(rewards))
    for t, n in np.ndindex(*advantages.shape):
        for k in range(t, len(rewards)):
            worth = 0 if terminated[k, n] else gamma * next_values[k, n]
            advantages[t, n] += (gamma * lam) ** (k - t) * (rewards[k, n] + worth - values[k, n])
            if terminated[k, n] or truncated[k, n]:
                break
    return advantages


def drawn(seed=0, steps=12, envs=3):
    rng = np.random.default_rng(seed)
    return *rng.normal(size=(3, steps, envs)), *(rng.random((2, steps, envs)) < 0.25)


def against_a_plain_loop(gae):
    np.testing.assert_allclose(gae(*drawn(), 0.9, 0.8), double_sum(*drawn(), 0.9, 0.8), rtol=1e-6)


def in_torch(gae):
    inputs = tuple(map(torch.from_numpy, drawn(1)))
    expected = torch.from_numpy(double_sum(*drawn(1), 0.99, 0.5))
    torch.testing.assert_close(gae(*inputs, 0.99, 0.5), expected)


def by_a_value(gae):
    return np.allclose(gae(*drawn(2), 0.7, 0.9), double_sum(*drawn(2), 0.7, 0.9))


def known(rows, gamma=0.9, lam=0.8):
    """A test: a reward of 1 for ever is worth 10; the last row pays 2; rows are [over, clock]."""
    over, clock = np.array(rows, dtype=bool).T[:, :, None]
    rewards, worth = np.ones(over.shape), np.full(over.shape, 10.0)
    rewards[-1] = 2
    expected = double_sum(rewards, worth, worth, over, clock, gamma, lam)

    def test(gae):
        found = gae(rewards, worth, worth, over, clock, gamma, lam)
        assert np.allclose(found, expected), "not the known numbers"

    return test


def of_lists(gae):
    """The same world, of one environment and in whole numbers."""
    ones, tens = [[1]] * 5 + [[2]], [[10]] * 6
    over, clock = [[0], [0], [0], [1], [0], [0]], [[0], [1], [0], [0], [0], [0]]
    found = [round(float(x), 6) for x in gae(ones, tens, tens, over, clock, 0.9, 0.8)]
    if found != [0, 0, -6.48, -9, 0.72, 1]:
        raise ValueError(found)


def of_shapes(gae):
    assert gae(*drawn(), 0.9, 0.8).shape == (12, 3)


def wrong_by_hand(gae):
    ones, never = np.ones((3, 1)), np.zeros((3, 1), dtype=bool)
    assert np.allclose(gae(ones, ones, ones, never, never, 1.0, 1.0), [[2], [2], [1]])


RIGHT = [
    (check_09_spot, FOUND),
    (check_09_spot, FOUND | OTHERS),
    (check_09_spot, FOUND | {8: 6, 13: 5, 14: 6, 15: 12}),
    (check_09_spot, FOUND | {1: 7, 3: 4, 6: 2, 13: 10, 15: 2}),
    (check_09_spot, FOUND | {8: 5, 13: 7, 15: 7}),
    (check_09_spot, FOUND | {8: 8, 13: 8, 15: 8}),
    (check_09_spot, {str(n): None if x is None else float(x) for n, x in FOUND.items()}),
    (check_09_spot, {np.int64(n): torch.tensor([x or 0]) for n, x in reversed(FOUND.items())}),
    (check_09_core, against_a_plain_loop),
    (check_09_core, in_torch),
    (check_09_core, by_a_value),
    (check_09_core, known([[0, 0], [0, 1], [0, 0], [1, 0], [0, 0], [0, 0]])),
    (check_09_core, of_lists),
]
WRONG = [
    (check_09_spot, {1: 6}, r"^1 of 15 are right. Not judged yet: 2, 3, .*, 15\.$"),
    (check_09_spot, {1: 2}, "^0 of 15 are right. Look again at 1: for how many reasons"),
    (check_09_spot, FOUND | {6: 1}, "^14 of 15 are right. Look again at 6: what does.*the same.$"),
    (check_09_spot, FOUND | {2: 3, 5: 13}, "^13 of 15.*at 2: how does.*at 5: what would"),
    (check_09_spot, FOUND | {4: 6}, "^14 of 15.*at 4: solve a small system"),
    (check_09_spot, FOUND | {14: None}, "^14 of 15.*at 14: let the rollout stop"),
    (check_09_spot, dict.fromkeys(FOUND), "^4 of 15 are right"),
    (check_09_spot, FOUND | {10: 5}, "^14 of 15.*at 10: which rows"),
    (check_09_spot, FOUND | {3: 5}, "^14 of 15.*at 3: show it one number"),
    (check_09_spot, FOUND | {11: 12.5}, "the line of 11 must be a whole number, not 12.5"),
    (check_09_spot, FOUND | {11: float("nan")}, "must be a whole number, not nan"),
    (check_09_spot, FOUND | {16: 1}, "there is no function 16: they go from 1 to 15"),
    (check_09_spot, FOUND | {0: 1}, "^there is no function 0"),
    (check_09_spot, FOUND | {"two": 1}, "real numbers are asked for, yours is 'two'"),
    (check_09_spot, FOUND | {2: "four"}, "real numbers are asked for, yours is 'four'"),
    (check_09_spot, FOUND | {8: [2, 5]}, "one number is asked for, yours has 2"),
    (check_09_spot, {}, "^0 of 15 are right. Not judged yet: 1, 2"),
    (check_09_spot, list(FOUND.values()), "give a dictionary"),
    (check_09_spot, lambda number: FOUND[number], "give a dictionary"),
    (check_09_core, lambda gae: None, r"with 0 of 10 mutants it fails. Not noticed: .*; …\.$"),
    (check_09_core, of_shapes, "^right code passes, with 0 of 10"),
    (check_09_core, wrong_by_hand, "^your test fails with right code: it raised AssertionError"),
    (check_09_core, lambda gae: False, "fails with right code: it returned False"),
    (check_09_core, lambda gae: gae(*drawn()), "right code: it raised TypeError"),
    (check_09_core, lambda: None, "right code: it raised TypeError"),
    (check_09_core, known([[0, 0], [0, 0], [0, 0], [1, 0], [0, 0], [0, 0]]), "counts as a fall"),
    (check_09_core, known([[0, 0], [0, 1], [0, 0], [0, 0]]), "after a termination V still counts"),
    (
        check_09_core,
        known([[0, 0], [0, 1], [0, 0], [1, 0], [0, 0], [1, 0]]),
        "9 of 10 mutants it fails. Not noticed: behind the rollout's last row nothing is worth",
    ),
    (
        check_09_core,
        known([[0, 0], [0, 1], [0, 0], [1, 0], [0, 0], [0, 0]], lam=1),
        "9 of 10 mutants it fails. Not noticed: the trace fades by γ, without λ",
    ),
    (
        check_09_core,
        known([[0, 0], [0, 1], [0, 0], [1, 0], [0, 0], [0, 0]], lam=0),
        "Not noticed: the trace runs on after a truncation; .*; …",
    ),
    (check_09_core, known([[0, 0], [0, 0], [0, 0]]), "Not noticed: a truncation counts as a fall"),
]

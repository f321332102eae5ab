"""Each checker accepts right answers, however written, and names the mistake in wrong ones."""

import re

import numpy as np
import pytest

from trpo_lib import exercises
from trpo_lib.training import TrainConfig

CHECKERS = [getattr(exercises, name) for name in dir(exercises) if name.startswith("check_")]


def discounted(exponent):
    return lambda rewards, gamma: sum(gamma ** exponent(t) * r for t, r in enumerate(rewards))


def backwards(rewards, gamma):
    total = 0.0
    for reward in reversed(rewards):
        total = reward + gamma * total
    return total


def with_vstack(done, resetting):
    return ~np.vstack([resetting, done[:-1]])


def with_a_loop(done, resetting):
    real, made_up = np.empty_like(done), resetting
    for t in range(len(done)):
        real[t], made_up = ~made_up, done[t]
    return real


@pytest.mark.parametrize("check", CHECKERS)
@pytest.mark.parametrize("answer", [..., None, "?", object(), lambda *_: 1 / 0, lambda: None])
def test_no_answer_makes_a_checker_raise_or_pass(check, answer):
    verdict = check(answer)
    assert not verdict.passed
    assert repr(verdict).startswith("Not yet: ")


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        (exercises.check_00_predict, 500),
        (exercises.check_00_predict, 5e2),
        (exercises.check_00_compute, discounted(lambda t: t)),
        (exercises.check_00_compute, backwards),
        (exercises.check_05_predict, -79.2),
        (exercises.check_05_predict, -0.99 * 80),
        (exercises.check_05_compute, with_vstack),
        (exercises.check_05_compute, with_a_loop),
        (exercises.check_05_explore, (5e-4, 1.0)),
        (exercises.check_05_explore, [5e-4, 0.9]),
        (exercises.check_00_explore, TrainConfig(seed=2, max_iterations=39)),
        (exercises.check_00_explore, TrainConfig(seed=3, num_envs=16, max_iterations=78)),
    ],
)
def test_right_answers_pass(check, answer):
    verdict = check(answer)
    assert verdict.passed, verdict
    assert repr(verdict).startswith("Yes: ")


@pytest.mark.parametrize(
    ("check", "answer", "named"),
    [
        (exercises.check_00_predict, 475, "counts as solved"),
        (exercises.check_00_predict, 200, "CartPole-v0"),
        (exercises.check_00_predict, 195, "CartPole-v0"),
        (exercises.check_00_predict, 1, "single step"),
        (exercises.check_00_predict, float("inf"), "clock"),
        (exercises.check_00_predict, 499, "499 is not it"),
        (exercises.check_00_compute, lambda r, g: sum(r), "not discounted"),
        (exercises.check_00_compute, discounted(lambda t: t + 1), "first reward"),
        (exercises.check_00_compute, discounted(lambda t: 3 - t), "backwards"),
        (exercises.check_00_compute, discounted(lambda t: -t), "divide"),
        (exercises.check_00_compute, discounted(lambda t: 1), "to the power t"),
        (exercises.check_00_compute, lambda r, g: backwards(r, g) / len(r), "a mean"),
        (exercises.check_00_compute, lambda r, g: backwards(r, g) if r else -1, "without rewards"),
        (exercises.check_00_compute, lambda r, g: r[0] + g * backwards(r[1:], g), "IndexError"),
        (exercises.check_00_explore, {"seed": 1}, "TrainConfig is asked for"),
        (exercises.check_00_explore, TrainConfig(env_id="Pendulum-v1"), "CartPole-v1"),
        (exercises.check_00_explore, TrainConfig(max_iterations=10), "seed 0"),
        (exercises.check_00_explore, TrainConfig(seed=1), "204,800"),
        (exercises.check_00_explore, TrainConfig(seed=1, max_iterations=1), "below 475"),
        (exercises.check_05_predict, 79.2, "the sign is not"),
        (exercises.check_05_predict, -80, "factor γ"),
        (exercises.check_05_predict, 80, "sign"),
        (exercises.check_05_predict, 0, "it does change"),
        (exercises.check_05_predict, -1, "reward is the same"),
        (exercises.check_05_compute, lambda d, r: ~d, "the one after it is not"),
        (exercises.check_05_compute, lambda d, r: d, "ends of episodes"),
        (exercises.check_05_compute, lambda d, r: np.vstack([r, d[:-1]]), "upside down"),
        (exercises.check_05_compute, lambda d, r: ~np.vstack([0 * r > 0, d[:-1]]), "row 0"),
        (exercises.check_05_compute, lambda d, r: ~np.vstack([r, d[1:]]), "one row back"),
        (exercises.check_05_compute, lambda d, r: d | True, "all rows"),
        (exercises.check_05_compute, lambda d, r: d & False, "of 18 rows"),
        (exercises.check_05_compute, lambda d, r: with_vstack(d, r).T, r"\[3, 6\]"),
        (exercises.check_05_compute, lambda d, r: with_vstack(d, r).astype(int), "boolean"),
        (exercises.check_05_explore, (0.02, 1.0), "must be smaller"),
        (exercises.check_05_explore, (1e-4, 1e-3), "must be larger"),
        (exercises.check_05_explore, (1e-4, 1.0), "10,000-fold"),
        (exercises.check_05_explore, (0.009, 1.0), "not too small"),
        (exercises.check_05_explore, 0.01, "TypeError"),
    ],
)
def test_wrong_answers_are_named(check, answer, named):
    verdict = check(answer)
    assert not verdict.passed
    assert re.search(named, verdict.message), verdict


def test_shifting_along_the_wrong_axis_is_named():
    def wrong(done, resetting):
        return ~np.hstack([np.full((len(done), 1), resetting[0]), done[:, :-1]])

    assert "wrong axis" in exercises.check_05_compute(wrong).message

"""Answers to the exercises of lesson 00: right ones, and typical mistakes with their name."""

from trpo_lib.exercises.lesson_00 import check_00_compute, check_00_explore, check_00_predict
from trpo_lib.training import TrainConfig


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


RIGHT = [
    (check_00_predict, 500),
    (check_00_predict, 5e2),
    (check_00_compute, discounted(lambda t: t)),
    (check_00_compute, backwards),
    (check_00_compute, only_discounts),
    (check_00_explore, TrainConfig(seed=2, max_iterations=24)),
    (check_00_explore, TrainConfig(seed=3, num_envs=50, num_steps=40, max_iterations=25)),  # 50,000
]
WRONG = [
    (check_00_predict, 475, "counts as solved"),
    (check_00_predict, 200, "CartPole-v0"),
    (check_00_predict, 195, "CartPole-v0"),
    (check_00_predict, 1, "single step"),
    (check_00_predict, float("inf"), "clock"),
    (check_00_predict, 499, "499 is not it"),
    (check_00_predict, 475 * (1 + 1e-4), "475.048 is not it"),
    (check_00_compute, lambda r, g: sum(r), "not discounted"),
    (check_00_compute, discounted(lambda t: t + 1), "first reward"),
    (check_00_compute, discounted(lambda t: 3 - t), "backwards"),
    (check_00_compute, discounted(lambda t: -t), "divide"),
    (check_00_compute, discounted(lambda t: 1), "to the power t"),
    (check_00_compute, lambda r, g: backwards(r, g) / len(r), "a mean"),
    (check_00_compute, lambda r, g: backwards(r, g) if r else -1, "without rewards"),
    (check_00_compute, lambda r, g: r[0] + g * backwards(r[1:], g), "IndexError"),
    (check_00_explore, {"seed": 1}, "TrainConfig is asked for"),
    (check_00_explore, TrainConfig(env_id="Pendulum-v1"), "CartPole-v1"),
    (check_00_explore, TrainConfig(max_iterations=10), "seed 0"),
    (check_00_explore, TrainConfig(seed=1), "409,600"),
    (
        check_00_explore,
        TrainConfig(seed=1, num_envs=3, num_steps=7, max_iterations=2381),
        "is 50,001",
    ),
    (check_00_explore, TrainConfig(seed=1, max_iterations=1), "below 475"),
]

"""The exercises of lesson 00."""

import math
from collections.abc import Callable

import numpy as np

from trpo_lib.exercises.verdict import Verdict, array, call, compare, judge, never_raises, same
from trpo_lib.training import TrainConfig, Trainer, evaluate


@never_raises
def check_00_predict(answer: float) -> Verdict:
    """The largest return that one episode of CartPole-v1 can have."""
    mistakes = {
        475: "475 is the mean over episodes at which the task counts as solved.",
        200: "200 is the limit of the older CartPole-v0.",
        195: "195 is the threshold of the older CartPole-v0.",
        1: "1 is the reward of a single step.",
        math.inf: "the clock ends an episode even when the pole never falls.",
    }
    return compare(answer, 500, mistakes, "one point per step, and the clock stops at step 500.")


def _weighted(weights: Callable) -> Callable:
    """The sum of the rewards, each times its weight; weights: of t [T], γ and T."""
    return lambda rewards, gamma: float(
        weights(np.arange(len(rewards)), gamma, len(rewards)) @ np.array(rewards)
    )


_RETURN_MISTAKES = {
    "the rewards are summed, but not discounted.": _weighted(lambda t, g, T: g**0 + 0 * t),
    "the first reward is already discounted: γ⁰ = 1 belongs to t = 0.": _weighted(
        lambda t, g, T: g ** (t + 1)
    ),
    "the discount runs backwards: the last reward weighs most.": _weighted(
        lambda t, g, T: g ** (T - 1 - t)
    ),
    "you divide by γ^t: later rewards must weigh less, not more.": _weighted(lambda t, g, T: g**-t),
    "that is a mean; a return is a sum.": _weighted(lambda t, g, T: g**t / T),
    "every reward is multiplied by the same γ: use γ to the power t.": _weighted(
        lambda t, g, T: g + 0 * t
    ),
}


@never_raises
def check_00_compute(answer: Callable) -> Verdict:
    """discounted_return(rewards, gamma) = Σ_t γ^t r_t."""
    cases = [([1.0, 2.0, -3.0, 4.0], 0.9), ([2.0, 0.5], 0.5)]
    right = _weighted(lambda t, gamma, T: gamma**t)
    verdict = judge(answer, cases, right, _RETURN_MISTAKES, "later rewards weigh less.")
    if verdict.passed and not same(array(call(answer, [], 0.9)), 0):
        return Verdict(False, "without rewards the return is 0.")
    return verdict


@never_raises
def check_00_explore(answer: TrainConfig) -> Verdict:
    """A run of at most 50,000 environment steps, with a seed other than 0, that solves CartPole."""
    if not isinstance(answer, TrainConfig):
        return Verdict(False, f"a TrainConfig is asked for, this is a {type(answer).__name__}.")
    if answer.env_id != "CartPole-v1":
        return Verdict(False, f"the task is CartPole-v1, this trains on {answer.env_id}.")
    if answer.seed == 0:
        return Verdict(False, "seed 0 is the lesson's: choose another.")
    steps = answer.num_envs * answer.num_steps * answer.max_iterations
    if steps > 50_000:
        return Verdict(False, f"the budget is 50,000 steps, N · T · max_iterations is {steps:,}.")
    with Trainer(answer) as trainer:
        list(trainer)
    mean = evaluate(trainer.policy, "CartPole-v1", episodes=100, seed=1).mean()
    if mean < 475:
        return Verdict(False, "the greedy mean over 100 episodes is below 475: try another run.")
    return Verdict(True, "the greedy mean over 100 fresh episodes is 475 or more.")

"""One checker per exercise: it takes an answer, never raises, and names the likely mistake."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

import numpy as np

from trpo_lib.training import TrainConfig, Trainer, evaluate
from trpo_lib.trpo import TRPO, TRPOConfig


@dataclass(frozen=True)
class Verdict:
    """Whether an answer holds, and what to say of it."""

    passed: bool
    message: str

    def __repr__(self) -> str:
        return f"{'Yes' if self.passed else 'Not yet'}: {self.message}"


def _never_raises(check: Callable[..., Verdict]) -> Callable[..., Verdict]:
    """An exception inside an answer, or an answer of a wrong type, is a verdict too."""

    @wraps(check)
    def checker(answer) -> Verdict:
        if answer is ...:
            return Verdict(False, "replace the ... by your answer.")
        try:
            return check(answer)
        except Exception as error:
            return Verdict(False, f"your answer raised {type(error).__name__}: {error}")

    return checker


def _named(value: float, right: float, mistakes: dict[float, str], praise: str) -> Verdict:
    """Compares a number with the right one, then with those that known mistakes give."""
    value = float(value)
    if math.isclose(value, right, rel_tol=1e-6, abs_tol=1e-9):
        return Verdict(True, praise)
    for wrong, why in mistakes.items():
        if math.isclose(value, wrong, rel_tol=1e-6, abs_tol=1e-9):
            return Verdict(False, why)
    return Verdict(False, f"{value:g} is not it.")


@_never_raises
def check_00_predict(answer: float) -> Verdict:
    """The largest return that one episode of CartPole-v1 can have."""
    mistakes = {
        475: "475 is the mean over episodes at which the task counts as solved.",
        200: "200 is the limit of the older CartPole-v0.",
        195: "195 is the threshold of the older CartPole-v0.",
        1: "1 is the reward of a single step.",
        math.inf: "the clock ends an episode even when the pole never falls.",
    }
    return _named(answer, 500, mistakes, "one point per step, and the clock stops at step 500.")


@_never_raises
def check_00_compute(answer: Callable) -> Verdict:
    """discounted_return(rewards, gamma) = Σ_t γ^t r_t."""
    rewards, gamma = [1.0, 2.0, -3.0, 4.0], 0.9
    powers = gamma ** np.arange(4)
    right = float(powers @ rewards)
    mistakes = {
        sum(rewards): "the rewards are summed, but not discounted.",
        gamma * right: "the first reward is already discounted: γ⁰ = 1 belongs to t = 0.",
        float(powers @ rewards[::-1]): "the discount runs backwards: the last reward weighs most.",
        float(
            (1 / powers) @ rewards
        ): "you divide by γ^t: later rewards must weigh less, not more.",
        right / 4: "that is a mean; a return is a sum.",
        gamma * sum(rewards): "every reward is multiplied by the same γ: use γ to the power t.",
    }
    verdict = _named(answer(rewards, gamma), right, mistakes, "later rewards weigh less.")
    if verdict.passed and not math.isclose(float(answer([], gamma)), 0, abs_tol=1e-12):
        return Verdict(False, "without rewards the return is 0.")
    return verdict


@_never_raises
def check_00_explore(answer: TrainConfig) -> Verdict:
    """A run of at most 40,000 environment steps, with a seed other than 0, that solves CartPole."""
    if not isinstance(answer, TrainConfig):
        return Verdict(False, f"a TrainConfig is asked for, this is a {type(answer).__name__}.")
    if answer.env_id != "CartPole-v1":
        return Verdict(False, f"the task is CartPole-v1, this trains on {answer.env_id}.")
    if answer.seed == 0:
        return Verdict(False, "seed 0 is the lesson's: choose another.")
    steps = answer.num_envs * answer.num_steps * answer.max_iterations
    if steps > 40_000:
        return Verdict(False, f"the budget is 40,000 steps, N · T · max_iterations is {steps:,}.")
    with Trainer(answer) as trainer:
        list(trainer)
    mean = evaluate(trainer.policy, "CartPole-v1", episodes=100, seed=1).mean()
    if mean < 475:
        return Verdict(False, "the greedy mean over 100 episodes is below 475: try another run.")
    return Verdict(True, "the greedy mean over 100 fresh episodes is 475 or more.")


@_never_raises
def check_05_predict(answer: float) -> Verdict:
    """By how much δ_t is wrong when a truncation is taken for a termination: γ = 0.99, V = 80."""
    mistakes = {
        79.2: "the size is right, the sign is not: the error makes the TD error smaller.",
        -80: "the next value enters the TD error with the factor γ.",
        80: "check the sign, and the factor γ in front of the next value.",
        0: "it does change: a termination bootstraps nothing, a truncation γ V(s').",
        -1: "the reward is the same in both cases; look at the term γ V(s').",
    }
    return _named(answer, -79.2, mistakes, "γ V(s') is missing: the state looks worth nothing.")


@_never_raises
def check_05_compute(answer: Callable) -> Verdict:
    """real_rows(done, resetting): which rows of a NEXT_STEP rollout really happened."""
    done = np.zeros((6, 3), dtype=bool)
    done[1, 0] = done[5, 1] = done[0, 2] = done[3, 2] = True
    resetting = np.array([False, True, False])
    after_done = np.vstack([resetting, done[:-1]])
    mistakes = (
        (~done, "the row where an episode ends is real; the one after it is not."),
        (done, "that marks the ends of episodes: those rows are real."),
        (after_done, "upside down: True must mean that the row happened."),
        (~np.vstack([np.zeros_like(resetting), done[:-1]]),
         "row 0 may be a reset as well: resetting tells."),
        (~np.vstack([resetting, done[1:]]), "wrong direction: look one row back, not ahead."),
        (~np.hstack([resetting[:1].repeat(6)[:, None], done[:, :-1]]),
         "wrong axis: time is the first axis, environments the second."),
        (np.ones_like(done), "all rows are marked as real: resets are rows too."),
    )  # fmt: skip
    given = np.asarray(answer(done.copy(), resetting.copy()))
    if given.shape != done.shape:
        return Verdict(False, f"the shape must be [T, N] = [6, 3], yours is {list(given.shape)}.")
    if given.dtype != bool:
        return Verdict(False, f"a boolean array is asked for, yours holds {given.dtype}.")
    if (given == ~after_done).all():
        return Verdict(True, "a row is made up exactly when the row before it ended an episode.")
    for wrong, why in mistakes:
        if (given == wrong).all():
            return Verdict(False, why)
    return Verdict(False, f"{(given != ~after_done).sum()} of 18 rows are marked wrongly.")


@_never_raises
def check_05_explore(answer: tuple[float, float]) -> Verdict:
    """(too_small, too_large): bounds δ, at most 2,000-fold apart, that both hold learning back."""
    too_small, too_large = map(float, answer)
    if too_small >= 0.01:
        return Verdict(False, "the first bound must be smaller than the default 0.01.")
    if too_large <= 0.01:
        return Verdict(False, "the second bound must be larger than the default 0.01.")
    if too_large > 2000 * too_small:
        return Verdict(False, f"they are {too_large / too_small:,.0f}-fold apart: come closer.")
    for name, max_kl in (("small", too_small), ("large", too_large)):
        if np.median([_mean_return(seed, max_kl) for seed in range(3)]) >= 120:
            return Verdict(False, f"δ = {max_kl:g} still learns: it is not too {name}.")
    return Verdict(True, "one crawls, one jumps past what it knew; the plateau lies between.")


def _mean_return(seed: int, max_kl: float) -> float:
    """Of the last episodes after 20 iterations."""
    config = TrainConfig(seed=seed, max_iterations=20, target_return=None)
    with Trainer(config, TRPO(TRPOConfig(max_kl=max_kl))) as trainer:
        *_, last = trainer
    return last.mean_return

"""The exercises of lesson 00."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from trpo_lib.exercises.verdict import (
    Verdict,
    WrongAnswer,
    array,
    call,
    compare,
    judge,
    never_raises,
    numbers,
    same,
)
from trpo_lib.training import TrainConfig, Trainer, evaluate
from trpo_lib.trpo import TRPO, TRPOConfig


@dataclass(frozen=True)
class _ByHand:
    """Pushes to the right where the score is positive."""

    score: Callable

    def act(self, obs: np.ndarray) -> np.ndarray:
        """States ``[N, 4]`` -> actions ``[N]``."""
        scores = array(call(self.score, *obs.T.astype(float)))
        if scores.shape != obs.shape[:1]:
            shapes = f"{list(obs.shape[:1])}, yours is {list(scores.shape)}"
            raise WrongAnswer(f"each state needs a score: the shape must be {shapes}.")
        return (scores > 0).astype(int)


@never_raises
def check_00_core(answer: Callable) -> Verdict:
    """score(position, speed, angle, turning): where it is positive, a push to the right helps."""
    policy = _ByHand(answer)
    policy.act(np.linspace(-0.1, 0.1, 12).reshape(3, 4))  # an error here is the answer's own
    mean = _mean_return(policy)
    if mean >= 475:
        return Verdict(True, f"the mean return of 100 episodes is {mean:.0f}: solved by hand.")
    if mean > 100:
        hint = "the pole's speed is not enough: it stops the turning, but not the lean."
    elif mean > 20:
        hint = "the angle alone acts too late: look also at where the pole is going."
    elif _mean_return(_ByHand(lambda *state: -array(call(answer, *state)))) > 100:
        hint = "you push the pole over: turn the sign."
    else:
        hint = "combine the pole's angle with its speed."
    return Verdict(False, f"the mean return is {mean:.0f}, and 475 is asked for: {hint}")


def _mean_return(policy, noise: torch.Generator | None = None) -> float:
    return evaluate(policy, "CartPole-v1", episodes=100, seed=1, generator=noise).mean()


@never_raises
def check_00_predict(answer: float) -> Verdict:
    """How many of 100 episodes may end at 10, if the others reach 500 and the mean must be 475."""
    mistakes = {
        4: "with 5 the mean is still 475.5.",
        6: "with 6 the mean is 470.6: too low.",
        25: "each such episode costs 490 points of 50,000, that is 4.9 of the mean.",
        95: "these are the others.",
        0: "some may fall: the mean may lose 25 points.",
    }
    return compare(answer, 5, mistakes, "each costs the mean 4.9 points, and 25 may be lost.")


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
def check_00_explore(answer: float) -> Verdict:
    """A bound δ with which learning takes about twice as many updates as with 0.01."""
    (delta,) = numbers(answer, 1)
    if not 0 < delta < 0.01:
        return Verdict(False, "only a bound above 0 and below 0.01 makes the steps shorter.")
    mean = np.mean([_updates_to_100(delta, seed) for seed in range(3)])
    took = f"it takes ≈ {mean:.1f} updates"
    if mean < 8.5:
        return Verdict(False, f"{took}: the steps are still too long. Half of δ is no half step.")
    if mean > 12.5:
        return Verdict(False, f"{took} or more: the steps are too short.")
    return Verdict(True, f"{took}. Half the step has a quarter of the KL, so δ is about 0.0025.")


def _updates_to_100(delta: float, seed: int) -> int:
    """The first update after which drawn actions have a mean return of 100; at most 20."""
    config = TrainConfig(seed=seed, max_iterations=20, target_return=None)
    noise = torch.Generator().manual_seed(seed)
    with Trainer(config, TRPO(TRPOConfig(max_kl=delta))) as trainer:
        for record in trainer:
            if _mean_return(trainer.policy, noise) >= 100:
                return record.iteration
    return config.max_iterations

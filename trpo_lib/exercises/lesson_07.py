"""The exercises of lesson 07."""

from collections.abc import Callable

import numpy as np

from trpo_lib.baselines import PPOClip
from trpo_lib.exercises.verdict import Verdict, compare, judge, never_raises, numbers
from trpo_lib.training import TrainConfig, Trainer


@never_raises
def check_07_predict(answer: float) -> Verdict:
    """What a sample with w = 0.5, A = −1 adds to PPO-clip's objective, ε = 0.2."""
    mistakes = {
        -0.5: "that is w A; the clipped one is smaller, and the smaller of the two counts.",
        -1.2: "w is below 1 − ε, so it is clipped to 0.8, not to 1.2.",
        0.8: "mind the sign of A.",
        0.5: "mind the sign of A, and take the smaller of the two.",
        0: "the slope is 0 there, the value is not.",
    }
    return compare(answer, -0.8, mistakes, "clipped, with slope 0: it has been punished enough.")


def _slope(w: np.ndarray, A: np.ndarray, clip: float) -> np.ndarray:
    """The derivative of min(wA, clipped w · A) with respect to w."""
    return np.where(_climbs(w, A, clip), A, 0)


def _climbs(w: np.ndarray, A: np.ndarray, clip: float) -> np.ndarray:
    return np.where(A > 0, w < 1 + clip, w > 1 - clip)


_SLOPE_MISTAKES = {
    "outside the clip the slope is 0 on one side only: on the other, wA counts.": (
        lambda w, A, clip: (np.abs(w - 1) <= clip) * A
    ),
    "that is the slope of wA: nothing is clipped.": lambda w, A, clip: A,
    "w is multiplied by A.": lambda w, A, clip: 1.0 * _climbs(w, A, clip),
    "the other way round: 0 where the clipped one is smaller.": (
        lambda w, A, clip: A - _slope(w, A, clip)
    ),
    "the sign is wrong: the objective is maximised.": lambda w, A, clip: -_slope(w, A, clip),
    "that is the slope of the larger of the two; the smaller one counts.": (
        lambda w, A, clip: np.where(_climbs(w, -A, clip), A, 0)
    ),
    "that is the value; the derivative of wA is A.": lambda w, A, clip: w * _slope(w, A, clip),
    "right for ε = 0.2, wrong for another: use clip.": lambda w, A, clip: _slope(w, A, 0.2),
}


@never_raises
def check_07_compute(answer: Callable) -> Verdict:
    """ppo_clip_slope(w, A, clip): the derivative of the clipped objective with respect to w."""
    w = np.array([0.5, 0.5, 0.95, 0.95, 1.1, 1.1, 1.6, 1.6])
    A = np.array([2.0, -3, 2, -3, 0.5, -3, 0.5, -3])
    cases = [(w, A, 0.2), (w, A, 0.7), (w[:5], A[:5], 0.08)]
    praise = "0 only beyond ε, on the side to which A drives."
    return judge(answer, cases, _slope, _SLOPE_MISTAKES, praise)


@never_raises
def check_07_explore(answer: float) -> Verdict:
    """A learning rate <= 0.5 with which PPO-clip makes an update of KL > 1 in each of 3 seeds."""
    (lr,) = numbers(answer, 1)
    if not 0 < lr <= 0.5:
        return Verdict(False, f"the learning rate must be above 0 and at most 0.5, got {lr:g}.")
    largest = [_largest_kl(seed, lr) for seed in range(3)]
    if min(largest) <= 1:
        said = ", ".join(f"{kl:.2g}" for kl in largest)
        return Verdict(False, f"the largest KLs of the three seeds are {said}: try a larger rate.")
    return Verdict(True, "the clip ends the reward for going further, not the going.")


def _largest_kl(seed: int, lr: float) -> float:
    """Of the first five updates."""
    config = TrainConfig(seed=seed, max_iterations=5, target_return=None)
    with Trainer(config, PPOClip(lr=lr)) as trainer:
        return max(record.report.kl for record in trainer)

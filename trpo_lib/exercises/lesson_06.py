"""The exercises of lesson 06."""

from collections.abc import Callable

import numpy as np

from trpo_lib.baselines import PPOClip
from trpo_lib.exercises.verdict import Verdict, compare, never_raises
from trpo_lib.training import TrainConfig, Trainer


@never_raises
def check_06_predict(answer: float) -> Verdict:
    """What a sample with w = 0.5, A = −1 adds to PPO-clip's objective, ε = 0.2."""
    mistakes = {
        -0.5: "that is w A; the clipped one is smaller, and the smaller of the two counts.",
        -1.2: "w is below 1 − ε, so it is clipped to 0.8, not to 1.2.",
        0.8: "mind the sign of A.",
        0.5: "mind the sign of A, and take the smaller of the two.",
        0: "the slope is 0 there, the value is not.",
    }
    return compare(answer, -0.8, mistakes, "clipped, with slope 0: it has been punished enough.")


@never_raises
def check_06_compute(answer: Callable) -> Verdict:
    """ppo_clip_slope(w, A, clip): the derivative of the clipped objective with respect to w."""
    w = np.array([0.5, 0.5, 0.95, 0.95, 1.1, 1.1, 1.6, 1.6])
    A, clip = np.array([2.0, -3, 2, -3, 2, -3, 2, -3]), 0.2
    inside = np.abs(w - 1) <= clip
    climbs = np.where(A > 0, w < 1 + clip, w > 1 - clip)
    right = np.where(climbs, A, 0)
    mistakes = (
        (inside * A, "outside the clip the slope is 0 on one side only: on the other, wA counts."),
        (A, "that is the slope of wA: nothing is clipped."),
        (np.where(climbs, 1.0, 0), "w is multiplied by A."),
        (np.where(~climbs, A, 0), "the other way round: 0 where the clipped one is smaller."),
        (-right, "the sign is wrong: the objective is maximised."),
        (np.where(np.where(A > 0, w > 1 - clip, w < 1 + clip), A, 0),
         "that is the slope of the larger of the two; the smaller one counts."),
        (np.where(climbs, A * w, 0), "that is the value; the derivative of wA is A."),
    )  # fmt: skip
    given = np.asarray(answer(w.copy(), A.copy(), clip), dtype=float)
    if given.shape != w.shape:
        return Verdict(False, f"the shape must be that of w, [8], yours is {list(given.shape)}.")
    if np.allclose(given, right):
        other = np.asarray(answer(w.copy(), A.copy(), 0.7), dtype=float)
        if np.allclose(other, A):
            return Verdict(True, "0 only beyond ε, on the side to which A drives.")
        return Verdict(False, "right for ε = 0.2, wrong for another: use clip.")
    for wrong, why in mistakes:
        if np.allclose(given, wrong):
            return Verdict(False, why)
    return Verdict(False, f"{(~np.isclose(given, right)).sum()} of 8 slopes are wrong.")


@never_raises
def check_06_explore(answer: float) -> Verdict:
    """A learning rate <= 0.5 with which PPO-clip makes an update of KL > 1 in each of 3 seeds."""
    lr = float(answer)
    if not 0 < lr <= 0.5:
        return Verdict(False, f"the learning rate must be above 0 and at most 0.5, got {lr:g}.")
    largest = [_largest_kl(seed, lr) for seed in range(3)]
    if min(largest) <= 1:
        said = ", ".join(f"{kl:.2g}" for kl in largest)
        return Verdict(False, f"the largest KLs of the three seeds are {said}: try a larger rate.")
    return Verdict(True, "the clip ends the reward for going further, not the going.")


def _largest_kl(seed: int, lr: float) -> float:
    """Of the first five updates."""
    small = {"num_envs": 32, "critic_epochs": 10, "critic_batch": None, "target_return": None}
    config = TrainConfig(seed=seed, max_iterations=5, **small)
    with Trainer(config, PPOClip(lr=lr)) as trainer:
        return max(record.report.kl for record in trainer)

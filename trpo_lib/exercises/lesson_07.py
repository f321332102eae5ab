"""The exercises of lesson 07."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from trpo_lib.baselines import PPOClip
from trpo_lib.exercises.verdict import Verdict, compare, judge, never_raises, numbers
from trpo_lib.training import TrainConfig, Trainer


def _terms(w: np.ndarray, A: np.ndarray, clip: float) -> tuple[np.ndarray, np.ndarray]:
    """WA, and the same with w clipped to 1 − clip … 1 + clip."""
    return w * A, np.clip(w, 1 - clip, 1 + clip) * A


def _clipped(w: np.ndarray, A: np.ndarray, clip: float) -> np.ndarray:
    """PPO-clip's objective."""
    return np.minimum(*_terms(w, A, clip)).mean()


_CORE_MISTAKES = {
    "that is the mean of wA: nothing is clipped.": lambda w, A, clip: (w * A).mean(),
    "that is the clipped term alone: take the smaller of it and wA.": lambda w, A, clip: _terms(
        w, A, clip
    )[1].mean(),
    "that is the larger of the two terms; the smaller one counts.": lambda w, A, clip: np.maximum(
        *_terms(w, A, clip)
    ).mean(),
    "multiply by A first, then take the smaller: with A < 0 the order turns round.": (
        lambda w, A, clip: (np.minimum(w, np.clip(w, 1 - clip, 1 + clip)) * A).mean()
    ),
    "clip the ratio w, not the product wA.": lambda w, A, clip: np.minimum(
        w * A, np.clip(w * A, 1 - clip, 1 + clip)
    ).mean(),
    "clip around 1, where w starts: from 1 − clip to 1 + clip.": lambda w, A, clip: np.minimum(
        w * A, np.clip(w, -clip, clip) * A
    ).mean(),
    "clip below too: a bad action is rewarded down to 1 − clip only.": lambda w, A, clip: (
        np.minimum(w * A, np.minimum(w, 1 + clip) * A).mean()
    ),
    "clip above too: a good action is rewarded up to 1 + clip only.": lambda w, A, clip: np.minimum(
        w * A, np.maximum(w, 1 - clip) * A
    ).mean(),
    "average last: the smaller one is taken sample by sample.": lambda w, A, clip: min(
        term.mean() for term in _terms(w, A, clip)
    ),
    "take the mean over the samples, not the sum.": lambda w, A, clip: (
        w.size * _clipped(w, A, clip)
    ),
    "take the mean over the samples: one number.": lambda w, A, clip: np.minimum(
        *_terms(w, A, clip)
    ),
    "the sign is wrong: the objective is maximised.": lambda w, A, clip: -_clipped(w, A, clip),
    "right for ε = 0.2, wrong for another: use clip.": lambda w, A, clip: _clipped(w, A, 0.2),
}


@never_raises
def check_07_core(answer: Callable) -> Verdict:
    """ppo_clip(w, A, clip): the mean of min(wA, clipped w · A)."""
    rng, cases = np.random.default_rng(0), []
    for samples, clip in ((7, 0.3), (12, 0.1), (5, 0.2)):
        w, A = np.exp(0.6 * rng.normal(size=samples)), rng.normal(size=samples)
        cases.append((torch.tensor(w), torch.tensor(A), clip))

    def in_numpy(formula: Callable) -> Callable:
        return lambda w, A, clip: formula(w.numpy(), A.numpy(), clip)

    def right(w: Tensor, A: Tensor, clip: float) -> np.ndarray:
        return in_numpy(_clipped)(w, A, clip)

    mistakes = {why: in_numpy(formula) for why, formula in _CORE_MISTAKES.items()}
    return judge(
        answer, cases, right, mistakes, "the smaller one, sample by sample; then the mean."
    )


@never_raises
def check_07_predict(answer: float) -> Verdict:
    """Decades of KL between α = 0.1 and α = 1, where the bowl holds."""
    mistakes = {
        1: "that is decades of α, a length; the KL grows with its square.",
        0.5: "the other way round: the KL grows with the square of α, not with its root.",
        100: "that is the factor; decades are its logarithm.",
        1.5: "that is TRPO's plateau, or three step sizes of α; the ends are 0.1 and 1, squared.",
        3: "three step sizes are no matter here: the ends are 0.1 and 1.",
        0.75: "that is TRPO's plateau in decades of length; decades of KL are asked for.",
        10: "that is the factor of α; decades of KL are asked for.",
        -2: "from the lower end to the upper one it is positive.",
    }
    return compare(answer, 2, mistakes, "in nats it is wider than TRPO's, with fewer step sizes.")


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
    """A learning rate with which ε = 0.02 lets KL pass 1 in each of 3 seeds; 2/3 of it does not."""
    (lr,) = numbers(answer, 1)
    if not 0 < lr <= 0.5:
        return Verdict(False, f"the learning rate must be above 0 and at most 0.5, got {lr:g}.")
    largest = [_largest_kl(seed, lr) for seed in range(3)]
    if min(largest) <= 1:
        said = ", ".join(f"{kl:.2g}" for kl in largest)
        return Verdict(False, f"the largest KLs of the three seeds are {said}: try a larger rate.")
    smaller = [_largest_kl(seed, lr / 1.5) for seed in range(3)]
    if min(smaller) > 1:
        said = ", ".join(f"{kl:.2g}" for kl in smaller)
        return Verdict(False, f"two thirds of it still reach {said} nats: try a smaller rate.")
    return Verdict(True, "no clip acts in the first step, however tight: the rate decides.")


def _largest_kl(seed: int, lr: float) -> float:
    """Of the first five updates."""
    config = TrainConfig(seed=seed, max_iterations=5, target_return=None)
    with Trainer(config, PPOClip(lr=lr, clip=0.02)) as trainer:
        return max(record.report.kl for record in trainer)

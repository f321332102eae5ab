"""The exercises of lesson 06."""

from collections.abc import Callable

import numpy as np

from trpo_lib.exercises.verdict import (
    Verdict,
    WrongAnswer,
    array,
    call,
    compare,
    judge,
    never_raises,
    numbers,
)
from trpo_lib.training import TrainConfig, Trainer
from trpo_lib.trpo import TRPO, TRPOConfig


@never_raises
def check_06_predict(answer: float) -> Verdict:
    """By how much δ_t is wrong when a truncation is taken for a termination: γ = 0.99, V = 80."""
    mistakes = {
        79.2: "the size is right, the sign is not: the error makes the TD error smaller.",
        -80: "the next value enters the TD error with the factor γ.",
        80: "check the sign, and the factor γ in front of the next value.",
        0: "it does change: a termination bootstraps nothing, a truncation γ V(s').",
        -1: "the reward is the same in both cases; look at the term γ V(s').",
    }
    return compare(answer, -79.2, mistakes, "γ V(s') is missing: the state looks worth nothing.")


def _after(done: np.ndarray, resetting: np.ndarray) -> np.ndarray:
    """Whether a row comes after an episode's end, and so is a reset."""
    return np.vstack([resetting, done[:-1]])


_ROW_MISTAKES = {
    "the row where an episode ends is real; the one after it is not.": lambda d, r: ~d,
    "that marks the ends of episodes: those rows are real.": lambda d, r: d,
    "upside down: True must mean that the row happened.": _after,
    "row 0 may be a reset as well: resetting tells.": lambda d, r: ~_after(d, r & False),
    "wrong direction: look one row back, not ahead.": lambda d, r: ~np.vstack([r, d[1:]]),
    "wrong axis: time is the first axis, environments the second.": lambda d, r: (
        ~np.hstack([r[:1].repeat(len(d))[:, None], d[:, :-1]])
    ),
    "all rows are marked as real: resets are rows too.": lambda d, r: d | True,
}


@never_raises
def check_06_compute(answer: Callable) -> Verdict:
    """real_rows(done, resetting): which rows of a NEXT_STEP rollout really happened."""

    def rows(done: np.ndarray, resetting: np.ndarray) -> np.ndarray:
        given = array(call(answer, done, resetting))
        if given.dtype != bool:
            raise WrongAnswer(f"a boolean array is asked for, yours holds {given.dtype}.")
        return given

    def right(done: np.ndarray, resetting: np.ndarray) -> np.ndarray:
        return ~_after(done, resetting)

    done = np.zeros((6, 3), dtype=bool)
    done[1, 0] = done[5, 1] = done[0, 2] = done[3, 2] = True
    cases = [(done, np.array([False, True, False])), (done[:4, ::2], np.array([True, False]))]
    praise = "a row is made up exactly when the row before it ended an episode."
    return judge(rows, cases, right, _ROW_MISTAKES, praise)


@never_raises
def check_06_explore(answer: tuple[float, float]) -> Verdict:
    """(too_small, too_large): bounds δ, at most 5,000-fold apart, that both hold learning back."""
    too_small, too_large = numbers(answer, 2)
    if not (too_small > 0 and too_large > 0):
        return Verdict(False, f"a bound is above 0; yours are {too_small:g} and {too_large:g}.")
    if too_small >= 0.01:
        return Verdict(False, "the first bound must be smaller than the default 0.01.")
    if too_large <= 0.01:
        return Verdict(False, "the second bound must be larger than the default 0.01.")
    if too_large > 5000 * too_small:
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

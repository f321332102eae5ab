"""The exercises of lesson 03."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from scipy.special import expit

from trpo_lib.advantage import gae
from trpo_lib.exercises.verdict import Verdict, array, compare, judge, never_raises
from trpo_lib.tabular import TabularMDP


@never_raises
def check_03_predict(answer: float) -> Verdict:
    """The TD error of a truncated step: reward 1, V = 20 before and 10 after, γ = 0.95."""
    mistakes = {
        -19: "that is a terminated step; here only the clock stopped it, so V(s') counts.",
        1: "that is the reward alone: the critic speaks before and after the step.",
        10.5: "that is r + γ V(s'): subtract V(s).",
        -9: "γ is missing: the next value counts 0.95 times.",
        9.5: "the sign: add what is reached, subtract what was left.",
        29.5: "V(s) is subtracted, not added.",
        10: "before and after are exchanged.",
    }
    return compare(answer, -9.5, mistakes, "1 + 0.95 · 10 − 20: it led to a worse state.")


def _gae(cut_value: Callable, cut_trace: Callable, fade: Callable) -> Callable:
    """GAE with masks: cut_value and cut_trace of both flags, fade of γ and λ."""

    def estimate(rewards, values, next_values, terminated, truncated, gamma, lam):
        kept = ~cut_value(terminated, truncated)
        advantages = rewards + gamma * next_values * kept - values
        goes_on = ~cut_trace(terminated, truncated)
        for t in reversed(range(len(rewards) - 1)):
            advantages[t] += fade(gamma, lam) * goes_on[t] * advantages[t + 1]
        return advantages

    return estimate


def _no(terminated, truncated):
    return terminated & ~terminated


def _terminated(terminated, truncated):
    return terminated


def _truncated(terminated, truncated):
    return truncated


def _either(terminated, truncated):
    return terminated | truncated


def _both_fade(gamma, lam):
    return gamma * lam


_GAE_MISTAKES = {
    "no mask at all: where an episode ends, the next row belongs to another one.": _gae(
        _no, _no, _both_fade
    ),
    "a truncated step keeps the value of its last state: mask V(s') by terminated alone.": _gae(
        _either, _either, _both_fade
    ),
    "V(s') needs a mask: after termination nothing follows.": _gae(_no, _either, _both_fade),
    "the sum must also stop after truncation: the next row is another episode's.": _gae(
        _terminated, _terminated, _both_fade
    ),
    "the sum must stop after either end: its mask is missing.": _gae(_terminated, _no, _both_fade),
    "the sum must also stop after termination.": _gae(_terminated, _truncated, _both_fade),
    "λ is missing in the sum.": _gae(_terminated, _either, lambda gamma, lam: gamma),
    "γ is missing in the sum.": _gae(_terminated, _either, lambda gamma, lam: lam),
    "these are the TD errors alone: add those that follow.": _gae(
        _terminated, _either, lambda gamma, lam: 0
    ),
}


@never_raises
def check_03_core(answer: Callable) -> Verdict:
    """gae_by_hand(rewards, values, next_values, terminated, truncated, gamma, lam)."""
    generator, cases = torch.Generator().manual_seed(5), []
    for steps, copies, gamma, lam in ((6, 2, 0.9, 0.7), (9, 3, 0.8, 0.95), (4, 1, 0.99, 0.3)):
        data = torch.randn(3, steps, copies, generator=generator, dtype=torch.float64)
        ends = torch.rand(2, steps, copies, generator=generator) < 0.3
        ends[:, 1, 0] = torch.tensor([True, False])  # each kind at least once
        ends[:, 2, 0] = torch.tensor([False, True])
        cases.append((*data, *ends, gamma, lam))
    return judge(answer, cases, gae, _GAE_MISTAKES, "two masks: one for V(s'), one for the sum.")


def _visits(moves: np.ndarray, start: np.ndarray, gamma: float) -> np.ndarray:
    return np.linalg.solve(np.eye(len(start)) - gamma * moves.T, start)


_VISIT_MISTAKES = {
    "moves the wrong way: arrivals in s' come from column s' of moves: transpose it.": (
        lambda moves, start, gamma: np.linalg.solve(np.eye(len(start)) - gamma * moves, start)
    ),
    "these are shares of time; ρ sums to 1 / (1 − γ).": lambda moves, start, gamma: (
        (1 - gamma) * _visits(moves, start, gamma)
    ),
    "the start itself is a visit: it is missing.": lambda moves, start, gamma: (
        _visits(moves, start, gamma) - start
    ),
    "that is one step only: the visits go on.": lambda moves, start, gamma: (
        start + gamma * moves.T @ start
    ),
    "one γ too many: the first visit is not discounted.": lambda moves, start, gamma: (
        gamma * _visits(moves, start, gamma)
    ),
}


@never_raises
def check_03_compute(answer: Callable) -> Verdict:
    """visitation(moves, start, gamma) = Σ_t γ^t P(s_t = s)."""
    rng, cases = np.random.default_rng(2), []
    for states, gamma in ((3, 0.9), (5, 0.8), (2, 0.95)):
        moves = rng.dirichlet(np.full(states, 0.5), size=states)
        cases.append((moves, rng.dirichlet(np.ones(states)), gamma))
    return judge(answer, cases, _visits, _VISIT_MISTAKES, "one starts there, or one arrives there.")


def _hiker() -> tuple[np.ndarray, np.ndarray]:
    """The lesson's probabilities of running ``[S]``, and its Q ``[S, A]``."""
    meadow, slope, ridge = np.eye(3)
    up = [0.1 * meadow + 0.9 * slope, 0.1 * slope + 0.9 * ridge, meadow]
    transitions = np.stack([[meadow, meadow, slope], up], axis=1)
    world = TabularMDP(transitions, rewards=[[0, 1], [0, 1], [0, -5]], gamma=0.9, start=meadow)
    run = expit(np.array([-2.0, -1.5, -2.0]))
    return run, world.action_values(np.stack([1 - run, run], -1))


@never_raises
def check_03_explore(answer: Sequence) -> Verdict:
    """Three baselines with which a sample's variance is under a hundredth of that with V."""
    baseline = array(answer).astype(float)
    if baseline.shape != (3,):
        return Verdict(False, f"three numbers are asked for, the shape is {list(baseline.shape)}.")
    if not np.isfinite(baseline).all():
        return Verdict(False, "the numbers must be finite.")
    run, action_values = _hiker()
    walks, runs = action_values.T
    values = (1 - run) * walks + run * runs
    # With the score 1 − p for running and −p for walking, both samples differ by this much.
    quotient = ((1 - run) * (runs - baseline) + run * (walks - baseline)) / (
        (1 - run) * (runs - values) + run * (walks - values)
    )
    shares = quotient**2
    if shares.max() < 0.01:
        return Verdict(True, "both actions' samples are equal: no noise is left within a state.")
    names = ("meadow", "slope", "ridge")
    said = ", ".join(f"{name} {share:.2g}" for name, share in zip(names, shares, strict=True))
    return Verdict(
        False, f"variance as a multiple of that with V: {said}; below 0.01 is asked for."
    )

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


def _mean_gae(td_errors, transitions, policy, gamma, lam):
    """What Q is for rewards and γ, for TD errors and γλ: ``[S, A]``."""
    fade = gamma * lam
    moves = np.einsum("sa,sat->st", policy, transitions)
    per_state = np.linalg.solve(np.eye(len(moves)) - fade * moves, (policy * td_errors).sum(-1))
    return td_errors + fade * transitions @ per_state


def _one_step_more(td_errors, transitions, policy, gamma, lam):
    return td_errors + gamma * lam * transitions @ (policy * td_errors).sum(-1)


def _with_even_actions(td_errors, transitions, policy, gamma, lam):
    even = np.full_like(policy, 1 / policy.shape[-1])
    return _mean_gae(td_errors, transitions, even, gamma, lam)


def _for_policy(td_errors, transitions, policy, gamma, lam):
    found = _mean_gae(td_errors, transitions, policy, gamma, lam)
    return (policy * found).sum(-1)


_MEAN_GAE_MISTAKES = {
    "λ is missing: each TD error fades by γλ.": lambda td, P, pi, gamma, lam: _mean_gae(
        td, P, pi, gamma, 1
    ),
    "γ is missing: each TD error fades by γλ.": lambda td, P, pi, gamma, lam: _mean_gae(
        td, P, pi, 1, lam
    ),
    "the first TD error is not faded: one γλ too many.": lambda td, P, pi, gamma, lam: (
        gamma * lam * _mean_gae(td, P, pi, gamma, lam)
    ),
    "the first TD error is missing.": lambda td, P, pi, gamma, lam: (
        _mean_gae(td, P, pi, gamma, lam) - td
    ),
    "those are the TD errors alone, as with λ = 0: add those that follow.": (
        lambda td, P, pi, gamma, lam: td
    ),
    "that is one step only: the sum goes on.": _one_step_more,
    "later actions are the policy's: weigh them by its probabilities.": _with_even_actions,
    "the mean over the first action is taken: it is given, the answer is [S, A].": _for_policy,
}


@never_raises
def check_03_compute(answer: Callable) -> Verdict:
    """mean_gae(td_errors, transitions, policy, gamma, lam) = the mean of A_t given s_t and a_t."""
    rng, cases = np.random.default_rng(2), []
    for states, actions, gamma, lam in ((3, 2, 0.9, 0.7), (2, 4, 0.8, 0.95), (5, 3, 0.95, 0.5)):
        transitions = rng.dirichlet(np.full(states, 0.5), (states, actions))
        policy = rng.dirichlet(np.ones(actions), states)
        td_errors = rng.standard_normal((states, actions))
        cases.append((td_errors, transitions, policy, gamma, lam))
    praise = "it is Q of a world whose rewards are TD errors, and whose discount is γλ."
    return judge(answer, cases, _mean_gae, _MEAN_GAE_MISTAKES, praise)


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

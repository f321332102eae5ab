"""The exercises of lesson 06."""

import copy
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector

from trpo_lib.advantage import normalize
from trpo_lib.batch import Batch
from trpo_lib.divergence import mean_kl
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
from trpo_lib.policies import CategoricalPolicy
from trpo_lib.solvers import conjugate_gradient
from trpo_lib.surrogate import surrogate
from trpo_lib.training import TrainConfig, Trainer
from trpo_lib.trpo import TRPO, TRPOConfig, local_model, trpo_step


@never_raises
def check_06_predict(answer: float) -> Verdict:
    """The KL after ten equal steps of KL 0.01 each, and ten more at right angles to them."""
    mistakes = {
        4: "that is twenty steps in one direction; here the last ten go at right angles.",
        1: "ten steps one way are that far; add the other ten (the 0.01 has its ½ already).",
        0.2: "that is the sum; ten equal steps are one of ten times the length: square it.",
        0.01: "that is the KL of one step; the last policy is further away.",
        200: "that is how many times larger it is; in nats it is this times 0.01.",
        200**0.5: "that is how many times longer the way is; the bowl grows with its square.",
        0.01 * 200**0.5: "the bowl grows with the square of the length, not with its root.",
        0.00005: "the way is longer than one step, not shorter.",
        1.62: "ten steps lead ten lengths away, not nine.",
    }
    praise = "ten lengths one way and ten across: (10² + 10²) times the KL of one step."
    return compare(answer, 2, mistakes, praise)


def _update(seed: int, states: int, actions: int, hidden: int, scale: float) -> tuple:
    """A random policy, whose logits are of this scale, and a batch that it may have played."""
    generator = torch.Generator().manual_seed(seed)
    draw = partial(torch.randn, generator=generator, dtype=torch.float64)
    policy = CategoricalPolicy(3, actions, (hidden,), generator).double()
    with torch.no_grad():
        for weight in policy.parameters():
            weight.add_(scale * draw(weight.shape))
        obs = draw(states, 3)
        probs = policy(obs).probs
        played = probs.multinomial(1, generator=generator)[:, 0]
        log_probs = policy(obs).log_prob(played)
    nothing = torch.zeros(states, dtype=torch.float64)
    advantages = normalize(draw(states))
    return policy, Batch(obs, played, log_probs, advantages, nothing, nothing)


def _right(policy: nn.Module, batch: Batch, max_kl: float) -> np.ndarray:
    """θ after the library's update."""
    changed = copy.deepcopy(policy)
    trpo_step(changed, batch, TRPOConfig(max_kl=max_kl))
    return _theta(changed).numpy()


def _theta(policy: nn.Module) -> Tensor:
    return parameters_to_vector(policy.parameters()).detach()


def _enough(gain: float, kl: float, reverse_kl: float, max_kl: float) -> bool:
    """TRPO's rule."""
    return gain > 0 and kl <= max_kl


def _search(policy, batch, max_kl, direction, accept=_enough, fraction=lambda k: 0.5**k, last=None):
    """A line search with another rule, other fractions, or another end (the last trial)."""
    model, theta = local_model(policy, batch, 1e-3), _theta(policy)
    full_step = direction(model, max_kl)
    with torch.no_grad():
        for k in range(10):
            candidate = theta + fraction(k) * full_step
            new = model.at(candidate)
            gain = surrogate(new, batch.actions, batch.old_log_probs, batch.advantages)
            kls = mean_kl(model.old, new), mean_kl(new, model.old)
            if accept(gain - model.objective, *kls, max_kl):
                return candidate.numpy()
    return (candidate if last else theta).numpy()


def _solve(model) -> Tensor:
    return conjugate_gradient(model.fisher, model.gradient, 8).x


def _long(factor: Callable, solve: Callable = _solve) -> Callable:
    """A direction with a length: factor is a function of xᵀF_c x, x and max_kl."""

    def direction(model, max_kl: float) -> Tensor:
        x = solve(model)
        return factor(x @ model.fisher(x), x, max_kl) * x

    return direction


_full = _long(lambda q, x, kl: (2 * kl / q) ** 0.5)
_UPDATE_MISTAKES = {
    "that is the full step: the line search is missing.": {"accept": lambda *_: True},
    "the gain is not checked: a step must also raise L.": {"accept": lambda g, k, r, d: k <= d},
    "the KL is not checked: it must be at most max_kl.": {"accept": lambda g, *_: g > 0},
    "the KL's direction is wrong: old first, KL(old ‖ new).": {
        "accept": lambda g, k, r, d: g > 0 and r <= d
    },
    "one of the two is enough for you; a step must have a gain and keep the bound.": {
        "accept": lambda g, k, r, d: g > 0 or k <= d
    },
    "the k-th trial is 0.5**k of the full step; yours shrinks what has been shrunk already.": {
        "fraction": lambda k: 0.5 ** (k * (k + 1) // 2)
    },
    "each trial starts at θ_old; yours starts at the last trial.": {
        "fraction": lambda k: 2 - 0.5**k
    },
    "the first trial is the full step, 0.5**0 of it.": {"fraction": lambda k: 0.5 ** (k + 1)},
    "if no trial is accepted, the answer is θ_old, not the last trial.": {"last": True},
    "the sign is wrong: L is to be raised.": {"fraction": lambda k: -(0.5**k)},
    "a 2 is missing: the KL is ½ dᵀF_c d.": {"direction": _long(lambda q, x, kl: (kl / q) ** 0.5)},
    "the step has no length yet: √(2 max_kl / xᵀF_c x).": {"direction": _long(lambda *_: 1.0)},
    "F_c is missing in the length: xᵀF_c x, not xᵀx.": {
        "direction": _long(lambda q, x, kl: (2 * kl / (x @ x)) ** 0.5)
    },
    "a square root is missing in the length.": {"direction": _long(lambda q, x, kl: 2 * kl / q)},
    "that is the direction of g: conjugate gradient is missing.": {
        "direction": _long(lambda q, x, kl: (2 * kl / q) ** 0.5, lambda model: model.gradient)
    },
}
_OTHER_MISTAKES = {
    "that is θ_old: nothing has moved.": lambda policy, batch, max_kl: _theta(policy).numpy(),
    "that is the step; return θ_old plus the step.": lambda policy, batch, max_kl: (
        _right(policy, batch, max_kl) - _theta(policy).numpy()
    ),
}
# (seed, states, actions, hidden, scale), max_kl. The first step passes whole. The next is refused
# for its KL (by the reverse KL it would pass), one for its gain, one twice. In the last none
# passes.
_UPDATES = (
    ((6, 11, 2, 3, 0.3), 0.01),
    ((3, 8, 3, 3, 1.0), 1.0),
    ((19, 13, 3, 4, 1.0), 1.0),
    ((49, 10, 3, 4, 1.0), 0.05),
    ((6, 11, 2, 3, 1.0), 1e5),
)


@never_raises
def check_06_core(answer: Callable) -> Verdict:
    """new_theta(policy, batch, max_kl): the parameters after one TRPO update, [P].

    Damping 0.001, eight iterations of CG, ten trials, each half of the one before.
    """
    cases = [(*_update(*drawn), max_kl) for drawn, max_kl in _UPDATES]
    mistakes = {
        why: partial(_search, **({"direction": _full} | wrong))
        for why, wrong in _UPDATE_MISTAKES.items()
    }
    praise = "as the library's trpo_step, whichever trial is the first that may stay."
    verdict = judge(answer, cases, _right, mistakes | _OTHER_MISTAKES, praise)
    policy, batch, max_kl = cases[0]
    flat = Batch(**(vars(batch) | {"advantages": 0 * batch.advantages}))
    if verdict.passed and not same(array(call(answer, policy, flat, max_kl)), _theta(policy)):
        return Verdict(False, "right unless all advantages are 0: then g = 0, and θ_old stays.")
    return verdict


def _after(done: np.ndarray, resetting: np.ndarray) -> np.ndarray:
    """Whether a row comes after an episode's end, and so is a reset."""
    return np.vstack([resetting, done[:-1]])


_ROW_MISTAKES = {
    "the row where an episode ends is real; the one after it is not.": lambda d, r: ~d,
    "that marks the ends of episodes: those rows are real.": lambda d, r: d,
    "upside down: True must mean that the row happened.": _after,
    "row 0 may be a reset as well: resetting tells.": lambda d, r: ~_after(d, r & False),
    "np.roll puts the last row before row 0; what came before row 0 is in resetting.": (
        lambda d, r: ~np.roll(d, 1, axis=0)
    ),
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
    done[1, 0] = done[5, 0] = done[0, 2] = done[3, 2] = True  # the last row is not resetting
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
    if too_large > 5000 * too_small * (1 + 1e-9):  # 3 / 6e-4 is 5,000 but for rounding
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

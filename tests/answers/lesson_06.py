"""Answers to the exercises of lesson 06: right ones, and typical mistakes with their name."""

import copy
import re

import numpy as np
import torch
from torch.distributions import kl_divergence
from torch.func import functional_call
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from trpo_lib.exercises.lesson_06 import (
    check_06_compute,
    check_06_core,
    check_06_explore,
    check_06_predict,
)
from trpo_lib.fisher import fisher_vector_product
from trpo_lib.solvers import conjugate_gradient, line_search
from trpo_lib.trpo import TRPOConfig, trpo_step


def start_of(policy):
    return torch.cat([p.detach().flatten() for p in policy.parameters()])


def at(policy, theta, obs):
    """The distributions with parameters theta, whatever the policy's own are."""
    names, parts = zip(*policy.named_parameters(), strict=True)
    pieces = theta.split([part.numel() for part in parts])
    shaped = {n: x.view_as(part) for n, x, part in zip(names, pieces, parts, strict=True)}
    return functional_call(policy, shaped, (obs,))


def promise(policy, batch, theta):
    new = at(policy, theta, batch.obs)
    return ((new.log_prob(batch.actions) - batch.old_log_probs).exp() * batch.advantages).mean()


def slope(policy, batch):
    theta = start_of(policy).requires_grad_()
    return torch.autograd.grad(promise(policy, batch, theta), theta)[0]


def full(policy, batch, max_kl, damping=1e-3, iters=8, two=2.0, power=0.5):
    g = slope(policy, batch)
    if not g.any():
        return 0 * g
    found = conjugate_gradient(fisher_vector_product(policy, batch.obs, damping), g, iters)
    return (two * max_kl / found.quadratic_form) ** power * found.x


def judged(policy, batch, theta):
    """Gain, KL(old, new), KL(new, old)."""
    with torch.no_grad():
        old, new = policy(batch.obs), at(policy, theta, batch.obs)
        gain = promise(policy, batch, theta) - promise(policy, batch, start_of(policy))
        return gain, kl_divergence(old, new).mean(), kl_divergence(new, old).mean()


def searching(accept, step_of=full, fractions=tuple(0.5**k for k in range(10)), last=False):
    """An update by another rule, another step or other fractions of it."""

    def new_theta(policy, batch, max_kl):
        theta, step = start_of(policy), step_of(policy, batch, max_kl)
        for fraction in fractions:
            candidate = theta + fraction * step
            if accept(*judged(policy, batch, candidate), max_kl):
                return candidate
        return candidate if last else theta

    return new_theta


def rule(gain, kl, reverse, max_kl):
    return gain > 0 and kl <= max_kl


by_hand = searching(rule)


def by_the_library(policy, batch, max_kl):
    trpo_step(policy, batch, TRPOConfig(max_kl=max_kl))
    return parameters_to_vector(policy.parameters())


def as_a_list(policy, batch, max_kl):
    return by_hand(policy, batch, max_kl).tolist()


def in_place(policy, batch, max_kl):
    old, theta = copy.deepcopy(policy), start_of(policy)
    step = full(policy, batch, max_kl).numpy()
    for k in range(10):
        vector_to_parameters(theta + torch.tensor(step * 2.0**-k), policy.parameters())
        gain, kl, _ = judged(old, batch, start_of(policy))
        if gain > 0 and kl <= max_kl:
            break
    else:
        vector_to_parameters(theta, policy.parameters())
    return start_of(policy).numpy()


def by_line_search(policy, batch, max_kl):
    def accept(theta):
        return rule(*judged(policy, batch, theta), max_kl)

    return line_search(accept, start_of(policy), full(policy, batch, max_kl), 0.5, 10).x


def unguarded(policy, batch, max_kl):
    g = slope(policy, batch)
    x, e, u = 0 * g, g, g
    product = fisher_vector_product(policy, batch.obs, 1e-3)
    for _ in range(8):
        bent = product(u)
        length = (e @ e) / (u @ bent)
        x, before, e = x + length * u, e, e - length * bent
        u = e + (e @ e) / (before @ before) * u
    step = (2 * max_kl / (x @ product(x))) ** 0.5 * x
    return searching(rule, lambda *_: step)(policy, batch, max_kl) + 0 * x


def one_size(policy, batch, max_kl):
    return by_hand(policy, batch, max_kl)[:20]


def always_the_same_bound(policy, batch, max_kl):
    return by_hand(policy, batch, 0.01)


def shrinking_itself(policy, batch, max_kl):
    theta, step = start_of(policy), full(policy, batch, max_kl)
    for k in range(10):
        step = 0.5**k * step
        if rule(*judged(policy, batch, theta + step), max_kl):
            return theta + step
    return theta


def walking_on(policy, batch, max_kl):
    theta, step = start_of(policy), full(policy, batch, max_kl)
    candidate = theta
    for k in range(10):
        candidate = candidate + 0.5**k * step
        if rule(*judged(policy, batch, candidate), max_kl):
            return candidate
    return theta


def without_length(policy, batch, max_kl):
    return full(policy, batch, max_kl, power=0.0)


def by_xx(policy, batch, max_kl):
    x = without_length(policy, batch, max_kl)
    return (2 * max_kl / (x @ x)) ** 0.5 * x


def with_vstack(done, resetting):
    return ~np.vstack([resetting, done[:-1]])


def with_a_loop(done, resetting):
    real, made_up = np.empty_like(done), resetting
    for t in range(len(done)):
        real[t], made_up = ~made_up, done[t]
    return real


def with_roll(done, resetting):
    real = ~np.roll(done, 1, axis=0)
    real[0] = ~resetting
    return real


def along_the_wrong_axis(done, resetting):
    return ~np.hstack([np.full((len(done), 1), resetting[0]), done[:, :-1]])


ALL_FALSE = (
    "for done = [[False, False, True], [ True, False, False], [False, False, False],"
    " [False, False, True], [False, False, False], [ True, False, False]],"
    " resetting = [False, True, False] yours gives False at index [0, 0], not True."
)
SECOND_FALSE = (
    "for done = [[False, True], [ True, False], [False, False], [False, True]],"
    " resetting = [ True, False] yours gives False at index [0, 1], not True."
)

HALVED_ONCE = tuple(0.5 ** (k + 1) for k in range(10))

RIGHT = [
    (check_06_core, by_hand),
    (check_06_core, by_the_library),
    (check_06_core, as_a_list),
    (check_06_core, in_place),
    (check_06_core, by_line_search),
    (check_06_predict, 2),
    (check_06_predict, "2.0"),
    (check_06_predict, [(10**2 + 10**2) * 0.01]),
    (check_06_predict, np.float32(2)),
    (check_06_compute, with_vstack),
    (check_06_compute, with_a_loop),
    (check_06_compute, with_roll),
    (check_06_compute, lambda d, r: torch.tensor(with_vstack(d, r))),
    (check_06_explore, (5e-4, 2.0)),
    (check_06_explore, [6e-4, 3]),
    (check_06_explore, np.array([5e-4, 2.0])),
    (check_06_explore, torch.tensor([5e-4, 2.0])),
]
WRONG = [
    (check_06_core, lambda p, b, d: start_of(p) + full(p, b, d), "line search is missing"),
    (check_06_core, searching(lambda g, k, r, d: k <= d), "the gain is not checked"),
    (check_06_core, searching(lambda g, k, r, d: g > 0), "the KL is not checked"),
    (check_06_core, searching(lambda g, k, r, d: g > 0 and r <= d), "old first"),
    (check_06_core, searching(lambda g, k, r, d: g > 0 or k <= d), "one of the two"),
    (check_06_core, shrinking_itself, "shrunk already"),
    (check_06_core, walking_on, "starts at the last trial"),
    (check_06_core, searching(rule, fractions=HALVED_ONCE), "the first trial is the full step"),
    (check_06_core, searching(rule, last=True), "not the last trial"),
    (check_06_core, searching(rule, lambda *a: -full(*a)), "the sign is wrong"),
    (check_06_core, searching(rule, lambda *a: full(*a, two=1.0)), "a 2 is missing"),
    (check_06_core, searching(rule, without_length), "no length yet"),
    (check_06_core, searching(rule, by_xx), "not xᵀx"),
    (check_06_core, searching(rule, lambda *a: full(*a, power=1.0)), "square root"),
    (check_06_core, searching(rule, lambda *a: full(*a, iters=1)), "gradient is missing"),
    (check_06_core, lambda p, b, d: start_of(p), "nothing has moved"),
    (check_06_core, lambda p, b, d: by_hand(p, b, d) - start_of(p), "θ_old plus the step"),
    (check_06_core, unguarded, "unless all advantages are 0"),
    (check_06_core, searching(rule, lambda *a: full(*a, damping=0.1)), "^for max_kl = .* yours"),
    (check_06_core, one_size, r"must be \[24\], yours is \[20\]"),
    (check_06_core, always_the_same_bound, "^for max_kl = 1.* yours gives"),
    (check_06_core, lambda p, b, d: p.parameters(), "real numbers"),
    (check_06_core, lambda p, b: start_of(p), "TypeError"),
    (check_06_core, lambda p, b, d: None, "is there a `return`"),
    (check_06_predict, 0.2, "that is the sum"),
    (check_06_predict, 0.01, "one step"),
    (check_06_predict, 20**2 * 0.01, "twenty steps in one direction"),
    (check_06_predict, 10**2 * 0.01, "ten steps one way"),
    (check_06_predict, 200, "times 0.01"),
    (check_06_predict, 2**0.5 * 10, "its square"),
    (check_06_predict, 0.1 * 2**0.5, "not with its root"),
    (check_06_predict, 0.01 / 200, "not shorter"),
    (check_06_predict, 2 * 9**2 * 0.01, "not nine"),
    (check_06_predict, -2, "-2 is not it"),
    (check_06_compute, lambda d, r: ~d, "the one after it is not"),
    (check_06_compute, lambda d, r: d, "ends of episodes"),
    (check_06_compute, lambda d, r: np.vstack([r, d[:-1]]), "upside down"),
    (check_06_compute, lambda d, r: ~np.vstack([0 * r > 0, d[:-1]]), "row 0"),
    (check_06_compute, lambda d, r: ~np.vstack([r, d[1:]]), "one row back"),
    (check_06_compute, lambda d, r: d | True, "all rows"),
    (check_06_compute, lambda d, r: ~np.roll(d, 1, axis=0), "np.roll"),
    (check_06_compute, lambda d, r: None, "is there a `return`"),
    (check_06_compute, lambda d, r: d & False, re.escape(ALL_FALSE)),
    (check_06_compute, lambda d, r: with_vstack(d, r) & (len(d) > 4), re.escape(SECOND_FALSE)),
    (check_06_compute, lambda d, r: with_vstack(d, r).T, r"\[3, 6\]"),
    (check_06_compute, lambda d, r: with_vstack(d, r).astype(int), "boolean"),
    (check_06_compute, along_the_wrong_axis, "wrong axis"),
    (check_06_explore, (-1, 2), "above 0; yours are -1 and 2"),
    (check_06_explore, (0, 2.0), "above 0"),
    (check_06_explore, (1e-3, 0), "a bound is above 0"),
    (check_06_explore, (1e-3, float("nan")), "a bound is above 0"),
    (check_06_explore, (float("nan"), 1), "a bound is above 0"),
    (check_06_explore, (1e-3, float("inf")), "inf-fold"),
    (check_06_explore, (0.01, 1.0), "must be smaller"),
    (check_06_explore, (1e-4, 0.01), "must be larger"),
    (check_06_explore, (1e-4, 1.0), "10,000-fold"),
    (check_06_explore, (4e-4, 2.0002), "come closer"),
    (check_06_explore, (0.009, 0.015), "not too small"),
    (check_06_explore, 0.01, "2 numbers"),
]

"""The exercises of lesson 05."""

import copy
from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import Module

from trpo_lib.batch import Batch, make_batch
from trpo_lib.exercises.verdict import (
    Verdict,
    array,
    call,
    compare,
    judge,
    never_raises,
    numbers,
    same,
)
from trpo_lib.training import TrainConfig, Trainer
from trpo_lib.trpo import TRPOConfig, trpo_step


@never_raises
def check_05_predict(answer: float) -> Verdict:
    """The factor by which two halvings of the step shrink the model's KL."""
    mistakes = {
        4: "4 is how much shorter the step is; the bowl grows with the square of the length.",
        64: "the first trial is the full step: the third is halved twice, not three times.",
        8: "two halvings, not three; and the bowl grows with the square of the length.",
        2: "that is one halving of the length; there are two, and the bowl is quadratic.",
        1 / 16: "the size is right: say how many times smaller, a number above 1.",
        1: "the full step reaches δ in the model; the third trial is shorter.",
    }
    return compare(answer, 16, mistakes, "each halving divides ½ dᵀFd by four.")


def _system(seed: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """A symmetric positive definite matrix [P, P] and a vector [P]."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(size, size))
    return root @ root.T + 0.1 * np.eye(size), rng.normal(size=size)


def _matvec(matrix: np.ndarray) -> Callable:
    """Maps v to matrix · v, an array for an array and a tensor for a tensor."""
    return lambda v: matrix @ v if isinstance(v, np.ndarray) else torch.tensor(matrix) @ v


def _cg(matrix, b, iters, coefficient=lambda new, old: new / old):
    """The iterate of conjugate gradient; coefficient: of the last direction in the next."""
    x, residual, direction = np.zeros_like(b), b, b
    for _ in range(iters):
        product = matrix @ direction
        length = residual @ direction / (direction @ product)
        x = x + length * direction
        previous, residual = residual @ residual, residual - length * product
        direction = residual + coefficient(residual @ residual, previous) * direction
    return x


def _reach(matrix, x, max_kl):
    """X scaled to ½ dᵀ F_c d = max_kl."""
    return np.sqrt(2 * max_kl / (x @ matrix @ x)) * x


def _natural_step(matrix, g, iters, max_kl):
    return _reach(matrix, _cg(matrix, g, iters), max_kl)


def _with_length(length: Callable) -> Callable:
    """A wrong step: the right direction, another factor: a function of xᵀF_c x, x and max_kl."""

    def step(matrix, g, iters, max_kl):
        x = _cg(matrix, g, iters)
        return length(x @ matrix @ x, x, max_kl) * x

    return step


_MISTAKES = {
    "the sign is wrong: g is a gradient to climb.": lambda *a: -_natural_step(*a),
    "a 2 is missing: the KL is ½ dᵀF_c d.": _with_length(lambda q, x, kl: np.sqrt(kl / q)),
    "the 2 belongs above: √(2 max_kl / xᵀF_c x).": _with_length(
        lambda q, x, kl: np.sqrt(kl / 2 / q)
    ),
    "a square root is missing: dᵀF_c d grows with the square of d.": _with_length(
        lambda q, x, kl: 2 * kl / q
    ),
    "F_c is missing in the length: xᵀF_c x, not xᵀx.": _with_length(
        lambda q, x, kl: np.sqrt(2 * kl / (x @ x))
    ),
    "that is x itself: it still needs its length.": _with_length(lambda q, x, kl: 1),
    "the length is upside down: the larger xᵀF_c x, the shorter the step.": _with_length(
        lambda q, x, kl: np.sqrt(q / (2 * kl))
    ),
    "that is steepest descent: the next direction forgets the last one.": lambda m, g, n, kl: (
        _reach(m, _cg(m, g, n, lambda new, old: 0.0), kl)
    ),
    "the coefficient is upside down: new ‖residual‖² over old.": lambda m, g, n, kl: _reach(
        m, _cg(m, g, n, lambda new, old: old / new), kl
    ),
    "the coefficient needs the squares of the norms.": lambda m, g, n, kl: _reach(
        m, _cg(m, g, n, lambda new, old: (new / old) ** 0.5), kl
    ),
    "the coefficient has a plus: it is ‖new residual‖² / ‖old residual‖².": lambda m, g, n, kl: (
        _reach(m, _cg(m, g, n, lambda new, old: -new / old), kl)
    ),
    "one iteration too many.": lambda m, g, n, kl: _natural_step(m, g, n + 1, kl),
    "one iteration too few.": lambda m, g, n, kl: _reach(m, _cg(m, g, n - 1), kl),
    "that is the exact solution: stop after iters iterations.": lambda m, g, n, kl: _reach(
        m, np.linalg.solve(m, g), kl
    ),
    "that is g itself, scaled: CG is missing.": lambda m, g, n, kl: _reach(m, g, kl),
}


def _product(subscripts: str) -> Callable:
    """A way to contract J [B, K, P], M [B, K, L] and v [P], divided by the number of states."""
    return lambda J, M, v: np.einsum(subscripts, J, M, J, v) / len(J)


_fisher_product = _product("bkp,bkl,blq,q->p")
_PRODUCT_MISTAKES = {
    "take the mean over the states, not the sum.": lambda J, M, v: (
        len(J) * _fisher_product(J, M, v)
    ),
    "that is divided by the number of logits too: the mean is over states only.": lambda J, M, v: (
        _fisher_product(J, M, v) / J.shape[1]
    ),
    "M is missing: JᵀJ v is the matrix of least squares.": lambda J, M, v: (
        np.einsum("bkp,bkq,q->p", J, J, v) / len(J)
    ),
    "M acts once, not twice.": lambda J, M, v: _fisher_product(J, M @ M, v),
    "that is M's diagonal alone: the logits of a softmax act together.": _product(
        "bkp,bkk,bkq,q->p"
    ),
    "average last: the mean of a product is not the product of the means.": lambda J, M, v: (
        _fisher_product(J.mean(0)[None], M.mean(0)[None], v)
    ),
    "the sign is wrong: vᵀF v is never negative.": lambda J, M, v: -_fisher_product(J, M, v),
}


@never_raises
def check_05_core(answer: Callable) -> Verdict:
    """fisher_product(J, M, v): the mean over states of Jᵀ M J v."""
    rng, cases = np.random.default_rng(0), []
    for states, outputs, params in ((2, 2, 3), (4, 3, 5)):
        probs = rng.dirichlet(np.ones(outputs), size=states)
        metric = np.eye(outputs) * probs[:, None] - probs[:, :, None] * probs[:, None, :]
        arrays = rng.normal(size=(states, outputs, params)), metric, rng.normal(size=params)
        cases.append(tuple(torch.tensor(array) for array in arrays))

    def right(J: Tensor, M: Tensor, v: Tensor) -> np.ndarray:
        return _fisher_product(J.numpy(), M.numpy(), v.numpy())

    mistakes = {
        why: lambda J, M, v, wrong=wrong: wrong(J.numpy(), M.numpy(), v.numpy())
        for why, wrong in _PRODUCT_MISTAKES.items()
    }
    return judge(answer, cases, right, mistakes, "from the right: J v, then M, then Jᵀ.")


@never_raises
def check_05_compute(answer: Callable) -> Verdict:
    """natural_step(matvec, g, iters, max_kl): CG from 0, then the length that uses max_kl.

    CG ends early where the residual is 0, and where g is 0, so is the step.
    """

    def step(matrix: np.ndarray, g: np.ndarray, iters: int, max_kl: float) -> np.ndarray:
        return array(call(answer, _matvec(matrix), torch.tensor(g), iters, max_kl))

    problems = ((6, 3, 0.02), (5, 1, 0.05), (6, 4, 0.03))
    cases = [(*_system(k, size), n, kl) for k, (size, n, kl) in enumerate(problems)]
    praise = "x from CG's own iterates, the length from ½ dᵀF_c d = max_kl."
    verdict = judge(step, cases, _natural_step, _MISTAKES, praise, _what_is_off)
    if verdict.passed and not same(step(np.eye(3), np.zeros(3), 2, 0.01), np.zeros(3)):
        return Verdict(False, "right unless g is 0: there CG divides 0 by 0; return zeros.")
    solved_at_once = np.eye(3), np.array([3.0, 0.0, 4.0]), 2, 0.02
    if verdict.passed and not same(step(*solved_at_once), _reach(*solved_at_once[:2], 0.02)):
        return Verdict(False, "right until the residual is 0: there CG divides 0 by 0; stop.")
    return verdict


def _what_is_off(given: np.ndarray, right: np.ndarray) -> str:
    """Says whether the direction or the length of an unknown wrong step is off."""
    if given.shape != right.shape or not np.isfinite(given).all():
        return ""
    if given @ right > (1 - 1e-9) * np.linalg.norm(given) * np.linalg.norm(right):
        return "the direction is right, the length is not: solve ½ dᵀF_c d = max_kl for it; "
    return "the direction is not CG's iterate after iters iterations; "


@never_raises
def check_05_explore(answer: tuple[float, int]) -> Verdict:
    """(damping, cg_iters) that solve the lesson's update well, cheaply, and to some gain."""
    damping, iters = numbers(answer, 2)
    if not (iters.is_integer() and iters <= 8):
        return Verdict(False, f"at most 8 iterations are allowed, these are {iters:g}.")
    policy, batch = _recorded_update()
    config = TRPOConfig(damping=damping, cg_iters=int(iters))
    report = trpo_step(copy.deepcopy(policy), batch, config)
    residual = report.cg_residuals[-1] / report.cg_residuals[0]
    if residual >= 1e-3:
        return Verdict(False, f"the relative residual is ≈ {residual:.2g}: not below 0.001.")
    if report.gain < 0.011:
        why = "damped too much?" if report.fraction == 1 else "the full step left the region."
        return Verdict(False, f"solved, but the gain is ≈ {report.gain:.4f}: {why}")
    return Verdict(True, f"relative residual ≈ {residual:.1g}, gain ≈ {report.gain:.4f}.")


@cache
def _recorded_update() -> tuple[Module, Batch]:
    """The lesson's policy and its batch."""
    config = TrainConfig(seed=1, dtype="float64", max_iterations=8, target_return=None)
    with Trainer(config) as trainer:
        list(trainer)
        policy, rollout = trainer.policy, trainer.play()
    batch = make_batch(rollout, policy, trainer.critic, gamma=0.99, lam=0.97)
    return policy, batch

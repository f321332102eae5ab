"""Answers to the exercises of lesson 05: right ones, and typical mistakes with their name."""

import numpy as np
import torch

from trpo_lib.exercises.lesson_05 import (
    check_05_compute,
    check_05_core,
    check_05_explore,
    check_05_predict,
)
from trpo_lib.solvers import conjugate_gradient


def krylov(matvec, g, iters):
    """The best x in the span of g, A g, …, A^(iters-1) g: what CG computes, by another road."""
    basis = [g / g.norm()]
    for _ in range(iters - 1):
        basis.append(matvec(basis[-1]))
    basis, _ = torch.linalg.qr(torch.stack(basis, 1))
    projected = torch.stack([matvec(column) for column in basis.T], 1)
    return basis @ torch.linalg.solve(basis.T @ projected, basis.T @ g)


def reach(matvec, x, max_kl):
    return (2 * max_kl / (x @ matvec(x))) ** 0.5 * x


def by_krylov(matvec, g, iters, max_kl):
    return reach(matvec, krylov(matvec, g, iters), max_kl)


def by_library(matvec, g, iters, max_kl):
    found = conjugate_gradient(matvec, g, max_iters=iters)
    return (2 * max_kl / (found.quadratic_form or 1.0)) ** 0.5 * found.x


def with_numpy(matvec, g, iters, max_kl):
    g = np.asarray(g)
    x, e, u = 0 * g, g, g
    for _ in range(iters):
        if not e.any():
            break
        product = matvec(u)
        x = x + (e @ e) / (u @ product) * u
        rest = e - (e @ e) / (u @ product) * product
        e, u = rest, rest + (rest @ rest) / (e @ e) * u
    return np.sqrt(2 * max_kl / (x @ matvec(x))) * x


def cg(matvec, b, iters, coefficient=lambda new, old: (new @ new) / (old @ old), stops=True):
    """CG, perhaps with another coefficient of the last direction, made from both residuals."""
    x, e, u = torch.zeros_like(b), b, b
    for _ in range(iters):
        if stops and not e.any():
            break
        product = matvec(u)
        length = (e @ u) / (u @ product)
        x, old, e = x + length * u, e, e - length * product
        u = e + coefficient(e, old) * u
    return x


def loop(coefficient, stops=True):
    """A natural step by such a CG."""

    def natural_step(matvec, g, iters, max_kl):
        return reach(matvec, cg(matvec, g, iters, coefficient, stops), max_kl)

    return natural_step


def with_length(length):
    """The right direction; length is a function of A x, x and max_kl."""

    def natural_step(matvec, g, iters, max_kl):
        x = krylov(matvec, g, iters)
        return length(matvec(x), x, max_kl) * x

    return natural_step


def exactly(matvec, g, iters, max_kl):
    matrix = torch.stack([matvec(column) for column in torch.eye(len(g), dtype=g.dtype)], 1)
    return reach(
        matvec, torch.cholesky_solve(g[:, None], torch.linalg.cholesky(matrix))[:, 0], max_kl
    )


def case_of(size, rest):
    """What is said of a wrong length in a system of a size."""
    return rf"the direction is right.* g = \[([^,]*,){{{size - 1}}}[^,]*\], {rest}"


def guarded(natural_step):
    return lambda m, g, n, kl: natural_step(m, g, n, kl) if g.any() else 0 * g


def with_dense(J, M, v):
    return torch.stack([j.T @ m @ j for j, m in zip(J, M, strict=True)]).mean(0) @ v


def one_state_at_a_time(J, M, v):
    total = [0.0] * len(v)
    for j, m in zip(J.tolist(), M.tolist(), strict=True):
        moved = [sum(a * b for a, b in zip(row, v.tolist(), strict=True)) for row in j]
        bent = [sum(a * b for a, b in zip(row, moved, strict=True)) for row in m]
        for row, u in zip(j, bent, strict=True):
            total = [x + a * u / len(J) for x, a in zip(total, row, strict=True)]
    return total


def by_autograd(J, M, v):
    v = v.clone().requires_grad_()
    energy = torch.einsum("bkp,p,bkl,blq,q", J, v, M, J, v) / 2 / len(J)
    return torch.autograd.grad(energy, v)[0]


def contracted(J, M, v):
    return torch.einsum("bkp,bkl,blq,q->p", J, M, J, v) / len(J)


RIGHT = [
    (check_05_core, with_dense),
    (check_05_core, one_state_at_a_time),
    (check_05_core, by_autograd),
    (check_05_core, contracted),
    (check_05_core, lambda J, M, v: ((M @ (J @ v)[..., None])[..., 0, None] * J).sum(1).mean(0)),
    (check_05_predict, 16),
    (check_05_predict, "16"),
    (check_05_predict, np.array([16.0])),
    (check_05_predict, 1 / 0.5**4),
    (check_05_compute, guarded(by_krylov)),
    (check_05_compute, by_library),
    (check_05_compute, guarded(with_numpy)),
    (check_05_compute, guarded(loop(lambda new, old: (new @ new) / (old @ old)))),
    (check_05_explore, (0.02, 8)),
    (check_05_explore, [0.02, 7]),
    (check_05_explore, np.array([0.02, 8.0])),
    (check_05_explore, (np.float64(0.02), np.int64(7))),
]
WRONG = [
    (check_05_core, lambda J, M, v: len(J) * with_dense(J, M, v), "not the sum"),
    (check_05_core, lambda J, M, v: contracted(J, M, v) / J.shape[1], "over states only"),
    (check_05_core, lambda J, M, v: (J * (J @ v)[..., None]).sum(1).mean(0), "M is missing"),
    (check_05_core, lambda J, M, v: contracted(J, M @ M, v), "not twice"),
    (
        check_05_core,
        lambda J, M, v: contracted(J, torch.diag_embed(M.diagonal(0, 1, 2)), v),
        "diagonal alone",
    ),
    (check_05_core, lambda J, M, v: J.mean(0).T @ M.mean(0) @ J.mean(0) @ v, "average last"),
    (check_05_core, lambda J, M, v: -with_dense(J, M, v), "the sign"),
    (check_05_core, lambda J, M, v: 3 * contracted(J, M, v), r"^for .*v = \[.* yours gives"),
    (check_05_core, lambda J, M, v: with_dense(J, M, v)[:3], r"must be \[5\], yours is \[3\]"),
    (check_05_core, lambda J, M, v: J @ v, r"must be \[3\], yours is \[2, 2\]"),
    (check_05_core, lambda J, M: J, "TypeError"),
    (check_05_core, lambda J, M, v: None, "is there a `return`"),
    (check_05_predict, 4, "the square"),
    (check_05_predict, 64, "not three times"),
    (check_05_predict, 8, "two halvings"),
    (check_05_predict, 2, "one halving"),
    (check_05_predict, 0.0625, "above 1"),
    (check_05_predict, 1, "is shorter"),
    (check_05_predict, 15, "15 is not it"),
    (check_05_predict, 5, "5 is not it"),
    (check_05_compute, lambda *a: -by_krylov(*a), "sign"),
    (check_05_compute, with_length(lambda Ax, x, kl: (kl / (x @ Ax)) ** 0.5), "a 2 is missing"),
    (check_05_compute, with_length(lambda Ax, x, kl: (kl / 2 / (x @ Ax)) ** 0.5), "2 belongs"),
    (check_05_compute, with_length(lambda Ax, x, kl: 2 * kl / (x @ Ax)), "square root"),
    (check_05_compute, with_length(lambda Ax, x, kl: (2 * kl / (x @ x)) ** 0.5), "F_c is missing"),
    (check_05_compute, with_length(lambda Ax, x, kl: 1), "needs its length"),
    (check_05_compute, with_length(lambda Ax, x, kl: (x @ Ax / kl / 2) ** 0.5), "length is upside"),
    (check_05_compute, with_length(lambda Ax, x, kl: kl), case_of(6, "iters = 3, max_kl = 0.02")),
    (
        check_05_compute,
        lambda m, g, n, kl: by_krylov(m, g, n, 0.02),
        case_of(5, "iters = 1, max_kl = 0.05"),
    ),
    (
        check_05_compute,
        lambda m, g, n, kl: (1 + (n > 3)) * by_krylov(m, g, n, kl),
        case_of(6, "iters = 4, max_kl = 0.03"),
    ),
    (check_05_compute, loop(lambda new, old: 0), "steepest descent"),
    (check_05_compute, loop(lambda new, old: (old @ old) / (new @ new)), "coefficient is upside"),
    (check_05_compute, loop(lambda new, old: new.norm() / old.norm()), "squares"),
    (check_05_compute, loop(lambda new, old: -(new @ new) / (old @ old)), "a plus"),
    (check_05_compute, loop(lambda new, old: 1), "not CG's iterate"),
    (check_05_compute, lambda m, g, n, kl: by_krylov(m, g, n + 1, kl), "too many"),
    (check_05_compute, lambda m, g, n, kl: by_krylov(m, g, max(n - 1, 1), kl), "too few"),
    (check_05_compute, by_krylov, "unless g is 0"),
    (check_05_compute, loop(lambda new, old: (new @ new) / (old @ old)), "unless g is 0"),
    (
        check_05_compute,
        guarded(loop(lambda new, old: (new @ new) / (old @ old), stops=False)),
        "until the residual is 0",
    ),
    (check_05_compute, exactly, "exact solution"),
    (check_05_compute, lambda m, g, n, kl: reach(m, g, kl), "CG is missing"),
    (check_05_compute, lambda m, g, n, kl: by_krylov(m, g, n, kl)[:, None], r"\[6, 1\]"),
    (check_05_compute, lambda m, g, n, kl: g / 0, "^for g = .* yours gives -?inf at"),
    (check_05_compute, lambda m, g, n, kl: g / (g > 0), "^for g = .* yours gives"),
    (check_05_explore, (0.03, 20), "at most 8"),
    (check_05_explore, (0.03, 9), "these are 9"),
    (check_05_explore, (0.03, 7.5), "these are 7.5"),
    (check_05_explore, (1e-3, 5), "residual is ≈ 0.041: not below"),
    (check_05_explore, (1e-3, 8), "is ≈ 0.009.: not below"),
    (check_05_explore, (0.01, 8), "is ≈ 0.006.: the full step left the region"),
    (check_05_explore, (0.1, 8), "is ≈ 0.00[89].: damped too much"),
    (check_05_explore, (-0.1, 8), "ValueError"),
    (check_05_explore, 0.1, "2 numbers"),
]

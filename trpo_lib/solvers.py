"""Linear algebra that knows nothing of reinforcement learning: flat gradients, CG, line search."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from trpo_lib import _checks

LinearMap = Callable[[Tensor], Tensor]  # v [P] -> A v [P]


def flat_grad(output: Tensor, params: Sequence[Tensor], **autograd_options) -> Tensor:
    """The gradient of a scalar with respect to all params, as one vector: ``[]`` -> ``[P]``.

    A parameter that plays no part has the gradient 0. autograd_options: of ``torch.autograd.grad``;
    ``grad_outputs`` makes it a vector-Jacobian product; without ``create_graph`` it is a constant.
    """
    _checks.require_type(Tensor, output=output)
    grads = torch.autograd.grad(output, params, materialize_grads=True, **autograd_options)
    flat = torch.cat([grad.reshape(-1) for grad in grads])
    return flat if autograd_options.get("create_graph") else flat.detach()


def params_of(network: nn.Module) -> list[Tensor]:
    """θ: those that may change, P numbers in all."""
    return [param for param in network.parameters() if param.requires_grad]


def move(params: Sequence[Tensor], step: Tensor) -> None:
    """Adds a step ``[P]`` to all params, in one call: Ctrl-C finds them before it or after it."""
    pieces = step.split([param.numel() for param in params])
    views = [piece.view_as(param) for piece, param in zip(pieces, params, strict=True)]
    with torch.no_grad():
        torch._foreach_add_(list(params), views)


@dataclass(frozen=True)
class CGResult:
    """What ``conjugate_gradient`` found."""

    x: Tensor  # [P]
    residuals: tuple[float, ...]  # ‖b − A x_k‖ for k = 0, 1, …: one more than the products spent
    quadratic_form: float  # xᵀ A x, which comes free with the last residual
    status: str  # "converged", "max_iters" or "non-positive curvature" (x: the last good iterate)


def conjugate_gradient(
    matvec: LinearMap, b: Tensor, max_iters: int = 10, tol: float = 1e-10
) -> CGResult:
    """Solves A x = b for a symmetric positive definite A known only by its products A v.

    b: ``[P]``. Starts at x = 0 and stops when ‖b − A x‖ <= tol · ‖b‖ (Nocedal & Wright 2006,
    algorithm 5.2). Raises ``ValueError`` when b is not a vector or not finite, when a product has
    another shape, or on a senseless max_iters or tol.
    """
    _checks.require_finite(b=b)
    _checks.require_shape([None], b=b)
    _checks.require_count(max_iters=max_iters)
    _checks.require_between(0, math.inf, tol=tol)
    x, residual, direction = torch.zeros_like(b), b, b
    square = float(b @ b)
    norms, goal, status = [square**0.5], tol * square**0.5, "max_iters"
    while norms[-1] > goal and len(norms) <= max_iters:
        product = matvec(direction)
        _checks.require_same_shape(b=b, product_of_matvec=product)
        curvature = float(direction @ product)
        if not curvature > 0:  # also catches NaN
            status = "non-positive curvature"
            break
        length = square / curvature
        x = x + length * direction
        residual = residual - length * product
        previous, square = square, float(residual @ residual)
        direction = residual + square / previous * direction
        norms.append(square**0.5)
    status = "converged" if norms[-1] <= goal else status
    return CGResult(x, tuple(norms), float(x @ (b - residual)), status)


@dataclass(frozen=True)
class LineSearchResult:
    """Where the search ended: at the start, if no point was accepted."""

    x: Tensor  # [P]
    fraction: float  # of the step that led there; 0 if not accepted
    accepted: bool


def line_search(
    accept: Callable[[Tensor], bool], start: Tensor, step: Tensor, shrink: float, max_tries: int
) -> LineSearchResult:
    """Backtracking: the first of start + shrinkᵏ · step, k = 0, 1, …, that ``accept`` takes.

    start, step: ``[P]``. Raises ``ValueError`` unless shrink is in (0, 1), and on unequal shapes.
    """
    _checks.require_same_shape(start=start, step=step)
    _checks.require_inside(0, 1, shrink=shrink)
    _checks.require_count(max_tries=max_tries)
    for tries in range(max_tries):
        if accept(candidate := start + shrink**tries * step):
            return LineSearchResult(candidate, shrink**tries, True)
    return LineSearchResult(start, 0.0, False)

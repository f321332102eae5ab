"""Linear algebra that knows nothing of reinforcement learning: flat gradients, CG, line search."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from trpo_lib._checks import require_count, require_finite, require_positive


def flat_grad(
    output: torch.Tensor, params: Sequence[torch.Tensor], **autograd_options
) -> torch.Tensor:
    """The gradient of a scalar with respect to all params, as one vector: ``[]`` -> ``[P]``.

    autograd_options go to ``torch.autograd.grad`` (``create_graph``, ``retain_graph``, …).
    """
    grads = torch.autograd.grad(output, params, **autograd_options)
    return torch.cat([grad.reshape(-1) for grad in grads])


@dataclass(frozen=True)
class CGResult:
    """What ``conjugate_gradient`` found.

    x: ``[P]``. residuals: ‖b − A x_k‖ for k = 0, 1, …, one more than the products spent.
    quadratic_form: xᵀ A x, which comes free with the residual.
    status: "converged", "max_iters", or "non-positive curvature" (x is then the last good iterate).
    """

    x: torch.Tensor
    residuals: tuple[float, ...]
    quadratic_form: float
    status: str


def conjugate_gradient(
    matvec: Callable[[torch.Tensor], torch.Tensor],
    b: torch.Tensor,
    max_iters: int = 10,
    tol: float = 1e-10,
) -> CGResult:
    """Solves A x = b for a symmetric positive definite A known only by its products A v.

    matvec: ``[P]`` -> ``[P]``. b: ``[P]``. Starts at x = 0, so every iterate has xᵀb > 0, and
    stops when ‖b − A x‖ <= tol · ‖b‖ (Nocedal & Wright 2006, algorithm 5.2).
    Raises ``ValueError`` when b is not a vector or not finite.
    """
    if b.dim() != 1:
        raise ValueError(f"b must be a vector [P], got shape {list(b.shape)}")
    require_finite(b=b)
    require_count(max_iters=max_iters)
    x, residual, direction = torch.zeros_like(b), b.clone(), b.clone()
    square = float(residual @ residual)
    norms, goal, status = [square**0.5], tol * square**0.5, "max_iters"
    for _ in range(max_iters):
        if norms[-1] <= goal:
            break
        product = matvec(direction)
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
    if norms[-1] <= goal:
        status = "converged"
    return CGResult(x, tuple(norms), float(x @ (b - residual)), status)


@dataclass(frozen=True)
class LineSearchResult:
    """The point x ``[P]`` where the search ended, and the fraction of the step that led there.

    Not accepted: x is the start itself and the fraction is 0.
    """

    x: torch.Tensor
    fraction: float
    accepted: bool


def line_search(
    accept: Callable[[torch.Tensor], bool],
    start: torch.Tensor,
    step: torch.Tensor,
    shrink: float,
    max_tries: int,
) -> LineSearchResult:
    """Backtracking: the first of start + shrinkᵏ · step, k = 0, 1, …, that ``accept`` takes.

    start, step: ``[P]``. shrink: in (0, 1). Raises ``ValueError`` on any other.
    """
    require_positive(shrink=shrink)
    if shrink >= 1:
        raise ValueError(f"shrink must be < 1, got {shrink}")
    require_count(max_tries=max_tries)
    for tries in range(max_tries):
        fraction = shrink**tries
        candidate = start + fraction * step
        if accept(candidate):
            return LineSearchResult(candidate, fraction, True)
    return LineSearchResult(start, 0.0, False)

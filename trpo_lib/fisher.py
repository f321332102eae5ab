"""The Fisher matrix of a policy, multiplied without being built.

The Fisher matrix F = E[∇log π ∇log πᵀ] is the Hessian of KL(π_old ‖ π_θ) at θ = θ_old, and the
product of a Hessian with v is the gradient of (gradient · v) (Pearlmutter 1994; Schulman et al.
2015, appendix C).
"""

from collections.abc import Callable

import torch

from trpo_lib.divergence import mean_kl
from trpo_lib.solvers import flat_grad


def fisher_vector_product(
    policy: torch.nn.Module, obs: torch.Tensor, damping: float
) -> Callable[[torch.Tensor], torch.Tensor]:
    """V -> (F + damping · I) v, both ``[P]``, with F averaged over the states obs ``[B, O]``.

    The KL's gradient is built once and kept, so each product costs one backward pass through it.
    Raises ``ValueError`` when damping is negative.
    """
    if not damping >= 0:
        raise ValueError(f"damping must be >= 0, got {damping}")
    params = [param for param in policy.parameters() if param.requires_grad]
    with torch.no_grad():
        old = policy(obs)
    kl_grad = flat_grad(mean_kl(old, policy(obs)), params, create_graph=True)

    def product(vector: torch.Tensor) -> torch.Tensor:
        return flat_grad(kl_grad @ vector, params, retain_graph=True) + damping * vector

    return product

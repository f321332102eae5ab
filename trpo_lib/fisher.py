"""The Fisher matrix of a policy, multiplied without being built.

F = E[∇log π ∇log πᵀ] is the Hessian of KL(π_old ‖ π_θ) at θ = θ_old, and a Hessian times v is one
more backward pass, through the gradient (Pearlmutter 1994; Schulman et al. 2015, appendix C).

Where the policy knows the Jacobian J of its distributions' parameters, first derivatives are enough
and faster: F = Jᵀ M J, with M the Fisher matrix of a distribution in its own parameters.
"""

import torch
from torch import Tensor, nn

from trpo_lib._checks import require_between, require_finite, require_type
from trpo_lib.divergence import mean_kl
from trpo_lib.jacobian import Linearization
from trpo_lib.solvers import LinearMap, flat_grad, params_of


def fisher_vector_product(policy: nn.Module, obs: Tensor, damping: float) -> LinearMap:
    """The map v -> (F + damping · I) v, ``[P]`` -> ``[P]``; F averaged over obs ``[B, O]``."""
    require_type(nn.Module, policy=policy)
    require_finite(obs=obs)
    with torch.no_grad():
        old = policy(obs)
    return damped_hessian(mean_kl(old, policy(obs)), params_of(policy), damping)


def damped_hessian(kl: Tensor, params: list[Tensor], damping: float) -> LinearMap:
    """The same map from the mean KL ``[]`` at θ = θ_old, whose gradient is built once and kept.

    Both raise ``ValueError`` when damping is negative, and when the KL is not 0: then the policy is
    not the same twice in a row, and F is not its Fisher matrix.
    """
    require_between(0, float("inf"), damping=damping)
    if kl.item() > 1e-8:  # rounding leaves less
        why = "a layer that draws at random, such as Dropout, must be in eval mode"
        raise ValueError(f"policy must answer twice alike, got a KL of {kl.item():.2g}: {why}")
    kl_grad = flat_grad(kl, params, create_graph=True)
    return lambda v: flat_grad(kl_grad, params, grad_outputs=v, retain_graph=True) + damping * v


def jacobian_fisher(policy: Linearization, damping: float) -> LinearMap:
    """The same map as Jᵀ M J + damping · I, of a policy's linearization at B observations.

    Raises ``ValueError`` when damping is negative.
    """
    require_between(0, float("inf"), damping=damping)
    rows = len(policy.outputs)
    return lambda v: policy.pull(policy.metric(policy.push(v))) / rows + damping * v

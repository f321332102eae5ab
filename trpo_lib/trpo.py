"""Trust Region Policy Optimization: one update of a policy (Schulman et al. 2015, appendix C).

    maximise L(θ | θ_old)   subject to   mean KL(π_old ‖ π_θ) <= δ

With L linear and KL quadratic around θ_old the best step is √(2δ / gᵀF⁻¹g) · F⁻¹g. Conjugate
gradient finds F⁻¹g, and a line search on the batch's own L and KL makes up for what they left out.
"""

import copy
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.distributions import Distribution
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from trpo_lib import _checks
from trpo_lib.batch import Batch, UpdateReport, require_update
from trpo_lib.divergence import mean_kl
from trpo_lib.fisher import damped_hessian, jacobian_fisher
from trpo_lib.jacobian import linearize
from trpo_lib.solvers import LinearMap, conjugate_gradient, flat_grad, line_search, move, params_of
from trpo_lib.surrogate import surrogate


@dataclass(frozen=True)
class TRPOConfig:
    """The settings of one update. Raises ``ValueError`` or ``TypeError`` on a senseless one."""

    max_kl: float = 0.01  # δ, nats: the paper's value in all its experiments
    damping: float = 1e-3  # added to the Fisher matrix's diagonal
    cg_iters: int = 8  # Fisher-vector products per update; the paper has 10, as good and slower
    shrink: float = 0.5  # each backtrack halves the step
    max_backtracks: int = 10  # tries of the line search, the full step included

    def __post_init__(self):
        _checks.take_numpy_numbers(self)
        _checks.require_inside(0, math.inf, max_kl=self.max_kl)
        _checks.require_between(0, math.inf, damping=self.damping)
        _checks.require_inside(0, 1, shrink=self.shrink)
        _checks.require_count(cg_iters=self.cg_iters, max_backtracks=self.max_backtracks)


@dataclass(frozen=True)
class LocalModel:
    """What an update knows of the neighbourhood of θ_old: L is linear there, and the KL a bowl."""

    old: Distribution  # π_old at the batch's observations
    objective: float  # L(θ_old | θ_old)
    gradient: Tensor  # g [P], of L
    fisher: LinearMap  # v -> (F + damping · I) v, [P] -> [P]
    at: Callable[[Tensor], Distribution]  # θ [P] -> π_θ at the batch's observations


def local_model(policy: nn.Module, batch: Batch, damping: float) -> LocalModel:
    """The model at the policy's own parameters: from its Jacobian if it has one, or by autograd."""
    if linear := linearize(policy, batch.obs):
        outputs = linear.outputs.detach().requires_grad_()
        objective = _objective(linear.distribution(outputs), batch)
        (slopes,) = torch.autograd.grad(objective, outputs)
        gradient, fisher = linear.pull(slopes), jacobian_fisher(linear, damping)
        old, at = linear.distribution(linear.outputs), linear.at
    else:
        trial = copy.deepcopy(policy)  # its calls may change it
        with torch.no_grad():
            old = trial(batch.obs)
        new, params = trial(batch.obs), params_of(trial)
        objective = _objective(new, batch)
        gradient = flat_grad(objective, params, retain_graph=True)
        fisher = damped_hessian(mean_kl(old, new), params, damping)

        def at(theta: Tensor) -> Distribution:
            vector_to_parameters(theta, params)
            return trial(batch.obs)

    return LocalModel(old, objective.item(), gradient, fisher, at)


def _objective(new: Distribution, batch: Batch) -> Tensor:
    return surrogate(new, batch.actions, batch.old_log_probs, batch.advantages)


def trpo_step(policy: nn.Module, batch: Batch, config: TRPOConfig) -> UpdateReport:
    """One TRPO update: changes the policy in place, or not at all.

    A step is accepted when it raises the surrogate and keeps the mean KL within max_kl. Without a
    direction (all advantages zero) and without an acceptable step, the parameters stay bit-equal.
    """
    require_update(policy, batch)
    _checks.require_type(TRPOConfig, config=config)
    params, model = params_of(policy), local_model(policy, batch, config.damping)
    natural = conjugate_gradient(model.fisher, model.gradient, config.cg_iters)
    unchanged = UpdateReport(0.0, 0.0, 0.0, False, natural.residuals)
    if not natural.quadratic_form > 0:  # no direction: the gradient is zero, or underflows
        return unchanged
    full_step = (2 * config.max_kl / natural.quadratic_form) ** 0.5 * natural.x

    def accept(candidate: Tensor) -> bool:
        """Whether the policy with these parameters [P] is better, and inside the region."""
        nonlocal gain, kl
        new = model.at(candidate)
        gain = _objective(new, batch).item() - model.objective
        kl = mean_kl(model.old, new).item()
        return gain > 0 and kl <= config.max_kl

    gain = kl = 0.0
    with torch.no_grad():
        start = parameters_to_vector(params)
        found = line_search(accept, start, full_step, config.shrink, config.max_backtracks)
    if not found.accepted:
        return unchanged
    move(params, found.fraction * full_step)  # to where accept has been, bit for bit
    return UpdateReport(gain, kl, found.fraction, True, natural.residuals)


@dataclass
class TRPO:
    """TRPO as a ``Trainer`` wants its algorithms; ``config`` may be replaced between updates."""

    config: TRPOConfig = TRPOConfig()

    def __call__(self, policy: nn.Module, batch: Batch) -> UpdateReport:
        """One update: see ``trpo_step``."""
        return trpo_step(policy, batch, self.config)

    def state_dict(self) -> dict:
        """Plain numbers from which ``load_state_dict`` restores the algorithm."""
        return asdict(self.config)

    def load_state_dict(self, state: dict) -> None:
        """Takes over what ``state_dict`` gave."""
        self.config = TRPOConfig(**state)

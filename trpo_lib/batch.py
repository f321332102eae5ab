"""What every algorithm gets, a ``Batch``, and what it gives back, an ``UpdateReport``."""

from dataclasses import dataclass, fields

import torch
from torch import nn

from trpo_lib._checks import require_finite
from trpo_lib.advantage import gae, normalize
from trpo_lib.rollout import Rollout


@dataclass(frozen=True)
class Batch:
    """B transitions that really happened.

    obs: ``[B, O]``. actions: ``[B]`` or ``[B, D]``. old_log_probs, advantages, returns: ``[B]``.
    Advantages are for the algorithm (see ``make_batch``), returns are the critic's targets.
    Raises ``ValueError`` when it is empty, a shape is wrong, or a number is not finite.
    """

    obs: torch.Tensor
    actions: torch.Tensor
    old_log_probs: torch.Tensor
    advantages: torch.Tensor
    returns: torch.Tensor

    def __post_init__(self):
        size = len(self.obs)
        if size == 0:
            raise ValueError("a batch must hold at least one transition, got none")
        for name, dims in (("obs", (2,)), ("actions", (1, 2)), ("old_log_probs", (1,)),
                           ("advantages", (1,)), ("returns", (1,))):  # fmt: skip
            shape = list(getattr(self, name).shape)
            if len(shape) not in dims or shape[0] != size:
                expected = " or ".join(["[B]", "[B, ·]"][d - 1] for d in dims)
                raise ValueError(f"{name} must have shape {expected} with B = {size}, got {shape}")
        require_finite(**{field.name: getattr(self, field.name) for field in fields(self)})


@dataclass(frozen=True)
class UpdateReport:
    """What one update of a policy did, measured on its own batch.

    gain: L(θ) − L(θ_old). kl: mean KL(old ‖ new) in nats. fraction: of the full step, 0 when the
    step was not accepted. cg_residuals: ‖g − F x_k‖ for k = 0, 1, …; empty without CG.
    """

    gain: float
    kl: float
    fraction: float
    accepted: bool
    cg_residuals: tuple[float, ...] = ()


def make_batch(
    rollout: Rollout, policy: nn.Module, critic: nn.Module, gamma: float, lam: float
) -> Batch:
    """The real transitions of a rollout, with GAE from the critic as it stands.

    advantages are normalised to mean 0 and standard deviation 1; returns are GAE + V(s), the
    critic's TD(λ) targets. Raises ``ValueError`` when nothing in the rollout is real.
    """
    with torch.no_grad():
        values, next_values = critic(rollout.obs), critic(rollout.next_obs)
        old_log_probs = policy(rollout.obs[rollout.real]).log_prob(rollout.actions[rollout.real])
    advantages = gae(
        rollout.rewards, values, next_values, rollout.terminated, rollout.truncated, gamma, lam
    )
    real = rollout.real
    return Batch(
        obs=rollout.obs[real],
        actions=rollout.actions[real],
        old_log_probs=old_log_probs,
        advantages=normalize(advantages[real]),
        returns=(advantages + values)[real],
    )

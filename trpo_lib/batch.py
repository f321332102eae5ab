"""What every algorithm gets, a ``Batch``, and what it gives back, an ``UpdateReport``."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from trpo_lib import _checks
from trpo_lib.advantage import gae, normalize
from trpo_lib.rollout import Rollout


@dataclass(frozen=True)
class Batch:
    """B >= 1 transitions that really happened. ``ValueError`` on a wrong shape, NaN or infinity."""

    obs: Tensor  # [B, O]
    actions: Tensor  # [B] or [B, D]
    old_log_probs: Tensor  # [B], under the policy that played
    advantages: Tensor  # [B], for the policy
    values: Tensor  # [B], what the critic said
    returns: Tensor  # [B], what it should say

    def __post_init__(self):
        _checks.require_type(Tensor, **vars(self))
        size = len(self.obs)
        _checks.require_count(transitions=size)
        _checks.require_shape([size, None], obs=self.obs)
        _checks.require_shape([size], [size, None], actions=self.actions)
        numbers = {name: x for name, x in vars(self).items() if name not in ("obs", "actions")}
        _checks.require_shape([size], **numbers)
        _checks.require_finite(**vars(self))


@dataclass(frozen=True)
class UpdateReport:
    """What one update of a policy did, measured on its own batch."""

    gain: float  # L(θ) − L(θ_old)
    kl: float  # mean KL(old ‖ new), nats
    fraction: float  # of the full step; 0 when the step was not accepted
    accepted: bool
    cg_residuals: tuple[float, ...] = ()  # ‖g − F x_k‖ for k = 0, 1, …; empty without CG


def require_update(policy: nn.Module, batch: Batch) -> None:
    """Raises ``TypeError`` unless these are what an algorithm gets."""
    _checks.require_type(nn.Module, policy=policy)
    _checks.require_type(Batch, batch=batch)


def make_batch(
    rollout: Rollout, policy: nn.Module, critic: nn.Module, gamma: float, lam: float
) -> Batch:
    """The real transitions of a rollout, with GAE from the critic as it stands.

    advantages are normalised to mean 0 and standard deviation 1; returns are GAE + V(s), the
    critic's TD(λ) targets. Raises ``ValueError`` when nothing in the rollout is real.
    """
    _checks.require_type(Rollout, rollout=rollout)
    _checks.require_type(nn.Module, policy=policy, critic=critic)
    _checks.require_masks(real=rollout.real)
    real, flags = rollout.real, (rollout.terminated, rollout.truncated)
    _checks.require_count(real_transitions=int(real.sum()))
    obs, actions = rollout.obs[real], rollout.actions[real]
    with torch.no_grad():
        values, next_values = critic(rollout.obs), critic(rollout.next_obs)
        advantages = gae(rollout.rewards, values, next_values, *flags, gamma, lam)
        old_log_probs = policy(obs).log_prob(actions)
    returns = (advantages + values)[real]
    return Batch(obs, actions, old_log_probs, normalize(advantages[real]), values[real], returns)

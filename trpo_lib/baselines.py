"""What TRPO is compared with: six algorithms that get the same batch and give the same report.

Four of them climb the gradient of an objective with Adam, all samples at once, so each is its
objective; the two natural gradients take one step of their own. Nothing here is random.

The policy changes completely or not at all: an update is not taken over when its parameters, its
gain or KL on the batch, or the log-probability of an action ten σ from the mean or its gradient are
not finite (a probability that underflows to 0 makes the KL infinite, a σ of 1e20 has no square, one
of 1e-20 no gradient). The report then has ``accepted`` False and zeros, and a run with a senseless
step size goes on.
"""

import copy
import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from trpo_lib._checks import require_between, require_count, require_inside, take_numpy_numbers
from trpo_lib.adam import Adam
from trpo_lib.advantage import normalize
from trpo_lib.batch import Batch, UpdateReport, require_update
from trpo_lib.divergence import mean_kl
from trpo_lib.solvers import CGResult, conjugate_gradient, flat_grad, move, params_of
from trpo_lib.surrogate import surrogate
from trpo_lib.trpo import local_model


def _take_over(
    policy: nn.Module, trial: nn.Module, batch: Batch, cg_residuals: tuple[float, ...] = ()
) -> UpdateReport:
    """Gives the policy its changed copy's parameters, if all is finite -> what that did."""
    data, params = (batch.actions, batch.old_log_probs, batch.advantages), list(trial.parameters())
    with torch.no_grad():
        old, new = policy(batch.obs), trial(batch.obs)
        gain = (surrogate(new, *data) - surrogate(old, *data)).item()
        kl = mean_kl(old, new).item()
        finite = all(numbers.isfinite().all() for numbers in (*_far_out(trial, batch), *params))
        if not (finite and math.isfinite(gain) and math.isfinite(kl)):
            return UpdateReport(0.0, 0.0, 0.0, False, cg_residuals)
        # One call takes all parameters over: Ctrl-C leaves no mixture.
        torch._foreach_copy_(list(policy.parameters()), params)
    return UpdateReport(gain, kl, 1.0, True, cg_residuals)


def _far_out(policy: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
    """The log-probabilities of actions ten σ from the mean, and the gradient of their mean."""
    actions = torch.from_numpy(policy.act(batch.obs.numpy(force=True), 10.0)).to(batch.actions)
    params = params_of(policy)
    with torch.enable_grad():
        log_probs = policy(batch.obs).log_prob(actions)
        return log_probs, flat_grad(log_probs.mean(), params)


class _Baseline:
    """Saved and loaded as a ``Trainer`` wants it."""

    _owner: nn.Module | None = None  # the policy that the state belongs to; None: the next one met

    def state_dict(self) -> dict:
        """Settings and state, from which ``load_state_dict`` restores the algorithm."""
        return {name: value for name, value in vars(self).items() if name != "_owner"}

    def load_state_dict(self, state: dict) -> None:
        """Takes over what ``state_dict`` gave; it belongs to the policy of the next update."""
        vars(self).update(state, _owner=None)


@dataclass
class _FirstOrder(_Baseline):
    """Climbs ``objective`` with Adam. Its moments belong to one policy: another starts afresh.

    A Ctrl-C between the last two lines of an update leaves a new policy with the moments before.
    """

    lr: float = 0.01  # Adam's rate; PPO's 3e-4 is for minibatches, many more steps per update
    epochs = 1  # steps per update, each with the whole batch

    def __post_init__(self):
        take_numpy_numbers(self)
        require_inside(0, math.inf, lr=self.lr)
        require_count(epochs=self.epochs)
        self._forget()

    def _forget(self) -> None:
        self._moments = {}  # Adam's, as its state_dict has them

    def __call__(self, policy: nn.Module, batch: Batch) -> UpdateReport:
        """One update: changes the policy in place, or not at all."""
        require_update(policy, batch)
        if self._owner not in (None, policy):
            self._forget()
        self._owner, trial = policy, copy.deepcopy(policy)
        params, adam = params_of(trial), self._adam()
        with torch.no_grad():
            old = policy(batch.obs)
        for _ in range(self.epochs):
            move(params, adam(flat_grad(self.objective(old, trial(batch.obs), batch), params)))
        report = _take_over(policy, trial, batch)
        if report.accepted:
            self._moments = adam.state_dict()
        return report

    def _adam(self) -> Adam:
        """An Adam that goes on from the moments, but with the rate of now."""
        # eps as PPO's and A2C's usual implementations have it: 1e-8 would let a parameter whose
        # gradient is all rounding errors move as fast as the others.
        adam = Adam(self.lr, eps=1e-5)
        if self._moments:
            adam.load_state_dict(self._moments)
        return adam


@dataclass
class Reinforce(_FirstOrder):
    """REINFORCE (Williams 1992): actions followed by a high return become more likely.

    With ``TrainConfig(lam=1)`` the batch's returns are discounted sums of rewards, and γ V(s) where
    the rollout ends first; here they are normalised, which takes their mean away, a baseline.
    """

    def objective(self, old: Distribution, new: Distribution, batch: Batch) -> Tensor:
        """E[log π_θ(a|s) · R], R the normalised returns -> ``[]``."""
        return (new.log_prob(batch.actions) * normalize(batch.returns)).mean()


@dataclass
class ActorCritic(_FirstOrder):
    """Advantage actor-critic, A2C (Mnih et al. 2016): REINFORCE with the critic as the baseline."""

    def objective(self, old: Distribution, new: Distribution, batch: Batch) -> Tensor:
        """E[log π_θ(a|s) · A(s, a)] -> ``[]``."""
        return (new.log_prob(batch.actions) * batch.advantages).mean()


@dataclass
class PPOClip(_FirstOrder):
    """Proximal policy optimization, clipped (Schulman et al. 2017, section 3)."""

    clip: float = 0.2  # ε: no gain from a ratio further than this from 1; the paper's value
    epochs: int = 10  # Adam steps per update, each with the whole batch

    def __post_init__(self):
        super().__post_init__()
        require_inside(0, 1, clip=self.clip)

    def objective(self, old: Distribution, new: Distribution, batch: Batch) -> Tensor:
        """E[min(r A, clip(r, 1 − ε, 1 + ε) A)], r = π_θ / π_old (equation 7) -> ``[]``."""
        ratio = (new.log_prob(batch.actions) - batch.old_log_probs).exp()
        clipped = ratio.clamp(1 - self.clip, 1 + self.clip)
        return torch.minimum(ratio * batch.advantages, clipped * batch.advantages).mean()


@dataclass
class PPOPenalty(_FirstOrder):
    """Proximal policy optimization with an adaptive KL penalty (Schulman et al. 2017, section 4).

    ``beta``, the penalty's coefficient, starts at 1 and follows each update's KL by a rule of
    thumb. It is not the Lagrange multiplier of KL <= max_kl, which one would have to solve for: an
    update may well leave the region. Like Adam's moments it belongs to one policy.
    """

    max_kl: float = 0.01  # the KL to aim at, nats: TRPO's bound
    epochs: int = 10  # Adam steps per update, each with the whole batch

    def __post_init__(self):
        super().__post_init__()
        require_inside(0, math.inf, max_kl=self.max_kl)

    def _forget(self) -> None:
        super()._forget()
        self.beta = 1.0  # in units of advantage per nat

    def objective(self, old: Distribution, new: Distribution, batch: Batch) -> Tensor:
        """L(θ | θ_old) − β · KL(π_old ‖ π_θ) (equation 8) -> ``[]``."""
        gain = surrogate(new, batch.actions, batch.old_log_probs, batch.advantages)
        return gain - self.beta * mean_kl(old, new)

    def __call__(self, policy: nn.Module, batch: Batch) -> UpdateReport:
        """One update; then β doubles if its KL was far above max_kl, and halves if far below."""
        report = super().__call__(policy, batch)
        if report.kl > 1.5 * self.max_kl:
            self.beta *= 2
        elif report.accepted and report.kl < self.max_kl / 1.5:
            self.beta /= 2
        return report


class _Natural(_Baseline):
    """One step along F⁻¹g, taken unseen; how far is its own."""

    def __post_init__(self):
        take_numpy_numbers(self)
        require_between(0, math.inf, damping=self.damping)
        require_count(cg_iters=self.cg_iters)

    def __call__(self, policy: nn.Module, batch: Batch) -> UpdateReport:
        """One update: changes the policy in place, or not at all."""
        require_update(policy, batch)
        trial = copy.deepcopy(policy)
        model = local_model(trial, batch, self.damping)
        natural = conjugate_gradient(model.fisher, model.gradient, self.cg_iters)
        move(params_of(trial), self._factor(natural) * natural.x)
        return _take_over(policy, trial, batch, natural.residuals)


@dataclass
class NaturalGradient(_Natural):
    """Natural policy gradient (Kakade 2001): θ ← θ + α F⁻¹g, with an α chosen by hand."""

    step_size: float = 0.3  # α; learns CartPole fastest among 0.01, 0.03, 0.1, …, 10
    damping: float = 1e-3  # added to the Fisher matrix's diagonal
    cg_iters: int = 8  # Fisher-vector products per update, as TRPO

    def __post_init__(self):
        super().__post_init__()
        require_inside(0, math.inf, step_size=self.step_size)

    def _factor(self, natural: CGResult) -> float:
        return self.step_size


@dataclass
class TruncatedNaturalGradient(_Natural):
    """TRPO's full step without its line search (Duan et al. 2016)."""

    max_kl: float = 0.01  # δ, nats: what the KL would be if it were a bowl
    damping: float = 1e-3  # added to the Fisher matrix's diagonal
    cg_iters: int = 8  # Fisher-vector products per update, as TRPO

    def __post_init__(self):
        super().__post_init__()
        require_inside(0, math.inf, max_kl=self.max_kl)

    def _factor(self, natural: CGResult) -> float:
        no_direction = not natural.quadratic_form > 0
        return 0.0 if no_direction else (2 * self.max_kl / natural.quadratic_form) ** 0.5

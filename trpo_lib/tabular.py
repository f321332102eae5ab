"""Worlds small enough to solve: values, visitation, performance, and the bound that TRPO rests on.

With S states and A actions, every expectation over the endless future is a linear system of S
equations. So whatever an algorithm estimates can be compared with the truth.

Leading axes are batches, and they broadcast: a thousand worlds, or a thousand policies in one
world, are one call. A policy is a table of probabilities π(a|s), ``[..., S, A]``.
"""

from dataclasses import dataclass

import numpy as np

from trpo_lib._checks import (
    as_finite,
    as_numbers,
    require_count,
    require_inside,
    require_probabilities,
)
from trpo_lib.divergence import categorical_kl


@dataclass(frozen=True, eq=False)
class TabularMDP:
    """A Markov decision process given by its tables.

    Raises ``ValueError`` unless the shapes fit, the rewards are finite, transitions and start hold
    probabilities that sum to 1 over their last axis, and 0 < gamma < 1. The methods raise it for
    policies that are no such probabilities or whose shape does not end in ``[S, A]``.
    """

    transitions: np.ndarray  # P(s'|s, a): [..., S, A, S]
    rewards: np.ndarray  # r(s, a), their mean: [..., S, A]
    gamma: float  # discount per step
    start: np.ndarray  # P(s_0 = s): [..., S]

    def __post_init__(self):
        for name in ("transitions", "rewards", "start"):
            object.__setattr__(self, name, *as_numbers(**{name: getattr(self, name)}))
        require_inside(0, 1, gamma=self.gamma)
        if self.rewards.ndim < 2:
            raise ValueError(f"rewards must be [..., S, A], got {list(self.rewards.shape)}")
        as_finite(rewards=self.rewards)
        *batch, states, actions = self.rewards.shape
        _require_shape("transitions", self.transitions, [*batch, states, actions, states])
        _require_shape("start", self.start, [*batch, states])
        require_probabilities(transitions=self.transitions, start=self.start)

    def values(self, policy: np.ndarray) -> np.ndarray:
        """V(s), the expected discounted return from s: ``[..., S]``.

        Solves V = r_π + γ P_π V, where r_π and P_π are the policy's mean reward and transitions.
        """
        policy = self._checked("policy", policy)
        mean_rewards = (policy * self.rewards).sum(-1)
        return np.linalg.solve(self._system(policy), mean_rewards[..., None])[..., 0]

    def action_values(self, policy: np.ndarray) -> np.ndarray:
        """Q(s, a) = r(s, a) + γ Σ_s' P(s'|s, a) V(s'): ``[..., S, A]``."""
        next_values = np.einsum("...sat,...t->...sa", self.transitions, self.values(policy))
        return self.rewards + self.gamma * next_values

    def advantages(self, policy: np.ndarray) -> np.ndarray:
        """A(s, a) = Q(s, a) − V(s): ``[..., S, A]``; its mean over the policy's actions is 0."""
        return self.action_values(policy) - self.values(policy)[..., None]

    def visitation(self, policy: np.ndarray) -> np.ndarray:
        """ρ_π(s) = Σ_t γ^t P(s_t = s), which sums to 1 / (1 − γ): ``[..., S]``.

        Solves ρ = start + γ P_πᵀ ρ.
        """
        system = np.swapaxes(self._system(self._checked("policy", policy)), -1, -2)
        return np.linalg.solve(system, self.start[..., None])[..., 0]

    def performance(self, policy: np.ndarray) -> np.ndarray:
        """η(π) = Σ_s P(s_0 = s) V(s), the expected discounted return: ``[...]``."""
        return (self.start * self.values(policy)).sum(-1)

    def local_approximation(self, old: np.ndarray, new: np.ndarray) -> np.ndarray:
        """L(new) = η(old) + Σ_s ρ_old(s) Σ_a new(a|s) A_old(s, a): ``[...]``.

        The states and the advantages are those of old (Schulman et al. 2015, equation 3).
        """
        old, new = self._checked("old", old), self._checked("new", new)
        gains = (new * self.advantages(old)).sum(-1)
        return self.performance(old) + (self.visitation(old) * gains).sum(-1)

    def penalty(self, old: np.ndarray) -> np.ndarray:
        """C = 4εγ / (1 − γ)² with ε = max |A_old|: ``[...]`` (Schulman et al. 2015, equation 9)."""
        largest = np.abs(self.advantages(old)).max((-2, -1))
        return 4 * largest * self.gamma / (1 - self.gamma) ** 2

    def lower_bound(self, old: np.ndarray, new: np.ndarray) -> np.ndarray:
        """L(new) − C max_s KL(old ‖ new), which η(new) is never below: ``[...]``.

        (Schulman et al. 2015, theorem 1 and equation 9.) Minus infinity where new never takes an
        action that old takes.
        """
        old, new = self._checked("old", old), self._checked("new", new)
        largest_kl = categorical_kl(*np.broadcast_arrays(old, new)).max(-1)
        return self.local_approximation(old, new) - self.penalty(old) * largest_kl

    def _system(self, policy: np.ndarray) -> np.ndarray:
        """1 − γ P_π: ``[..., S, S]``."""
        state_transitions = np.einsum("...sa,...sat->...st", policy, self.transitions)
        return np.eye(self.start.shape[-1]) - self.gamma * state_transitions

    def _checked(self, name: str, policy: np.ndarray) -> np.ndarray:
        """The policy as an array of probabilities that fits the tables."""
        (policy,) = as_numbers(**{name: policy})
        table = list(self.rewards.shape[-2:])
        if list(policy.shape[-2:]) != table:
            raise ValueError(f"{name} must be [..., S, A] = {table}, got {list(policy.shape)}")
        require_probabilities(**{name: policy})
        return policy


def random_mdp(
    num_states: int,
    num_actions: int,
    gamma: float,
    rng: np.random.Generator,
    batch: tuple[int, ...] = (),
) -> TabularMDP:
    """A world, or a batch of them: uniform distributions for P and start, standard normal rewards.

    "Uniform" means over all distributions: Dirichlet with parameters 1.
    """
    require_count(num_states=num_states, num_actions=num_actions)
    shape = (*batch, num_states, num_actions)
    uniform = np.ones(num_states)
    return TabularMDP(
        transitions=rng.dirichlet(uniform, shape),
        rewards=rng.standard_normal(shape),
        gamma=gamma,
        start=rng.dirichlet(uniform, batch),
    )


def _require_shape(name: str, table: np.ndarray, shape: list[int]) -> None:
    if list(table.shape) != shape:
        raise ValueError(f"{name} must be {shape} to fit rewards, got {list(table.shape)}")

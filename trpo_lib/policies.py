"""Networks: a policy maps observations to a distribution over actions, a critic to a value.

A policy offers three things. ``policy(obs)`` is the distribution; ``policy.noise`` draws the
randomness of a whole rollout at once; ``policy.act`` turns observation and noise into an action.
Without noise the action is the most likely one: the greedy policy.

``act`` works on NumPy arrays, as environments do: on a few rows torch would mostly prepare calls.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import torch
from gymnasium.spaces import Box, Discrete, Space
from torch import Generator, Tensor, nn
from torch.distributions import Categorical, Independent, Normal

from trpo_lib import _checks

_PLAIN = {"dtype": torch.float32, "device": "cpu"}  # whatever torch's ambient defaults are


class _MLP(nn.Sequential):
    """Linear layers with tanh between them; orthogonal weights drawn from the generator."""

    def __init__(self, sizes: Sequence[int], output_gain: float, generator: Generator):
        _checks.require_type(Generator | None, generator=generator)  # None: torch's global one
        with torch.random.fork_rng(devices=[]):  # what is drawn here is replaced
            linears = [nn.Linear(*pair, **_PLAIN) for pair in pairwise(sizes)]
        gains = [2**0.5] * (len(linears) - 1) + [output_gain]
        for linear, gain in zip(linears, gains, strict=True):
            nn.init.orthogonal_(linear.weight, gain, generator)
            nn.init.zeros_(linear.bias)
        layers = [layer for linear in linears for layer in (linear, nn.Tanh())]
        super().__init__(*layers[:-1])

    def forward(self, x: Tensor) -> Tensor:
        """``[..., sizes[0]]`` -> ``[..., sizes[-1]]``."""
        for layer in self:
            x = layer.forward(x)  # past the hooks, which cost two percent of an iteration
        return x


def _on_arrays(network: nn.Module) -> Callable[[np.ndarray], np.ndarray]:
    """The network as a function of arrays, with its weights looked up once."""
    layers = network if isinstance(network, nn.Sequential) else [network]
    functions = [_on_array(layer) for layer in layers]

    def forward(x: np.ndarray) -> np.ndarray:
        _checks.require_type(np.ndarray, obs=x)
        for function in functions:
            x = function(x)
        return x

    return forward


def _on_array(layer: nn.Module) -> Callable[[np.ndarray], np.ndarray]:
    if type(layer) is nn.Tanh:
        return np.tanh
    if type(layer) is nn.Linear and layer.bias is not None:
        weight, bias = layer.weight.numpy(force=True).T, layer.bias.numpy(force=True)
        return lambda x: x.astype(weight.dtype, copy=False) @ weight + bias
    return lambda x: layer(torch.from_numpy(x)).numpy(force=True)


def _quietly(act: Callable) -> Callable:
    """The same without NumPy's warnings of a policy that a huge step has ruined."""

    def quiet(*args: np.ndarray | float) -> np.ndarray:
        with np.errstate(over="ignore", invalid="ignore"):
            return act(*args)

    return quiet


class _Acting(nn.Module):
    """Acts on arrays. ``actor()`` is ``act`` with the weights looked up once, for as they are."""

    def act(self, obs: np.ndarray, noise: np.ndarray | float = 0.0) -> np.ndarray:
        """Obs ``[N, O]`` and noise of N actions -> actions; without noise the most likely ones."""
        return _quietly(self.actor())(obs, noise)


class CategoricalPolicy(_Acting):
    """π(a|s) = softmax(network(s)) over A actions. Starts almost uniform (output gain 0.01)."""

    def __init__(self, obs_dim: int, num_actions: int, hidden: Sequence[int], generator: Generator):
        super().__init__()
        _checks.require_layers(hidden, obs_dim=obs_dim, num_actions=num_actions)
        self.logits = _MLP([obs_dim, *hidden, num_actions], 0.01, generator)
        self._num_actions = num_actions  # whatever layer is put behind the last one

    def forward(self, obs: Tensor) -> Categorical:
        """Obs ``[B, O]`` -> distribution of batch shape ``[B]``."""
        return self.distribution(self.logits(obs))

    @staticmethod
    def distribution(logits: Tensor) -> Categorical:
        """Logits ``[B, A]`` -> distribution of batch shape ``[B]``."""
        return Categorical(logits=logits, validate_args=False)

    def noise(self, shape: Sequence[int], generator: Generator) -> Tensor:
        """Gumbel noise ``[*shape, A]``: argmax(logits + noise) is a sample of the softmax."""
        uniform = torch.empty(*shape, self._num_actions, **_PLAIN)
        return -uniform.exponential_(generator=generator).log()

    def actor(self) -> Callable:
        """``act`` for a whole rollout: noise ``[N, A]`` -> actions ``[N]``."""
        logits = _on_arrays(self.logits)
        return lambda obs, noise=0.0: (logits(obs) + noise).argmax(-1)


class GaussianPolicy(_Acting):
    """π(a|s) = Normal(network(s), σ) over D action dimensions; log σ does not depend on s."""

    def __init__(self, obs_dim: int, action_dim: int, hidden: Sequence[int], generator: Generator):
        super().__init__()
        _checks.require_layers(hidden, obs_dim=obs_dim, action_dim=action_dim)
        self.mean = _MLP([obs_dim, *hidden, action_dim], 0.01, generator)
        self.log_std = nn.Parameter(torch.zeros(action_dim, **_PLAIN))

    def forward(self, obs: Tensor) -> Independent:
        """Obs ``[B, O]`` -> distribution of batch shape ``[B]``, event shape ``[D]``."""
        mean = self.mean(obs)
        return self.distribution(mean, self.log_std.expand_as(mean))

    @staticmethod
    def distribution(mean: Tensor, log_std: Tensor) -> Independent:
        """Means ``[B, D]``, log σ ``[B, D]`` or ``[D]`` -> batch shape ``[B]``, event ``[D]``."""
        return Independent(Normal(mean, log_std.exp(), False), 1, False)

    def noise(self, shape: Sequence[int], generator: Generator) -> Tensor:
        """Standard normal noise ``[*shape, D]``."""
        return torch.randn(*shape, len(self.log_std), generator=generator, **_PLAIN)

    def actor(self) -> Callable:
        """``act`` for a whole rollout: noise ``[N, D]`` -> actions ``[N, D]``."""
        mean, log_std = _on_arrays(self.mean), self.log_std.numpy(force=True)
        with np.errstate(over="ignore"):
            std = np.exp(log_std)
        return lambda obs, noise=0.0: mean(obs) + std * noise


Policy = CategoricalPolicy | GaussianPolicy


def actor_of(policy: Policy) -> Callable:
    """How a policy acts while its weights stay: by its ``actor()``, or by an ``act`` of its own."""
    inherited = getattr(policy.act, "__func__", None) is _Acting.act
    return _quietly(policy.actor()) if inherited else policy.act


class Critic(nn.Module):
    """V(s), the discounted return to expect from a state."""

    def __init__(self, obs_dim: int, hidden: Sequence[int], generator: Generator):
        super().__init__()
        _checks.require_layers(hidden, obs_dim=obs_dim)
        self.value = _MLP([obs_dim, *hidden, 1], 1.0, generator)

    def forward(self, obs: Tensor) -> Tensor:
        """Obs ``[..., O]`` -> values ``[...]``."""
        return self.value(obs).squeeze(-1)


def make_policy(
    observation_space: Space, action_space: Space, hidden: Sequence[int], generator: Generator
) -> Policy:
    """The policy that fits one environment's spaces.

    Raises ``TypeError`` when the observations are not a flat ``Box`` ``[O]``, or the actions are
    neither ``Discrete`` (from 0) nor a flat ``Box`` ``[D]``; ``ValueError`` when a new Gaussian
    policy, which plays around 0 with σ = 1, would never play an action inside the ``Box``.
    """
    if not (isinstance(observation_space, Box) and len(observation_space.shape) == 1):
        raise TypeError(f"observation_space must be a Box of shape [O], got {observation_space}")
    obs_dim = observation_space.shape[0]
    if isinstance(action_space, Discrete) and action_space.start == 0:
        return CategoricalPolicy(obs_dim, int(action_space.n), hidden, generator)
    if isinstance(action_space, Box) and len(action_space.shape) == 1:
        _checks.require_reach(action_space)
        return GaussianPolicy(obs_dim, action_space.shape[0], hidden, generator)
    raise TypeError(f"action_space must be Discrete (from 0) or a Box [D], got {action_space}")

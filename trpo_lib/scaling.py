"""Observations brought to one scale: each number minus its mean, over its standard deviation.

A joint's angle moves by tenths and its speed by tens; tanh units want both around 1.
"""

import torch
from torch import Tensor, nn

from trpo_lib._checks import require_count, require_finite, require_shape


class Standardizer(nn.Module):
    """x -> (x − mean) / std, clipped to ±10: statistics of all observations that it was shown.

    They are buffers, not parameters: no optimiser moves them, and they are saved with a network.
    Before the first ``update`` mean is 0 and var 1.
    """

    def __init__(self, obs_dim: int):
        super().__init__()
        require_count(obs_dim=obs_dim)
        plain = {"dtype": torch.float32, "device": "cpu"}  # whatever torch's ambient defaults are
        self.register_buffer("mean", torch.zeros(obs_dim, **plain))  # [O]
        self.register_buffer("var", torch.ones(obs_dim, **plain))  # [O]
        self.register_buffer("count", torch.zeros((), dtype=torch.long, device="cpu"))  # []

    def forward(self, obs: Tensor) -> Tensor:
        """Obs ``[..., O]`` -> the same shape."""
        # A number that never moved has a variance of 0.
        return ((obs - self.mean) / (self.var + 1e-8).sqrt()).clamp(-10, 10)

    @torch.no_grad()
    def update(self, obs: Tensor) -> None:
        """Adds B observations ``[B, O]`` to the statistics (pairwise, Chan et al. 1979).

        Raises ``ValueError`` on another shape, a NaN or an infinity: they would stay for ever.
        """
        require_finite(obs=obs)
        require_shape([None, len(self.mean)], obs=obs)
        require_count(rows_of_obs=len(obs))
        total = int(self.count) + len(obs)
        share = len(obs) / total
        shift = obs.mean(0) - self.mean
        mean = self.mean + share * shift
        within = (1 - share) * self.var + share * obs.var(0, correction=0)
        var = within + share * (1 - share) * shift**2
        # One call, so that Ctrl-C leaves no mixture.
        new = [mean, var, torch.full_like(self.count, total)]
        torch._foreach_copy_([self.mean, self.var, self.count], new)

    @classmethod
    def before(cls, *networks: nn.Module) -> "Standardizer":
        """A new one as the first layer of all networks, which share it: each a stack of layers."""
        stacks = [layers for network in networks for layers in network.children()]
        linear = stacks[0][0]
        scaler = cls(linear.in_features).to(linear.weight)
        for layers in stacks:
            layers.insert(0, scaler)
        return scaler

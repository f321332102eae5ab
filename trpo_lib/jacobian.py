"""The derivatives of a tanh network, from one forward pass and the chain rule.

A layer turns its input h into z = W h + b, and the next layer's input is tanh(z), whose slope is
1 − tanh(z)². Who has kept every layer's h can answer two questions, each with one walk through the
layers. Forwards: how do the outputs move when the parameters move by v? That is J v. Backwards: how
does a function of the outputs, with the slopes u in them, depend on the parameters? That is Jᵀ u.
J itself, with a row of P numbers for each of the B·K outputs, is never built.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from trpo_lib.policies import CategoricalPolicy, GaussianPolicy
from trpo_lib.scaling import Standardizer


class Jacobian:
    """J = ∂ outputs / ∂ parameters of a network that ``covers`` accepts, at inputs x ``[B, I]``.

    ``outputs`` are ``[B, K]``. The P parameters stand in the order of ``network.parameters()``.
    """

    def __init__(self, network: nn.Sequential, x: Tensor):
        self._weights, self._inputs = [], []  # of each linear layer: W, and the h that it gets
        with torch.no_grad():
            for layer in network:
                if isinstance(layer, nn.Linear):
                    self._weights.append(layer.weight.detach())
                    self._inputs.append(x)
                x = layer(x)
            self._slopes = [1 - h * h for h in self._inputs[1:]]  # of the tanh that gave this h
        self.outputs = x
        self._sizes = [size for weight in self._weights for size in (weight.numel(), len(weight))]

    @staticmethod
    def covers(network: nn.Module) -> bool:
        """Whether it is linear layers with tanh between them, perhaps after a ``Standardizer``."""
        if not isinstance(network, nn.Sequential):
            return False
        kinds = [type(layer) for layer in network if getattr(layer, "bias", "") is not None]
        kinds = kinds[kinds[:1] == [Standardizer] :]
        return kinds == [nn.Linear, *len(kinds) // 2 * [nn.Tanh, nn.Linear]]

    def outputs_at(self, theta: Tensor) -> Tensor:
        """The outputs ``[B, K]`` of the same layers with the parameters theta ``[P]``."""
        pieces, x = theta.split(self._sizes), self._inputs[0]
        for k, weight in enumerate(self._weights):
            new = pieces[2 * k].view_as(weight), pieces[2 * k + 1]
            x = nn.functional.linear(x.tanh() if k else x, *new)
        return x

    def push(self, v: Tensor) -> Tensor:
        """J v, ``[P]`` -> ``[B, K]``. In each layer dz = dW h + db + W dh, where dh = (1 − h²) dz'.

        dz' is the dz of the layer before; the first layer's h is given and has no dh.
        """
        pieces, dz = v.split(self._sizes), None
        for k, (weight, h) in enumerate(zip(self._weights, self._inputs, strict=True)):
            d_weight, d_bias = pieces[2 * k].view_as(weight), pieces[2 * k + 1]
            carried = _times(self._slopes[k - 1] * dz, weight) if k else 0
            dz = _times(h, d_weight) + d_bias + carried
        return dz

    def pull(self, u: Tensor) -> Tensor:
        """Jᵀ u, ``[B, K]`` -> ``[P]``: W gets Σ u hᵀ, b Σ u, and the layer before (1 − h²) Wᵀ u."""
        pieces = []
        for k in reversed(range(len(self._weights))):
            h = self._inputs[k]
            pieces = [_outer(u, h).flatten(), u.sum(0), *pieces]
            u = self._slopes[k - 1] * (u @ self._weights[k]) if k else None
        return torch.cat(pieces)


def squared_error_gradient(network: nn.Sequential, x: Tensor, targets: Tensor) -> Tensor:
    """Of the mean of (outputs − targets)²: x ``[B, I]``, targets ``[B, K]`` -> ``[P]``."""
    jacobian = Jacobian(network, x)
    return jacobian.pull(2 / targets.numel() * (jacobian.outputs - targets))


@dataclass(frozen=True)
class Linearization:
    """A policy at B observations: K numbers determine each distribution, the outputs.

    J are the outputs' derivatives in the P parameters, M a distribution's Fisher matrix in its own
    outputs. So the policy's Fisher matrix is the mean of Jᵀ M J over the observations.
    """

    outputs: Tensor  # [B, K]
    distribution: Callable[[Tensor], Distribution]  # outputs [B, K] -> of batch shape [B]
    push: Callable[[Tensor], Tensor]  # v [P] -> J v [B, K]
    metric: Callable[[Tensor], Tensor]  # u [B, K] -> M u [B, K]
    pull: Callable[[Tensor], Tensor]  # u [B, K] -> Jᵀ u [P]
    at: Callable[[Tensor], Distribution]  # θ [P] -> the policy with these parameters, there


def linearize(policy: nn.Module, obs: Tensor) -> Linearization | None:
    """The policy at obs ``[B, O]``; None unless it is one of ours, as it was made."""
    if type(policy) is CategoricalPolicy and _is_as_made(policy, policy.logits):
        return _linearize_softmax(policy, obs)
    if type(policy) is GaussianPolicy and _is_as_made(policy, policy.mean, policy.log_std):
        return _linearize_gaussian(policy, obs)
    return None


def _is_as_made(policy: nn.Module, network: nn.Module, *others: nn.Parameter) -> bool:
    """Whether it has these parameters and no more, all of them free, and such a network."""
    params = list(policy.parameters())
    complete = len(params) == len(others) + len(list(network.parameters()))
    return complete and all(param.requires_grad for param in params) and Jacobian.covers(network)


def _linearize_softmax(policy: CategoricalPolicy, obs: Tensor) -> Linearization:
    """The outputs are the logits, and M is diag(p) − p pᵀ."""
    logits = Jacobian(policy.logits, obs)
    probs = logits.outputs.softmax(-1)

    def metric(u: Tensor) -> Tensor:
        weighted = probs * u
        return weighted - probs * weighted.sum(-1, keepdim=True)

    def at(theta: Tensor) -> Distribution:
        return policy.distribution(logits.outputs_at(theta))

    return Linearization(logits.outputs, policy.distribution, logits.push, metric, logits.pull, at)


def _linearize_gaussian(policy: GaussianPolicy, obs: Tensor) -> Linearization:
    """The outputs are mean and log σ, and M is diagonal: 1/σ² for the one and 2 for the other."""
    mean, log_std, dims = Jacobian(policy.mean, obs), policy.log_std.detach(), len(policy.log_std)
    outputs = torch.cat([mean.outputs, log_std.expand_as(mean.outputs)], -1)
    diagonal = torch.cat([(-2 * log_std).exp(), torch.full_like(log_std, 2)])

    def distribution(outputs: Tensor) -> Distribution:
        return policy.distribution(*outputs.chunk(2, -1))

    def push(v: Tensor) -> Tensor:
        change = mean.push(v[dims:])
        return torch.cat([change, v[:dims].expand_as(change)], -1)

    def pull(u: Tensor) -> Tensor:
        return torch.cat([u[:, dims:].sum(0), mean.pull(u[:, :dims])])

    def at(theta: Tensor) -> Distribution:
        return policy.distribution(mean.outputs_at(theta[dims:]), theta[:dims])

    return Linearization(outputs, distribution, push, lambda u: diagonal * u, pull, at)


# A product of matrices is several times as fast with its narrow side first.
def _times(h: Tensor, weight: Tensor) -> Tensor:
    """W h of each row: h ``[B, I]``, weight ``[K, I]`` -> ``[B, K]``."""
    return (weight @ h.T).T if weight.shape[0] < weight.shape[1] else h @ weight.T


def _outer(u: Tensor, h: Tensor) -> Tensor:
    """The sum of u hᵀ over the rows: u ``[B, K]``, h ``[B, I]`` -> ``[K, I]``."""
    return u.T @ h if u.shape[1] < h.shape[1] else (h.T @ u).T

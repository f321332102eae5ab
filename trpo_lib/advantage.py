"""How much better an action was than expected: returns, advantages and their scaling.

Two masks, and they differ. ``terminated``: the episode is over, nothing follows, so no value is
bootstrapped. ``truncated``: the clock ran out, the state is still worth something, so its value is
bootstrapped. After either, the next row belongs to another episode, so the trace is cut.
"""

import torch
from torch import Tensor

from trpo_lib._checks import require_between, require_finite, require_masks, require_same_shape


def gae(
    rewards: Tensor, values: Tensor, next_values: Tensor, terminated: Tensor, truncated: Tensor,
    gamma: float, lam: float,
) -> Tensor:  # fmt: skip
    """Generalised advantage estimates (Schulman et al. 2016, equation 16): all ``[T, N]``.

    δ_t = r_t + γ V(s_{t+1}) (1 − terminated_t) − V(s_t)
    A_t = δ_t + γ λ (1 − terminated_t) (1 − truncated_t) A_{t+1}

    next_values are those of the observation before a reset; the masks are boolean.
    Raises ``ValueError`` on unequal shapes, non-finite numbers, gamma or lam outside [0, 1];
    ``TypeError`` on masks that are not boolean.
    """
    floats = {"rewards": rewards, "values": values, "next_values": next_values}
    require_masks(terminated=terminated, truncated=truncated)
    require_finite(**floats)
    require_same_shape(**floats, terminated=terminated, truncated=truncated)
    require_between(0, 1, gamma=gamma, lam=lam)
    td_errors = rewards + gamma * next_values * ~terminated - values
    decay = gamma * lam * (~(terminated | truncated)).to(rewards)
    advantages, following = [], 0.0
    for td_error, factor in zip(td_errors.flip(0), decay.flip(0), strict=True):
        following = td_error + factor * following
        advantages.append(following)
    return torch.stack(advantages[::-1])


def discounted_returns(
    rewards: Tensor, next_values: Tensor, terminated: Tensor, truncated: Tensor, gamma: float
) -> Tensor:
    """Discounted sums of the rewards that followed: all ``[T, N]``.

    They are advantages over a value of 0, with λ = 1. Where the record stops without a termination
    (a truncation, or the last row), the sum goes on with γ V(s_{t+1}) from next_values.
    Raises as ``gae`` does.
    """
    require_masks(truncated=truncated)
    require_same_shape(rewards=rewards, next_values=next_values, truncated=truncated)
    stops = torch.cat([truncated[:-1], torch.ones_like(truncated[-1:])])
    return gae(rewards, 0 * rewards, next_values * stops, terminated, truncated, gamma, lam=1)


def normalize(advantages: Tensor) -> Tensor:
    """Shifts and scales to mean 0 and standard deviation 1 -> same shape; all zero if constant.

    Raises ``ValueError`` on a NaN or an infinity.
    """
    require_finite(advantages=advantages)
    centred = advantages - advantages.mean()
    scale = centred.square().mean().sqrt()
    # A constant has a scale of rounding errors: dividing by it would turn them into advantages.
    constant = scale <= 1e-6 * advantages.abs().max()
    return torch.zeros_like(centred) if constant else centred / scale


def explained_variance(values: Tensor, returns: Tensor) -> float:
    """1 − Var(returns − values) / Var(returns): 1 is perfect, 0 no better than a constant.

    Any equal shapes. NaN when the returns do not vary. Raises ``ValueError`` on unequal shapes.
    """
    require_same_shape(values=values, returns=returns)
    variance = returns.var(correction=0).item()
    return 1 - (returns - values).var(correction=0).item() / variance if variance else float("nan")

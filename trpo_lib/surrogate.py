"""What old data says of a new policy: the surrogate objective, with importance ratios."""

import torch
from torch.distributions import Distribution

from trpo_lib._checks import require_same_shape, require_type


def surrogate(
    new: Distribution, actions: torch.Tensor, old_log_probs: torch.Tensor, advantages: torch.Tensor
) -> torch.Tensor:
    """L(θ | θ_old) = E_{s, a ∼ π_old}[π_θ(a|s) / π_old(a|s) · A(s, a)], the sample mean -> ``[]``.

    To be maximised (Schulman et al. 2015, equation 14): at θ_old its gradient is the policy
    gradient. new: π_θ at B states, batch shape ``[B]``. actions: ``[B]`` or ``[B, D]``.
    old_log_probs, advantages: ``[B]``, constants. Raises ``ValueError`` when the shapes disagree.
    """
    require_type(torch.Tensor, actions=actions)
    log_probs = new.log_prob(actions)
    require_same_shape(log_probs=log_probs, old_log_probs=old_log_probs, advantages=advantages)
    return ((log_probs - old_log_probs).exp() * advantages).mean()

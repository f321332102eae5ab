"""How far a new policy q is from the old one p: KL(p ‖ q) = E_{x∼p}[log p(x) − log q(x)], in nats.

KL is not symmetric. Its direction, old first, is written here and nowhere else: the expectation is
over the policy that collected the data (Schulman et al. 2015, equation 12).
"""

import numpy as np
import torch
from torch.distributions import Distribution, kl_divergence

from trpo_lib._checks import as_alike, require_positive, require_probabilities


def categorical_kl(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """KL between probability vectors: p, q ``[..., A]`` -> ``[...]``.

    Σ_a p(a) log(p(a) / q(a)) with 0·log 0 = 0; infinite where q(a) = 0 < p(a).
    Raises ``ValueError`` on unequal shapes, a negative entry, or a sum that is not 1 within 1e-6.
    """
    p, q = as_alike(p=p, q=q)
    require_probabilities(p=p, q=q)
    with np.errstate(divide="ignore", invalid="ignore"):  # log 0
        return np.where(p > 0, p * (np.log(p) - np.log(q)), 0.0).sum(-1)


def gaussian_kl(
    mean_p: np.ndarray, std_p: np.ndarray, mean_q: np.ndarray, std_q: np.ndarray
) -> np.ndarray:
    """KL between Gaussians with diagonal covariance: four arrays ``[..., D]`` -> ``[...]``.

    Σ_d log(σ_q / σ_p) + (σ_p² + (μ_p − μ_q)²) / (2 σ_q²) − ½
    Raises ``ValueError`` on unequal shapes or a standard deviation that is not > 0.
    """
    given = {"mean_p": mean_p, "std_p": std_p, "mean_q": mean_q, "std_q": std_q}
    mean_p, std_p, mean_q, std_q = as_alike(**given)
    require_positive(std_p=std_p, std_q=std_q)
    scaled = (std_p**2 + (mean_p - mean_q) ** 2) / (2 * std_q**2)
    return (np.log(std_q / std_p) + scaled - 0.5).sum(-1)


def mean_kl(old: Distribution, new: Distribution) -> torch.Tensor:
    """KL(old ‖ new), mean over states -> ``[]``. ``ValueError`` on unequal batch shapes ``[B]``."""
    shapes = list(old.batch_shape), list(new.batch_shape)
    if shapes[0] != shapes[1]:
        raise ValueError(f"old and new must have one batch shape, got {shapes[0]} and {shapes[1]}")
    return kl_divergence(old, new).mean()

"""The exercises of lesson 04."""

from collections.abc import Callable

import numpy as np
import torch

from trpo_lib.divergence import categorical_kl
from trpo_lib.exercises.verdict import Verdict, array, compare, judge, never_raises
from trpo_lib.tabular import TabularMDP, random_mdp

_SURROGATE_MISTAKES = {
    "no exponential: log π − log π_old is the logarithm of the ratio.": lambda new, old, A: (
        (new - old) * A
    ).mean(),
    "upside down: the new policy stands above, the old one below.": lambda new, old, A: (
        torch.exp(old - new) * A
    ).mean(),
    "that is a sum; the surrogate is a mean over the batch.": lambda new, old, A: (
        torch.exp(new - old) * A
    ).sum(),
    "these are the terms: take their mean.": lambda new, old, A: torch.exp(new - old) * A,
    "the old probabilities are missing: w = π_θ / π_old.": lambda new, old, A: (
        torch.exp(new) * A
    ).mean(),
    "the ratio is missing: that is the mean advantage.": lambda new, old, A: A.mean(),
    "that weighs with log π, as REINFORCE does, not with the ratio.": lambda new, old, A: (
        new * A
    ).mean(),
    "a product of means is not the mean of the products.": lambda new, old, A: (
        torch.exp(new - old).mean() * A.mean()
    ),
}


@never_raises
def check_04_core(answer: Callable) -> Verdict:
    """surrogate_by_hand(log_probs, old_log_probs, advantages): the mean of w A."""
    generator, cases = torch.Generator().manual_seed(4), []
    for rows in (5, 2, 64):
        old, new = -torch.rand(2, rows, generator=generator, dtype=torch.float64)
        cases.append((new, old, torch.randn(rows, generator=generator, dtype=torch.float64)))
    right = "the new policy's ratio times the old advantages, on average."
    return judge(answer, cases, _surrogate, _SURROGATE_MISTAKES, right)


def _surrogate(new: torch.Tensor, old: torch.Tensor, A: torch.Tensor) -> torch.Tensor:
    return (torch.exp(new - old) * A).mean()


@never_raises
def check_04_predict(answer: float) -> Verdict:
    """E[w (A + b)] for π_old = (0.2, 0.8), π_θ = (0.7, 0.3), A = (4, −1), b = 10."""
    mistakes = {
        2.5: "the gradient does not change, but the value does: by b.",
        10: "that is the mean without w, under the old policy.",
        20: "w is upside down: the new policy stands above, the old below.",
        35.3125: "the actions come from the old policy; you weigh by the new one and by w.",
        52.375: "a mean over actions weighs each by its probability under the old policy.",
        0: "the gradient of E[w b] is 0; its value is not.",
        1: "1 is the mean of w alone.",
    }
    return compare(answer, 12.5, mistakes, "2.5 from the advantages, and b, whatever θ is.")


def _bound(change: Callable = lambda old, new: _tv(old, new).max() ** 2, factor: float = 1):
    """L less the penalty times a measure of change, as the exercise asks by default."""
    return lambda mdp, old, new: (
        mdp.local_approximation(old, new) - factor * mdp.penalty(old) * change(old, new)
    )


def _tv(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    return np.abs(old - new).sum(-1) / 2


def _largest_positive(mdp: TabularMDP, old: np.ndarray, new: np.ndarray) -> float:
    """The bound with ε = max A in place of max |A|."""
    advantages = mdp.advantages(old)
    return _bound(factor=advantages.max() / np.abs(advantages).max())(mdp, old, new)


_TV_MISTAKES = {
    "the sign: a penalty makes the bound smaller.": _bound(factor=-1),
    "τ enters squared.": _bound(lambda old, new: _tv(old, new).max()),
    "the total variation is half of Σ|p − q|.": _bound(factor=4),
    "τ is the largest over the states, no mean.": _bound(
        lambda old, new: _tv(old, new).mean() ** 2
    ),
    "τ is the largest over the states.": _bound(lambda old, new: (_tv(old, new) ** 2).mean()),
    "τ is the largest over the states, no sum.": _bound(lambda old, new: _tv(old, new).sum() ** 2),
    "that is the bound with the KL.": _bound(lambda old, new: categorical_kl(old, new).max()),
    "that is L alone: the penalty is missing.": _bound(factor=0),
    "C has a factor 4.": _bound(factor=1 / 4),
    "1 − γ is squared in C.": lambda mdp, *pair: _bound(factor=1 - mdp.gamma)(mdp, *pair),
    "C has a factor γ.": lambda mdp, *pair: _bound(factor=1 / mdp.gamma)(mdp, *pair),
    "old and new are swapped.": lambda mdp, old, new: _bound()(mdp, new, old),
    "L includes η(old).": lambda mdp, old, new: _bound()(mdp, old, new) - mdp.performance(old),
    "ε is the largest |A|: a very bad action counts too.": _largest_positive,
}


@never_raises
def check_04_compute(answer: Callable) -> Verdict:
    """tv_bound(mdp, old, new) = L(new) − C τ², τ the largest total variation of a state."""
    rng, cases = np.random.default_rng(3), []
    for states, gamma in ((2, 0.5), (4, 0.7), (5, 0.8), (4, 0.9)):
        mdp = random_mdp(states, 5, gamma, rng)  # with 3 actions the largest change is the TV
        cases.append((mdp, *rng.dirichlet(np.ones(5), (2, states))))
    praise = "and it is never below the bound with the KL, for TV² ≤ KL."
    return judge(answer, cases, _bound(), _TV_MISTAKES, praise)


@never_raises
def check_04_explore(answer: tuple[TabularMDP, np.ndarray, np.ndarray]) -> Verdict:
    """(mdp, old, new) where the practical rule with δ = 0.01 is kept, and η falls."""
    mdp, *policies = answer
    if not isinstance(mdp, TabularMDP):
        return Verdict(False, f"a TabularMDP comes first, this is a {type(mdp).__name__}.")
    old, new = map(array, policies)
    if mdp.rewards.ndim != 2:
        return Verdict(False, "one world is asked for, not a batch of them.")
    margin = 1e-9 * np.abs(mdp.rewards).max() / (1 - mdp.gamma)
    promised = mdp.local_approximation(old, new) - mdp.performance(old)
    kept = mdp.performance(new) - mdp.performance(old)
    share = (1 - mdp.gamma) * mdp.visitation(old)
    visited = share > 1e-12  # elsewhere the KL may be infinite, and 0 · ∞ is no number
    kl = share[visited] @ categorical_kl(old, new)[visited]
    if kl > 0.01:
        return Verdict(False, f"the mean KL is {kl:.4f}, it must be at most 0.01.")
    if promised <= margin:
        return Verdict(False, f"L changes by {promised:.2g}: it must rise.")
    if kept >= -margin:
        return Verdict(False, f"L rises, but η changes by {kept:+.2g}: it must fall.")
    return Verdict(True, f"L promises {promised:+.2g}, η changes by {kept:+.2g}.")

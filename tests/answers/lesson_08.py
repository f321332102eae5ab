"""Answers to the exercises of lesson 08: right ones, and typical mistakes with their name."""

import numpy as np
import pandas as pd
import torch

from trpo_lib.divergence import gaussian_kl, mean_kl
from trpo_lib.exercises.lesson_08 import (
    check_08_compute,
    check_08_core,
    check_08_explore,
    check_08_predict,
)
from trpo_lib.policies import GaussianPolicy


def kl_by_library(mean_old, log_std_old, mean_new, log_std_new):
    old, new = np.exp(log_std_old), np.exp(log_std_new)
    old, new = np.broadcast_to(old, mean_old.shape), np.broadcast_to(new, mean_new.shape)
    return gaussian_kl(mean_old, old, mean_new, new).mean()


def kl_by_torch(*parts):
    mean_old, log_old, mean_new, log_new = (
        torch.tensor(part, requires_grad=True) for part in parts
    )
    old = GaussianPolicy.distribution(mean_old, log_old.expand_as(mean_old))
    return mean_kl(old, GaussianPolicy.distribution(mean_new, log_new.expand_as(mean_new)))


def kl_by_samples_of_a_grid(mean_old, log_std_old, mean_new, log_std_new):
    """The integral of p log(p / q), a component at a time."""
    total, xi = 0.0, np.linspace(-12, 12, 4001)
    for k in range(len(log_std_old)):
        a = mean_old[:, k, None] + np.exp(log_std_old[k]) * xi
        z = (a - mean_new[:, k, None]) / np.exp(log_std_new[k])
        ratio = -(xi**2) / 2 - log_std_old[k] + z**2 / 2 + log_std_new[k]
        density = np.exp(-(xi**2) / 2) / np.sqrt(2 * np.pi)
        total += (ratio * density).sum(-1).mean() * (xi[1] - xi[0])
    return np.array([total])[0]


def kl_by_lists(mean_old, log_std_old, mean_new, log_std_new):
    per_state = []
    for old, new in zip(mean_old.tolist(), mean_new.tolist(), strict=True):
        terms = []
        for m, s, n, t in zip(old, log_std_old, new, log_std_new, strict=True):
            shift, log_factor = (n - m) / np.exp(s), t - s
            terms.append(log_factor + (1 + shift**2) / (2 * np.exp(2 * log_factor)) - 0.5)
        per_state.append(sum(terms))
    return sum(per_state) / len(per_state)


def kl_terms(wrong):
    """A wrong KL: of the shift [B, D] and the logarithm of the factor [D]."""

    def policy_kl(mean_old, log_std_old, mean_new, log_std_new):
        return wrong((mean_new - mean_old) / np.exp(log_std_old), log_std_new - log_std_old)

    return policy_kl


def right_terms(shift, log_factor):
    return log_factor + (1 + shift**2) / (2 * np.exp(2 * log_factor)) - 0.5


def for_two_components(mean_old, log_std_old, mean_new, log_std_new):
    terms = right_terms((mean_new - mean_old) / np.exp(log_std_old), log_std_new - log_std_old)
    return (terms[:, 0] + terms[:, -1]).mean()


def for_three_states(mean_old, log_std_old, mean_new, log_std_new):
    terms = right_terms((mean_new - mean_old) / np.exp(log_std_old), log_std_new - log_std_old)
    return terms.sum() / 3


def with_an_index_that_wraps(mean_old, log_std_old, mean_new, log_std_new):
    terms = right_terms((mean_new - mean_old) / np.exp(log_std_old), log_std_new - log_std_old)
    return sum(terms[:, k - 1].mean() for k in range(3) if k - 1 < terms.shape[1])


def with_old_widths_twice(mean_old, log_std_old, mean_new, log_std_new):
    return kl_by_lists(mean_old, log_std_old, mean_new, log_std_old)


def by_percentile(new, old, picks_new, picks_old):
    return np.percentile(new[picks_new].mean(1) - old[picks_old].mean(1), [2.5, 97.5])


def by_loop(new, old, picks_new, picks_old):
    gaps = []
    for own, other in zip(picks_new.tolist(), picks_old.tolist(), strict=True):
        gaps.append(sum(new[k] for k in own) / len(own) - sum(old[k] for k in other) / len(other))
    return list(np.quantile(gaps, [0.025, 0.975]))


def by_torch(new, old, picks_new, picks_old):
    new, old = torch.tensor(new, requires_grad=True), torch.tensor(old)
    gaps = new[torch.tensor(picks_new)].mean(1) - old[torch.tensor(picks_old)].mean(1)
    return gaps.quantile(torch.tensor([0.025, 0.975]).double())


def by_series(new, old, picks_new, picks_old):
    gaps = pd.DataFrame(new[picks_new]).mean(axis=1) - pd.DataFrame(old[picks_old]).mean(axis=1)
    return gaps.quantile(0.025), gaps.quantile(0.975)


def ends(scores, picks, cut=2.5):
    return np.percentile(scores[picks].mean(1), [cut, 100 - cut])


def drawn(change):
    """A wrong interval: of the R differences."""

    def gap(new, old, picks_new, picks_old):
        return change(new[picks_new].mean(1) - old[picks_old].mean(1))

    return gap


def with_the_same_picks(new, old, picks_new, picks_old):
    size = min(len(new), len(old))
    picks = picks_new % size
    return by_percentile(new, old, picks, picks)


def for_groups_of_five(new, old, picks_new, picks_old):
    gaps = new[picks_new].sum(1) / 5 - old[picks_old].sum(1) / 5
    return np.percentile(gaps, [2.5, 97.5])


def for_forty_draws(new, old, picks_new, picks_old):
    return by_percentile(new, old, picks_new[:40], picks_old[:40])


SECOND = r"for new = \[.*\], old = \[.*\] yours gives .* at index \[0\], not"

RIGHT = [
    (check_08_predict, (1.06, 0.19)),
    (check_08_predict, [1.0569, 0.1894]),
    (check_08_predict, np.array([0.25 + 0.8069, (0.25 + 0.3181) / 3])),
    (check_08_predict, torch.tensor([1.0568528, 0.1893843], requires_grad=True)),
    (check_08_core, kl_by_library),
    (check_08_core, kl_by_torch),
    (check_08_core, kl_by_samples_of_a_grid),
    (check_08_core, kl_by_lists),
    (check_08_compute, by_percentile),
    (check_08_compute, by_loop),
    (check_08_compute, by_torch),
    (check_08_compute, by_series),
    (check_08_explore, (0.9, 0.465)),
    (check_08_explore, (-0.8, np.exp(-0.82))),
    (check_08_explore, (0.8, 10**-0.35)),  # sliders stand there
    (check_08_explore, np.array([0.92, np.exp(-((1 - 0.92**2 / 2) ** 0.5))])),  # on the edge
]
WRONG = [
    (check_08_predict, (0.19, 1.06), "the other order"),
    (check_08_predict, (0.57, 0.19), "ours: 0.57 is the reverse sum"),
    (check_08_predict, (0.35, 0.19), "ours: 0.35 is the forward mean"),
    (check_08_predict, (1.06, 0.35), "sb3-contrib's: 0.35 is the forward mean"),
    (check_08_predict, (1.06, 0.568), "sb3-contrib's: 0.568 is the reverse sum"),
    (check_08_predict, (1.06, 1.06), "sb3-contrib's: 1.06 is the forward sum"),
    (check_08_predict, (0.25, 0.19), "the means alone"),
    (check_08_predict, (0.81, 0.19), "the forward cost of the width alone"),
    (check_08_predict, (1.06, 0.318), "the reverse cost of the width alone"),
    (check_08_predict, (0.932, 0.19), "two means move"),
    (check_08_predict, (0.73, 0.24), "the bowl's sum"),
    (check_08_predict, (1.06, 0.243), "the bowl's mean"),
    (check_08_predict, (1.31, 0.19), "without the ½"),
    (check_08_predict, (1.1, 0.2), "ours: 1.1 is not it. It counts the forward sum"),
    (check_08_predict, (1.06, -0.19), "sb3-contrib's: -0.19 is not it"),
    (check_08_predict, (np.nan, 0.19), "ours: nan is not it"),
    (check_08_predict, 1.06, "2 numbers are asked for, yours has 1"),
    (check_08_core, kl_terms(lambda x, w: right_terms(x, w).mean()), "as sb3-contrib counts"),
    (check_08_core, kl_terms(lambda x, w: right_terms(x, w).sum()), "mean over the states, not"),
    (check_08_core, kl_terms(lambda x, w: right_terms(x, w).sum(-1)), "one number per state"),
    (check_08_core, kl_terms(lambda x, w: right_terms(x, w).mean(0)), "one number per component"),
    (check_08_core, lambda m, s, n, t: kl_by_lists(n, t, m, s), "the reverse"),
    (check_08_core, lambda *parts: -kl_by_lists(*parts), "never negative"),
    (
        check_08_core,
        kl_terms(lambda x, w: (right_terms(x, w) + 0.5).sum(-1).mean()),
        "½ is missing",
    ),
    (check_08_core, with_old_widths_twice, "the means' part alone"),
    (check_08_core, kl_terms(lambda x, w: (x**2 / 2 + w**2).sum(-1).mean()), "that is the bowl"),
    (check_08_core, kl_terms(lambda x, w: right_terms(0 * x, w).sum(-1).mean()), "widths' part"),
    (check_08_core, lambda m, s, n, t: kl_by_lists(m, 0 * s, n, t - s), "divide by σ_old"),
    (check_08_core, kl_terms(lambda x, w: right_terms(x, w)[:, 0].mean()), "not the first alone"),
    (check_08_core, for_two_components, "yours gives .* not"),
    (check_08_core, for_three_states, "yours gives .* not"),
    (check_08_core, with_an_index_that_wraps, "yours gives .* not"),
    (check_08_core, lambda *_: 1.3, "yours gives 1.3, not"),
    (check_08_core, lambda m, s, n, t: None, "is there a `return`"),
    (check_08_core, lambda m, s, n: 0.0, "TypeError"),
    (check_08_core, lambda m, s, n, t, sigma: 0.0, "missing 1 required positional argument"),
    (check_08_core, 0.5, "a function is asked for"),
    (
        check_08_compute,
        lambda n, o, i, j: (ends(n, i)[0] - ends(o, j)[1], ends(n, i)[1] - ends(o, j)[0]),
        "low of the one and high of the other: too wide",
    ),
    (check_08_compute, lambda n, o, i, j: ends(n, i) - ends(o, j), "low from low"),
    (check_08_compute, lambda n, o, i, j: ends(n, i), "the new group alone"),
    (check_08_compute, lambda n, o, i, j: ends(o, j), "the old group alone"),
    (check_08_compute, lambda n, o, i, j: by_percentile(o, n, j, i), "new minus old"),
    (check_08_compute, lambda *case: by_percentile(*case)[::-1], "the low end first"),
    (check_08_compute, drawn(lambda gaps: np.percentile(gaps, [5, 95])), "leaves 90%"),
    (check_08_compute, drawn(lambda gaps: (gaps.min(), gaps.max())), "the extremes"),
    (check_08_compute, drawn(lambda gaps: np.percentile(gaps, [0.025, 0.975])), "0 to 100"),
    (
        check_08_compute,
        lambda n, o, i, j: np.percentile(
            np.median(n[i], axis=1) - np.median(o[j], axis=1), [2.5, 97.5]
        ),
        "not medians",
    ),
    (
        check_08_compute,
        lambda n, o, i, j: np.percentile(n[i].sum(1) - o[j].sum(1), [2.5, 97.5]),
        "sums grow",
    ),
    (check_08_compute, lambda n, o, i, j: n.mean() - o.mean(), "one difference"),
    (check_08_compute, drawn(lambda gaps: gaps), "the differences of all draws"),
    (check_08_compute, with_the_same_picks, "picks of its own"),
    (
        check_08_compute,
        drawn(lambda gaps: (gaps.mean() - 1.96 * gaps.std(), gaps.mean() + 1.96 * gaps.std())),
        "normal distribution",
    ),
    (check_08_compute, for_groups_of_five, SECOND),
    (check_08_compute, for_forty_draws, SECOND),
    (check_08_compute, drawn(lambda gaps: np.percentile(gaps, 50)), "the shape must be .2."),
    (check_08_compute, lambda n, o, i, j: None, "is there a `return`"),
    (check_08_compute, lambda n, o, i: (0, 1), "TypeError"),
    (check_08_compute, lambda n, o, i, j: (1j, 2), "real numbers"),
    (check_08_compute, (-518, 1815), "a function is asked for"),
    (check_08_explore, (1.5, 0.5), "1 at most"),
    (check_08_explore, (1.2, 0.5), r"bowl says 1\.200, the KL is 3\.687: .* 1 at most"),
    (check_08_explore, (0.0, 0.4), "only the width has shrunk"),
    (check_08_explore, (0.3, 1.5), "try a factor below 1"),
    (check_08_explore, (0.0, np.e), "bowl says 1.000, .* try a factor below 1"),
    (check_08_explore, (1.41, 1), "only the mean has moved"),
    (check_08_explore, (1.2, 0.6), "both have moved, .* a smaller shift"),
    (check_08_explore, (0.5, 0.4), "both have moved, .* a larger shift"),
    (check_08_explore, (0.47, 0.9), "the bowl allows more"),
    (check_08_explore, (0.3, 0.0), "above 0"),
    (check_08_explore, (np.nan, 0.5), "finite"),
    (check_08_explore, 3, "2 numbers"),
]

"""Answers to the exercises of lesson 08: right ones, and typical mistakes with their name."""

import numpy as np
import torch

from trpo_lib.divergence import gaussian_kl, mean_kl
from trpo_lib.exercises.lesson_08 import (
    check_08_compute,
    check_08_core,
    check_08_explore,
    check_08_predict,
)
from trpo_lib.policies import GaussianPolicy
from trpo_lib.scaling import Standardizer


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


def by_squares(mean, var, count, batch):
    total = count + len(batch)
    new_mean = (count * mean + batch.sum(0)) / total
    return new_mean, (count * (var + mean**2) + (batch**2).sum(0)) / total - new_mean**2


def by_library(mean, var, count, batch):
    scaler = Standardizer(len(mean)).double()
    scaler.mean, scaler.var = torch.tensor(mean), torch.tensor(var)
    scaler.count = torch.tensor(count)
    scaler.update(torch.tensor(batch))
    return scaler.mean, scaler.var


def only_within(mean, var, count, batch):
    share = len(batch) / (count + len(batch))
    return by_squares(mean, var, count, batch)[0], (1 - share) * var + share * batch.var(0)


def for_sizes_of_60_and_20(mean, var, count, batch):
    new_mean = 0.75 * mean + 0.25 * batch.mean(0)
    return new_mean, 0.75 * (var + mean**2) + 0.25 * (batch**2).mean(0) - new_mean**2


def about_the_new_mean(mean, var, count, batch):
    new_mean = by_squares(mean, var, count, batch)[0]
    return new_mean, (count * var + ((batch - new_mean) ** 2).sum(0)) / (count + len(batch))


def with_sample_variance(mean, var, count, batch):
    new_mean, new_var = by_squares(mean, var, count, batch)
    share = len(batch) / (count + len(batch))
    return new_mean, new_var + share * (batch.var(0, ddof=1) - batch.var(0))


def changed(change):
    """by_squares with its variance changed."""

    def merge(mean, var, count, batch):
        new_mean, new_var = by_squares(mean, var, count, batch)
        return new_mean, change(new_var, count + len(batch))

    return merge


def by_shift(add):
    """The library's form with another multiple of shift², made from the batch's share."""

    def merge(mean, var, count, batch):
        share, shift = len(batch) / (count + len(batch)), batch.mean(0) - mean
        within = (1 - share) * var + share * batch.var(0)
        return mean + share * shift, within + add(share) * shift**2

    return merge


def swapped_weights(mean, var, count, batch):
    share = count / (count + len(batch))
    shift = batch.mean(0) - mean
    within = (1 - share) * var + share * batch.var(0)
    return mean + share * shift, within + share * (1 - share) * shift**2


def swapped_variances(mean, var, count, batch):
    share = len(batch) / (count + len(batch))
    shift = batch.mean(0) - mean
    within = share * var + (1 - share) * batch.var(0)
    return mean + share * shift, within + share * (1 - share) * shift**2


def as_one_array(mean, var, count, batch):
    return np.stack(by_squares(mean, var, count, batch))


def row_by_row(mean, var, count, batch):
    for row in batch.tolist():
        count += 1
        step = row - mean
        mean = mean + step / count
        var = var + (step * (row - mean) - var) / count
    return [list(mean), list(var)]


def for_three_columns(mean, var, count, batch):
    new_mean, new_var = np.zeros(3), np.zeros(3)
    for k in range(3):
        new_mean[k], new_var[k] = by_squares(mean[k], var[k], count, batch[:, k])
    return new_mean, new_var


FIVE_ROWS = r"the mean: for .* count = 4, batch = \[(\[[^]]*\],? ?){5}\] yours gives .* not"

RIGHT = [
    (check_08_predict, 0.1),
    (check_08_predict, (2 * 0.125) ** 0.5 * 0.2),
    (check_08_predict, [0.1]),
    (check_08_predict, torch.tensor(0.1, requires_grad=True)),
    (check_08_core, kl_by_library),
    (check_08_core, kl_by_torch),
    (check_08_core, kl_by_samples_of_a_grid),
    (check_08_core, kl_by_lists),
    (check_08_compute, by_squares),
    (check_08_compute, by_library),
    (check_08_compute, by_shift(lambda share: share * (1 - share))),
    (check_08_compute, as_one_array),
    (check_08_compute, row_by_row),
    (check_08_explore, (0.9, 0.465)),
    (check_08_explore, (-0.8, np.exp(-0.82))),
    (check_08_explore, (0.8, 10**-0.35)),  # sliders stand there
    (check_08_explore, np.array([0.92, np.exp(-((1 - 0.92**2 / 2) ** 0.5))])),  # on the edge
]
WRONG = [
    (check_08_predict, 0.5, "in units of σ"),
    (check_08_predict, 0.2 * (np.e**0.25 - 1) ** 0.5, "here σ stays"),
    (check_08_predict, 0.107, "a width that grows with it; here σ stays"),
    (check_08_predict, (np.e**0.25 - 1) ** 0.5, "units of the action"),
    (check_08_predict, 0.533, "units of the action"),
    (check_08_predict, 0.025, "that is δσ"),
    (check_08_predict, 0.05, "square root is missing"),
    (check_08_predict, 0.1 / 2**0.5, "mind the ½"),
    (check_08_predict, 0.0707, "mind the ½"),
    (check_08_predict, 2.5, "not large"),
    (check_08_predict, 0.2, "σ itself"),
    (check_08_predict, 0.125, "in nats"),
    (check_08_predict, 0.02, r"σ² in place of σ"),
    (check_08_predict, -0.1, "a distance has no sign"),
    (check_08_predict, 0.101, "is not it"),
    (check_08_predict, 7, "is not it"),
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
    (check_08_compute, only_within, "the two means differ"),
    (check_08_compute, by_shift(lambda share: 1), "both shares: share"),
    (check_08_compute, by_shift(lambda share: share), "both shares, not one"),
    (check_08_compute, by_shift(lambda share: 1 - share), "the other one is missing"),
    (check_08_compute, swapped_weights, "the mean: the weights are swapped"),
    (check_08_compute, swapped_variances, "the variance: the weights are swapped"),
    (check_08_compute, lambda m, v, n, b: ((m + b.mean(0)) / 2, (v + b.var(0)) / 2), "weigh them"),
    (
        check_08_compute,
        lambda m, v, n, b: (by_squares(m, v, n, b)[0], v + b.var(0)),
        "the variance: that is the sum of the two",
    ),
    (
        check_08_compute,
        lambda m, v, n, b: (by_squares(m, v, n, b)[0], (v + b.var(0)) / 2),
        "the variance: the two variances are not equally many",
    ),
    (check_08_compute, lambda m, v, n, b: by_squares(m, v, n, b)[0], "return mean, var"),
    (check_08_compute, lambda m, v, n, b: (b.mean(0), b.var(0)), "before must count"),
    (check_08_compute, lambda m, v, n, b: (m, v), "the batch must count too"),
    (check_08_compute, lambda m, v, n, b: ((n * m + b.mean(0)) / (n + 1), v), "counts as one"),
    (check_08_compute, for_sizes_of_60_and_20, FIVE_ROWS),
    (check_08_compute, for_three_columns, "IndexError"),
    (check_08_compute, about_the_new_mean, "has moved"),
    (check_08_compute, with_sample_variance, "the batch's variance too"),
    (check_08_compute, changed(lambda v, n: v * n / (n - 1)), "one less"),
    (check_08_compute, changed(lambda v, n: v**0.5), "standard deviation"),
    (check_08_compute, changed(lambda v, n: v + 1), "the variance: for .* yours gives"),
    (check_08_compute, changed(lambda v, n: v[:0]), r"yours is \[0\]"),
    (check_08_compute, changed(lambda v, n: v[:3]), r"must be \[4\], yours is \[3\]"),
    (check_08_compute, lambda m, v, n, b: (m, v, n), "mean and variance .*, yours are 3 parts"),
    (check_08_compute, lambda m, v, n, b: m + 1j, "mean and variance are asked for"),
    (check_08_compute, lambda m, v, n, b: (m + 1j, v), "real numbers"),
    (check_08_compute, lambda m, v, n, b: None, "is there a `return`"),
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

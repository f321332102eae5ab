"""Answers to the exercises of lesson 08: right ones, and typical mistakes with their name."""

import numpy as np
import torch

from trpo_lib.exercises.lesson_08 import check_08_compute, check_08_explore, check_08_predict
from trpo_lib.scaling import Standardizer


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


FIVE_ROWS = r"the mean: for .* count = 3, batch = \[(\[[^]]*\],? ?){5}\] yours gives .* not"

RIGHT = [
    (check_08_predict, 0.1),
    (check_08_predict, (2 * 0.125) ** 0.5 * 0.2),
    (check_08_compute, by_squares),
    (check_08_compute, by_library),
    (check_08_explore, (0.9, 0.465)),
    (check_08_explore, (-0.8, np.exp(-0.82))),
    (check_08_explore, (0.8, 10**-0.35)),  # sliders stand there
]
WRONG = [
    (check_08_predict, 0.5, "in units of σ"),
    (check_08_predict, 0.2 * (np.e**0.25 - 1) ** 0.5, "here σ stays"),
    (check_08_predict, (np.e**0.25 - 1) ** 0.5, "units of the action"),
    (check_08_predict, 0.025, "that is δσ"),
    (check_08_predict, 0.1 / 2**0.5, "mind the ½"),
    (check_08_predict, 2.5, "not large"),
    (check_08_predict, 0.2, "σ itself"),
    (check_08_predict, 7, "is not it"),
    (check_08_compute, only_within, "the two means differ"),
    (check_08_compute, lambda m, v, n, b: ((m + b.mean(0)) / 2, (v + b.var(0)) / 2), "weigh them"),
    (check_08_compute, lambda m, v, n, b: (b.mean(0), b.var(0)), "before must count"),
    (check_08_compute, for_sizes_of_60_and_20, FIVE_ROWS),
    (check_08_compute, about_the_new_mean, "has moved"),
    (check_08_compute, with_sample_variance, "the batch's variance too"),
    (check_08_compute, changed(lambda v, n: v * n / (n - 1)), "one less"),
    (check_08_compute, changed(lambda v, n: v**0.5), "standard deviation"),
    (check_08_compute, changed(lambda v, n: v + 1), "the variance: for .* yours gives"),
    (check_08_compute, changed(lambda v, n: v[:1]), r"\[1\]"),
    (check_08_compute, changed(lambda v, n: v[:2]), r"must be \[3\], yours is \[2\]"),
    (check_08_compute, lambda m, v, n, b: (m, v, n), "mean and variance .*, yours are 3 parts"),
    (check_08_compute, lambda m, v, n, b: (m, v), "the mean: for"),
    (check_08_compute, lambda m, v, n, b: m + 1j, "real numbers"),
    (check_08_explore, (1.5, 0.5), "1 at most"),
    (check_08_explore, (1.2, 0.5), r"bowl says 1\.200, the KL is 3\.687: .* 1 at most"),
    (check_08_explore, (0.0, 0.4), "let both"),
    (check_08_explore, (0.3, 1.5), "wider Gaussian is cheap"),
    (check_08_explore, (0.0, np.e), "bowl says 1.000, .* wider Gaussian is cheap"),
    (check_08_explore, (0.3, 1.0), "let both"),
    (check_08_explore, (0.3, 0.0), "above 0"),
    (check_08_explore, (np.nan, 0.5), "finite"),
    (check_08_explore, 3, "2 numbers"),
]

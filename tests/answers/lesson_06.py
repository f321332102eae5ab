"""Answers to the exercises of lesson 06: right ones, and typical mistakes with their name."""

import numpy as np
import torch

from trpo_lib.exercises.lesson_06 import check_06_compute, check_06_explore, check_06_predict


def by_cases(w, A, clip):
    return np.where(np.where(A > 0, w < 1 + clip, w > 1 - clip), A, 0)


def by_autograd(w, A, clip):
    w, A = torch.tensor(w, requires_grad=True), torch.tensor(A)
    torch.minimum(w * A, w.clamp(1 - clip, 1 + clip) * A).sum().backward()
    return w.grad.numpy()


def of_the_larger(w, A, clip):
    return np.where(np.where(A > 0, w > 1 - clip, w < 1 + clip), A, 0)


RIGHT = [
    (check_06_predict, -0.8),
    (check_06_predict, min(0.5 * -1, 0.8 * -1)),
    (check_06_compute, by_cases),
    (check_06_compute, by_autograd),
    (check_06_explore, 0.4),
    (check_06_explore, "0.3"),
]
WRONG = [
    (check_06_predict, -0.5, "that is w A"),
    (check_06_predict, -1.2, "not to 1.2"),
    (check_06_predict, 0.8, "sign of A"),
    (check_06_predict, 0.5, "sign of A"),
    (check_06_predict, 0, "the value is not"),
    (check_06_predict, 3, "is not it"),
    (check_06_compute, lambda w, A, clip: (np.abs(w - 1) <= clip) * A, "on one side only"),
    (check_06_compute, lambda w, A, clip: A, "nothing is clipped"),
    (check_06_compute, lambda w, A, clip: (by_cases(w, A, clip) != 0) * 1.0, "multiplied by A"),
    (check_06_compute, lambda w, A, clip: A - by_cases(w, A, clip), "other way round"),
    (check_06_compute, lambda w, A, clip: -by_cases(w, A, clip), "sign is wrong"),
    (check_06_compute, of_the_larger, "larger of the two"),
    (check_06_compute, lambda w, A, clip: w * by_cases(w, A, clip), "that is the value"),
    (
        check_06_compute,
        lambda w, A, clip: by_cases(w, A, clip) * (3 - (clip < 0.5) * 2),
        "clip = 0.7 yours",
    ),
    (check_06_compute, lambda w, A, clip: A * (clip == 0.2), "nothing is clipped"),
    (check_06_compute, lambda w, A, clip: by_cases(w, A, clip)[:, None], r"\[8, 1\]"),
    (check_06_compute, lambda w, A, clip: by_cases(w, A, 0.2), "use clip"),
    (check_06_compute, lambda w, A, clip: by_cases(w, A, max(clip, 0.2)), "use clip"),
    (check_06_compute, lambda w, A, clip: by_cases(w, A, min(clip, 0.2)), "use clip"),
    (check_06_compute, lambda w, A, clip: by_cases(w, A, clip) * (clip > 0.1), "clip = 0.08 yours"),
    (
        check_06_compute,
        lambda w, A, clip: 0 * A,
        r"w = .*, A = .*, clip = 0.2 yours gives 0 at index \[0\], not 2",
    ),
    (check_06_explore, 0.001, "try a larger rate"),
    (check_06_explore, 0.2, "try a larger rate"),  # in one seed of three it suffices
    (check_06_explore, 1.0, "at most 0.5"),
    (check_06_explore, -0.1, "must be above 0"),
    (check_06_explore, 0, "must be above 0 and at most 0.5, got 0"),
    (check_06_explore, (0.1, 0.2), "one number"),
]

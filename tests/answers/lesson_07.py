"""Answers to the exercises of lesson 07: right ones, and typical mistakes with their name."""

import numpy as np
import torch

from trpo_lib.exercises.lesson_07 import check_07_compute, check_07_explore, check_07_predict


def by_cases(w, A, clip):
    return np.where(np.where(A > 0, w < 1 + clip, w > 1 - clip), A, 0)


def by_autograd(w, A, clip):
    w, A = torch.tensor(w, requires_grad=True), torch.tensor(A)
    torch.minimum(w * A, w.clamp(1 - clip, 1 + clip) * A).sum().backward()
    return w.grad.numpy()


def of_the_larger(w, A, clip):
    return np.where(np.where(A > 0, w > 1 - clip, w < 1 + clip), A, 0)


RIGHT = [
    (check_07_predict, -0.8),
    (check_07_predict, min(0.5 * -1, 0.8 * -1)),
    (check_07_compute, by_cases),
    (check_07_compute, by_autograd),
    (check_07_explore, 0.4),
    (check_07_explore, "0.3"),
]
WRONG = [
    (check_07_predict, -0.5, "that is w A"),
    (check_07_predict, -1.2, "not to 1.2"),
    (check_07_predict, 0.8, "sign of A"),
    (check_07_predict, 0.5, "sign of A"),
    (check_07_predict, 0, "the value is not"),
    (check_07_predict, 3, "is not it"),
    (check_07_compute, lambda w, A, clip: (np.abs(w - 1) <= clip) * A, "on one side only"),
    (check_07_compute, lambda w, A, clip: A, "nothing is clipped"),
    (check_07_compute, lambda w, A, clip: (by_cases(w, A, clip) != 0) * 1.0, "multiplied by A"),
    (check_07_compute, lambda w, A, clip: A - by_cases(w, A, clip), "other way round"),
    (check_07_compute, lambda w, A, clip: -by_cases(w, A, clip), "sign is wrong"),
    (check_07_compute, of_the_larger, "larger of the two"),
    (check_07_compute, lambda w, A, clip: w * by_cases(w, A, clip), "that is the value"),
    (
        check_07_compute,
        lambda w, A, clip: by_cases(w, A, clip) * (3 - (clip < 0.5) * 2),
        "clip = 0.7 yours",
    ),
    (check_07_compute, lambda w, A, clip: A * (clip == 0.2), "nothing is clipped"),
    (check_07_compute, lambda w, A, clip: by_cases(w, A, clip)[:, None], r"\[8, 1\]"),
    (check_07_compute, lambda w, A, clip: by_cases(w, A, 0.2), "use clip"),
    (check_07_compute, lambda w, A, clip: by_cases(w, A, max(clip, 0.2)), "use clip"),
    (check_07_compute, lambda w, A, clip: by_cases(w, A, min(clip, 0.2)), "use clip"),
    (check_07_compute, lambda w, A, clip: by_cases(w, A, clip) * (clip > 0.1), "clip = 0.08 yours"),
    (
        check_07_compute,
        lambda w, A, clip: 0 * A,
        r"w = .*, A = .*, clip = 0.2 yours gives 0 at index \[0\], not 2",
    ),
    (check_07_explore, 0.001, "try a larger rate"),
    (check_07_explore, 0.2, "try a larger rate"),  # in one seed of three it suffices
    (check_07_explore, 1.0, "at most 0.5"),
    (check_07_explore, -0.1, "must be above 0"),
    (check_07_explore, 0, "must be above 0 and at most 0.5, got 0"),
    (check_07_explore, (0.1, 0.2), "one number"),
]

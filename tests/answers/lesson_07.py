"""Answers to the exercises of lesson 07: right ones, and typical mistakes with their name."""

import numpy as np
import torch

from trpo_lib.exercises.lesson_07 import (
    check_07_compute,
    check_07_core,
    check_07_explore,
    check_07_predict,
)


def by_cases(w, A, clip):
    return np.where(np.where(A > 0, w < 1 + clip, w > 1 - clip), A, 0)


def by_autograd(w, A, clip):
    w, A = torch.tensor(w, requires_grad=True), torch.tensor(A)
    torch.minimum(w * A, w.clamp(1 - clip, 1 + clip) * A).sum().backward()
    return w.grad.numpy()


def of_the_larger(w, A, clip):
    return np.where(np.where(A > 0, w > 1 - clip, w < 1 + clip), A, 0)


def of_two_terms(w, A, clip):
    return torch.minimum(w * A, w.clamp(1 - clip, 1 + clip) * A).mean()


def sample_by_sample(w, A, clip):
    total = 0.0
    for ratio, advantage in zip(w.tolist(), A.tolist(), strict=True):
        allowed = min(ratio, 1 + clip) if advantage > 0 else max(ratio, 1 - clip)
        total += allowed * advantage / len(w)
    return total


def by_excess(w, A, clip):
    """WA, less what lies beyond the clip on the side to which A drives."""
    beyond = torch.relu(w - 1 - clip) * (A > 0) - torch.relu(1 - clip - w) * (A < 0)
    return ((w - beyond) * A).mean()


def with_numpy(w, A, clip):
    w, A = w.numpy(), A.numpy()
    return [np.mean(np.where(A > 0, np.fmin(w, 1 + clip), np.fmax(w, 1 - clip)) * A)][0]


def ones_alone(w, A, clip):  # the sample behind the last is the first
    a, b = w * A, w.clamp(1 - clip, 1 + clip) * A
    return sum(torch.minimum(a[k], b[k - 1]) for k in range(len(w))) / len(w)


RIGHT = [
    (check_07_core, of_two_terms),
    (check_07_core, sample_by_sample),
    (check_07_core, by_excess),
    (check_07_core, with_numpy),
    (check_07_core, lambda w, A, clip: of_two_terms(w.requires_grad_(), A, clip)),
    (check_07_predict, np.array([2.0])),
    (check_07_predict, "2"),
    (check_07_compute, lambda w, A, clip: by_cases(w, A, clip).tolist()),
    (check_07_compute, lambda w, A, clip: torch.tensor(by_cases(w, A, clip))),
    (check_07_explore, [0.28]),
    (check_07_explore, np.float64(0.27)),
    (check_07_predict, 2),
    (check_07_predict, 2 * np.log10(1 / 0.1)),
    (check_07_compute, by_cases),
    (check_07_compute, by_autograd),
    (check_07_explore, torch.tensor(0.29)),
    (check_07_explore, "0.26"),
]
WRONG = [
    (check_07_core, lambda w, A, clip: (w * A).mean(), "nothing is clipped"),
    (check_07_core, lambda w, A, clip: (w.clamp(1 - clip, 1 + clip) * A).mean(), "term alone"),
    (
        check_07_core,
        lambda w, A, clip: torch.maximum(w * A, w.clamp(1 - clip, 1 + clip) * A).mean(),
        "larger of the two",
    ),
    (check_07_core, lambda w, A, clip: (w.clamp(max=1 + clip) * A).mean(), "by A first"),
    (
        check_07_core,
        lambda w, A, clip: torch.minimum(w * A, (w * A).clamp(1 - clip, 1 + clip)).mean(),
        "not the product",
    ),
    (
        check_07_core,
        lambda w, A, clip: torch.minimum(w * A, w.clamp(-clip, clip) * A).mean(),
        "clip around 1",
    ),
    (
        check_07_core,
        lambda w, A, clip: (torch.where(A > 0, w.clamp(max=1 + clip), w) * A).mean(),
        "clip below too",
    ),
    (
        check_07_core,
        lambda w, A, clip: (torch.where(A < 0, w.clamp(min=1 - clip), w) * A).mean(),
        "clip above too",
    ),
    (
        check_07_core,
        lambda w, A, clip: min((w * A).mean(), (w.clamp(1 - clip, 1 + clip) * A).mean()),
        "average last",
    ),
    (check_07_core, lambda w, A, clip: of_two_terms(w, A, clip) * len(w), "not the sum"),
    (
        check_07_core,
        lambda w, A, clip: torch.minimum(w * A, w.clamp(1 - clip, 1 + clip) * A),
        "one number",
    ),
    (check_07_core, lambda w, A, clip: -of_two_terms(w, A, clip), "sign is wrong"),
    (check_07_core, lambda w, A, clip: of_two_terms(w, A, 0.2), "use clip"),
    (check_07_core, lambda w, A, clip: of_two_terms(w, A, clip) * len(w) / 7, "clip = 0.1 yours"),
    (check_07_core, lambda w, A, clip: of_two_terms(w[:5], A[:5], clip), "^for w = .* yours gives"),
    (check_07_core, ones_alone, "^for w = .* yours gives"),
    (check_07_core, lambda w, A, clip: None, "is there a `return`"),
    (check_07_core, lambda w, A: (w * A).mean(), "TypeError"),
    (check_07_core, lambda w, A, clip, more: 0, "TypeError"),
    (check_07_core, 0.2, "a function is asked for"),
    (check_07_predict, 1, "decades of α, a length"),
    (check_07_predict, 0.5, "the other way round"),
    (check_07_predict, 100, "that is the factor; decades are its logarithm"),
    (check_07_predict, 1.5, "that is TRPO's plateau, or three step sizes"),
    (check_07_predict, 3, "the ends are 0.1 and 1"),
    (check_07_predict, 0.75, "in decades of length"),
    (check_07_predict, 10, "the factor of α"),
    (check_07_predict, -2, "it is positive"),
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
    (check_07_explore, 0.18, "try a larger rate"),  # 0.1 to 0.2 nats in five updates
    (check_07_explore, 0.45, "two thirds of it still reach .* nats: try a smaller rate"),
    (check_07_explore, 0.5, "try a smaller rate"),
    (check_07_explore, 1.0, "at most 0.5"),
    (check_07_explore, -0.1, "must be above 0"),
    (check_07_explore, 0, "must be above 0 and at most 0.5, got 0"),
    (check_07_explore, (0.1, 0.2), "one number"),
    (check_07_explore, "0.01", "^the largest KLs of the three seeds are .*: try a larger rate"),
    (check_07_explore, float("inf"), "at most 0.5, got inf"),
    (check_07_predict, 1.2, "1.2 is not it"),
    (check_07_predict, (2, 0), "one number"),
]

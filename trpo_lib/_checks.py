"""The errors that a user meets: each names the argument, says what it was and what it must be."""

import numpy as np
import torch


def require_same_shape(**tensors) -> None:
    """Raises ``ValueError`` unless all have one shape: torch would broadcast [B] against [B, 1]."""
    shapes = {name: list(tensor.shape) for name, tensor in tensors.items()}
    if len({tuple(shape) for shape in shapes.values()}) > 1:
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(f"shapes must be equal, got {listed}")


def require_shape(*shapes: list[int | None], **tensors) -> None:
    """Raises ``ValueError`` unless every tensor has one of the shapes; None stands for any size."""
    for name, tensor in tensors.items():
        got = list(tensor.shape)
        fits = [
            len(shape) == len(got) and all(a in (None, b) for a, b in zip(shape, got, strict=True))
            for shape in shapes
        ]
        if not any(fits):
            wanted = " or ".join(str(shape).replace("None", "·") for shape in shapes)
            raise ValueError(f"{name} must have shape {wanted}, got {got}")


def require_finite(**tensors: torch.Tensor) -> None:
    """Raises ``ValueError`` on the first tensor that holds a NaN or an infinity, and says where."""
    for name, tensor in tensors.items():
        finite = torch.isfinite(tensor)
        if not finite.all():
            where = (~finite).nonzero()[0].tolist()
            value = tensor[tuple(where)].item()
            raise ValueError(f"{name} must be finite, got {value} at index {where}")


def require_positive(**arrays: np.ndarray) -> None:
    """Raises ``ValueError`` unless every number is > 0; NaN is not."""
    for name, array in arrays.items():
        if not (array > 0).all():
            raise ValueError(f"{name} must be > 0 everywhere, got {array.min()}")


def as_numbers(**arrays) -> list[np.ndarray]:
    """The arguments as float64 arrays.

    Raises ``TypeError`` on one that does not hold real numbers, ``ValueError`` on one without any
    along its last axis.
    """
    found = []
    for name, given in arrays.items():
        try:
            found.append(np.asarray(given).astype(np.float64, casting="same_kind"))
        except (TypeError, ValueError):
            raise TypeError(f"{name} must be an array of numbers, got {given!r:.80}") from None
        shape = found[-1].shape
        if not shape[-1:] > (0,):
            raise ValueError(f"{name} must have numbers along its last axis, got {list(shape)}")
    return found


def as_finite(**arrays) -> list[np.ndarray]:
    """The arguments ``as_numbers``; ``ValueError`` on the first with a NaN or an infinity."""
    found = as_numbers(**arrays)
    for name, array in zip(arrays, found, strict=True):
        if not np.isfinite(array).all():
            raise ValueError(f"{name} must be finite, got {array[~np.isfinite(array)][0]}")
    return found


def as_alike(**arrays) -> list[np.ndarray]:
    """The arguments ``as_numbers``; ``ValueError`` unless all have one shape."""
    found = as_numbers(**arrays)
    require_same_shape(**dict(zip(arrays, found, strict=True)))
    return found


def require_probabilities(**tables: np.ndarray) -> None:
    """Raises ``ValueError`` on a negative entry, or a last axis whose sum is not 1 within 1e-6."""
    for name, probs in tables.items():
        if not ((probs >= 0).all() and (np.abs(probs.sum(-1) - 1) <= 1e-6).all()):
            got = f"smallest entry {probs.min():g}, sums {np.unique(probs.sum(-1))[:5]}"
            raise ValueError(f"{name} must hold probabilities that sum to 1, got {got}")


def require_between(low: float, high: float, **numbers: float) -> None:
    """Raises ``ValueError`` unless low <= number <= high; NaN is never between."""
    for name, number in numbers.items():
        if not low <= number <= high:
            raise ValueError(f"{name} must be in [{low}, {high}], got {number}")


def require_inside(low: float, high: float, **numbers: float) -> None:
    """Raises ``ValueError`` unless low < number < high; NaN is never inside."""
    for name, number in numbers.items():
        if not low < number < high:
            raise ValueError(f"{name} must be in ({low}, {high}), got {number}")


def require_choice(*choices: str, **texts: str) -> None:
    """Raises ``ValueError`` unless every text is one of the choices."""
    for name, text in texts.items():
        if text not in choices:
            listed = " or ".join(f'"{choice}"' for choice in choices)
            raise ValueError(f"{name} must be {listed}, got {text!r}")


def require_count(**numbers: int) -> None:
    """Raises unless every number is an ``int`` (``TypeError``) of at least 1 (``ValueError``)."""
    for name, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, int):
            raise TypeError(f"{name} must be an int, got {number!r}")
        if number < 1:
            raise ValueError(f"{name} must be at least 1, got {number}")

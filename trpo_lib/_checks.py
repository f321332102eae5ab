"""The errors that a user meets: each names the argument, says what it was and what it must be."""

from dataclasses import fields
from numbers import Integral, Real
from types import UnionType
from typing import get_args

import numpy as np
import torch
from gymnasium.spaces import Box, Space


def require_same_shape(**tensors) -> None:
    """Raises ``ValueError`` unless all have one shape: torch would broadcast [B] against [B, 1]."""
    require_type(torch.Tensor | np.ndarray, **tensors)
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


def require_masks(**masks: torch.Tensor) -> None:
    """Raises ``TypeError`` unless all are boolean tensors: of the integer 1, ``~`` makes −2."""
    require_type(torch.Tensor, **masks)
    for name, mask in masks.items():
        if mask.dtype != torch.bool:
            raise TypeError(f"{name} must be boolean, got {mask.dtype}")


def require_finite(**tensors: torch.Tensor) -> None:
    """Raises ``ValueError`` on the first tensor that holds a NaN or an infinity, and says where."""
    require_type(torch.Tensor, **tensors)
    for name, tensor in tensors.items():
        if tensor.sum().isfinite():  # a tenth of the time; a sum may overflow where no number does
            continue
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


def require_number(**numbers: float) -> None:
    """Raises ``TypeError`` unless every one is a real number, Python's or NumPy's."""
    for name, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, Real):
            raise TypeError(f"{name} must be a number, got {_short(number)}")


def require_between(low: float, high: float, **numbers: float) -> None:
    """Raises unless all are numbers (``TypeError``) in [low, high] (``ValueError``); NaN is not."""
    require_number(**numbers)
    for name, number in numbers.items():
        if not low <= number <= high:
            raise ValueError(f"{name} must be in [{low}, {high}], got {number}")


def require_inside(low: float, high: float, **numbers: float) -> None:
    """Raises unless all are numbers (``TypeError``) in (low, high) (``ValueError``); NaN is not."""
    require_number(**numbers)
    for name, number in numbers.items():
        if not low < number < high:
            raise ValueError(f"{name} must be in ({low}, {high}), got {number}")


def require_whole(low: int, high: float = np.inf, **numbers: int) -> None:
    """Raises unless all are ints (``TypeError``), Python's or NumPy's, in [low, high]."""
    for name, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, Integral):
            raise TypeError(f"{name} must be an int, got {_short(number)}")
        if not low <= number <= high:
            bounds = f"at least {low}" if high == np.inf else f"in [{low}, {high}]"
            raise ValueError(f"{name} must be {bounds}, got {number}")


def require_count(**numbers: int) -> None:
    """Raises unless every number is an int (``TypeError``) of at least 1 (``ValueError``)."""
    require_whole(1, **numbers)


def require_seed(**numbers: int) -> None:
    """Raises unless every number is an int (``TypeError``) that torch's generators take."""
    require_whole(0, 2**64 - 1, **numbers)


def require_choice(*choices: str, **texts: str) -> None:
    """Raises ``ValueError`` unless every text is one of the choices."""
    for name, text in texts.items():
        if text not in choices:
            listed = " or ".join(f'"{choice}"' for choice in choices)
            raise ValueError(f"{name} must be {listed}, got {_short(text)}")


def require_type(kind: type | UnionType, **values) -> None:
    """Raises ``TypeError`` unless every value is of that class, or of one of those in a union."""
    if all(isinstance(value, kind) for value in values.values()):
        return  # asked at every step of the environments
    names = [option.__name__ for option in get_args(kind) or (kind,)]
    wanted = " or ".join(f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}" for name in names)
    for name, value in values.items():
        if not isinstance(value, kind):
            raise TypeError(f"{name} must be {wanted}, got {_short(value)}")


def require_layers(hidden: tuple[int, ...], **ends: int) -> None:
    """Raises unless hidden is a tuple or list, and all sizes of layers are ints of at least 1."""
    require_type(tuple | list, hidden=hidden)
    require_count(**ends)
    for size in hidden:
        require_count(**{"each of hidden": size})


def take_numpy_numbers(config) -> None:
    """Makes Python's numbers of NumPy's among a dataclass's fields, so that both save alike."""
    for field in fields(config):
        value = getattr(config, field.name)
        if isinstance(value, np.number):
            object.__setattr__(config, field.name, value.item())


def require_device(device: str) -> None:
    """Raises ``ValueError`` unless this machine has the device."""
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device must be on this machine, got {device!r}: {error}") from error


def require_reach(action_space: Box) -> None:
    """Raises ``ValueError`` when a normal distribution never reaches between the bounds."""
    if (action_space.low > 5).any() or (action_space.high < -5).any():
        raise ValueError(
            f"action_space must reach into [-5, 5], where a new policy plays, got {action_space}: "
            "gymnasium.wrappers.RescaleAction moves it to [-1, 1]"
        )


def require_fitting(policy: object, observation_space: Space) -> None:
    """Raises unless policy acts (``TypeError``), and on such observations (``ValueError``)."""
    if isinstance(policy, type) or not callable(getattr(policy, "act", None)):
        raise TypeError(f"policy must have an act method, got {_short(policy)}")
    obs = np.zeros((1, *observation_space.shape), dtype=np.float32)
    try:
        with torch.inference_mode():
            actions = policy.act(obs)
    except (RuntimeError, ValueError, TypeError) as error:
        why = f"policy must take observations {list(obs.shape[1:])} as NumPy arrays: {error}"
        raise ValueError(why) from error
    require_type(np.ndarray, **{"what policy.act gives": actions})


def _short(value) -> str:
    """What a value was, in less than a line."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."

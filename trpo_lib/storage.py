"""Files that appear whole or not at all, and hold tensors and plain values but no code."""

import inspect
import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch


@contextmanager
def replacing(path: str | Path) -> Iterator[str]:
    """A name to write to; the file there becomes ``path`` in one go when the block ends well.

    The folder is made if it is missing. Raises ``OSError``, naming path, when it cannot be written.
    """
    path = Path(path)
    with blaming(path), scratch_in(path.parent) as folder:
        new = f"{folder}/new"
        yield new
        os.replace(new, path)


@contextmanager
def scratch_in(folder: Path) -> Iterator[str]:
    """A new folder inside this one, which is made if it is missing; it is gone afterwards."""
    with blaming(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder) as scratch:
            yield scratch


@contextmanager
def blaming(path: Path) -> Iterator[None]:
    """An ``OSError`` names this path, which the user knows, and no temporary one."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def write(state: dict, path: str | Path) -> None:
    """Writes nested dicts, lists and tuples of tensors, numbers and texts.

    Raises ``TypeError`` on anything else, and leaves the file as it was.
    """
    state = plain(state)
    with replacing(path) as new:
        torch.save(state, new)


def read(path: str | Path, *keys: str) -> dict:
    """What ``write`` wrote, without unpickling code; its tensors on the CPU.

    Raises ``ValueError`` when the file is no such file, or its state lacks one of the keys.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError) as error:
        raise ValueError(f"path must be a file that was saved here, got {path}") from error
    if not (isinstance(state, dict) and state.keys() >= set(keys)):
        raise ValueError(f"path must be a file that holds {', '.join(keys)}, got {path}")
    return state


def plain(value, name: str = "state"):
    """The same with NumPy's scalars as Python's: a file that holds no code cannot hold them.

    Raises ``TypeError``, naming the place, on what such a file cannot hold at all.
    """
    if isinstance(value, dict):
        return {key: plain(held, f"{name}[{key!r}]") for key, held in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(plain(held, f"{name}[{i}]") for i, held in enumerate(value))
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, torch.Tensor | int | float | str):
        return value
    raise TypeError(f"{name} must be a tensor, number, text or list of such, got {value!r:.80}")


def name_of(algorithm: Callable) -> str:
    """Of a function or of an object's class: by it a file tells whose state it holds."""
    return algorithm.__name__ if inspect.isfunction(algorithm) else type(algorithm).__name__


def require_savable(**algorithms: Callable) -> None:
    """Raises ``TypeError`` on what cannot be called, or saved: better now than after the training.

    A function is taken to hold no state.
    """
    for name, algorithm in algorithms.items():
        if isinstance(algorithm, type) or not callable(algorithm):
            raise TypeError(f"{name} must be an object such as TRPO(), got {algorithm!r:.80}")
        if not inspect.isfunction(algorithm):
            if not (hasattr(algorithm, "state_dict") and hasattr(algorithm, "load_state_dict")):
                why = f"or have state_dict and load_state_dict, got {algorithm!r:.80}"
                raise TypeError(f"{name} must be a function, {why}")
            plain(algorithm.state_dict(), f"{name}.state_dict()")

"""Files that appear whole or not at all, and hold tensors and plain values but no code."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch


@contextmanager
def replacing(path: str | Path) -> Iterator[str]:
    """A name to write to; the file there becomes ``path`` in one go when the block ends well."""
    with TemporaryDirectory(dir=Path(path).parent) as folder:
        new = f"{folder}/new"
        yield new
        os.replace(new, path)


def write(state: dict, path: str | Path) -> None:
    """Writes nested dicts, lists and tuples of tensors, numbers and texts."""
    with replacing(path) as new:
        torch.save(_plain(state), new)


def read(path: str | Path) -> dict:
    """What ``write`` wrote, without unpickling code."""
    return torch.load(path, weights_only=True)


def _plain(value):
    """The same with NumPy's scalars as Python's: a file that holds no code cannot hold them."""
    if isinstance(value, dict):
        return {key: _plain(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_plain, value))
    return value.item() if isinstance(value, np.generic) else value

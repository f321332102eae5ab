"""Files that appear whole or not at all, and hold tensors and plain values but no code."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch


def write(state: dict, path: str | Path) -> None:
    """Writes nested dicts, lists and tuples of tensors, numbers and texts."""
    with TemporaryDirectory(dir=Path(path).parent) as folder:
        torch.save(_plain(state), f"{folder}/state")
        os.replace(f"{folder}/state", path)


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

"""Every slider of every lesson: the picture follows, and so do the numbers, to the right values."""

from pathlib import Path

import pytest
from exploring import move_every_slider, sliders_of
from figures import Figure
from oracles import ORACLES
from tiny import tiny_notebook, tiny_oracle

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
EXPLORING = [path for path in sorted(NOTEBOOKS.glob("*.ipynb")) if sliders_of(path)]


def test_an_explorer_follows_its_sliders(tmp_path, open_and_run):
    path = tiny_notebook(tmp_path)
    move_every_slider(Figure(open_and_run(path).page), sliders_of(path), tiny_oracle)


@pytest.mark.parametrize("path", EXPLORING, ids=lambda path: path.stem)
def test_the_explorer_of_a_lesson_follows_its_sliders(path, open_and_run):
    assert path.stem in ORACLES, "tests/oracles.py says what its numbers must be"
    move_every_slider(Figure(open_and_run(path).page), sliders_of(path), ORACLES[path.stem])

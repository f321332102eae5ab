"""A figure under sliders, and its static twin.

Both are made of two functions. stage(axes) draws what stays, and returns the axes. draw(axes,
*values) adds what depends on the settings, and returns a line of numbers.
"""

import functools
from collections.abc import Callable, Mapping, Sequence

import ipywidgets
import numpy as np
from IPython.display import display

from trpo_lib import plotting
from trpo_lib.widgets.live import Controls, Live, Slider

_PICTURES_KEPT = 256  # of the last settings: a hand that goes to and fro does not wait again


class Explorer(Live):
    """What ``explore`` shows. ``sliders`` are its widgets by name, ``said`` the line of numbers."""

    def __init__(
        self,
        draw: Callable,
        stage: Callable,
        axes: np.ndarray,
        sliders: Mapping[str, Slider],
        alt: str,
    ):
        super().__init__(stage(axes), alt)

        @functools.lru_cache(_PICTURES_KEPT)
        def drawn(**values):
            return self._drawn(lambda: draw(axes, **values))

        controls = Controls(sliders, lambda: self._present(*drawn(**controls.values)))
        self.sliders = controls.sliders
        self.view = ipywidgets.VBox([*controls.rows, self.picture, self.line])
        self._present(*drawn(**controls.values))


def explore(
    draw: Callable, stage: Callable, axes: np.ndarray, sliders: Mapping[str, Slider], alt: str
) -> None:
    """Shows a figure that follows its sliders, which have the names of draw's arguments.

    What draw adds is taken off again once the picture is made; what stage drew stays, and the
    limits of its axes too, unless draw sets them. alt says in a sentence what one sees.
    """
    display(Explorer(draw, stage, axes, sliders, alt))


def compare_settings(
    draw: Callable, stage: Callable, axes: Sequence[np.ndarray], settings: Sequence[tuple], alt: str
) -> str:
    """Shows the figure at several settings, each on axes of its own -> their lines of numbers."""
    lines = [draw(stage(own), *values) for own, values in zip(axes, settings, strict=True)]
    plotting.show(np.ravel(axes)[0], alt)
    return "\n".join(lines)

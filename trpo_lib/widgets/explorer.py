"""A figure under sliders."""

from collections.abc import Callable, Mapping

import ipywidgets
import numpy as np
from IPython.display import display
from matplotlib.axes import Axes

from trpo_lib.widgets.live import Controls, Live, Slider


class Explorer(Live):
    """What ``explore`` shows. ``sliders`` are its widgets by name, ``said`` the line of numbers."""

    def __init__(
        self,
        draw: Callable[..., str],
        axes: np.ndarray | Axes,
        sliders: Mapping[str, Slider],
        alt: str,
    ):
        super().__init__(axes, alt)
        controls = Controls(sliders, lambda: self._draw(lambda: draw(axes, **controls.values)))
        self.sliders = controls.sliders
        self.view = ipywidgets.VBox([*controls.rows, self.picture, self.line])
        self._draw(lambda: draw(axes, **controls.values))


def explore(
    draw: Callable[..., str], axes: np.ndarray | Axes, sliders: Mapping[str, Slider], alt: str
) -> None:
    """Shows a figure that follows its sliders.

    axes hold what stays, their limits included. draw(axes, **values) adds what moves, a value for
    each slider, and returns the line of numbers under the picture; whatever it has added is taken
    off again once the picture is made. alt says in a sentence what one sees.
    """
    display(Explorer(draw, axes, sliders, alt))

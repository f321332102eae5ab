"""A figure under sliders, and its static twin.

Both are made of two functions. stage(axes) draws what stays, and returns the axes. draw(axes,
*values) adds what depends on the settings, and returns a line of numbers.
"""

import asyncio
import contextlib
import functools
import inspect
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from IPython.display import display

from trpo_lib import plotting
from trpo_lib.widgets.live import Controls, Live, Slider, View

_PICTURES_KEPT = 256  # of the last settings: a hand that goes to and fro does not wait again
_SECONDS_OF_REST = 0.1  # of the hand, before its next picture is drawn ahead


class Explorer(Live):
    """What ``explore`` shows. ``sliders`` are its sliders by name, ``said`` the line of numbers."""

    def __init__(
        self,
        draw: Callable,
        stage: Callable,
        axes: np.ndarray,
        sliders: Mapping[str, Slider],
        alt: str,
    ):
        try:
            inspect.signature(draw).bind(axes, **sliders)
        except TypeError as error:
            raise TypeError(f"sliders must have the names of draw's arguments: {error}") from None
        super().__init__(View(), stage(axes), alt)
        self._draw, self._kept, self._plan = functools.partial(draw, axes), {}, None
        self._controls = Controls(self.view, sliders, self._follow)
        self._values = self._controls.values
        self.sliders = self._controls.sliders
        self._present(*self.picture_at(self._values))

    def _follow(self) -> None:
        """Shows where the sliders stand; when the hand then rests, draws where it may go next."""
        before, self._values = self._values, self._controls.values
        if self._values == before:  # several moves were waiting, and the first has shown them all
            return
        self._present(*self.picture_at(self._values))
        if self._plan:
            self._plan.cancel()
        ahead = self._controls.onward(before, self._values)
        self._plan = _after_a_rest(lambda: self.picture_at(ahead))

    def picture_at(self, values: dict) -> tuple[bytes, str]:
        """The picture and its line at these settings, from when they were last drawn, or now."""
        key = tuple(f"{value:.9g}" for value in values.values())  # the last bits vary with the way
        found = self._kept.pop(key, None) or self._drawn(lambda: self._draw(**values))
        self._kept[key] = found  # as the newest
        if len(self._kept) > _PICTURES_KEPT:
            del self._kept[next(iter(self._kept))]
        return found


def _after_a_rest(act: Callable[[], object]) -> asyncio.TimerHandle | None:
    """Calls it in a moment, if there is an event loop to do that: a kernel has one."""
    with contextlib.suppress(RuntimeError):
        return asyncio.get_running_loop().call_later(_SECONDS_OF_REST, act)


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

"""Every slider of an explorer moved by keyboard, and what it then says compared with an oracle."""

import ast
import time
from pathlib import Path

import nbformat
from figures import Figure, assert_accessible
from oracles import assert_says, says
from playwright.sync_api import expect
from servers import SECONDS_OF_PATIENCE

from trpo_lib import widgets
from trpo_lib.widgets import Slider

PRESSES = 3


def sliders_of(path: Path) -> dict[str, Slider]:
    """The sliders that a notebook gives to ``explore``, by name; empty if it does not explore."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code" and "explore(draw" in cell.source:
            names = {"widgets": widgets}
            for node in ast.parse(cell.source).body:
                if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in (
                    "starts",
                    "sliders",
                ):
                    exec(ast.unparse(node), names)
            return names["sliders"]
    return {}


def after(slider: Slider, steps: int) -> float:
    """Where a slider stands that many steps from its start; a log one, rounded to two digits."""
    if slider.log:
        return float(f"{slider.start * 10 ** (slider.step * steps):.2g}")
    return slider.start + slider.step * steps


def way_of(slider: Slider) -> tuple[int, int]:
    """Upwards (1) or downwards (-1), and how many steps: fewer where the slider has no more."""
    ways = [(there, far) for far in (PRESSES, 2) for there in (1, -1)]
    low, high = slider.low - 1e-9, slider.high + 1e-9
    return next(way for way in ways if low <= after(slider, way[0] * way[1]) <= high)


def move_every_slider(figure: Figure, sliders: dict[str, Slider], oracle) -> None:
    """Moves one slider after the other, there, half-way back, and home by its reset button."""
    start = {name: slider.start for name, slider in sliders.items()}
    wait_for_numbers(figure, oracle(**start))
    assert_accessible(figure.page)
    for name, slider in sliders.items():
        on_page = figure.slider(slider.label)
        assert on_page.heard == f"{slider.start:g} {slider.unit}".strip()
        there, far = way_of(slider)
        keys = ("ArrowRight", "ArrowLeft")[::there]
        for key, presses, steps in [(keys[0], far, far), (keys[1], 1, far - 1)]:
            source, said = figure.source, figure.said
            on_page.press(key, presses)
            expect(figure.line).not_to_have_text(said)  # 0.1, read as 0.14, would do for numbers
            wait_for_numbers(figure, oracle(**start | {name: after(slider, there * steps)}))
            expect(figure.picture).not_to_have_attribute("src", source)
        on_page.reset()
        wait_for_numbers(figure, oracle(**start))


def wait_for_numbers(figure: Figure, expected: list[float]) -> None:
    end = time.monotonic() + SECONDS_OF_PATIENCE
    while time.monotonic() < end and not says(figure.said, expected):
        figure.page.wait_for_timeout(20)
    assert_says(figure.said, expected)

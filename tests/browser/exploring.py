"""Every slider of an explorer moved by keyboard, and what it then says compared with an oracle."""

import ast
import time
from pathlib import Path

import nbformat
from figures import Figure, numbers

from trpo_lib.widgets import Slider

SECONDS_TO_FOLLOW = 10
PRESSES = 3


def sliders_of(path: Path) -> dict[str, Slider]:
    """The sliders that a notebook gives to ``explore``, by name; empty if it does not explore."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            for node in ast.walk(ast.parse(cell.source)):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "explore":
                    sliders = node.args[2]
                    names = map(ast.literal_eval, sliders.keys)
                    return dict(zip(names, map(slider, sliders.values), strict=True))
    return {}


def slider(call: ast.Call) -> Slider:
    """`Slider("label", 0, 1, ...)` as written in a notebook, its arguments literal."""
    named = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
    return Slider(*map(ast.literal_eval, call.args), **named)


def after(slider: Slider, steps: int) -> float:
    """Where a slider stands that many steps from its start."""
    return (
        slider.start * 10 ** (slider.step * steps)
        if slider.log
        else slider.start + slider.step * steps
    )


def agree(printed: list[str], expected: list[float]) -> bool:
    """Whether each number, as printed, is the expected one, rounded."""
    return len(printed) == len(expected) and all(map(rounds_to, printed, expected))


def rounds_to(printed: str, expected: float) -> bool:
    mantissa, _, exponent = printed.replace(",", "").replace("−", "-").partition("e")
    unit = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    return abs(float(f"{mantissa}e{exponent or 0}") - expected) <= 0.51 * unit


def move_every_slider(figure: Figure, sliders: dict[str, Slider], oracle) -> None:
    """Moves one slider after the other, there, half-way back, and home by its reset button."""
    start = {name: slider.start for name, slider in sliders.items()}
    wait_for_numbers(figure, oracle(**start))
    for name, slider in sliders.items():
        on_page = figure.slider(slider.label)
        there = 1 if after(slider, PRESSES) <= slider.high else -1
        keys = ("ArrowRight", "ArrowLeft")[::there]
        for key, presses, steps in [(keys[0], PRESSES, PRESSES), (keys[1], 1, PRESSES - 1)]:
            source, said = figure.source, figure.said
            on_page.press(key, presses)
            wait_for_numbers(figure, oracle(**start | {name: after(slider, there * steps)}))
            assert figure.said != said, f"{slider.label}: no number changes"
            assert figure.source != source, f"{slider.label}: the picture does not change"
        on_page.reset()
        wait_for_numbers(figure, oracle(**start))


def wait_for_numbers(figure: Figure, expected: list[float]) -> None:
    end = time.monotonic() + SECONDS_TO_FOLLOW
    while not agree(numbers(figure.said), expected):
        assert time.monotonic() < end, f"{figure.said!r} should say {expected}"
        figure.page.wait_for_timeout(20)

"""Every slider of every lesson: the picture follows, and so do the numbers, to the right values."""

from pathlib import Path

import pytest
from exploring import move_every_slider, sliders_of, wait_for_numbers
from figures import Figure, assert_accessible
from oracles import ORACLES
from playwright.sync_api import expect
from tiny import tiny_notebook, tiny_oracle

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
EXPLORING = [path for path in sorted(NOTEBOOKS.glob("*.ipynb")) if sliders_of(path)]


def test_an_explorer_follows_its_sliders(tmp_path, open_and_run):
    path = tiny_notebook(tmp_path)
    move_every_slider(Figure(open_and_run(path).page), sliders_of(path), tiny_oracle)


def test_keys_on_a_slider_move_it_and_do_nothing_else(tmp_path, open_and_run):
    notebook = open_and_run(tiny_notebook(tmp_path))
    figure = Figure(notebook.page)
    slider = figure.slider("half width (m)")
    ways = {"ArrowRight": 1.5, "ArrowUp": 2, "ArrowLeft": 1.5, "ArrowDown": 1}
    ways |= {"End": 5, "Home": 0.3, "PageUp": 0.5, "PageDown": 0.3}
    for key, value in ways.items():
        slider.track.press(key)
        expect(slider.track).to_have_attribute("aria-valuetext", f"{value} m")
    for key in "mryabxdd00":  # commands of the notebook: Markdown, delete the cell, restart ...
        slider.track.press(key)
    wait_for_numbers(figure, tiny_oracle(0.3, 1, 5))
    expect(slider.track).to_be_focused()
    expect(notebook.cells).to_have_count(1)
    expect(notebook.page.get_by_role("dialog")).to_have_count(0)
    slider.track.press("Control+s")  # and this is no key of a slider
    notebook.page.wait_for_function("!window.jupyterapp.shell.currentWidget.context.model.dirty")


def test_a_number_can_be_typed(tmp_path, open_and_run):
    figure = Figure(open_and_run(tiny_notebook(tmp_path)).page)
    slider = figure.slider("half width (m)")
    for text, value in [("1.234", 1.234), ("99", 5), ("", 5), ("-3", 0.3)]:
        slider.type(text)
        expect(slider.track).to_have_attribute("aria-valuetext", f"{value} m")
        assert slider.value == value
        wait_for_numbers(figure, tiny_oracle(value, 1, 5))
    slider.field.press("ArrowUp")
    expect(slider.field).to_have_value("0.5")
    copies = figure.slider("copies")
    copies.type("2.6")
    wait_for_numbers(figure, tiny_oracle(0.5, 1, 3))


def test_a_screen_reader_hears_of_a_move_from_the_line_that_it_knows(tmp_path, open_and_run):
    figure = Figure(open_and_run(tiny_notebook(tmp_path)).page)
    line = figure.line.element_handle()
    figure.slider("half width (m)").press("ArrowRight")
    wait_for_numbers(figure, tiny_oracle(1.5, 1, 5))
    assert line.text_content() == figure.said  # the same node
    expect(figure.root.get_by_role("img", name="Ellipses side by side.")).to_be_visible()


@pytest.mark.parametrize("theme", ["Light", "Dark"])
@pytest.mark.parametrize("size", [(1280, 1000), (640, 500), (390, 844)], ids=str)
def test_a_figure_is_usable_on_a_projector_at_200_per_cent_and_on_a_phone(
    size, theme, tmp_path, open_and_run
):
    page = open_and_run(tiny_notebook(tmp_path)).page
    page.evaluate("window.jupyterapp.shell.collapseLeft()")
    command = "name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})"
    page.evaluate(command, f"JupyterLab {theme}")
    page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    figure = Figure(page)
    slider = figure.slider("half width (m)")
    slider.track.scroll_into_view_if_needed()
    assert slider.track.bounding_box()["width"] >= 180
    assert figure.root.evaluate("figure => figure.scrollWidth <= figure.clientWidth")
    assert_accessible(page)
    slider.track.click()  # its middle
    expect(slider.track).to_have_attribute("aria-valuetext", "2.5 m")


@pytest.mark.parametrize("path", EXPLORING, ids=lambda path: path.stem)
def test_the_explorer_of_a_lesson_follows_its_sliders(path, open_and_run):
    assert path.stem in ORACLES, "tests/oracles.py says what its numbers must be"
    move_every_slider(Figure(open_and_run(path).page), sliders_of(path), ORACLES[path.stem])

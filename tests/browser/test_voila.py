"""The lessons as a site: no code, and the figures alive."""

from pathlib import Path

import pytest
from exploring import move_every_slider, sliders_of
from figures import Figure
from playwright.sync_api import expect
from tiny import tiny_notebook, tiny_oracle

LESSON = Path(__file__).parents[2] / "notebooks/00_start_here.ipynb"
MS_TO_RUN_ALL = 180_000


@pytest.fixture
def visit(page, demo, folder):
    """Opens the page of a notebook on the site; Voilà shows it once every cell has run."""

    def visit(path):
        (folder / path.name).write_bytes(path.read_bytes())
        page.goto(f"{demo}/voila/render/{path.name}", timeout=MS_TO_RUN_ALL)
        figure = Figure(page)
        expect(figure.line).to_be_visible(timeout=MS_TO_RUN_ALL)
        expect(
            page.locator(".jp-CodeMirrorEditor, .jp-InputArea-editor, .highlight")
        ).to_have_count(0)
        return figure

    return visit


def test_the_site_lists_the_lessons_and_not_their_sources(page, demo, folder):
    (folder / "src").mkdir()
    tiny_notebook(folder)
    page.goto(demo)
    expect(page.get_by_text("tiny.ipynb", exact=True)).to_be_visible()
    expect(page.get_by_text("src", exact=True)).to_have_count(0)


def test_an_explorer_follows_its_sliders(tmp_path, visit):
    path = tiny_notebook(tmp_path)
    move_every_slider(visit(path), sliders_of(path), tiny_oracle)


def test_lesson_00_is_there_and_trains(visit):
    figure = visit(LESSON)
    expect(figure.line).to_contain_text("Nothing yet")
    before = figure.source
    figure.press("Start")
    expect(figure.line).to_contain_text("Update")
    assert figure.source != before

"""A stored lesson where nothing runs."""

import html
import re
from pathlib import Path

import nbformat
from playwright.sync_api import expect

LESSONS = Path(__file__).parents[2] / "notebooks"
LESSON = LESSONS / "00_start_here.ipynb"


def stored_picture():
    """The number of the cell that watches, its picture's alt text, and its source."""
    cells = nbformat.read(LESSON, as_version=4).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    (number,) = (i for i, cell in enumerate(code) if re.search("^watch\\(", cell.source, re.M))
    (output,) = code[number].outputs
    alt, source = re.match('<img alt="(.*?)" src="(.*?)"', output.data["text/html"]).groups()
    return number, html.unescape(alt), source


def test_a_map_and_formulas_are_drawn(open_notebook):
    page = open_notebook(LESSONS / "06_trpo_on_cartpole.ipynb").page
    expect(page.locator(".jp-MarkdownCell mjx-container").first).to_be_visible()
    drawing = page.locator(".jp-RenderedMermaid img")
    expect(drawing).to_have_attribute("alt", "One iteration of TRPO")
    assert drawing.evaluate("drawing => drawing.decode().then(() => drawing.naturalWidth > 0)")


def test_a_stored_figure_is_a_picture_without_its_kernel(open_notebook):
    number, alt, source = stored_picture()
    notebook = open_notebook(LESSON)
    notebook.choose("Kernel", "Shut Down Kernel")
    expect(notebook.page.get_by_role("button", name="No Kernel", exact=True)).to_be_visible()
    picture = notebook.cells.nth(number).get_by_role("img", name=alt, exact=True)
    picture.scroll_into_view_if_needed()
    expect(picture).to_be_visible()
    expect(picture).to_have_attribute("src", source)
    assert picture.evaluate("picture => picture.naturalWidth > 0")

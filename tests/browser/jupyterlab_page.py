"""A notebook in JupyterLab, driven the way a reader drives it."""

import re
import textwrap

import nbformat
from playwright.sync_api import Locator, Page, expect

# The mark beside the kernel's name says "idle" before there is a kernel: ask the application.
READY = """() => {
    const panel = window.jupyterapp?.shell?.currentWidget;
    const kernel = panel?.sessionContext?.session?.kernel;
    return panel?.sessionContext?.isReady && kernel?.connectionStatus === 'connected'
        && kernel.status === 'idle';
}"""
FINISHED = """errors => document.querySelector(errors)
    || [...document.querySelectorAll('.jp-Notebook .jp-CodeCell .jp-InputPrompt')].every(
        prompt => /\\d/.test(prompt.textContent))"""
ERRORS = '[data-mime-type$="jupyter.stderr"], [data-mime-type$="jupyter.error"]'
NUMBERED = re.compile(r"\[\d+\]:")


class Notebook:
    """The notebook on a page of JupyterLab."""

    def __init__(self, page: Page):
        self.page = page
        self.cells = page.locator(".jp-Notebook .jp-CodeCell")
        self.errors = page.locator(".jp-Notebook").locator(ERRORS)

    def choose(self, menu: str, item: str) -> None:
        """Chooses an item of the menu bar."""
        self.page.get_by_role("menuitem", name=menu, exact=True).click()
        label = self.page.locator(".lm-Menu-itemLabel")  # the whole item also says its shortcut
        label.get_by_text(item, exact=True).click()

    def run_all(self) -> None:
        """Runs every cell, and makes sure that none failed or warned."""
        self.choose("Edit", "Clear Outputs of All Cells")  # and their numbers
        self.choose("Run", "Run All Cells")
        self.page.wait_for_function(FINISHED, arg=ERRORS)
        errors = self.errors.all_text_contents()
        assert not errors, f"the cells printed {errors}"

    def run(self, number: int) -> Locator:
        """Runs one cell of code, counted from 0, and returns it once it is done."""
        cell = self.cells.nth(number)
        before = prompt(cell).text_content()
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Shift+Enter")
        expect(prompt(cell)).not_to_have_text(before)
        expect(prompt(cell)).to_have_text(NUMBERED)
        return cell


def prompt(cell: Locator) -> Locator:
    return cell.locator(".jp-InputPrompt")


def write_notebook(path, *sources: str):
    """A notebook of these cells of code -> its path."""
    cells = [nbformat.v4.new_code_cell(textwrap.dedent(source).strip()) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}  # or Lab asks
    nbformat.write(notebook, path)
    return path

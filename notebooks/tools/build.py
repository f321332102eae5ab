"""Makes one notebook from its source: `python notebooks/tools/build.py SOURCE.md TARGET.ipynb`.

The source is run from top to bottom; the target is written only after every cell has succeeded.
"""

import sys
import time
from pathlib import Path

import jupytext
import minutes
import nbformat
from jupytext.combine import combine_inputs_with_outputs
from nbclient import NotebookClient

KEPT_IN_NOTEBOOK = {"kernelspec", "language_info"}
KEPT_IN_CELL = {"tags"}
LIVE_VIEW = "application/vnd.jupyter.widget-view+json"


def merge(source: Path, target: Path) -> nbformat.NotebookNode:
    """Return the source's cells; those that the target has already keep their ids."""
    notebook = jupytext.read(source)
    if target.exists():
        notebook = combine_inputs_with_outputs(notebook, nbformat.read(target, as_version=4))
    return notebook


def execute(notebook: nbformat.NotebookNode, folder: Path) -> None:
    """Run every cell in place, the way `jupyter lab` opened on `folder` would."""
    NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=600,
        resources={"metadata": {"path": folder}},
        record_timing=False,  # the time of day would differ at every run
        store_widget_state=False,  # half a widget's state breaks GitHub's viewer
        coalesce_streams=True,
    ).execute()


def tidy(notebook: nbformat.NotebookNode) -> None:
    """Drop what depends on the machine or on the editor, and views whose kernel is gone."""
    for key in set(notebook.metadata) - KEPT_IN_NOTEBOOK:
        del notebook.metadata[key]
    notebook.metadata.language_info.pop("version", None)
    for cell in notebook.cells:
        for key in set(cell.metadata) - KEPT_IN_CELL:
            del cell.metadata[key]
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(LIVE_VIEW, None)


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    start = time.perf_counter()
    minutes.renew(source)
    notebook = merge(source, target)
    execute(notebook, target.parent)
    tidy(notebook)
    nbformat.validate(notebook)
    target.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8", newline="\n")
    print(f"{target}: {len(notebook.cells)} cells, {time.perf_counter() - start:.1f} s")

"""Opens the lessons in JupyterLab: `python notebooks/tools/lab.py [options of jupyter lab]`.

A reader works in copies, below `my_lessons/`, which git ignores. At each start a lesson that is
missing there is copied, and one that has changed replaces its copy. A copy with the reader's own
changes stays as it is, and the new lesson is laid beside it. Outputs count for nothing.
"""

import filecmp
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, count
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LESSONS = ("*.ipynb", "solutions/*.ipynb", "glossary.md", "data/*")
HANDED_OUT = ".handed_out"  # each lesson as it was when it was last copied
SCREENS = {"DISPLAY", "WAYLAND_DISPLAY", "BROWSER"}
CODESPACE = ("CODESPACE_NAME", "GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN")
OPTIONS = [
    "--ServerApp.ip=localhost",
    "--ServerApp.kernel_websocket_connection_class=trpo_lib.connection.PromptConnection",
    "--LabApp.default_url=/lab/tree/my_lessons/00_start_here.ipynb",
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
]


def content(file: Path) -> object:
    """What a reader writes: a notebook's cells, without outputs and empty ones, or the file."""
    data = file.read_bytes()
    if file.suffix == ".ipynb":
        with suppress(ValueError, KeyError, TypeError):  # no notebook: any byte counts
            cells = [(c["cell_type"], "".join(c["source"])) for c in json.loads(data)["cells"]]
            return [cell for cell in cells if cell[1].strip()]
    return data


def places(copy: Path) -> Iterator[Path]:
    """Where a lesson may lie: 02.ipynb, 02_v2.ipynb, 02_v3.ipynb, …"""
    return chain([copy], (copy.with_stem(f"{copy.stem}_v{number}") for number in count(2)))


def lay(file: Path, place: Path) -> None:
    """Copies a file whole or not at all, and so that its reader may write to it."""
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = place.with_name(f"{place.name}.partial")
    shutil.copyfile(file, partial)
    partial.replace(place)


def hand_out(lesson: Path, copy: Path, handed_out: Path) -> Path:
    """Copies a lesson, unless it is there already -> where it is, or would be."""
    known = handed_out.exists()
    if known and copy.exists() and filecmp.cmp(lesson, handed_out, shallow=False):
        return copy
    replaced = [content(lesson), content(handed_out) if known else None]
    free = (p for p in places(copy) if not p.exists() or content(p) in replaced)
    lay(lesson, place := next(free))
    lay(lesson, handed_out)
    return place


def take_back(name: Path, copies: Path) -> None:
    """Removes the copy of a lesson that is no more, unless its reader has changed it."""
    copy, handed_out = copies / name, copies / HANDED_OUT / name
    if copy.exists() and content(copy) == content(handed_out):
        copy.unlink()
    handed_out.unlink()


def update(copies: Path, lessons: Path) -> None:
    """Copies what is new, and tells of each lesson that had to be laid beside its copy."""
    handed_out = copies / HANDED_OUT
    names = {file.relative_to(lessons) for pattern in LESSONS for file in lessons.glob(pattern)}
    for file in filter(Path.is_file, list(handed_out.rglob("*"))):
        if (name := file.relative_to(handed_out)) not in names:
            take_back(name, copies)
    for name in sorted(names):
        place = hand_out(lessons / name, copies / name, handed_out / name)
        if place != copies / name:
            print(f"{name} has changed. Your copy stays as it is; the new one is {place.name}.")


def options() -> list[str]:
    """Those of every start, and those that this machine or its user needs."""
    options = [*OPTIONS, f"--ServerApp.root_dir={ROOT}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--allow-root")
    if sys.platform == "linux" and not SCREENS & os.environ.keys():
        options.append("--no-browser")  # it would take one of the terminal's
    if "CODESPACE_NAME" in os.environ:  # whose pages come from another host
        name, domain = map(os.environ.get, CODESPACE)
        options.append(rf"--ServerApp.allow_origin_pat=https://{name}-\d+\.{domain}")
    return options


if __name__ == "__main__":
    try:
        from jupyterlab.labapp import LabApp
    except ImportError:
        sys.exit(f"{sys.executable} has no JupyterLab. README.md says how to set it up.")
    update(ROOT / "my_lessons", ROOT / "notebooks")
    LabApp.launch_instance([*options(), *sys.argv[1:]])

"""Makes the course as a folder of plain files: `python notebooks/tools/make_site.py FOLDER`.

The notebooks are shown as they were executed. Only what the live figures need is run again.
"""

import shutil
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from shown import COURSE
from sphinx.application import Sphinx
from website import figures
from website.runs import write_runs
from website.slides import write_decks
from website.sources import Edition

ROOT = Path(__file__).parents[2]
WEBSITE = Path(__file__).parent / "website"
VENDOR = Path(__file__).parent / "vendor"
WIDGETS = ROOT / "trpo_lib/widgets"
EDITIONS = (Edition("en", "English", ROOT / "notebooks"),)
PROCESSES = 2
SIDEBAR = [
    "sidebar/brand.html",
    "sidebar/search.html",
    "languages.html",
    "sidebar/scroll-start.html",
    "sidebar/navigation.html",
    "sidebar/scroll-end.html",
]
SPEAKER = {"name": "RevealNotes", "src": "revealjs/plugin/notes/notes.js"}
SCRIPTS = [(file, {"defer": "defer"}) for file in ("figure.js", "site.js")]
FIRST = f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="0; url=en/index.html">
<title>{COURSE}</title>
</head>
<body><p><a href="en/index.html">{COURSE}</a></p></body>
</html>
"""


def make(folder: Path, editions: Sequence[Edition] = EDITIONS) -> None:
    """Writes the site in place of an older one."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "index.html").write_text(FIRST, encoding="utf-8")
    with TemporaryDirectory() as scratch, new_pool() as pool:
        static = Path(scratch) / "static"
        write_static(static)
        tasks = []
        for edition in editions:
            source, site = Path(scratch) / edition.language, folder / edition.language
            edition.write(source, site)
            options = settings(edition, editions) | {"html_static_path": [str(static)]}
            tasks.append(pool.submit(run_sphinx, source, site, options))
            decks = source.with_name(f"{edition.language}.slides")
            write_decks(source, [lesson.stem for lesson in edition.lessons], decks)
            options = slide_settings(edition) | {"revealjs_static_path": [str(static)]}
            tasks.append(pool.submit(run_sphinx, decks, site / "slides", options, "revealjs"))
            tasks += drawing(edition, site / "live", pool)
        for task in tasks:
            task.result()


def new_pool() -> ProcessPoolExecutor:
    """Processes that work side by side; Sphinx wants a new one for each run."""
    return ProcessPoolExecutor(PROCESSES, get_context("spawn"), max_tasks_per_child=1)


def write_static(folder: Path) -> None:
    """Writes the scripts, style sheets and fonts that all pages share."""
    shutil.copytree(WEBSITE / "static", folder)
    for file in (
        VENDOR / "mermaid.tiny.js",
        VENDOR / "stix-two-math.woff2",
        WIDGETS / "figure.css",
    ):
        shutil.copy(file, folder)
    module = (WIDGETS / "figure.js").read_text(encoding="utf-8")
    classic = module.replace("export default { render };", "globalThis.trpoRender = render;")
    # Browsers load no module from a file, only a script.
    (folder / "figure.js").write_text(f"{{\n{classic}}}\n", encoding="utf-8")


def drawing(edition: Edition, folder: Path, pool: Executor) -> Iterator[Future]:
    """Draws all live figures ahead, and learns what the page with the cart shows."""
    folder.mkdir(parents=True)
    for lesson in filter(figures.has_figure, edition.lessons):
        yield pool.submit(figures.draw_ahead, lesson, folder)
    yield pool.submit(write_runs, folder / "runs.js")


def settings(edition: Edition, editions: Sequence[Edition]) -> dict:
    """What Sphinx is to know of one edition."""
    return {
        "project": COURSE,
        "html_title": COURSE,
        "language": edition.language,
        "extensions": ["myst_nb", "website.formulas", "website.pages"],
        "nb_execution_mode": "off",
        "nb_ipywidgets_js": {},  # which would come from another machine
        "myst_enable_extensions": ["dollarmath"],
        "myst_heading_anchors": 3,
        "myst_fence_as_directive": ["mermaid"],
        "html_theme": "furo",
        "html_math_renderer": "mathml",
        "html_css_files": ["figure.css", "site.css"],
        "html_js_files": SCRIPTS,
        "html_copy_source": False,
        "html_show_search_summary": False,  # it asks for pages, which browsers refuse for files
        "html_context": {"languages": editions},
        "html_sidebars": {"**": SIDEBAR},
        "templates_path": [str(WEBSITE / "templates")],
        "pygments_style": "a11y-high-contrast-light",
    }


def slide_settings(edition: Edition) -> dict:
    """What Sphinx is to know of the slides of one edition."""
    return {
        "project": COURSE,
        "language": edition.language,
        "extensions": ["myst_parser", "sphinx_revealjs", "website.formulas"],
        "myst_enable_extensions": ["dollarmath"],
        "html_math_renderer": "mathml",
        "revealjs_style_theme": "white",
        "revealjs_css_files": ["figure.css", "slides.css"],
        "revealjs_js_files": SCRIPTS,
        "revealjs_script_plugins": [SPEAKER],
        "revealjs_script_conf": {"width": 1280, "height": 720, "hash": True},
        "templates_path": [str(WEBSITE / "templates/slides")],
    }


def run_sphinx(source: Path, folder: Path, options: dict, builder: str = "html") -> None:
    """Makes the pages. A warning ends it, for example of a link that leads nowhere."""
    doctrees = source.with_name(f"{source.name}.doctrees")
    app = Sphinx(source, None, folder, doctrees, builder, options, status=None, warningiserror=True)
    app.build()
    shutil.rmtree(folder / ".doctrees", ignore_errors=True)


if __name__ == "__main__":
    make(target := Path(sys.argv[1]))
    size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    print(f"{target}: {len(list(target.rglob('*.html')))} pages, {size / 1e6:.1f} MB")

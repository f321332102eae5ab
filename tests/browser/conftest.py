"""A browser, and what it looks at: the lessons in JupyterLab, and as the site of `make demo`."""

import json
import os
import re
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from jupyterlab_page import READY, Notebook
from lab import OPTIONS as OPTIONS_OF_LAB
from playwright.sync_api import expect, sync_playwright
from servers import SECONDS_OF_PATIENCE, serve

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "build/screenshots"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DEMO = str(ROOT / "notebooks/tools/demo.py")
HERE = "127.0.0.1"
NO_BROWSER = "needs Chromium: `sudo apt-get install chromium`, or name it in $CHROMIUM"
BROWSER_OPTIONS = [
    "--no-sandbox",  # root has none
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {HERE}",  # there is no other machine
]
QUIET = {"apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False}}
EVERY_CELL = {"notebook-extension/tracker": {"windowingMode": "none"}}  # is on the page
expect.set_options(timeout=1000 * SECONDS_OF_PATIENCE)


def find_browser() -> str | None:
    """The path of a Chromium: the one in $CHROMIUM, or the first on the PATH."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)


def write_lab_settings(home: Path, settings_by_name: dict[str, dict]) -> None:
    """What JupyterLab reads when its home is there."""
    for name, settings in settings_by_name.items():
        file = home / f"settings/@jupyterlab/{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings))


def lab_options(folder: Path) -> list[str]:
    """As `make lab`, on a folder: no token, and its application visible to the page's scripts."""
    return [
        *OPTIONS_OF_LAB,
        f"--ServerApp.root_dir={folder}",
        "--allow-root",
        "--IdentityProvider.token=",
        "--expose-app-in-browser",
    ]


@pytest.fixture(scope="session")
def browser():
    executable = find_browser()
    if executable is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(NO_BROWSER)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=BROWSER_OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, request):
    """An empty page, of which a picture is kept.

    An error of its own fails the test, and so does a request to another machine.
    """
    context = browser.new_context(viewport={"width": 1300, "height": 1000})
    context.set_default_timeout(1000 * SECONDS_OF_PATIENCE)
    errors, outside = [], []
    context.on("weberror", lambda web: errors.append(str(web.error)))
    context.on("request", lambda request: outside.extend(elsewhere(request.url)))
    page = context.new_page()
    yield page
    name = re.sub(r"\W+", "_", f"{request.path.stem}_{request.node.name}").strip("_")
    page.screenshot(path=SCREENSHOTS / f"{name}.png")
    page.evaluate("window.jupyterapp?.serviceManager.sessions.shutdownAll()")
    page.goto("about:blank")  # a page of the site ends its kernel when it is left
    context.close()
    assert errors == []
    assert outside == []


def elsewhere(url: str) -> list[str]:
    """The URL, if it leads to another machine."""
    return [url] if urlsplit(url).hostname not in (HERE, None) else []


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """What the servers serve: the lessons, and the notebooks that a test has put beside them."""
    folder = tmp_path_factory.mktemp("a course 课程") / "notebooks"
    return shutil.copytree(ROOT / "notebooks", folder, ignore=lambda *_: {"src", "tools"})


@pytest.fixture(scope="session")
def lab(browser, folder, tmp_path_factory):
    """The URL of a JupyterLab; named after the browser, it is not started without one."""
    home = tmp_path_factory.mktemp("lab")
    write_lab_settings(home, QUIET | EVERY_CELL)
    with serve("-m", "jupyterlab", *lab_options(folder), home=home) as url:
        yield f"{url}/lab"


@pytest.fixture(scope="session")
def demo(browser, folder, tmp_path_factory):
    """The URL of the site that `make demo` would show of the folder."""
    with serve(DEMO, str(folder), home=tmp_path_factory.mktemp("demo")) as url:
        yield url


@pytest.fixture
def open_notebook(page, lab, folder):
    """Opens a copy of a notebook, its kernel started, and nothing run -> ``Notebook``."""

    def open_notebook(path):
        shutil.copy(path, folder)
        page.goto(f"{lab}/tree/{path.name}?reset")  # reset: none of the last page's layout
        page.wait_for_function(READY)
        return Notebook(page)

    return open_notebook


@pytest.fixture
def open_and_run(open_notebook):
    """Opens a copy of a notebook and runs all of it -> ``Notebook``."""

    def open_and_run(path):
        notebook = open_notebook(path)
        notebook.run_all()
        return notebook

    return open_and_run

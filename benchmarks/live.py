"""Part (f): live figures in a real browser: how soon a picture follows a key, and what it costs.

Needs Chromium, as tests/browser does, whose servers and pages it uses.
"""

import re
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import nbformat
import numpy as np
from common import brief, main, markdown, paired_ratio, ratio_of, say, times

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / place) for place in ("tests/browser", "tests", "notebooks/tools")]

import conftest  # noqa: E402
from figures import Figure  # noqa: E402
from jupyterlab_page import READY, Notebook, write_notebook  # noqa: E402
from playwright.sync_api import Page, expect, sync_playwright  # noqa: E402
from servers import serve  # noqa: E402

TITLE = "(f) Live figures in a browser"
LESSONS = (
    "01_trust_regions",
    "02_kl_divergence",
    "03_what_is_an_action_worth",
    "04_surrogate_objective",
    "05_solving_the_step",
)
KEYS = ("ArrowRight", "ArrowLeft")
MS_BETWEEN_KEYS = 500
HANDLE = ".trpo-figure input[type=range], .noUi-handle"  # ours, and that of ``interact``
FIRST, THERE = 3, 10  # presses that do not count; presses to one side before the hand turns back
# From the key to the first frame of the browser after the loading of a new picture.
CLOCK = """() => {
    window.waits = []; window.pictures = 0;
    let pressed = null;
    document.addEventListener('keydown', () => { pressed = performance.now(); }, true);
    document.addEventListener('load', event => {
        if (!event.target.matches?.('img.trpo-picture, .widget-interact img')) return;
        requestAnimationFrame(() => {
            window.pictures += 1;
            if (pressed !== null) window.waits.push(performance.now() - pressed);
            pressed = null;
        });
    }, true);
}"""
# Presses Start -> seconds until it says that it has finished.
WATCH = """figure => new Promise(done => {
    const start = performance.now();
    new MutationObserver((changes, observer) => {
        if (!figure.textContent.includes('Finished')) return;
        observer.disconnect();
        done((performance.now() - start) / 1000);
    }).observe(figure, {subtree: true, childList: true});
    figure.querySelector('button').click();  // Start
})"""
# The same figure the usual way: all of it drawn by pyplot at every move.
INTERACT = """
import ipywidgets
import matplotlib.pyplot as plt

def interactively(draw, stage, axes, sliders, alt):
    size, columns = np.ravel(axes)[0].figure.get_size_inches(), np.size(axes)
    plt.close("all")

    def shown(**values):
        figure = plt.figure(figsize=size, dpi=plotting.DPI, layout="constrained")
        print(draw(stage(figure.subplots(1, columns)), **values))
        plt.show()

    interactive = {
        name: ipywidgets.SelectionSlider(options=slider.stops, value=slider.start)
        for name, slider in sliders.items()
    }
    ipywidgets.interact(shown, **interactive)

"""
TRAIN = """
import os, time
from trpo_lib.training import TrainConfig, Trainer
from trpo_lib.widgets import watch
import torch
torch.set_num_threads(1)
def alone(seed):
    start = time.perf_counter()
    records = list(Trainer(TrainConfig(seed=seed)))
    print(f"{len(records)} updates: {time.perf_counter() - start:.4f} s")
"""


def until_explore(lesson: str, call: str) -> list[str]:
    """A lesson's code up to its explorer, which is shown by that call."""
    sources = []
    for cell in nbformat.read(ROOT / f"notebooks/{lesson}.ipynb", as_version=4).cells:
        if cell.cell_type == "code":
            sources.append(cell.source)
            if "widgets.explore(" in cell.source:
                sources[-1] = cell.source.replace("widgets.explore(", call)
                return sources
    raise ValueError(f"{lesson} does not explore")


class Browser:
    """A page, and notebooks written for it, in JupyterLab or in Voilà."""

    def __init__(self, page: Page, folder: Path, lab: str, demo: str):
        self.page, self._folder, self._lab, self._demo = page, folder, lab, demo

    def lab(self, sources: list[str]) -> Notebook:
        """JupyterLab with a notebook of these cells, all of them run."""
        write_notebook(self._folder / "bench.ipynb", *sources)
        self.page.goto(f"{self._lab}/tree/bench.ipynb?reset")
        self.page.wait_for_function(READY)
        notebook = Notebook(self.page)
        notebook.run_all()
        return notebook

    def voila(self, sources: list[str]) -> None:
        """The site's page of a notebook of these cells."""
        path = write_notebook(self._folder / "bench_voila.ipynb", *sources)
        self.page.goto(f"{self._demo}/voila/render/{path.name}", timeout=180_000)
        expect(Figure(self.page).line).to_be_visible(timeout=180_000)

    def leave(self) -> None:
        """Ends the kernels of the page."""
        self.page.evaluate("window.jupyterapp?.serviceManager.sessions.shutdownAll()")
        self.page.goto("about:blank")

    def press_keys(self, presses: int) -> list[float]:
        """Milliseconds from key to picture, of that many presses on the first slider."""
        handle = self.page.locator(HANDLE).first
        handle.scroll_into_view_if_needed()
        self.page.evaluate(CLOCK)
        for number in range(FIRST + presses):
            handle.press(KEYS[number // THERE % 2])
            self.page.wait_for_timeout(MS_BETWEEN_KEYS)
            self.page.wait_for_function(
                "seen => window.waits.length > seen", arg=number, polling=MS_BETWEEN_KEYS
            )
        return self.page.evaluate("window.waits")[FIRST:]

    def drag(self, seconds: float = 3.0) -> float:
        """Pictures per second while the first slider's handle is dragged to and fro."""
        box = self.page.locator(HANDLE).first.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        mouse, start = self.page.mouse, time.monotonic()
        mouse.move(x, y)
        mouse.down()
        before = self.page.evaluate("window.pictures")
        while (elapsed := time.monotonic() - start) < seconds:
            mouse.move(x + 160 * abs(elapsed % 1 - 0.5) - 80, y)  # to and fro once a second
            self.page.wait_for_timeout(10)
        mouse.up()
        return (self.page.evaluate("window.pictures") - before) / elapsed


def measure_lesson(browser: Browser, lesson: str, presses: int) -> dict:
    """An explorer in JupyterLab and in Voilà, and the same figure by ``interact``."""
    live, usual = (until_explore(lesson, call) for call in ("widgets.explore(", "interactively("))
    usual[-1] = INTERACT + usual[-1]
    found = {}
    browser.lab(live)
    found["lab"] = browser.press_keys(presses)
    found["pictures_per_second"] = browser.drag()
    browser.leave()
    browser.lab(usual)
    found["interact"] = browser.press_keys(presses)
    browser.leave()
    browser.voila(live)
    found["voila"] = browser.press_keys(presses)
    browser.leave()
    say(f"{lesson}: " + ", ".join(f"{name} {np.median(found[name]):.1f}" for name in found))
    return found


def measure_keys(browser: Browser, lessons: Sequence[str], presses: int, rounds: int) -> dict:
    """For each lesson all that ``measure_lesson`` finds, one row per round of all lessons."""
    found = [{lesson: measure_lesson(browser, lesson, presses) for lesson in lessons}
             for _ in range(rounds)]  # fmt: skip
    return {
        lesson: {name: [one[lesson][name] for one in found] for name in found[0][lesson]}
        for lesson in lessons
    }


def measure_watch(browser: Browser, seeds: int) -> dict:
    """Seconds of a default run, watched and alone, seed by seed."""
    cells = [f"alone({seed})" for seed in range(seeds)]
    cells += [f"watch(Trainer(TrainConfig(seed={seed})))" for seed in range(seeds)]
    notebook = browser.lab([TRAIN, *cells])
    watched, alone = [], []
    for seed in range(seeds):
        text = notebook.run(1 + seed).text_content()
        alone.append(float(re.search(r"updates: ([\d.]+) s", text)[1]))
        figure = Figure(browser.page, seed)
        watched.append(figure.root.evaluate(WATCH))
        figure.press("Pause")  # else its film goes on, beside the next run
        say(f"watch, seed {seed}: {watched[-1]:.2f} s, alone {alone[-1]:.2f} s")
    browser.leave()
    return {"watched": watched, "alone": alone,
            "ratio": paired_ratio(np.array(watched), np.array(alone))}  # fmt: skip


def measure_memory(browser: Browser, moves: int) -> dict:
    """Megabytes of the kernel and of the page's heap, before and after that many moves."""
    rss = "print(int(open('/proc/self/statm').read().split()[1]) * 4096 / 1e6)"
    sources = until_explore("02_kl_divergence", "widgets.explore(")
    notebook = browser.lab([*sources, rss])
    handles = browser.page.locator(HANDLE)
    client = browser.page.context.new_cdp_session(browser.page)

    def move(times: int) -> None:  # two sliders in turn: more settings than pictures are kept
        for number in range(times):
            which = number % 2
            handles.nth(which).press(KEYS[number // (60, 70)[which] % 2])

    def megabytes() -> tuple[float, float]:
        browser.page.wait_for_timeout(1000)
        client.send("HeapProfiler.collectGarbage")
        heap = client.send("Runtime.getHeapUsage")["usedSize"] / 1e6
        return float(re.findall(r"\d+\.\d+", notebook.run(len(sources)).text_content())[-1]), heap

    move(50)  # caches fill
    before = megabytes()
    move(moves)
    after = megabytes()
    browser.leave()
    found = {"moves": moves, "kernel": [before[0], after[0]], "page": [before[1], after[1]]}
    say(f"memory: {found}")
    return found


def measure(quick: bool) -> dict:
    presses, rounds, seeds, moves = (4, 1, 2, 20) if quick else (20, 3, 10, 1000)
    lessons = LESSONS[:1] if quick else LESSONS
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        folder = Path(home, "notebooks")
        folder.mkdir()
        conftest.write_lab_settings(Path(home, "lab"), conftest.QUIET)  # else as readers have it
        with (
            serve("-m", "jupyterlab", *conftest.lab_options(folder), home=Path(home, "lab")) as lab,
            serve(conftest.DEMO, str(folder), home=Path(home, "voila")) as demo,
        ):
            chromium = playwright.chromium.launch(
                executable_path=conftest.find_browser(), args=conftest.BROWSER_OPTIONS
            )
            page = chromium.new_page(viewport={"width": 1300, "height": 1000})
            page.set_default_timeout(180_000)  # a lesson may take its time
            browser = Browser(page, folder, f"{lab}/lab", demo)
            return {
                "keys": measure_keys(browser, lessons, presses, rounds),
                "watch": measure_watch(browser, seeds),
                "memory": measure_memory(browser, moves),
            }


def milliseconds(waits: Sequence[Sequence[float]]) -> str:
    return f"{np.median(waits):.0f} (95%: {np.percentile(waits, 95):.0f})"


def of_new_settings(waits: list[list[float]]) -> np.ndarray:
    return np.array(waits)[:, : THERE - FIRST]


def table(data: dict) -> str:
    rows = [
        [lesson,
         *(milliseconds(waits)
           for name in ("lab", "voila")
           for waits in (found[name], of_new_settings(found[name]))),
         milliseconds(found["interact"]),
         times(ratio_of(np.median, np.ravel(found["interact"]), np.ravel(found["lab"]))),
         brief(np.median(found["pictures_per_second"]))]
        for lesson, found in data["keys"].items()
    ]  # fmt: skip
    header = ["explorer of", "JupyterLab, ms", "new settings", "Voilà, ms", "new settings",
              "`interact`, ms", "interact / ours", "pictures/s, dragged"]  # fmt: skip
    memory, watch = data["memory"], data["watch"]
    rounds, presses = np.shape(next(iter(data["keys"].values()))["lab"])
    return f"""{markdown(header, rows)}

Milliseconds from a key press on the first slider to the first frame in which the picture is another
one, median and 95th percentile of {presses} in each of {rounds} rounds of all lessons, headless
Chromium, the server on the same machine. The hand goes {THERE} steps there and back: of {presses}
settings {THERE - FIRST} are new, the other pictures have been seen and kept. Presses are
{MS_BETWEEN_KEYS} ms apart; an explorer draws the next step ahead when the hand rests for 100 ms, so
most new pictures are ready before their key: a faster hand would not find them so. `interact` draws
the same figure with `plt.show()` in JupyterLab. Ratio of medians (95% bootstrap interval). Pictures
per second: median of the rounds.

A default CartPole run under `watch`, from Start to Finished, against the same run in a cell, median
of {len(watch["alone"])} seeds: {times(watch["ratio"])}. {memory["moves"]:,} moves of a slider:
kernel {memory["kernel"][0]:.0f} MB before, {memory["kernel"][1]:.0f} after; heap of the page
{memory["page"][0]:.0f} MB before, {memory["page"][1]:.0f} after."""


def summary(data: dict) -> list[list[str]]:
    lab, voila, interact = (
        [np.median(found[name]) for found in data["keys"].values()]
        for name in ("lab", "voila", "interact")
    )
    new = [np.median(of_new_settings(found["lab"])) for found in data["keys"].values()]
    return [
        ["key press to picture, JupyterLab, slowest explorer", f"{max(lab):.0f} ms"],
        ["the same for settings not seen before", f"{max(new):.0f} ms"],
        ["key press to picture, Voilà, slowest explorer", f"{max(voila):.0f} ms"],
        ["the same with `interact`, its fastest", f"{min(interact):.0f} ms"],
        ["a run under `watch` / the same run alone", times(data["watch"]["ratio"])],
    ]


if __name__ == "__main__":
    main(measure)

"""Training that a class watches and steers."""

import re
import time
from pathlib import Path

import pytest
from figures import Figure, assert_accessible
from jupyterlab_page import ERRORS, READY, Notebook, write_notebook
from playwright.sync_api import expect
from servers import SECONDS_OF_PATIENCE

LESSON = Path(__file__).parents[2] / "notebooks/00_start_here.ipynb"
BOUND = "KL bound δ (nats)"
TRAINING = re.compile(r"Update \d+, ")
PAUSED = re.compile(r"paused: update (\d+) of \d+")
ENDLESS = """
from trpo_lib.training import TrainConfig, Trainer
from trpo_lib.trpo import TRPO
from trpo_lib.widgets import watch
config = TrainConfig(seed=0, target_return=None, max_iterations=100_000)
"""
WRITES_WHEN_PAUSED = """
import asyncio, pathlib
async def write_when_paused():
    while run.Run.of(trainer).state != "paused":
        await asyncio.sleep(0.1)
    pathlib.Path("paused").touch()
writing = asyncio.create_task(write_when_paused())
"""
FRAMES = """line => new Promise(done => {
    let frames = 0, changes = 0;
    const count = () => { frames += 1; requestAnimationFrame(count); };
    requestAnimationFrame(count);
    new MutationObserver((_, observer) => {
        if (++changes < 5) return;
        observer.disconnect();
        done(frames);
    }).observe(line, {childList: true});
})"""


def update(figure):
    """The number of the update that the line tells of."""
    return int(re.match(r"Update (\d+)", figure.said)[1])


def wait_for_pause(figure):
    """Waits until it says that it is paused -> the update it stands at."""
    expect(figure.state).to_have_text(PAUSED)
    stands = int(PAUSED.match(figure.state.text_content())[1])
    expect(figure.line).to_contain_text(f"Update {stands},")
    return stands


def wait_for_file(path):
    end_of_patience = time.monotonic() + SECONDS_OF_PATIENCE
    while not path.exists():
        assert time.monotonic() < end_of_patience
        time.sleep(0.1)


@pytest.fixture
def endless(tmp_path, open_and_run):
    """Opens a notebook of these cells, which have a config that trains until it is paused."""

    def endless(*cells):
        return open_and_run(write_notebook(tmp_path / "endless.ipynb", ENDLESS, *cells))

    return endless


def test_lesson_00_runs_and_its_run_is_started_paused_stepped_and_restarted(open_and_run):
    figure = Figure(open_and_run(LESSON).page)
    expect(figure.line).to_contain_text("Nothing yet")
    before = figure.source
    figure.press("Start")
    expect(figure.line).to_have_text(TRAINING)
    expect(figure.picture).not_to_have_attribute("src", before)
    figure.press("Pause")
    stands = wait_for_pause(figure)
    figure.press("Step")
    expect(figure.line).to_contain_text(f"Update {stands + 1},")
    assert wait_for_pause(figure) == stands + 1
    assert_accessible(figure.page)
    figure.press("Restart")
    expect(figure.line).to_contain_text("Nothing yet")
    expect(figure.state).to_have_text("ready")


def test_a_watcher_says_what_it_does_and_at_the_end_the_cart_goes_on(endless):
    notebook = endless("config = TrainConfig(max_iterations=3)", "watch(Trainer(config))", "6 * 7")
    figure = Figure(notebook.page)
    expect(figure.state).to_have_text("ready")
    expect(figure.button("Pause")).to_be_disabled()
    figure.press("Step")
    expect(figure.state).to_have_text("paused: update 1 of 3")
    expect(figure.progress).to_have_js_property("position", 1 / 3)
    figure.press("Start")
    expect(figure.state).to_have_text("finished after 3 updates")
    expect(figure.progress).to_have_js_property("position", 1)
    expect(figure.button("Step")).to_be_disabled()
    for _ in range(3):
        source = figure.film.get_attribute("src")
        expect(figure.film).not_to_have_attribute("src", source)
    figure.press("Pause")
    expect(figure.button("Start")).to_be_enabled()
    notebook.run(3)  # what was on its way is there
    source = figure.film.get_attribute("src")
    notebook.run(3)
    expect(figure.film).to_have_attribute("src", source)
    assert_accessible(figure.page)


def test_training_pauses_when_its_page_is_closed_and_goes_on_when_it_is_opened_again(
    endless, lab, folder
):
    notebook = endless(
        "from trpo_lib.widgets import run\nrun._PICTURES_UNSEEN = 10",
        "trainer = Trainer(config)\nwatch(trainer)",
        WRITES_WHEN_PAUSED,
        "print(trainer._counts[0])",
    )
    page, figure = notebook.page, Figure(notebook.page)
    notebook.choose("File", "Save Notebook")
    figure.press("Start")
    expect(figure.line).to_have_text(TRAINING)
    page.goto("about:blank")
    wait_for_file(folder / "paused")
    page.goto(f"{lab}/tree/endless.ipynb")
    page.wait_for_function(READY)
    stands = wait_for_pause(figure)
    expect(Notebook(page).run(4)).to_contain_text(f"{stands}")
    figure.press("Start")
    expect(figure.state).to_contain_text("training")


def test_the_bound_follows_its_slider_while_it_trains(endless):
    figure = Figure(endless("watch(Trainer(config))").page)
    slider = figure.slider(BOUND)
    figure.press("Start")
    expect(figure.line).to_have_text(TRAINING)
    for key in ("ArrowLeft", "ArrowLeft", "ArrowRight", "PageUp"):
        slider.press(key)
        expect(figure.line).to_have_text(re.compile(rf"\(bound {slider.value:.2g}\)"))
    slider.reset()
    expect(figure.line).to_contain_text("(bound 0.01)")


def test_the_page_stays_responsive_while_it_trains(endless):
    figure = Figure(endless("watch(Trainer(config))").page)
    figure.press("Start")
    expect(figure.line).to_have_text(TRAINING)
    assert figure.line.evaluate(FRAMES) > 0


def test_an_error_is_shown_in_the_figure_and_under_the_cell(endless):
    fails = """
    class Fails(TRPO):
        calls = 0
        def __call__(self, policy, batch):
            self.calls += 1
            if self.calls > 3:
                raise RuntimeError("the chalk is used up")
            return super().__call__(policy, batch)
    """
    notebook = endless(fails, "watch(Trainer(config, Fails()))")
    figure = Figure(notebook.page)
    figure.press("Start")
    expect(figure.line).to_have_text("Stopped by RuntimeError: the chalk is used up")
    expect(notebook.cells.last.locator(ERRORS)).to_contain_text("the chalk is used up")


def test_an_interrupt_pauses_it_and_leaves_the_kernel_at_work(endless):
    notebook = endless("watch(Trainer(config))", "print(6 * 7)")
    figure = Figure(notebook.page)
    figure.press("Start")
    expect(figure.line).to_have_text(TRAINING)
    notebook.choose("Kernel", "Interrupt Kernel")
    wait_for_pause(figure)
    expect(notebook.run(2)).to_contain_text("42")
    expect(notebook.errors).to_have_count(0)


def test_an_interrupt_pauses_two_runs(endless):
    notebook = endless("watch(Trainer(config))", "watch(Trainer(config))")
    figures = Figure(notebook.page, 0), Figure(notebook.page, 1)
    for figure in figures:
        figure.press("Start")
        expect(figure.line).to_have_text(TRAINING)
    notebook.choose("Kernel", "Interrupt Kernel")
    for figure in figures:
        wait_for_pause(figure)


def test_two_who_watch_one_trainer_share_one_run(endless):
    counted = """
    class Counted(Trainer):
        seen = []
        def __next__(self):
            record = super().__next__()
            self.seen.append(record.iteration)
            return record
    trainer = Counted(config)
    """
    verdict = "print(len(Counted.seen) > 3, Counted.seen == list(range(1, len(Counted.seen) + 1)))"
    notebook = endless(counted, "watch(trainer)", "watch(trainer)", verdict)
    figures = Figure(notebook.page, 0), Figure(notebook.page, 1)
    for one, other in (figures, figures[::-1]):
        one.press("Start")
        for _ in range(3):
            before = other.said
            expect(other.line).not_to_have_text(before)
        other.press("Pause")
        assert wait_for_pause(one) == wait_for_pause(other)
    expect(notebook.run(4)).to_contain_text("True True")

"""Training that a class watches and steers."""

import re
import time
from pathlib import Path

import pytest
from figures import Figure
from jupyterlab_page import ERRORS, write_notebook
from playwright.sync_api import expect

LESSON = Path(__file__).parents[2] / "notebooks/00_start_here.ipynb"
BOUND = "KL bound δ (nats)"
TRAINING = re.compile(r"Update \d+, ")
ENDLESS = """
from trpo_lib.training import TrainConfig, Trainer
from trpo_lib.trpo import TRPO
from trpo_lib.widgets import watch
config = TrainConfig(seed=0, target_return=None, max_iterations=100_000)
"""
LONGEST_GAP = """async () => {
    let longest = 0, last = performance.now();
    const end = last + 1000;
    while (last < end) {
        const now = await new Promise(requestAnimationFrame);
        longest = Math.max(longest, now - last);
        last = Math.max(last, now);
    }
    return longest;
}"""


def update(figure):
    """The number of the update that the line tells of."""
    return int(re.match(r"Update (\d+)", figure.said)[1])


def wait_for_rest(figure):
    """Waits until no update has come for a second -> the update it stands at."""
    give_up = time.monotonic() + 10
    stands, since = update(figure), time.monotonic()
    while time.monotonic() < since + 1:
        assert time.monotonic() < give_up, "it trains on"
        figure.page.wait_for_timeout(50)
        if update(figure) != stands:
            stands, since = update(figure), time.monotonic()
    return stands


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
    assert figure.source != before
    figure.press("Pause")
    stands = wait_for_rest(figure)
    figure.press("Step")
    expect(figure.line).to_contain_text(f"Update {stands + 1},")
    assert wait_for_rest(figure) == stands + 1
    figure.press("Restart")
    expect(figure.line).to_contain_text("Nothing yet")


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
    assert figure.page.evaluate(LONGEST_GAP) < 500  # ms between two frames of the browser
    before = update(figure)
    figure.page.wait_for_timeout(1000)
    assert update(figure) > before


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
    wait_for_rest(figure)
    expect(notebook.run(2)).to_contain_text("42")
    expect(notebook.errors).to_have_count(0)


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
    first, second = Figure(notebook.page, 0), Figure(notebook.page, 1)
    for figure in (first, second, first, second):
        figure.press("Start")
        before = figure.said
        expect(figure.line).not_to_have_text(before)
    first.press("Pause")
    wait_for_rest(second)
    expect(notebook.run(4)).to_contain_text("True True")

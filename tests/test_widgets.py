"""Live figures: every slider over its whole range, and a training run that is steered."""

import asyncio
import io
import signal
import threading

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lessons import explorer_of
from oracles import ORACLES, assert_says, says
from PIL import Image

from trpo_lib import plotting, widgets
from trpo_lib.training import TrainConfig, Trainer
from trpo_lib.trpo import TRPO, TRPOConfig, trpo_step
from trpo_lib.widgets import Explorer, Slider, Watcher, compare_settings, explore, watch
from trpo_lib.widgets.live import encode_png

SLIDER = Slider("x (m)", 0.0, 10.0, 5.0, 0.1)


def panel():
    return plt.figure(figsize=(3, 2)).subplots()


def stage(ax):
    ax.set(xlim=(0, 10), ylim=(0, 10), xlabel="x (m)", ylabel="y (m)")
    return ax


def dot(ax, x):
    ax.plot([x], [x], "o")
    return f"x = {x:.1f}"


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def test_numbers_are_compared_as_they_are_printed():
    assert says("2TV² is 0.0123 nats, -4 of 1,024 or 3e-05", [0.01234, -4, 1024, 3.2e-5])
    assert not says("0.0123", [0.0122])
    assert not says("1 and 2", [1])


@pytest.mark.parametrize(("low", "start", "log"), [(0, 11, False), (1, 0, False), (0, 5, True)])
def test_a_slider_that_cannot_stand_where_it_starts_says_so(low, start, log):
    with pytest.raises(ValueError, match="must be"):
        Slider("x", low, 10, start, 1, log)


@pytest.mark.parametrize(
    ("slider", "kind"),
    [
        (Slider("n", 1, 9, 5, 1), "IntSlider"),
        (Slider("x", 0.0, 1.0, 0.5, 0.1), "FloatSlider"),
        (Slider("δ (nats)", 1e-4, 1.0, 0.01, 0.1, log=True), "FloatLogSlider"),
    ],
)
def test_a_slider_starts_where_it_should_and_says_what_it_is(slider, kind):
    widget = slider.widget()
    assert type(widget).__name__ == kind
    assert widget.value == pytest.approx(slider.start)
    assert widget.description == widget.tooltip == slider.label
    low, high = (10**widget.min, 10**widget.max) if slider.log else (widget.min, widget.max)
    assert (low, high) == pytest.approx((slider.low, slider.high))


@pytest.mark.parametrize(
    ("slider", "lowest"),
    [
        (Slider("n", 0, 9, 5, 2), 1),
        (Slider("x", 0.0, 1.0, 0.5, 0.2), 0.1),
        (Slider("δ (nats)", 1e-3, 1.0, 0.03, 1.0, log=True), 0.003),
    ],
)
def test_whole_steps_lead_from_the_lowest_value_to_the_start(slider, lowest):
    widget = slider.widget()
    assert widget.value == slider.start
    assert (10**widget.min if slider.log else widget.min) == pytest.approx(lowest)


def test_a_move_changes_the_picture_and_the_line():
    explorer = Explorer(dot, stage, panel(), {"x": SLIDER}, "a dot")
    before = explorer.picture.value
    explorer.sliders["x"].value = 7
    assert explorer.picture.value != before
    assert explorer.said == "x = 7.0"
    assert 'role="status">x = 7.0<' in explorer.line.value


def test_a_setting_seen_before_is_not_drawn_again():
    drawn = []

    def draw(ax, x):
        drawn.append(x)
        return dot(ax, x)

    explorer = Explorer(draw, stage, panel(), {"x": SLIDER}, "a dot")
    first = explorer.picture.value, explorer.line.value
    explorer.sliders["x"].value = 7
    explorer.sliders["x"].value = 5
    assert (explorer.picture.value, explorer.line.value) == first
    assert explorer.said == "x = 5.0"
    assert drawn == [5, 7]


@pytest.mark.parametrize(
    ("slider", "moves", "ahead"),
    [
        (SLIDER, [5.1], 5.2),
        (SLIDER, [4.5], 4.0),
        (SLIDER, [9.9, 10.0], None),  # no further: the slider ends there
        (Slider("n", 1, 20, 5, 1), [7], 9),
        (Slider("δ (nats)", 1e-4, 1.0, 0.01, 0.1, log=True), [10**-1.9], 10**-1.8),
        (Slider("δ (nats)", 1e-4, 1.0, 0.01, 0.1, log=True), [0.5], 1.0),
    ],
)
def test_the_next_step_is_drawn_while_the_hand_rests(slider, moves, ahead):
    drawn = []

    def draw(ax, x):
        drawn.append(x)
        return dot(ax, x)

    explorer = Explorer(draw, stage, panel(), {"x": slider}, "a dot")

    async def move_and_rest():
        for value in moves:
            explorer.sliders["x"].value = value
        shown = explorer.said
        await asyncio.sleep(0.3)
        assert explorer.said == shown  # drawn, but not shown

    asyncio.run(move_and_rest())
    assert drawn == pytest.approx([slider.start, *moves, *([] if ahead is None else [ahead])])
    if ahead is not None:
        explorer.sliders["x"].value = ahead
        assert len(drawn) == 2 + len(moves)  # it was ready


def test_moves_from_another_thread_are_drawn_in_the_figures_own_and_only_where_they_end():
    drawn = []

    def draw(ax, x):
        drawn.append((x, threading.current_thread()))
        return dot(ax, x)

    async def move_elsewhere():
        slider = Explorer(draw, stage, panel(), {"x": SLIDER}, "a dot").sliders["x"]
        thread = threading.Thread(target=lambda: [slider.set_trait("value", x) for x in (2, 3)])
        thread.start()
        thread.join()  # while this loop is held up, both moves wait for it
        await asyncio.sleep(0)

    asyncio.run(move_elsewhere())
    assert drawn == [(x, threading.main_thread()) for x in (SLIDER.start, 3)]


def test_the_picture_is_the_one_that_matplotlib_draws_in_full():
    explorer = Explorer(dot, stage, panel(), {"x": SLIDER}, "a dot")
    explorer.sliders["x"].value = 2
    ax = panel()
    dot(stage(ax), 2)
    buffer = io.BytesIO()
    ax.figure.savefig(buffer, format="png", dpi=80)
    plt.close(ax.figure)
    full = pixels(encode_png(pixels(buffer.getvalue()).astype(np.uint8), 128))
    assert np.abs(pixels(explorer.png) - full).max() <= 16  # the palettes may differ


def test_nothing_is_left_on_the_axes():
    def bars_and_dot(ax, x):
        ax.bar([1, 2], [x, x])
        return dot(ax, x)

    ax = panel()
    standing = list(stage(ax).get_children())
    explorer = Explorer(bars_and_dot, stage, ax, {"x": SLIDER}, "a dot")
    explorer.sliders["x"].value = 3
    assert list(ax.get_children()) == standing
    assert ax.containers == []  # matplotlib's own list of bars, which would grow for ever


def test_what_stays_follows_when_a_setting_needs_other_limits():
    def far(ax, x):
        ax.set_xlim(0, 10 * x)
        return dot(ax, x)

    explorer = Explorer(far, stage, panel(), {"x": SLIDER}, "a dot")
    first = explorer.picture.value
    explorer.sliders["x"].value = 1
    assert explorer.picture.value != first
    explorer.sliders["x"].value = 5
    assert explorer.picture.value == first


def test_an_error_is_shown_and_the_next_setting_works():
    def fragile(ax, x):
        return dot(ax, 1 / x)

    explorer = Explorer(fragile, stage, panel(), {"x": SLIDER}, "a dot")
    explorer.sliders["x"].value = 0
    assert explorer.said.startswith("No picture: ZeroDivisionError")
    explorer.sliders["x"].value = 5
    assert explorer.said == "x = 0.2"


def test_reset_takes_a_slider_back():
    explorer = Explorer(dot, stage, panel(), {"x": SLIDER}, "a dot")
    explorer.sliders["x"].value = 1
    slider, reset = explorer.view.children[0].children
    reset.click()
    assert slider.value == SLIDER.start
    assert reset.tooltip == "Reset: x (m)"


def test_explore_shows_one_bundle_with_the_picture_for_those_without_a_kernel(monkeypatch):
    shown = []
    monkeypatch.setattr(widgets.explorer, "display", shown.append)
    monkeypatch.setattr(
        widgets.live, "display", lambda *args, **kwargs: shown.append((args, kwargs))
    )
    explore(dot, stage, panel(), {"x": SLIDER}, "a dot")
    shown.pop()._ipython_display_()
    ((bundle,), options) = shown.pop()
    assert set(bundle) >= {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"}
    assert bundle["text/plain"] == "a dot\nx = 5.0"
    assert options == {"metadata": {"image/png": {"alt": "a dot"}}, "raw": True}


def test_settings_are_compared_on_axes_of_their_own(monkeypatch):
    shown = []
    monkeypatch.setattr(plotting, "show", lambda ax, alt: shown.append((ax.figure, alt)))
    axes = plotting.panels(1, 2)[0]
    assert compare_settings(dot, stage, axes, [(1,), (2,)], "two dots") == "x = 1.0\nx = 2.0"
    assert shown == [(axes[0].figure, "two dots")]
    assert [ax.lines[0].get_xdata()[0] for ax in axes] == [1, 2]
    assert [ax.get_xlabel() for ax in axes] == ["x (m)", "x (m)"]


@pytest.mark.parametrize("lesson", ORACLES)
def test_every_setting_of_a_lesson_is_finite_true_and_repeatable(lesson, monkeypatch):
    monkeypatch.setattr("trpo_lib.widgets.explorer._PICTURES_KEPT", 0)
    explorer = explorer_of(lesson, monkeypatch)
    torch.set_default_dtype(torch.float32)
    ends = {name: (widget.min, widget.max) for name, widget in explorer.sliders.items()}
    log = {name for name, widget in explorer.sliders.items() if hasattr(widget, "base")}
    whole = {name for name, widget in explorer.sliders.items() if isinstance(widget.value, int)}

    def anywhere(name):
        if name in whole:
            return st.integers(*ends[name])
        spot = st.floats(*ends[name])
        return (
            spot.map(lambda x: float(np.clip(10**x, *10.0 ** np.array(ends[name]))))
            if name in log
            else spot
        )

    pictures = {}

    @settings(max_examples=60, deadline=None)
    @given(st.fixed_dictionaries({name: anywhere(name) for name in ends}))
    def check(values):
        for name, value in values.items():
            explorer.sliders[name].value = value
        assert not explorer.said.startswith("No picture"), explorer.said
        assert_says(explorer.said, ORACLES[lesson](**values))
        key = tuple(values.values())
        assert pictures.setdefault(key, explorer.picture.value) == explorer.picture.value

    check()


def trainer(algorithm=None, **settings):
    settings = {
        "num_envs": 4,
        "num_steps": 8,
        "max_iterations": 6,
        "target_return": None,
    } | settings
    return Trainer(TrainConfig(**settings), algorithm)


def train(watcher, act):
    """Runs act(watcher) in an event loop, and everything that it has started."""

    async def session():
        result = act(watcher)
        if asyncio.iscoroutine(result):
            await result
        while (task := watcher.run.task) and not task.done():
            await asyncio.wait([task])

    asyncio.run(session())


def test_start_trains_as_the_trainer_would_alone():
    alone, watched = trainer(), trainer()
    records = list(alone)
    watcher = Watcher(watched)
    assert watcher.said == "Nothing yet: press Start."
    train(watcher, Watcher.start)
    assert watcher.run.records == records
    assert watcher.said.startswith("Update 6, ")
    assert watcher.said.endswith("Finished.")


def test_the_line_holds_the_last_record():
    watcher = Watcher(trainer(num_steps=64))
    train(watcher, Watcher.step)
    (record,) = watcher.run.records
    report = record.report
    expected = [1, record.transitions, record.mean_return, report.kl, 0.01, report.fraction]
    assert_says(watcher.said, expected)


def test_a_run_without_an_ended_episode_says_so():
    watcher = Watcher(trainer(num_steps=2))
    train(watcher, Watcher.step)
    assert "mean return unknown (no episode ended)" in watcher.said


def test_steering_acts_on_the_next_update():
    watcher = Watcher(trainer())

    async def steer(watcher):
        watcher.step()
        await watcher.run.task
        watcher.sliders["max_kl"].value = 1e-3
        watcher.sliders["shrink"].value = 0.9
        watcher.start()

    train(watcher, steer)
    kls = [record.report.kl for record in watcher.run.records]
    assert watcher.run.bounds == [0.01] + 5 * [1e-3]
    assert max(kls[1:]) <= 1e-3
    assert watcher.trainer.algorithm.config == TRPOConfig(max_kl=1e-3, shrink=0.9)


def test_pause_acts_before_the_next_update_and_start_goes_on():
    watcher = Watcher(trainer())

    async def interrupted(watcher):
        watcher.start()
        while len(watcher.run.records) < 2:
            await asyncio.sleep(0)
        watcher.pause()
        await asyncio.sleep(0.05)
        assert len(watcher.run.records) == 2
        assert watcher.run.task.done()
        watcher.start()

    train(watcher, interrupted)
    assert watcher.run.records == list(trainer())


def test_restart_begins_the_same_run_anew():
    watcher = Watcher(trainer())
    train(watcher, Watcher.start)
    first = list(watcher.run.records)
    watcher.restart()
    assert watcher.said == "Nothing yet: press Start."
    train(watcher, Watcher.start)
    assert watcher.run.records == first


def test_two_watchers_of_one_trainer_share_one_run():
    watched = trainer()
    one, other = Watcher(watched), Watcher(watched)

    async def both(watcher):
        one.start()
        while len(one.run.records) < 2:
            await asyncio.sleep(0)
        other.start()

    train(other, both)
    assert other.run.records == list(trainer())
    assert one.run is other.run


def test_an_interrupt_pauses_and_leaves_nothing_behind():
    handler = signal.getsignal(signal.SIGINT)
    watcher = Watcher(trainer())

    async def interrupted(watcher):
        watcher.start()
        while len(watcher.run.records) < 2:
            await asyncio.sleep(0)
        signal.raise_signal(signal.SIGINT)

    train(watcher, interrupted)
    assert len(watcher.run.records) == 2
    assert watcher.run.task.cancelled()
    assert signal.getsignal(signal.SIGINT) is handler


class Failing(TRPO):
    def __call__(self, policy, batch):
        raise FloatingPointError("a bad day")


def test_an_error_is_shown_in_the_widget_and_under_the_cell(monkeypatch):
    raised = []

    class Shell:
        def showtraceback(self, error):
            raised.append(error[1])

    monkeypatch.setattr(widgets.watcher, "get_ipython", Shell)
    watcher = Watcher(trainer(algorithm=Failing()))
    train(watcher, Watcher.start)
    assert watcher.said == "Stopped by FloatingPointError: a bad day"
    assert [type(error) for error in raised] == [FloatingPointError]
    assert isinstance(watcher.run.task.exception(), FloatingPointError)


def test_the_axes_grow_with_the_run():
    watcher = Watcher(trainer(max_iterations=60, num_envs=8, num_steps=16))
    first = watcher.picture.value
    train(watcher, Watcher.start)
    assert [ax.get_xlim()[1] for ax in watcher.panels] == [100, 100, 100]
    assert watcher.panels[0].get_ylim()[1] >= max(r.mean_return for r in watcher.run.records)
    assert watcher.picture.value != first


def test_the_buttons_do_what_they_say():
    watcher = Watcher(trainer())

    async def click(watcher):
        watcher.buttons["step"].click()
        await watcher.run.task
        watcher.buttons["start"].click()
        await asyncio.sleep(0)
        watcher.buttons["pause"].click()
        await asyncio.wait([watcher.run.task])
        assert 1 <= len(watcher.run.records) < 6
        watcher.buttons["restart"].click()
        assert watcher.run.records == []

    train(watcher, click)


def test_watch_shows_a_watcher_and_refuses_what_it_cannot_steer(monkeypatch):
    shown = []
    monkeypatch.setattr(widgets.watcher, "display", shown.append)
    watch(trainer())
    assert isinstance(shown[0], Watcher)
    with pytest.raises(TypeError, match=r"trainer.algorithm must be a TRPO, got <function"):
        watch(trainer(algorithm=trpo_step))

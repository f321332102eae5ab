"""Live figures: every slider over its whole range, and a training run that is steered."""

import asyncio
import io
import signal
import threading

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
import toy_envs  # noqa: F401 registers Bandit-v0, which draws nothing
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


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ({"start": 11}, "start"),
        ({"low": 6}, "start"),
        ({"step": 0}, "step"),
        ({"step": np.nan}, "step"),
        ({"low": 0, "log": True}, "low"),
    ],
)
def test_a_slider_that_cannot_be_made_names_the_setting(setting, named):
    settings = {"label": "x", "low": 1, "high": 10, "start": 5, "step": 1} | setting
    with pytest.raises(ValueError, match=f"{named} must be"):
        Slider(**settings)


@pytest.mark.parametrize(
    ("slider", "stops"),
    [
        (Slider("n", 0, 9, 5, 2), [0, 1, 3, 5, 7, 9]),
        (Slider("x", 0.0, 1.0, 0.5, 0.2), [0, 0.1, 0.3, 0.5, 0.7, 0.9, 1]),
        (Slider("x", -0.3, 0.3, 0.0, 0.1), [-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3]),
        (Slider("δ", 1e-3, 1.0, 0.03, 1.0, log=True), [0.001, 0.003, 0.03, 0.3, 1]),
        (Slider("δ", 0.1, 1.0, 0.125, 0.3, log=True), [0.1, 0.125, 0.25, 0.5, 0.99, 1]),
    ],
)
def test_whole_steps_lead_from_the_start_and_then_to_the_ends_in_round_numbers(slider, stops):
    assert slider.stops == stops
    assert {type(stop) for stop in slider.stops} == {type(slider.start)}


@pytest.mark.parametrize(
    ("label", "unit"), [("KL bound δ (nats)", "nats"), ("σ / σ_old", ""), ("η(θ) (m)", "m")]
)
def test_the_unit_is_what_the_label_has_in_brackets(label, unit):
    assert Slider(label, 0, 2, 1, 1).unit == unit


def test_a_page_is_told_all_that_its_controls_need():
    view = Explorer(dot, stage, panel(), {"x": Slider("x (m)", 4, 6, 5, 1)}, "a dot").view
    assert view.sliders == [
        {"name": "x", "label": "x (m)", "unit": "m", "whole": True, "stops": [4, 5, 6], "start": 5}
    ]
    assert view.values == {"x": 5}
    assert (view.alt, view.line, view.width) == ("a dot", "x = 5.0", 240)


def test_a_value_outside_of_the_range_is_refused():
    slider = Explorer(dot, stage, panel(), {"x": SLIDER}, "a dot").sliders["x"]
    with pytest.raises(ValueError, match=r"value must be in \[0.0, 10.0\], got 11"):
        slider.value = 11
    assert slider.value == SLIDER.start


def test_a_whole_number_that_a_page_sends_is_a_float_where_the_slider_has_floats():
    explorer = Explorer(dot, stage, panel(), {"x": SLIDER}, "a dot")
    explorer.view.values = {"x": 7}
    assert repr(explorer.sliders["x"].value) == "7.0"


@pytest.mark.parametrize("names", [["y"], ["x", "y"], []])
def test_sliders_that_draw_does_not_take_are_refused(names):
    with pytest.raises(TypeError, match="sliders must have the names of draw's arguments"):
        explore(dot, stage, panel(), {name: SLIDER for name in names}, "a dot")


def test_a_move_changes_the_picture_and_the_line():
    explorer = Explorer(dot, stage, panel(), {"x": SLIDER}, "a dot")
    before = explorer.view.picture
    explorer.sliders["x"].value = 7
    assert explorer.view.picture != before
    assert explorer.said == explorer.view.line == "x = 7.0"


def test_a_setting_seen_before_is_not_drawn_again():
    drawn = []

    def draw(ax, x):
        drawn.append(x)
        return dot(ax, x)

    explorer = Explorer(draw, stage, panel(), {"x": SLIDER}, "a dot")
    first = explorer.view.picture, explorer.view.line
    explorer.sliders["x"].value = 7
    explorer.sliders["x"].value = 5
    assert (explorer.view.picture, explorer.view.line) == first
    assert explorer.said == "x = 5.0"
    assert drawn == [5, 7]


@pytest.mark.parametrize(
    ("slider", "moves", "ahead"),
    [
        (SLIDER, [5.1], 5.2),
        (SLIDER, [4.5], 4.0),
        (SLIDER, [9.9, 10.0], None),  # no further: the slider ends there
        (Slider("n", 1, 20, 5, 1), [7], 9),
        (Slider("δ (nats)", 1e-4, 1.0, 0.01, 0.1, log=True), [0.013], 0.016),
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
        thread = threading.Thread(target=lambda: [setattr(slider, "value", x) for x in (2, 3)])
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
    first = explorer.png
    explorer.sliders["x"].value = 1
    assert explorer.png != first
    explorer.sliders["x"].value = 5
    assert explorer.png == first


def test_an_error_is_shown_and_the_next_setting_works():
    def fragile(ax, x):
        return dot(ax, 1 / x)

    explorer = Explorer(fragile, stage, panel(), {"x": SLIDER}, "a dot")
    explorer.sliders["x"].value = 0
    assert explorer.said.startswith("No picture: ZeroDivisionError")
    explorer.sliders["x"].value = 5
    assert explorer.said == "x = 0.2"


def test_explore_shows_one_bundle_with_the_picture_for_those_without_a_kernel(monkeypatch):
    shown = []
    monkeypatch.setattr(widgets.explorer, "display", shown.append)
    monkeypatch.setattr(widgets.live, "display", lambda bundle, raw: shown.append(bundle))
    explore(dot, stage, panel(), {"x": SLIDER}, "a dot")
    explorer = shown.pop()
    explorer._ipython_display_()
    bundle = shown.pop()
    live = bundle.pop("application/vnd.jupyter.widget-view+json")
    assert live["model_id"] == explorer.view.model_id
    assert bundle == plotting.image_bundle(explorer.png, "a dot", "x = 5.0")


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

    def anywhere(stops):
        return (st.integers if isinstance(stops[0], int) else st.floats)(stops[0], stops[-1])

    pictures = {}

    @settings(max_examples=60, deadline=None)
    @given(st.fixed_dictionaries({n: anywhere(s.stops) for n, s in explorer.sliders.items()}))
    def check(values):
        for name, value in values.items():
            explorer.sliders[name].value = value
        assert not explorer.said.startswith("No picture"), explorer.said
        assert_says(explorer.said, ORACLES[lesson](**values))
        key = tuple(sorted(values.items()))
        assert pictures.setdefault(key, explorer.png) == explorer.png

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
    assert repr(watcher.run.records) == repr(records)  # NaN != NaN
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
    assert repr(watcher.run.records) == repr(list(trainer()))


def test_restart_begins_the_same_run_anew():
    watcher = Watcher(trainer())
    train(watcher, Watcher.start)
    first = list(watcher.run.records)
    watcher.restart()
    assert watcher.said == "Nothing yet: press Start."
    train(watcher, Watcher.start)
    assert repr(watcher.run.records) == repr(first)


def test_two_watchers_of_one_trainer_share_one_run():
    watched = trainer()
    one, other = Watcher(watched), Watcher(watched)

    async def both(watcher):
        one.start()
        while len(one.run.records) < 2:
            await asyncio.sleep(0)
        other.start()

    train(other, both)
    assert repr(other.run.records) == repr(list(trainer()))
    assert one.run is other.run


def test_an_interrupt_pauses_all_runs_and_leaves_nothing_behind():
    handler = signal.getsignal(signal.SIGINT)
    watchers = [Watcher(trainer(seed=seed)) for seed in (0, 1)]

    async def interrupted():
        for watcher in watchers:
            watcher.start()
        while min(len(watcher.run.records) for watcher in watchers) < 2:
            await asyncio.sleep(0)
        signal.raise_signal(signal.SIGINT)
        await asyncio.wait([watcher.run.task for watcher in watchers])

    asyncio.run(interrupted())
    for watcher in watchers:
        assert len(watcher.run.records) == 2
        assert watcher.view.progress == {"text": "paused: update 2 of 6", "value": 2, "max": 6}
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_run_that_ends_leaves_the_interrupt_to_the_one_that_goes_on():
    handler = signal.getsignal(signal.SIGINT)
    short, long = Watcher(trainer()), Watcher(trainer(max_iterations=1000))

    async def interrupted(watcher):
        short.start()
        long.start()
        await asyncio.wait([short.run.task])
        signal.raise_signal(signal.SIGINT)

    train(long, interrupted)
    assert short.run.finished
    assert long.run.state == "paused"
    assert signal.getsignal(signal.SIGINT) is handler


class Failing(TRPO):
    def __call__(self, policy, batch):
        raise FloatingPointError("a bad day")


def test_an_error_is_shown_in_the_widget_and_under_the_cell(monkeypatch):
    raised = []

    class Shell:
        def showtraceback(self, error):
            raised.append(error[1])

    monkeypatch.setattr(widgets.run, "get_ipython", Shell)
    watcher = Watcher(trainer(algorithm=Failing()))
    train(watcher, Watcher.start)
    assert watcher.said == "Stopped by FloatingPointError: a bad day"
    assert [type(error) for error in raised] == [FloatingPointError]
    assert isinstance(watcher.run.task.exception(), FloatingPointError)
    assert watcher.view.progress["text"] == "stopped by FloatingPointError"
    assert not watcher.buttons["start"].disabled


def test_the_axes_grow_with_the_run():
    watcher = Watcher(trainer(max_iterations=60, num_envs=8, num_steps=16))
    first = watcher.png
    train(watcher, Watcher.start)
    assert [ax.get_xlim()[1] for ax in watcher.panels] == [100, 100, 100]
    assert watcher.panels[0].get_ylim()[1] >= max(r.mean_return for r in watcher.run.records)
    assert watcher.png != first


def enabled(watcher):
    return {name for name, button in watcher.buttons.items() if not button.disabled}


def test_a_watcher_says_what_it_does_and_offers_what_can_be_done():
    watcher = Watcher(trainer())
    assert watcher.view.progress == {"text": "ready", "value": 0, "max": 6}
    assert enabled(watcher) == {"start", "step"}

    async def click(watcher):
        watcher.buttons["step"].click()
        await watcher.run.task
        assert watcher.view.progress == {"text": "paused: update 1 of 6", "value": 1, "max": 6}
        assert enabled(watcher) == {"start", "step", "restart"}
        watcher.buttons["start"].click()
        assert watcher.view.progress["text"] == "training: update 1 of 6"
        assert watcher.view.busy
        assert enabled(watcher) == {"pause", "restart"}
        await asyncio.sleep(0)
        watcher.buttons["pause"].click()
        await asyncio.wait([watcher.run.task])
        assert 1 <= len(watcher.run.records) < 6
        watcher.buttons["start"].click()
        await watcher.run.task

    train(watcher, click)
    assert watcher.view.progress == {"text": "finished after 6 updates", "value": 1, "max": 1}
    assert not watcher.view.busy
    assert enabled(watcher) == {"pause", "restart"}
    watcher.buttons["step"].click()  # disabled
    watcher.buttons["restart"].click()
    assert watcher.run.records == []
    assert enabled(watcher) == {"start", "step"}


def tell(watcher, **message):
    """What a page sends."""
    watcher.view._handle_custom_msg(message, [])


def test_a_page_presses_a_button():
    watcher = Watcher(trainer())

    async def press(watcher):
        tell(watcher, press="Step")

    train(watcher, press)
    assert len(watcher.run.records) == 1


def test_the_trained_policy_is_filmed_while_a_page_looks_and_until_it_is_paused(monkeypatch):
    monkeypatch.setattr(widgets.watcher, "_SECONDS_PER_FRAME", 0)
    watcher = Watcher(trainer())

    async def frames(watcher):
        await asyncio.sleep(0.01)
        before = watcher.view.shown
        tell(watcher, seen=before)
        tell(watcher, seen=before)  # a second page shows the same
        await asyncio.sleep(0.01)
        return watcher.view.shown - before

    async def look(watcher):
        assert await frames(watcher) == 0  # nothing is trained
        watcher.start()
        await watcher.run.task
        before = watcher.view.frame
        assert [await frames(watcher) for _ in range(3)] == [1, 1, 1]
        assert watcher.view.frame != before
        watcher.pause()
        assert await frames(watcher) == 0
        watcher.start()
        await watcher.run.task
        assert await frames(watcher) == 1
        assert len(watcher.run.records) == 6

    asyncio.run(look(watcher))


def test_training_pauses_when_no_page_shows_it_and_a_page_that_comes_back_shows_where(monkeypatch):
    monkeypatch.setattr(widgets.run, "_PICTURES_UNSEEN", 3)
    monkeypatch.setattr(widgets.run, "_TRAINING_PER_DRAWING", 0)
    watcher = Watcher(trainer(max_iterations=1000))
    train(watcher, Watcher.start)
    stands = len(watcher.run.records)
    assert stands < 6
    tell(watcher, seen=watcher.view.shown)
    assert watcher.view.progress["text"] == f"paused: update {stands} of 1000"


def test_all_that_watch_one_trainer_show_the_same():
    watched = trainer()
    one, other = Watcher(watched), Watcher(watched)
    train(one, Watcher.start)
    assert one.said == other.said
    assert one.view.progress == other.view.progress


def test_where_no_kernel_is_a_finished_run_is_shown(monkeypatch):
    bundles = []
    monkeypatch.setattr(widgets.live, "display", lambda bundle, raw: bundles.append(bundle))
    records = list(trainer())
    for finished in ([], records):
        Watcher(trainer(), finished)._ipython_display_()
    untrained, trained = (bundle["text/plain"] for bundle in bundles)
    assert untrained.endswith("Nothing yet: press Start.")
    assert trained.endswith(
        "A finished run, as stored with this page. Where a kernel runs, Start begins a new one."
    )
    assert bundles[0]["text/html"] != bundles[1]["text/html"]


def test_an_environment_without_pictures_is_watched_without_a_film():
    watcher = Watcher(trainer(env_id="Bandit-v0"))
    assert watcher.view.frame == ""
    assert watcher.view.frame_alt.startswith("Bandit-v0 cannot be filmed here: ")
    train(watcher, Watcher.step)
    assert watcher.said.startswith("Update 1, ")


def test_watch_shows_a_watcher_and_refuses_what_it_cannot_steer(monkeypatch):
    shown = []
    monkeypatch.setattr(widgets.watcher, "display", shown.append)
    watch(trainer())
    assert isinstance(shown[0], Watcher)
    with pytest.raises(TypeError, match=r"trainer.algorithm must be a TRPO, got <function"):
        watch(trainer(algorithm=trpo_step))

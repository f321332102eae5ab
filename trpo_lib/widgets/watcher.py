"""A training run that one can watch and steer."""

import asyncio
import contextvars
import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from IPython.display import display
from traitlets import Dict, Int, Unicode

from trpo_lib import plotting
from trpo_lib.rendering import Camera
from trpo_lib.widgets.live import Controls, Live, Slider, View, encode_png, in_this_thread
from trpo_lib.widgets.run import Run

_STEPS_PER_FRAME = 5  # of the cart, whose second has 50: a film at half its speed
_SECONDS_PER_FRAME = 0.2  # of the film that goes on when the training is over
_ALT = "Returns, KL of each update and its bound, accepted fraction of each step, by update."
_STILL = "A finished run, as stored with this page. Where a kernel runs, Start begins a new one."


class RunView(View):
    """What a browser shows of a training run."""

    buttons = Dict().tag(sync=True)  # by name, whether each does something now
    progress = Dict().tag(sync=True)  # text, value, max
    frame = Unicode().tag(sync=True)  # of the environment, if it has pictures
    frame_alt = Unicode().tag(sync=True)  # what they show, or why there are none
    shown = Int().tag(sync=True)  # counts the pictures; a page confirms each


class Button:
    """A button of a view as a program presses it."""

    def __init__(self, view: RunView, act: Callable[[], None]):
        self._view, self._name, self._act = view, act.__name__.capitalize(), act

    @property
    def disabled(self) -> bool:
        """Whether it would do nothing now."""
        return not self._view.buttons[self._name]

    def click(self) -> None:
        """Does what the button says, unless it is disabled."""
        if not self.disabled:
            self._act()


class Watcher(Live):
    """What ``watch`` shows of a ``run``. ``buttons`` and ``sliders`` are its controls by name."""

    def __init__(self, trainer, finished: Sequence = ()):
        config = getattr(trainer.algorithm, "config", None)
        if not (hasattr(config, "max_kl") and hasattr(config, "shrink")):
            raise TypeError(f"trainer.algorithm must be a TRPO, got {trainer.algorithm!r}")
        self.panels = plotting.training_panels()
        super().__init__(RunView(), self.panels, _ALT)
        self.trainer, self.run, self._finished = trainer, Run.of(trainer), finished
        self._context = contextvars.copy_context()  # of the cell: errors appear under it
        self._controls = Controls(self.view, _sliders(config), self._steer)
        self.sliders = self._controls.sliders
        acts = (self.start, self.pause, self.step, self.restart)
        self.buttons = {act.__name__: Button(self.view, act) for act in acts}
        self._camera, self.view.frame_alt = _camera(trainer.config)
        self.unseen, self._next_frame = 0, None  # pictures that no page has confirmed
        self.view.on_msg(in_this_thread(self._hear))
        self.run.watchers.add(self)
        self.show()

    def start(self) -> None:
        """Trains until paused or finished; then the policy is seen at work."""
        self.run.begin(math.inf, self._context)

    def step(self) -> None:
        """One update."""
        self.run.begin(1, self._context)

    def pause(self) -> None:
        """Stops the training before its next update, or the film of the policy at work."""
        self.run.pause()

    def restart(self) -> None:
        """Back to the trainer as it was when new, under the sliders' settings."""
        self.run.restart()

    def show(self) -> None:
        """Shows the run as it is now, and the policy at work."""
        run, view = self.run, self.view
        with view.hold_sync():  # one message
            self._present(*self._drawn(self._draw_records))
            view.progress = _progress(run, self.trainer.config.max_iterations)
            view.buttons = {
                "Start": not run.busy,
                "Pause": run.busy,
                "Step": not run.busy and not run.finished,
                "Restart": run.state != "ready",
            }
            view.busy = run.state == "training"
            self._show_policy()

    def _show_policy(self) -> None:
        if self._camera:
            for _ in range(_STEPS_PER_FRAME):
                if self._camera.step(self.trainer.policy):
                    self._camera.reset()
            frame = encode_png(self._camera.frame(), colors=16, shrink=2)
            self.view.frame = plotting.data_url(frame)
        self.unseen += 1
        self.view.shown += 1

    def _hear(self, view: RunView, message: dict, buffers: list) -> None:
        """A button has been pressed on a page, or the page has shown the last picture."""
        if "press" in message:
            self.buttons[message["press"].lower()].click()
            return
        self.run.confirm(self)
        if self._films and not self._next_frame:
            loop = asyncio.get_running_loop()
            self._next_frame = loop.call_later(_SECONDS_PER_FRAME, self._film_on)

    @property
    def _films(self) -> bool:
        return self._camera is not None and self.run.finished and self.run.busy

    def _film_on(self) -> None:
        self._next_frame = None
        if self._films:
            with self.view.hold_sync():
                self._show_policy()

    def _steer(self) -> None:
        """The sliders' settings, from the next update on."""
        algorithm = self.trainer.algorithm
        algorithm.config = replace(algorithm.config, **self._controls.values)

    def _draw_records(self) -> str:
        """What happened so far, on the panels -> what the last update did, in numbers."""
        records, bounds = self.run.records, self.run.bounds
        _draw(self.panels, records, bounds)
        if self.run.error:
            return f"Stopped by {type(self.run.error).__name__}: {self.run.error}"
        if not records:
            return "Nothing yet: press Start."
        last, report = records[-1], records[-1].report
        mean_return = f"{last.mean_return:.1f}" if last.episodes else "unknown (no episode ended)"
        return (
            f"Update {last.iteration}, {last.transitions:,} transitions: mean return "
            f"{mean_return}, KL {report.kl:.2g} nats (bound {bounds[-1]:.2g}), "
            f"accepted fraction {report.fraction:.2g}.{_last_test(records)}"
            f"{' Finished.' * self.run.finished}"
            f"{''.join(f' {record.note}' for record in records if record.note)}"
        )

    def _still(self) -> tuple[bytes, str]:
        """A finished run if there is one: what moves cannot be stored."""
        if not self._finished:
            return super()._still()
        axes = plotting.training_panels()
        _draw(axes, self._finished, len(self._finished) * [self.trainer.algorithm.config.max_kl])
        return plotting.figure_png(axes[0]), _STILL


def watch(trainer, finished: Sequence = ()) -> None:
    """Shows a ``Trainer`` at work: buttons that start, pause, step and restart it, and sliders.

    The sliders set ``max_kl`` and ``shrink`` of the trainer's TRPO from its next update on. The
    page stays alive while it trains, and so do other cells: they run between two updates. finished:
    the records of another run of this kind, whose picture stands where no kernel is. Raises
    ``TypeError`` when the trainer's algorithm has no such settings.
    """
    display(Watcher(trainer, finished))


def _draw(axes: np.ndarray, records: Sequence, bounds: Sequence[float]) -> None:
    plotting.training(
        axes,
        returns=[record.mean_return for record in records],
        tests=[record.test_return for record in records],
        kls=[record.report.kl for record in records],
        bounds=bounds,
        fractions=[record.report.fraction for record in records],
    )


def _last_test(records: Sequence) -> str:
    """What the last test found, if there was one."""
    tested = [record for record in records if not math.isnan(record.test_return)]
    if not tested:
        return ""
    return f" Test after update {tested[-1].iteration}: {tested[-1].test_return:.1f}."


def _progress(run: Run, limit: int) -> dict:
    done = run.records[-1].iteration if run.records else 0
    if run.finished:
        return {"text": f"finished after {done} updates", "value": 1, "max": 1}
    text = f"{run.state}: update {done} of {limit}" if done else run.state
    return {"text": text, "value": done, "max": limit}


def _sliders(config) -> dict[str, Slider]:
    low, high = min(1e-4, config.max_kl), max(10.0, config.max_kl)
    return {
        "max_kl": Slider("KL bound δ (nats)", low, high, config.max_kl, 0.1, log=True),
        "shrink": Slider("shrink β (of the step)", 0.01, 0.99, config.shrink, 0.01),
    }


def _camera(config) -> tuple[Camera | None, str]:
    """A camera in the environment, and what it sees; or none, and why there is none."""
    try:
        camera = Camera(config.env_id, config.seed)
        if isinstance(camera.frame(), np.ndarray):
            return camera, f"{config.env_id}, moved by the policy of this moment."
        camera.close()
        reason = "it draws no picture"
    except Exception as error:  # without a display, each environment raises one of its own
        reason = f"{type(error).__name__}: {error}"
    return None, f"{config.env_id} cannot be filmed here: {reason}."

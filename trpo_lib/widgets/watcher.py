"""A training run that one can watch and steer."""

import asyncio
import contextlib
import contextvars
import math
import signal
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import ipywidgets
from IPython import get_ipython
from IPython.display import display

from trpo_lib import plotting
from trpo_lib.rendering import Camera
from trpo_lib.widgets.live import Controls, Live, Slider, data_url, encode_png

_TRAINING_PER_DRAWING = 2.5  # seconds of the one for each second of the other
_STEPS_PER_FRAME = 5  # of the cart, whose second has 50: it moves a little slower than a real one
_ALT = "Mean return, KL of each update and its bound, accepted fraction of each step, by update."


@dataclass
class _Run:
    """What all that watch one trainer share: what happened so far, and the one task that trains."""

    records: list = field(default_factory=list)
    bounds: list[float] = field(default_factory=list)  # max_kl of each record's update, nats
    task: asyncio.Task | None = None


_RUNS: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()  # trainer -> its _Run


class Watcher(Live):
    """What ``watch`` shows of a ``run``. ``buttons`` and ``sliders`` are its widgets by name."""

    def __init__(self, trainer):
        config = getattr(trainer.algorithm, "config", None)
        if not (hasattr(config, "max_kl") and hasattr(config, "shrink")):
            raise TypeError(f"trainer.algorithm must be a TRPO, got {trainer.algorithm!r}")
        self.panels = plotting.training_panels()
        super().__init__(self.panels, _ALT)
        self.trainer, self.run = trainer, _RUNS.setdefault(trainer, _Run())
        self._context = contextvars.copy_context()  # of the cell: errors appear under it
        self._camera = Camera(trainer.config.env_id, trainer.config.seed)
        controls = Controls(_sliders(config), lambda: self._steer(controls.values))
        self.sliders = controls.sliders
        self.buttons = self._make_buttons()
        self._bar = ipywidgets.IntProgress(max=trainer.config.max_iterations, description="updates")
        self._frame = ipywidgets.Image(format="url", width=240)
        top = ipywidgets.HBox([*self.buttons.values(), self._bar])
        self.view = ipywidgets.VBox(
            [top, *controls.rows, self.picture, ipywidgets.HBox([self._frame, self.line])]
        )
        self._show()

    def start(self) -> None:
        """Trains until paused or finished."""
        self._begin(math.inf)

    def step(self) -> None:
        """One update."""
        self._begin(1)

    def pause(self) -> None:
        """Stops the training before its next update."""
        if self.run.task:
            self.run.task.cancel()

    def restart(self) -> None:
        """Back to the trainer as it was when new, under the sliders' settings."""
        self.pause()
        self.trainer.restart()
        self.run.records.clear()
        self.run.bounds.clear()
        self._show()

    def _begin(self, updates: float) -> None:
        self.pause()  # a trainer has one task, whoever watches it
        loop = asyncio.get_running_loop()
        self.run.task = loop.create_task(self._train(updates), context=self._context)
        self.run.task.add_done_callback(self._report_error, context=self._context)

    async def _train(self, updates: float) -> None:
        """Trains, and lets the page have its say after each update."""
        due = -math.inf  # when the next picture may be drawn
        with _interrupt_means(self.pause):
            try:
                while updates > 0 and self._update():
                    updates -= 1
                    if (start := time.monotonic()) >= due:
                        self._show()
                        end = time.monotonic()
                        due = end + _TRAINING_PER_DRAWING * (end - start)
                    await asyncio.sleep(0)
            finally:
                self._show()

    def _update(self) -> bool:
        """One iteration of the trainer -> whether there was one left."""
        record = next(self.trainer, None)
        if record is None:
            return False
        self.run.records.append(record)
        self.run.bounds.append(self.trainer.algorithm.config.max_kl)
        return True

    def _report_error(self, task: asyncio.Task) -> None:
        """An error ends the training; it is shown in the widget, and raised under the cell."""
        if task.cancelled() or task.exception() is None:
            return
        error = task.exception()
        self.say(f"Stopped by {type(error).__name__}: {error}")
        shell = get_ipython()
        if shell:
            shell.showtraceback((type(error), error, error.__traceback__))

    def _steer(self, values: dict) -> None:
        """The sliders' settings, from the next update on."""
        algorithm = self.trainer.algorithm
        algorithm.config = replace(algorithm.config, **values)

    def _show(self) -> None:
        """Draws the state of the run, and the policy at work."""
        self._present(*self._drawn(self._draw_records))
        self._bar.value = len(self.run.records)
        for _ in range(_STEPS_PER_FRAME):
            if self._camera.step(self.trainer.policy):
                self._camera.reset()
        self._frame.value = data_url(encode_png(self._camera.frame(), colors=16, shrink=2))

    def _draw_records(self) -> str:
        """What happened so far, on the panels -> what the last update did, in numbers."""
        records, bounds = self.run.records, self.run.bounds
        reports = [record.report for record in records]
        plotting.training(
            self.panels,
            returns=[record.mean_return for record in records],
            kls=[report.kl for report in reports],
            bounds=bounds,
            fractions=[report.fraction for report in reports],
        )
        if not records:
            return "Nothing yet: press Start."
        last, report = records[-1], reports[-1]
        mean_return = f"{last.mean_return:.1f}" if last.episodes else "unknown (no episode ended)"
        return (
            f"Update {last.iteration}, {last.transitions:,} transitions: mean return "
            f"{mean_return}, KL {report.kl:.2g} nats (bound {bounds[-1]:.2g}), "
            f"accepted fraction {report.fraction:.2g}.{' Finished.' * self.trainer.finished}"
        )

    def _make_buttons(self) -> dict[str, ipywidgets.Button]:
        icons = {"start": "play", "pause": "pause", "step": "step-forward", "restart": "undo"}
        buttons = {}
        for name, icon in icons.items():
            buttons[name] = ipywidgets.Button(description=name.capitalize(), icon=icon)
            buttons[name].on_click(lambda button, name=name: getattr(self, name)())
            buttons[name].layout.width = "7em"
        return buttons


def watch(trainer) -> None:
    """Shows a ``Trainer`` at work: buttons that start, pause, step and restart it, and sliders.

    The sliders set ``max_kl`` and ``shrink`` of the trainer's TRPO from its next update on. The
    page stays alive while it trains, and so do other cells: they run between two updates. Raises
    ``TypeError`` when the trainer's algorithm has no such settings.
    """
    display(Watcher(trainer))


def _sliders(config) -> dict[str, Slider]:
    low, high = min(1e-4, config.max_kl), max(10.0, config.max_kl)
    return {
        "max_kl": Slider("KL bound δ (nats)", low, high, config.max_kl, 0.1, log=True),
        "shrink": Slider("shrink β (of the step)", 0.01, 0.99, config.shrink, 0.01),
    }


@contextlib.contextmanager
def _interrupt_means(action: Callable[[], None]) -> Iterator[None]:
    """Kernels ignore an interrupt between two cells; while it trains, it has a meaning."""
    before = signal.signal(signal.SIGINT, lambda *_: action())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)

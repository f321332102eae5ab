"""A training run as a task of the kernel's event loop, which other cells share."""

import asyncio
import contextlib
import contextvars
import math
import signal
import time
import weakref
from collections.abc import Iterator

from IPython import get_ipython

_TRAINING_PER_DRAWING = 2.5  # seconds of the one for each second of the other
_PICTURES_UNSEEN = 100  # then no page shows them


class Run:
    """A trainer at work. All that watch it share its one task, and show the same.

    It pauses when no page has confirmed the last hundred pictures: they have been closed.
    ``state`` says what it does: ready, training, paused, finished, or stopped by an error.
    ``records`` are what happened so far, ``bounds`` the ``max_kl`` of each one's update, in nats.
    """

    def __init__(self, trainer):
        self.trainer, self.task, self.error = trainer, None, None
        self.state = "finished" if trainer.finished else "ready"
        self.records, self.bounds, self.watchers = [], [], weakref.WeakSet()
        self._at_work = True  # the policy is, once the training is over

    @classmethod
    def of(cls, trainer) -> "Run":
        """The run of a trainer: the one that somebody watches already, or a new one."""
        return _RUNS.get(id(trainer)) or _RUNS.setdefault(id(trainer), cls(trainer))

    @property
    def finished(self) -> bool:
        """Whether the trainer has come to its end."""
        return self.state == "finished"

    @property
    def busy(self) -> bool:
        """Whether anything moves: the training, or at its end the policy at work."""
        return self.state == "training" or (self.finished and self._at_work)

    def begin(self, updates: float, context: contextvars.Context) -> None:
        """Trains, at most that many updates. An error is raised in the context, a cell's."""
        self._drop_task()
        self.state, self.error, self._at_work = "training", None, True
        for watcher in self.watchers:
            watcher.unseen = 0
        loop = asyncio.get_running_loop()
        self.task = loop.create_task(self._train(updates), context=context)
        self.task.add_done_callback(self._rest, context=context)
        self.show()

    def pause(self) -> None:
        """Stops the training before its next update, or the film of a finished run."""
        self._at_work = False
        if self.state == "training":
            self.task.cancel()
        else:
            self.show()

    def restart(self) -> None:
        """Back to the trainer as it was when new, under the settings of now."""
        self._drop_task()
        self.trainer.restart()
        self.records.clear()
        self.bounds.clear()
        self.state, self.error = "ready", None
        self.show()

    def show(self) -> None:
        """Shows the state of the run, on all pages that show it."""
        for watcher in self._on_pages():
            watcher.show()

    def confirm(self, watcher) -> None:
        """A page has shown a watcher's last picture; after a time away there are newer ones."""
        away, watcher.unseen = watcher.unseen >= _PICTURES_UNSEEN, 0
        if away:
            watcher.show()

    def _on_pages(self) -> list:
        return [watcher for watcher in self.watchers if watcher.unseen < _PICTURES_UNSEEN]

    def _drop_task(self) -> None:
        if self.task:
            self.task.cancel()
        self.task = None

    async def _train(self, updates: float) -> None:
        """Trains, and lets the page have its say after each update."""
        due = -math.inf  # when the next picture may be drawn
        with _INTERRUPT.pauses(asyncio.current_task()):
            while updates > 0 and self._on_pages() and self._update():
                updates -= 1
                if (start := time.monotonic()) >= due:
                    self.show()
                    end = time.monotonic()
                    due = end + _TRAINING_PER_DRAWING * (end - start)
                await asyncio.sleep(0)

    def _update(self) -> bool:
        """One iteration of the trainer -> whether there was one left."""
        record = next(self.trainer, None)
        if record is None:
            return False
        self.records.append(record)
        self.bounds.append(self.trainer.algorithm.config.max_kl)
        return True

    def _rest(self, task: asyncio.Task) -> None:
        """What comes after the training; an error is shown, and raised under the cell too."""
        if task is not self.task:  # another one has begun
            return
        self.error = None if task.cancelled() else task.exception()
        if self.error:
            self.state = f"stopped by {type(self.error).__name__}"
        else:
            self.state = "finished" if self.trainer.finished else "paused"
        self.show()
        shell = get_ipython()
        if self.error and shell:
            shell.showtraceback((type(self.error), self.error, self.error.__traceback__))


_RUNS: weakref.WeakValueDictionary = weakref.WeakValueDictionary()  # by their trainer's id


class _Interrupt:
    """Kernels ignore an interrupt between two cells; this one pauses all that trains then."""

    def __init__(self):
        self._tasks, self._before = [], None

    @contextlib.contextmanager
    def pauses(self, task: asyncio.Task) -> Iterator[None]:
        """While inside, an interrupt cancels the task."""
        if not self._tasks:
            self._before = signal.signal(signal.SIGINT, lambda *_: self._cancel_all())
        self._tasks.append(task)
        try:
            yield
        finally:
            self._tasks.remove(task)
            if not self._tasks:
                signal.signal(signal.SIGINT, self._before)

    def _cancel_all(self) -> None:
        for task in self._tasks:
            task.cancel()


_INTERRUPT = _Interrupt()

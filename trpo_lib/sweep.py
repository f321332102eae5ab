"""Many training runs, kept on disk as they finish, and what can be said of so few of them.

An executor decides where they run: ``ProcessPoolExecutor(2, get_context("spawn"))`` on one
machine, ``dask.distributed.Client(...).get_executor()`` on a cluster. The estimates are those of
Agarwal et al. 2021, "Deep reinforcement learning at the edge of the statistical precipice".
"""

import json
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass, is_dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from scipy import stats

from trpo_lib._checks import require_count, require_type
from trpo_lib.storage import replacing, scratch_in
from trpo_lib.training import Record, TrainConfig, Trainer

RESAMPLES = 2000  # of the bootstrap


@dataclass(frozen=True)
class Run:
    """One training run to make. ``TypeError`` unless both are dataclasses of these kinds.

    The settings name the run's file: they are numbers, texts, tuples and dataclasses of such.
    """

    config: TrainConfig
    algorithm: Callable  # a dataclass, such as TRPO(...): every run has its own copy, made afresh

    def __post_init__(self):
        require_type(TrainConfig, config=self.config)
        instance = is_dataclass(self.algorithm) and not isinstance(self.algorithm, type)
        if not (instance and callable(self.algorithm)):
            raise TypeError(f"algorithm must be a callable dataclass, got {self.algorithm!r}")
        try:
            _name(self)
        except TypeError as error:  # JSON has no name for it
            why = f"settings must be numbers and texts, got {self.algorithm!r}"
            raise TypeError(f"algorithm's {why}") from error


@dataclass(frozen=True)
class Failure:
    """A run that did not finish."""

    run: Run
    traceback: str  # its error, and where


@dataclass(frozen=True)
class Sweep:
    """What became of the runs, in the order in which they were given."""

    table: pd.DataFrame  # one row per Record of the finished runs: settings, record, report
    failures: list[Failure]


def sweep(
    runs: Iterable[Run],
    folder: str | Path,
    executor: Executor | None = None,
    progress: Callable | None = None,
) -> Sweep:
    """Makes the runs that ``folder`` does not have yet, in this process or in the executor's.

    The process that makes a run writes its file, at its end and whole: whatever is killed later,
    a finished run is not lost, and the next sweep makes the others. (A cluster's machines
    therefore share the folder.) A file that cannot be read counts as missing. Files are named
    after all the settings of a run, not after the code: another code needs another folder. A run
    that is listed twice is made once. One that fails leaves no file and does not stop the others.

    progress: called with the iterable of outcomes and their ``total``, as ``tqdm.auto.tqdm`` is.
    Each run has one torch thread; its records are the same, bit for bit, wherever it is made.
    """
    runs = list(runs)
    for run in runs:
        require_type(Run, each_of_runs=run)
    require_count(runs=len(runs))
    require_type(Executor | None, executor=executor)
    folder = Path(folder).resolve()  # a worker may stand elsewhere
    with scratch_in(folder):  # else every run would be made in vain
        pass
    files = {folder / _name(run): run for run in runs}
    missing = {path: run for path, run in files.items() if not _is_whole(path)}
    outcomes = _make_here(missing) if executor is None else _make_there(missing, executor)
    if progress:
        outcomes = progress(outcomes, total=len(missing))
    failed = {path: error for path, error in outcomes if error}
    table = _table({path: run for path, run in files.items() if path not in failed})
    return Sweep(table, [Failure(files[path], failed[path]) for path in files if path in failed])


def _settings(run: Run) -> dict:
    """All that determines a run, as JSON has it."""
    kind = type(run.algorithm)
    return {
        "config": asdict(run.config),
        "algorithm": f"{kind.__module__}.{kind.__qualname__}",
        "settings": asdict(run.algorithm),
    }


def _name(run: Run) -> str:
    """The name of a run's file: equal for equal settings, in every process and on every day."""
    text = json.dumps(_settings(run), sort_keys=True)
    return sha256(text.encode()).hexdigest()[:20] + ".json"


def _make_here(runs: dict[Path, Run]) -> Iterator[tuple[Path, str | None]]:
    """Makes the runs one after the other -> each one's path and error."""
    for path, run in runs.items():
        yield path, _make(run, path)


def _make_there(runs: dict[Path, Run], executor: Executor) -> Iterator[tuple[Path, str | None]]:
    """Has the executor make the runs -> their paths and errors as they end."""
    futures = {executor.submit(_make, run, path): path for path, run in runs.items()}
    try:
        for future in as_completed(futures):
            yield futures[future], _error(future)
    finally:  # an interrupt leaves none that goes on later
        for future in futures:
            future.cancel()


def _error(future: Future) -> str | None:
    """What the run reported, or what happened to its process."""
    error = future.exception()
    return "".join(traceback.format_exception(error)) if error else future.result()


def _make(run: Run, path: Path) -> str | None:
    """One run, from its settings to its file -> the traceback if it failed."""
    try:
        algorithm = replace(run.algorithm)
        update = lambda policy, batch: algorithm(policy, batch)  # noqa: E731, a function is never saved
        with _one_thread(), Trainer(run.config, update) as trainer:
            rows = [_row(record) for record in trainer]
        with replacing(path) as new:
            Path(new).write_text(json.dumps(_settings(run) | {"records": rows}), "utf-8")
    except Exception:
        return traceback.format_exc()


@contextmanager
def _one_thread() -> Iterator[None]:
    """More threads are slower here, and may round differently."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _row(record: Record) -> dict:
    """A record and its report side by side, without the residuals."""
    row = asdict(record)
    row |= row.pop("report")
    del row["cg_residuals"]
    return row


def _is_whole(path: Path) -> bool:
    """Whether a file is there and can be read."""
    try:
        return "records" in json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return False


def _table(files: dict[Path, Run]) -> pd.DataFrame:
    """The records of all files, each beside the settings of its run."""
    rows = []
    for path, run in files.items():
        settings = asdict(run.config) | _flat(asdict(run.algorithm))
        settings = {"algorithm": type(run.algorithm).__name__} | settings
        rows += [settings | record for record in json.loads(path.read_text("utf-8"))["records"]]
    return pd.DataFrame(rows)


def _flat(settings: dict) -> dict:
    """Settings within settings, such as a config's, among the others."""
    flat = {}
    for name, value in settings.items():
        flat |= _flat(value) if isinstance(value, dict) else {name: value}
    return flat


class Estimate(NamedTuple):
    """A number that runs gave, and its 95% bootstrap interval; of arrays, one for each slice."""

    value: np.ndarray | float
    low: np.ndarray | float
    high: np.ndarray | float


def interquartile_mean(*groups: np.ndarray) -> Estimate:
    """The mean of the middle half of all scores: groups ``[..., n]``, such as tasks -> ``[...]``.

    The bootstrap is stratified: each group's runs are drawn by themselves, with replacement.
    Raises ``ValueError`` on fewer than two runs in a group, a NaN or an infinity.
    """

    def pooled(*groups: np.ndarray, axis: int) -> np.ndarray:
        return stats.trim_mean(np.concatenate(groups, axis), 0.25, axis)

    return _estimate(pooled, groups)


def probability_of_improvement(new: np.ndarray, old: np.ndarray) -> Estimate:
    """P(new > old) + ½ P(new = old) for a run of each: ``[n]``, ``[m]`` -> number.

    The statistic U of Mann and Whitney, divided by n m. Raises ``ValueError`` on fewer than two
    runs of either, a NaN or an infinity.
    """

    def share(new: np.ndarray, old: np.ndarray, axis: int) -> np.ndarray:
        pairs = new.shape[axis] * old.shape[axis]
        return stats.mannwhitneyu(new, old, axis=axis, method="asymptotic").statistic / pairs

    return _estimate(share, (new, old))


def _estimate(statistic: Callable, samples: Sequence[np.ndarray]) -> Estimate:
    """A statistic over the samples' last axes, and the middle 95% of it over resamples."""
    samples = [np.asarray(sample, dtype=float) for sample in samples]
    require_count(samples=len(samples))
    for sample in samples:
        if sample.ndim == 0 or sample.shape[-1] < 2:
            raise ValueError(f"each sample must be [..., n] with n >= 2, got {list(sample.shape)}")
        if not np.isfinite(sample).all():
            raise ValueError("each sample must be finite, got a NaN or an infinity")
    settings = {"axis": -1, "n_resamples": RESAMPLES, "method": "percentile", "rng": 0}
    found = stats.bootstrap(samples, statistic, **settings)
    return Estimate(statistic(*samples, axis=-1), *found.confidence_interval)

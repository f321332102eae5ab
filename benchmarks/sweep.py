"""Part (h): how much sooner a ``sweep`` is done with two worker processes than with one."""

import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from tempfile import TemporaryDirectory

import numpy as np
from common import ENV_ID, main, markdown, paired_ratio, quartiles, say, spread, times, turns

from trpo_lib.sweep import Run, sweep
from trpo_lib.training import TrainConfig
from trpo_lib.trpo import TRPO

TITLE = "(h) A sweep with two worker processes"
WORKERS = {"one worker": 1, "two workers": 2}


def make(runs: list[Run], workers: int) -> float:
    """Seconds of a whole sweep in a fresh folder, the start of its processes included."""
    start = time.perf_counter()
    with TemporaryDirectory() as folder, ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        if failures := sweep(runs, folder, pool).failures:
            raise RuntimeError(failures[0].traceback)
    return time.perf_counter() - start


def measure(quick: bool) -> dict:
    seeds, iterations, repeats = (4, 2, 2) if quick else (100, 40, 3)
    settings = {"max_iterations": iterations, "target_return": None}
    runs = [Run(TrainConfig(seed=seed, **settings), TRPO()) for seed in range(seeds)]
    seconds = {name: [] for name in WORKERS}
    for repeat in range(repeats):
        for name, workers in turns(WORKERS, repeat):
            seconds[name].append(make(runs, workers))
            say(f"repeat {repeat}, {name}: {seconds[name][-1]:.1f} s")
    return {
        "runs": seeds,
        "iterations": iterations,
        "repeats": repeats,
        "seconds": {name: quartiles(values) for name, values in seconds.items()},
        "ratio": paired_ratio(*map(np.array, seconds.values())),
    }


def table(data: dict) -> str:
    rows = [[name, spread(found, " s")] for name, found in data["seconds"].items()]
    rows.append(["one / two", times(data["ratio"])])
    note = (
        f"A sweep of {data['runs']} runs of {data['iterations']} iterations on {ENV_ID}, "
        f"{data['repeats']} times each way in turn, from no process to the finished table. Median "
        "(quartiles); median of paired ratios (95% bootstrap interval)."
    )
    return f"{markdown(['', 'seconds'], rows)}\n\n{note}"


def summary(data: dict) -> list[list[str]]:
    return [[f"a sweep of {data['runs']} runs, one worker / two", times(data["ratio"])]]


if __name__ == "__main__":
    main(measure)

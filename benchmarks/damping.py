"""Lesson 07's second table: how often the line search refuses the full step, at three dampings.

    python benchmarks/damping.py

writes notebooks/data/damping.csv, a row per update, and damping.json, how it was made. Runs are
kept in build/ as they finish; started again, it makes only the missing ones.
"""

import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

from continuous import TASKS
from run import circumstances
from tqdm import tqdm

from trpo_lib.sweep import Run, sweep
from trpo_lib.training import TrainConfig
from trpo_lib.trpo import TRPO, TRPOConfig

ROOT = Path(__file__).parents[1]
DATA = ROOT / "notebooks/data/damping.csv"
SEEDS, ITERATIONS, PROCESSES = 10, 50, 2
DAMPINGS = (1e-3, 1e-2, 0.1)
HOPPER = TASKS["hopper"]
# A task's settings, and TRPO's but for the damping.
SETTINGS = {
    "CartPole-v1": (TrainConfig(), TRPOConfig()),
    "Hopper-v5": (TrainConfig("Hopper-v5", **HOPPER["train"]), TRPOConfig(**HOPPER["trpo"])),
}


def run(env_id: str, damping: float, seed: int) -> Run:
    """One run, without tests."""
    config, trpo = SETTINGS[env_id]
    changes = {"seed": seed, "max_iterations": ITERATIONS, "target_return": None}
    return Run(replace(config, **changes), TRPO(replace(trpo, damping=damping)))


def main() -> None:
    runs = [
        run(env_id, damping, seed)
        for env_id in SETTINGS
        for damping in DAMPINGS
        for seed in range(SEEDS)
    ]
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as executor:
        made = sweep(runs, ROOT / "build/damping", executor, progress=tqdm)
    if made.failures:
        raise SystemExit(f"{len(made.failures)} runs failed, the first: {made.failures[0]}")
    columns = ["env_id", "damping", "seed", "iteration", "mean_return", "fraction", "gain", "kl"]
    table = made.table[columns]
    about = {"command": "python benchmarks/damping.py", "seeds": SEEDS, **circumstances()}
    table.to_csv(DATA, index=False, float_format="%.4g", lineterminator="\n")
    DATA.with_suffix(".json").write_text(json.dumps(about, indent=1) + "\n")


if __name__ == "__main__":
    main()

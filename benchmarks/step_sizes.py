"""Lesson 07's data: CartPole-v1 learned by seven algorithms at step sizes over five decades.

And by PPO without its clip, which shows what the clip does.

python benchmarks/step_sizes.py

writes notebooks/data/step_sizes.csv, every fifth record of each run, and step_sizes.json, how they
were made. Runs are kept in build/ as they finish; started again, it makes only the missing ones.
"""

import json
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from run import circumstances
from torch import Tensor
from torch.distributions import Distribution
from tqdm import tqdm

from trpo_lib.baselines import (
    ActorCritic,
    NaturalGradient,
    PPOClip,
    PPOPenalty,
    Reinforce,
    TruncatedNaturalGradient,
)
from trpo_lib.batch import Batch
from trpo_lib.surrogate import surrogate
from trpo_lib.sweep import Run, sweep
from trpo_lib.training import TrainConfig
from trpo_lib.trpo import TRPO, TRPOConfig

ROOT = Path(__file__).parents[1]
DATA = ROOT / "notebooks/data/step_sizes.csv"
SEEDS, ITERATIONS, EVERY, PROCESSES = 10, 50, 5, 2
DECADES = np.arange(-5, 0.1, 0.5)  # powers of ten, half a decade apart


class PPOUnclipped(PPOClip):
    """PPO's steps on the surrogate as it is: what is left of PPO-clip without the clip."""

    def objective(self, old: Distribution, new: Distribution, batch: Batch) -> Tensor:
        """L(θ) -> ``[]``."""
        return surrogate(new, batch.actions, batch.old_log_probs, batch.advantages)


# An algorithm with a step size, and the largest step size of its five decades.
ALGORITHMS: dict[str, tuple[Callable, float]] = {
    "REINFORCE": (lambda size: Reinforce(lr=size), 1.0),
    "actor-critic": (lambda size: ActorCritic(lr=size), 1.0),
    "natural gradient": (lambda size: NaturalGradient(step_size=size), 100.0),
    "PPO-penalty": (lambda size: PPOPenalty(lr=size), 1.0),
    "PPO-clip": (lambda size: PPOClip(lr=size), 1.0),
    "PPO, no clip": (lambda size: PPOUnclipped(lr=size), 1.0),
    "TRPO, no line search": (lambda size: TruncatedNaturalGradient(max_kl=size), 1.0),
    "TRPO": (lambda size: TRPO(TRPOConfig(max_kl=size)), 1.0),
}


def run(name: str, size: float, seed: int) -> Run:
    """One run. REINFORCE has λ = 1: its returns are rewards alone up to the rollout's end."""
    lam = 1.0 if name == "REINFORCE" else TrainConfig.lam
    config = TrainConfig(seed=seed, lam=lam, max_iterations=ITERATIONS, target_return=None)
    return Run(config, ALGORITHMS[name][0](size))


def thin(name: str, size: float, table: pd.DataFrame) -> pd.DataFrame:
    """Every fifth record of an algorithm's runs at one step size; KL: the largest up to there."""
    largest = table.groupby("seed")["kl"].cummax()
    table = table.assign(algorithm=name, step_size=size, largest_kl=largest)
    columns = ["algorithm", "step_size", "seed", "iteration", "mean_return", "largest_kl"]
    return table.loc[table["iteration"] % EVERY == 0, columns]


def main() -> None:
    sizes = {name: last * 10.0**DECADES for name, (_, last) in ALGORITHMS.items()}
    settings = [(name, float(f"{size:.3g}")) for name in ALGORITHMS for size in sizes[name]]
    runs = {setting: [run(*setting, seed) for seed in range(SEEDS)] for setting in settings}
    folder = ROOT / "build/step_sizes"
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as executor:
        everything = [run for own in runs.values() for run in own]
        failures = sweep(everything, folder, executor, progress=tqdm).failures
    if failures:
        raise SystemExit(f"{len(failures)} runs failed, the first: {failures[0]}")
    tables = [thin(*setting, sweep(own, folder).table) for setting, own in runs.items()]
    made = {"command": "python benchmarks/step_sizes.py", "seeds": SEEDS, **circumstances()}
    DATA.parent.mkdir(exist_ok=True)
    pd.concat(tables).to_csv(DATA, index=False, float_format="%.5g", lineterminator="\n")
    DATA.with_suffix(".json").write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()

"""Lesson 08's stuck swimmers: is it their width σ that keeps them low?

    python benchmarks/stuck_swimmers.py

trains each stored policy of Swimmer-v5 that is below 200 on, once with the σ that it has and once
with that of a fresh policy, 1. Writes notebooks/data/stuck_swimmers.csv, and how it was made.
"""

import csv
import json
from importlib.metadata import version

import numpy as np
import pandas as pd
import torch
from common import say
from continuous import DATA, EPISODES, TASKS, policy_file
from run import circumstances

from trpo_lib.training import TrainConfig, Trainer, evaluate
from trpo_lib.trpo import TRPO, TRPOConfig

COLUMNS = ["seed", "start", "transitions", "mean_return", "sigma_1", "sigma_2", "greedy"]
ITERATIONS = 98  # 200,000 transitions: by then a run from the start has shown what becomes of it


def train_on(seed: int, start: str) -> list[list]:
    """A row per update; the last has the greedy mean return at the end."""
    task, rows = TASKS["swimmer"], []
    config = TrainConfig(task["env"], seed, **task["train"] | {"max_iterations": ITERATIONS})
    with Trainer(config, TRPO(TRPOConfig(**task["trpo"]))) as trainer:
        with np.load(policy_file("swimmer", seed)) as arrays:
            state = {name: torch.from_numpy(arrays[name]) for name in arrays}
        trainer.policy.load_state_dict(state)  # the critic shares its Standardizer, and starts anew
        if start == "wide":
            trainer.policy.log_std.data.zero_()
        for record in trainer:
            sigma = trainer.policy.log_std.detach().exp().numpy().round(3)
            score = round(record.mean_return, 2)
            rows.append([seed, start, record.transitions, score, *sigma, ""])
    greedy = evaluate(trainer.policy, task["env"], EPISODES, 1_000_000 + seed)
    rows[-1][-1] = round(greedy.mean(), 2)
    return rows


def main() -> None:
    torch.set_num_threads(1)
    path = DATA / "stuck_swimmers.csv"
    ends = pd.read_csv(DATA / "swimmer.csv").query("side == 'ours'").dropna(subset="greedy")
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for seed in ends.query("greedy < 200")["seed"]:
            for start in ("kept", "wide"):
                writer.writerows(rows := train_on(seed, start))
                say(f"seed {seed}, σ {start}: greedy {rows[-1][-1]}")
    command = "python benchmarks/stuck_swimmers.py"
    made = {"command": command, **circumstances(), "mujoco": version("mujoco")}
    path.with_suffix(".json").write_text(json.dumps({"made": made}, indent=1) + "\n")


if __name__ == "__main__":
    main()

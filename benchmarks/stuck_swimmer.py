"""Lesson 08's stuck swimmer: one more run of Swimmer-v5, at the settings of the stored ones.

python benchmarks/stuck_swimmer.py

writes the policy, notebooks/data/stuck_swimmer.npz, and how it was made, stuck_swimmer.json.
"""

import json
import time
from importlib.metadata import version

import torch
from continuous import DATA, EPISODES, keep
from run import circumstances

from trpo_lib.training import TrainConfig, Trainer, evaluate
from trpo_lib.trpo import TRPO, TRPOConfig

SEED = 1


def main() -> None:
    torch.set_num_threads(1)
    task = json.loads((DATA / "swimmer.json").read_text())["task"]
    config = TrainConfig(task["env"], SEED, **task["train"])
    made = {**circumstances(), "mujoco": version("mujoco")}
    start = time.process_time()
    with Trainer(config, TRPO(TRPOConfig(**task["trpo"]))) as trainer:
        *_, last = trainer
    about = {
        "what": "the state_dict of a GaussianPolicy(8, 2, (64, 64)) behind a Standardizer",
        "command": "python benchmarks/stuck_swimmer.py",
        "seed": SEED,
        "transitions": last.transitions,
        "mean_return": round(last.mean_return, 2),
        "greedy": round(evaluate(trainer.policy, task["env"], EPISODES, 1_000_001).mean(), 2),
        "cpu_seconds": round(time.process_time() - start),
        "made": made,
    }
    keep(trainer.policy, DATA / "stuck_swimmer.npz")
    (DATA / "stuck_swimmer.json").write_text(json.dumps(about, indent=1) + "\n")


if __name__ == "__main__":
    main()

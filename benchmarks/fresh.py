"""Part (i): a fresh process, from the start of ``python`` to CartPole-v1 solved."""

import os
import subprocess
import sys

import numpy as np
from common import ENV_ID, main, markdown, paired_ratio, quartiles, say, spread, times, turns

TITLE = "(i) A fresh process"
IMPORT, SOLVE = "import torch", "train to the run's own stop"
PROGRAMS = {
    IMPORT: "import torch",
    SOLVE: """
import torch
torch.set_num_threads(1)
from trpo_lib.training import TrainConfig, Trainer
with Trainer(TrainConfig(seed={seed})) as trainer:
    list(trainer)
""",
}


def cpu_seconds(program: str) -> float:
    """Of a process that runs the program and nothing else."""
    process = subprocess.Popen([sys.executable, "-c", program])
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"the process ended with status {status}:\n{program}")
    return used.ru_utime + used.ru_stime


def measure(quick: bool) -> dict:
    seeds = range(2 if quick else 20)
    for program in PROGRAMS.values():
        cpu_seconds(program.format(seed=0))  # warm-up: the files are read from disk
    seconds = {name: [] for name in PROGRAMS}
    for seed in seeds:
        for name, program in turns(PROGRAMS, seed):
            seconds[name].append(cpu_seconds(program.format(seed=seed)))
            say(f"fresh process, seed {seed}, {name}: {seconds[name][-1]:.2f} s")
    found = {name: quartiles(values) for name, values in seconds.items()}
    found["ratio"] = paired_ratio(np.array(seconds[SOLVE]), np.array(seconds[IMPORT]))
    return found | {"seeds": len(seeds)}


def table(data: dict) -> str:
    rows = [[f"`python`, {name}", spread(data[name], " s")] for name in PROGRAMS]
    rows.append(["ratio", times(data["ratio"])])
    note = (
        f"CPU time of the whole process, {data['seeds']} seeds of {ENV_ID}, the two in turn; the "
        "run's tests are counted. Median (quartiles); median of paired ratios (95% bootstrap "
        "interval)."
    )
    return f"{markdown(['', 'CPU seconds'], rows)}\n\n{note}"


def summary(data: dict) -> list[list[str]]:
    return [["fresh process to solved / a process that imports torch", times(data["ratio"])]]


if __name__ == "__main__":
    main(measure)

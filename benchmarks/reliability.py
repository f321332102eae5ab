"""Part (a2): runs of ``Trainer`` with its defaults to its own stop: do they solve CartPole-v1?"""

import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import torch
from common import ENV_ID, brief, main, markdown, quartiles, say, spread

from trpo_lib.training import TrainConfig, Trainer, evaluate

TITLE = "(a2) Runs to their own stop"
GOAL, EPISODES = 475.0, 100


def play(seed: int) -> tuple[float, int, float]:
    """One whole run -> seconds, transitions, and the greedy mean over fresh episodes after it."""
    start = time.perf_counter()
    with Trainer(TrainConfig(seed=seed)) as trainer:
        transitions = [record.transitions for record in trainer][-1]
    seconds = time.perf_counter() - start
    returns = evaluate(trainer.policy, ENV_ID, EPISODES, seed=1_000_000 + seed)
    return seconds, transitions, float(returns.mean())


def digest(seeds: range, runs: list[tuple[float, int, float]]) -> dict:
    seconds, transitions, means = zip(*runs, strict=True)
    return {
        "first_seed": seeds[0],
        "last_seed": seeds[-1],
        "solved": sum(mean >= GOAL for mean in means),
        "greedy_means_below_goal": {
            str(seed): mean for seed, mean in zip(seeds, means, strict=True) if mean < GOAL
        },
        "greedy_mean": quartiles(means) | {"lowest": float(np.min(means))},
        "seconds": quartiles(seconds),
        "transitions": quartiles(transitions),
    }


def measure(quick: bool) -> dict:
    seeds = range(2 if quick else 100)
    play(999)  # warm-up
    runs = []
    for seed in seeds:
        runs.append(play(seed))
        say(f"seed {seed}: {runs[-1]}")
    return digest(seeds, runs)


def count(seeds: range) -> dict:
    """The same in two processes at a time, which makes its seconds no measurement: left out."""
    initial = {"initializer": torch.set_num_threads, "initargs": (1,)}
    with ProcessPoolExecutor(2, get_context("spawn"), **initial) as pool:
        found = digest(seeds, list(pool.map(play, seeds, chunksize=10)))
    del found["seconds"]
    return found


def table(data: dict) -> str:
    total = data["last_seed"] - data["first_seed"] + 1
    below = ", ".join(
        f"{seed} ({brief(mean)})" for seed, mean in data["greedy_means_below_goal"].items()
    )
    rows = [
        [f"greedy mean over {EPISODES} fresh episodes ≥ {GOAL:g}", f"{data['solved']} of {total}"],
        ["seeds below (their mean)", below or "none"],
        ["greedy mean: median (quartiles)", spread(data["greedy_mean"])],
        ["greedy mean: lowest", brief(data["greedy_mean"]["lowest"])],
        ["transitions: median (quartiles)", spread(data["transitions"])],
    ]
    if "seconds" in data:
        rows.append(["wall time: median (quartiles)", spread(data["seconds"], " s")])
    return markdown([f"seeds {data['first_seed']}–{data['last_seed']}", ""], rows)


def summary(data: dict) -> list[list[str]]:
    first, last = data["first_seed"], data["last_seed"]
    figure = f"seeds {first}–{last}, run to their own stop: greedy mean ≥ {GOAL:g}"
    rows = [[figure, f"{data['solved']} of {last - first + 1}"]]
    if "seconds" in data:
        rows.append(["wall time of such a run", spread(data["seconds"], " s")])
    return rows


if __name__ == "__main__":
    main(measure)

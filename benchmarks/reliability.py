"""Part (a2): runs of ``Trainer`` with its defaults to their own stop: how soon, and how good?"""

import time

import numpy as np
from common import ENV_ID, brief, main, markdown, quartiles, say, spread

from trpo_lib.training import TrainConfig, Trainer, evaluate

TITLE = "(a2) Runs to their own stop"
GOAL, EPISODES = 475.0, 1_000
SEEDS = range(1_000, 2_000)  # none on which a setting was chosen


def play(seed: int) -> dict:
    """One whole run, its tests counted; then its greedy policy on other episodes."""
    start = time.perf_counter()
    with Trainer(TrainConfig(seed=seed)) as trainer:
        *_, last = trainer
    seconds = time.perf_counter() - start
    returns = evaluate(trainer.policy, ENV_ID, EPISODES, seed=1_000_000 + seed)
    return {
        "seconds": seconds,
        "transitions": last.transitions,
        "updates": last.iteration,
        "greedy_mean": float(returns.mean()),
    }


def measure(quick: bool) -> dict:
    seeds = SEEDS[:2] if quick else SEEDS
    play(999)  # warm-up
    runs = []
    for seed in seeds:
        runs.append(play(seed))
        say(f"seed {seed}: {runs[-1]}")
    columns = {name: [run[name] for run in runs] for name in runs[0]}
    return {
        "first_seed": seeds[0],
        "last_seed": seeds[-1],
        "solved": sum(mean >= GOAL for mean in columns["greedy_mean"]),
        **{name: describe(values) for name, values in columns.items()},
    }


def describe(values: list[float]) -> dict[str, float]:
    """Quartiles, mean, both ends and the 95th percentile."""
    ends = {"mean": float(np.mean(values)), "min": min(values), "max": max(values)}
    return quartiles(values) | ends | {"p95": float(np.quantile(values, 0.95))}


def table(data: dict) -> str:
    units = {"seconds": " s", "transitions": "", "updates": "", "greedy_mean": ""}
    rows = [
        [name.replace("_", " "), brief(data[name]["mean"], unit), spread(data[name], unit)]
        + [brief(data[name][column], unit) for column in ("p95", "min", "max")]
        for name, unit in units.items()
    ]
    header = ["", "mean", "median (quartiles)", "95th percentile", "lowest", "highest"]
    total = data["last_seed"] - data["first_seed"] + 1
    note = (
        f"Seeds {data['first_seed']}–{data['last_seed']} of {ENV_ID} with the defaults, one after "
        "the other in one process. Seconds: wall time of the run, its tests counted. Greedy mean: "
        f"over {EPISODES:,} other episodes after the stop; at least {GOAL:g} for "
        f"{data['solved']:,} of {total:,} seeds."
    )
    return f"{markdown(header, rows)}\n\n{note}"


def summary(data: dict) -> list[list[str]]:
    total = data["last_seed"] - data["first_seed"] + 1
    seconds, greedy = data["seconds"], data["greedy_mean"]
    return [
        [f"{total:,} runs to their own stop: wall time, mean and 95th percentile",
         f"{brief(seconds['mean'], ' s')}, {brief(seconds['p95'], ' s')}"],
        [f"their greedy mean over {EPISODES:,} other episodes ≥ {GOAL:g}",
         f"{data['solved']:,} of {total:,}, lowest {brief(greedy['min'])}"],
    ]  # fmt: skip


if __name__ == "__main__":
    main(measure)

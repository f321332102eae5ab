"""Part (c): transitions per second of ``collect``, as a share of bare environment stepping."""

import numpy as np
import torch
from common import ENV_ID, brief, interleave, main, markdown, paired_ratio, quartiles, say, spread

from trpo_lib.environments import make_envs
from trpo_lib.policies import CategoricalPolicy
from trpo_lib.rollout import collect, start_episodes
from trpo_lib.training import TrainConfig

TITLE = "(c) Rollout throughput"
STEPS = TrainConfig().num_steps


def measure_size(num_envs: int, repeats: int) -> dict:
    """Both sides play the same episodes: the bare side is given the actions that were played."""
    generator = torch.Generator().manual_seed(0)
    policy = CategoricalPolicy(4, 2, TrainConfig().hidden, generator)
    envs = make_envs(ENV_ID, num_envs)
    cursor = None

    def start():
        nonlocal cursor
        generator.manual_seed(1)
        cursor = start_episodes(envs, seed=1)

    def play():
        return collect(envs, policy, cursor, STEPS, generator)

    start()
    actions = list(play()[0].actions.numpy())

    def step_only():
        for row in actions:
            envs.step(row)

    seconds = interleave({"bare": (start, step_only), "collect": (start, play)}, repeats)
    envs.close()
    transitions = num_envs * STEPS
    found = {name: quartiles(transitions / values) for name, values in seconds.items()}
    found["share"] = paired_ratio(seconds["bare"], seconds["collect"])
    say(f"throughput, {num_envs} environments: {found}")
    return found | {"repeats": repeats}


def measure(quick: bool) -> dict:
    return {str(size): measure_size(size, 20 if quick else 500) for size in (8, 64, 256)}


def percent(share: dict) -> str:
    low, mid, high = (np.array([share["low"], share["ratio"], share["high"]]) * 100).round(1)
    return f"{mid}% ({low} – {high})"


def table(data: dict) -> str:
    rows = [
        [size, spread(row["bare"]), spread(row["collect"]), percent(row["share"])]
        for size, row in data.items()
    ]
    header = ["N", "bare stepping, transitions/s", "`collect`, transitions/s", "share"]
    repeats = next(iter(data.values()))["repeats"]
    note = (
        f"{STEPS} steps of CartPole-v1, {repeats} times, the same actions on both sides. Median "
        "(quartiles); median of paired shares (95% bootstrap interval)."
    )
    return f"{markdown(header, rows)}\n\n{note}"


def summary(data: dict) -> list[list[str]]:
    row = data["64"]
    return [
        ["rollout at N = 64 as a share of bare stepping", percent(row["share"])],
        ["rollout at N = 64, transitions/s", brief(row["collect"]["median"])],
    ]


if __name__ == "__main__":
    main(measure)

"""Part (a): time and transitions until CartPole-v1 is solved, ours and sb3-contrib's."""

import time

import numpy as np
import torch
from common import (
    ENV_ID,
    brief,
    main,
    make_sb3,
    markdown,
    our_settings,
    quartiles,
    ratio_of,
    say,
    spread,
    times,
    turns,
    zoo_settings,
)
from stable_baselines3.common.callbacks import BaseCallback

from trpo_lib.training import TrainConfig, Trainer, evaluate
from trpo_lib.trpo import TRPOConfig

TITLE = "(a) Time until CartPole-v1 is solved"
LIMIT = 100_000  # transitions: the zoo's budget, given to everyone
GOAL, EPISODES = 475.0, 100
FIRST_SEED = 1_000  # none on which a setting was chosen


class Judge:
    """Asked after every update: the clock stands still while it plays 100 greedy episodes."""

    def __init__(self, seed: int):
        self.seconds, self.transitions, self.updates, self.solved = 0.0, 0, 0, False
        self._first_episode_seed = 1_000_000 + 1_000 * seed
        self._running_since = time.perf_counter()

    def __call__(self, policy, transitions: int) -> bool:
        """Whether the policy solves the task now."""
        self.seconds += time.perf_counter() - self._running_since
        self.updates, self.transitions = self.updates + 1, transitions
        returns = evaluate(policy, ENV_ID, EPISODES, self._first_episode_seed + self.updates)
        self.solved = bool(returns.mean() >= GOAL)
        self._running_since = time.perf_counter()
        return self.solved

    def verdict(self) -> dict:
        """What the run came to, at its last question."""
        names = ("solved", "seconds", "transitions", "updates")
        return {name: getattr(self, name) for name in names}


class Greedy:
    """An sb3 policy as ``evaluate`` wants its policies."""

    def __init__(self, policy):
        self.parameters, self._policy = policy.parameters, policy

    def act(self, obs: np.ndarray) -> np.ndarray:
        """Obs ``[N, O]`` -> the likeliest actions ``[N]``."""
        return self._policy.get_distribution(torch.from_numpy(obs)).mode().numpy()


class AskJudge(BaseCallback):
    """Asks after every update, which is before every rollout but the first, and at the end."""

    def __init__(self, judge: Judge):
        super().__init__()
        self.judge = judge

    def _ask(self) -> None:
        if self.num_timesteps and not self.judge.solved:
            self.judge(Greedy(self.model.policy), self.num_timesteps)

    _on_rollout_start = _on_training_end = _ask

    def _on_step(self) -> bool:
        return not self.judge.solved


def ours(seed: int, limit: int) -> dict:
    judge = Judge(seed)
    # No target of its own: it goes on until the judge is content, as the others do.
    with Trainer(TrainConfig(seed=seed, target_return=None, max_iterations=limit)) as trainer:
        for record in trainer:
            if judge(trainer.policy, record.transitions) or record.transitions >= limit:
                return judge.verdict()


def sb3(num_envs: int, settings: dict, seed: int, limit: int) -> dict:
    judge = Judge(seed)
    make_sb3(num_envs, seed, settings).learn(limit, AskJudge(judge), log_interval=None)
    return judge.verdict()


def sb3_zoo(seed: int, limit: int) -> dict:
    return sb3(2, zoo_settings(), seed, limit)


def sb3_ours(seed: int, limit: int) -> dict:
    config = TrainConfig()
    return sb3(config.num_envs, our_settings(config, TRPOConfig()), seed, limit)


OURS = "trpo_lib, defaults"
CONTENDERS = {
    OURS: ours,
    "sb3-contrib, zoo settings": sb3_zoo,
    "sb3-contrib, our settings": sb3_ours,
}
# The zoo's runs take some twenty times as long.
SEEDS = {name: 50 if run is sb3_zoo else 500 for name, run in CONTENDERS.items()}
STATISTICS = {"mean": np.mean, "median": np.median}


def measure(quick: bool) -> dict:
    seeds, limit = (dict.fromkeys(SEEDS, 2), 5_000) if quick else (SEEDS, LIMIT)
    runs: dict[str, list[dict]] = {name: [] for name in CONTENDERS}
    for run in CONTENDERS.values():
        run(seed=999, limit=2_048)  # warm-up: the first update of a process imports and allocates
    for number in range(max(seeds.values())):
        for name, run in turns(CONTENDERS, number):
            if number < seeds[name]:
                runs[name].append(run(FIRST_SEED + number, limit))
                say(f"seed {FIRST_SEED + number}, {name}: {runs[name][-1]}")
    return {"seeds": seeds, "limit": limit, "runs": runs, **compare(runs)}


def compare(runs: dict[str, list[dict]]) -> dict:
    """Means and quartiles per contender, and everyone's means and medians against ours."""
    found = {}
    for unit in ("seconds", "transitions"):
        values = {name: np.array([run[unit] for run in runs[name]]) for name in runs}
        found[unit] = {
            name: quartiles(sample) | {"mean": sample.mean()} for name, sample in values.items()
        }
        mine = values.pop(OURS)
        for what, statistic in STATISTICS.items():
            found[f"{unit}_ratio_of_{what}s"] = {
                name: ratio_of(statistic, sample, mine) for name, sample in values.items()
            }
    found["seconds_per_update"] = {
        name: quartiles([run["seconds"] / run["updates"] for run in runs[name]]) for name in runs
    }
    found["solved"] = {name: sum(run["solved"] for run in runs[name]) for name in runs}
    return found


def bound(data: dict, name: str) -> str:
    """The sign before a mean that unsolved seeds make a lower bound."""
    return "" if data["solved"][name] == data["seeds"][name] else "≥ "


def ratio_text(data: dict, figure: str, name: str) -> str:
    return "1" if name == OURS else times(data[figure][name])


def table(data: dict) -> str:
    rows = [
        [
            name,
            f"{solved} of {data['seeds'][name]}",
            bound(data, name) + brief(data["seconds"][name]["mean"], " s"),
            spread(data["seconds"][name], " s"),
            bound(data, name) + brief(data["transitions"][name]["mean"]),
            spread(data["transitions"][name]),
            bound(data, name) + ratio_text(data, "seconds_ratio_of_means", name),
            ratio_text(data, "seconds_ratio_of_medians", name),
            bound(data, name) + ratio_text(data, "transitions_ratio_of_means", name),
            spread(data["seconds_per_update"][name], " ms", 1e3),
        ]
        for name, solved in data["solved"].items()
    ]
    header = ["", "solved", "seconds: mean", "median", "transitions: mean", "median",
              "time / ours", "by medians", "transitions / ours", "one iteration"]  # fmt: skip
    note = (
        f"Solved: the first update after which the greedy policy's mean return over {EPISODES} "
        f"fresh episodes is at least {GOAL:g}; the test is made after every update, and its time "
        f"is not counted. Seeds from {FIRST_SEED} on. Medians with quartiles, "
        "ratios with 95% bootstrap intervals. That of the means counts: a run is lucky "
        "or it is not, and a median may fall between the two kinds. Seeds not solved by "
        f"{data['limit']:,} transitions count with what they had spent by then: ≥. One iteration: "
        "rollout, update and critic, wall time."
    )
    return f"{markdown(header, rows)}\n\n{note}"


def summary(data: dict) -> list[list[str]]:
    seconds = bound(data, OURS) + brief(data["seconds"][OURS]["mean"], " s")
    rows = [[f"mean time until solved, {OURS}", seconds]]
    for name in data["seconds_ratio_of_means"]:
        ratio = bound(data, name) + ratio_text(data, "seconds_ratio_of_means", name)
        rows.append([f"mean time until solved: {name} / trpo_lib", ratio])
    return rows


if __name__ == "__main__":
    main(measure)

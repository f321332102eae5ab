"""Continuous control: the runs that lesson 08 shows, ours and sb3-contrib's with zoo settings.

    python benchmarks/continuous.py hopper --sides ours sb3

writes notebooks/data/hopper.csv, a row per point of a learning curve, hopper.json, how each side
was made, and hopper_0.npz, our policy of the first seed, for the lesson's film (of Swimmer all).
A finished run is written at once; one that the file already has is not repeated.
Runs that take several days are gathered in another folder (--folder) until all are there.
"""

import argparse
import csv
import json
import math
import time
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from common import say
from run import circumstances
from sb3_contrib import TRPO as SB3TRPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import VecNormalize

from trpo_lib.training import TrainConfig, Trainer, evaluate
from trpo_lib.trpo import TRPO, TRPOConfig

DATA = Path(__file__).parents[1] / "notebooks/data"
COLUMNS = ["env", "side", "seed", "transitions", "mean_return", "seconds", "cpu_seconds", "greedy"]
EPISODES = 100  # greedy ones, after the last update
WINDOW = 8  # episodes in a mean_return of sb3: ours has as many as environments
POINTS = 100  # of a learning curve
TRANSITIONS = 1_000_000  # of an sb3 run; ours as many in max_iterations

ZOO_MUJOCO = {  # rl-baselines3-zoo, hyperparams/trpo.yml; VecNormalize, two environments
    "n_steps": 1024,
    "batch_size": 128,
    "gamma": 0.99,
    "gae_lambda": 0.95,
    "cg_max_steps": 25,
    "cg_damping": 0.1,
    "n_critic_updates": 20,
    "learning_rate": 1e-3,
}
MUJOCO = {  # ours: the same settings, but rewards of a fixed scale
    "num_envs": 8,
    "num_steps": 256,
    "max_iterations": 489,
    "target_return": None,
    "lam": 0.95,
    "hidden": (64, 64),
    "critic_lr": 1e-3,
    "critic_epochs": 20,
    "critic_batch": 128,
    "scale_obs": True,
    "reward_scale": 0.01,
}
# sb3-contrib's Gaussian KL is a mean over the action dimensions, three in Hopper, and ours the KL
# of the whole action: its bound of 0.01 and damping of 0.1 are 0.03 and 0.3 of ours.
HOPPER_TRPO = {"max_kl": 0.03, "cg_iters": 25, "damping": 0.3, "shrink": 0.8}
TASKS = {
    "inverted_pendulum": {
        "env": "InvertedPendulum-v5",
        "seeds": 10,
        "train": {
            "num_envs": 16,
            "num_steps": 64,
            "max_iterations": 100,
            "target_return": 950.0,
            "critic_epochs": 10,
            "critic_batch": None,
            "scale_obs": True,
        },
        "trpo": {"cg_iters": 5},
    },
    "pendulum": {  # T is an episode: a batch of the balanced half alone would unlearn the swing
        "env": "Pendulum-v1",
        "seeds": 10,
        "train": {
            "num_envs": 8,
            "num_steps": 200,
            "max_iterations": 100,
            "target_return": -170.0,
            "gamma": 0.95,
            "lam": 0.95,
            "hidden": (64,),
            "critic_lr": 1e-2,
            "critic_epochs": 20,
            "critic_batch": None,
            "scale_obs": True,
            "reward_scale": 0.1,
        },
        "trpo": {"max_kl": 0.05, "cg_iters": 5},
    },
    "hopper": {
        "env": "Hopper-v5",
        "seeds": 10,
        "train": MUJOCO | {"num_envs": 2, "num_steps": 1024},
        "trpo": HOPPER_TRPO,
        "sb3": ZOO_MUJOCO,
    },
    "walker2d": {  # six dimensions
        "env": "Walker2d-v5",
        "seeds": 10,
        "train": MUJOCO | {"num_envs": 2, "num_steps": 1024},
        "trpo": HOPPER_TRPO | {"max_kl": 0.06, "damping": 0.6},
        "sb3": ZOO_MUJOCO,
    },
    "half_cheetah": {  # six as well, and the zoo's bound for it is 0.04
        "env": "HalfCheetah-v5",
        "seeds": 10,
        "train": MUJOCO | {"num_envs": 2, "num_steps": 1024},
        "trpo": HOPPER_TRPO | {"max_kl": 0.24, "damping": 0.6},
        "sb3": ZOO_MUJOCO | {"target_kl": 0.04},
    },
    "swimmer": {
        "env": "Swimmer-v5",
        "seeds": 10,
        "train": MUJOCO | {"gamma": 0.9999},
        "trpo": {"cg_iters": 10, "damping": 0.1},
        "sb3": ZOO_MUJOCO | {"gamma": 0.9999},
        "kept": 10,  # policies
    },
}


class Curve:
    """A run's learning curve; its clocks start with it."""

    def __init__(self):
        self._points, self._start = [], np.array([time.perf_counter(), time.process_time()])

    def add(self, transitions: int, mean_return: float) -> None:
        """One point, now."""
        seconds = np.array([time.perf_counter(), time.process_time()]) - self._start
        self._points.append([transitions, round(mean_return, 2), *seconds.round(2).tolist()])

    def thinned(self) -> list[list]:
        """At most POINTS of them, evenly spaced, the last among them."""
        every = math.ceil(len(self._points) / POINTS)
        return self._points[::-every][::-1]


class Run(NamedTuple):
    """What a run left: its curve, the greedy mean return at its end, and the policy."""

    curve: Curve
    greedy: float
    policy: torch.nn.Module


def ours(task: dict, seed: int, **changes) -> Run:
    curve, config = Curve(), TrainConfig(task["env"], seed, **task["train"] | changes)
    with Trainer(config, TRPO(TRPOConfig(**task["trpo"]))) as trainer:
        for record in trainer:
            curve.add(record.transitions, record.mean_return)
    greedy = evaluate(trainer.policy, task["env"], EPISODES, 1_000_000 + seed)
    return Run(curve, greedy.mean(), trainer.policy)


class Follow(BaseCallback):
    """Adds a point after every rollout."""

    def __init__(self, curve: Curve):
        super().__init__()
        self._curve = curve

    def _on_rollout_end(self) -> None:
        returns = [episode["r"] for episode in self.model.ep_info_buffer]
        self._curve.add(self.num_timesteps, float(np.mean(returns)))

    def _on_step(self) -> bool:
        return True


class Greedy:
    """An sb3 policy behind VecNormalize, as ``evaluate`` wants its policies."""

    def __init__(self, model: SB3TRPO):
        self.parameters, self._model = model.policy.parameters, model

    def act(self, obs: np.ndarray) -> np.ndarray:
        """Obs ``[N, O]`` -> the likeliest actions ``[N, D]``."""
        scaled = self._model.get_vec_normalize_env().normalize_obs(obs)
        return self._model.policy.get_distribution(torch.from_numpy(scaled)).mode().numpy()


def sb3(task: dict, seed: int) -> Run:
    curve, settings = Curve(), task["sb3"]
    envs = VecNormalize(make_vec_env(task["env"], 2, seed=seed), gamma=settings["gamma"])
    window = {"stats_window_size": WINDOW}
    model = SB3TRPO("MlpPolicy", envs, seed=seed, device="cpu", **window, **settings)
    model.learn(TRANSITIONS, Follow(curve), log_interval=None)
    greedy = evaluate(Greedy(model), task["env"], EPISODES, 1_000_000 + seed)
    return Run(curve, greedy.mean(), model.policy)


SIDES = {
    "ours": ours,
    "raw_obs": partial(ours, scale_obs=False),
    "raw_rewards": partial(ours, reward_scale=1.0),
    "sb3": sb3,
}


def stored(path: Path) -> set[tuple[str, int]]:
    """The runs that the file has."""
    if not path.exists():
        return set()
    with path.open() as file:
        return {(row["side"], int(row["seed"])) for row in csv.DictReader(file)}


def store(path: Path, name: tuple, run: Run) -> None:
    """Adds a run to the file; its last row has the greedy mean return at the end."""
    is_new, points = not path.exists(), run.curve.thinned()
    with path.open("a", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if is_new:
            writer.writerow(COLUMNS)
        writer.writerows([[*name, *point, ""] for point in points[:-1]])
        writer.writerow([*name, *points[-1], round(run.greedy, 2)])


def keep(policy: torch.nn.Module, path: Path) -> None:
    """The policy's state_dict, as arrays."""
    np.savez_compressed(path, **{n: value.numpy() for n, value in policy.state_dict().items()})


def policy_file(name: str, seed: int, folder: Path = DATA) -> Path:
    """Where the policy of this run of ours is kept."""
    return folder / f"{name}_{seed}.npz"


def describe(name: str, sides: list[str], path: Path) -> dict:
    """How the runs were made, the sides that the file already knows included."""
    command = f"python benchmarks/continuous.py {name} --sides {' '.join(sides)}"
    made = {"command": command, **circumstances(), "mujoco": version("mujoco")}
    known = json.loads(path.read_text())["made"] if path.exists() else {}
    return {
        "episodes": EPISODES,
        "window": WINDOW,
        "task": TASKS[name],
        "made": known | dict.fromkeys(sides, made),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=["ours"])
    parser.add_argument("--folder", type=Path, default=DATA, help="lesson 08 shows notebooks/data")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    task, path = TASKS[arguments.task], arguments.folder / f"{arguments.task}.csv"
    arguments.folder.mkdir(exist_ok=True)
    about = path.with_suffix(".json")
    about.write_text(json.dumps(describe(arguments.task, arguments.sides, about), indent=1) + "\n")
    for seed in range(task["seeds"]):
        for side in arguments.sides:
            if (side, seed) not in stored(path):
                run = SIDES[side](task, seed)
                if side == "ours" and seed < task.get("kept", 1):
                    keep(run.policy, policy_file(arguments.task, seed, arguments.folder))
                store(path, (task["env"], side, seed), run)
                say(f"{side} {seed}: {run.curve.thinned()[-1]}, greedy {run.greedy:.1f}")


if __name__ == "__main__":
    main()

"""What the parts share: timing side by side, summaries with intervals, the sb3-contrib side."""

import argparse
import json
import sys
import time
from collections.abc import Callable

import numpy as np
import scipy.stats
import torch
from sb3_contrib import TRPO as SB3TRPO
from stable_baselines3.common.env_util import make_vec_env

from trpo_lib.training import TrainConfig
from trpo_lib.trpo import TRPOConfig

ENV_ID = "CartPole-v1"
WARM_UP = 3  # repeats that are not kept


def main(measure: Callable[..., dict]) -> None:
    """The door of a part: one thread, its result as JSON on stdout."""
    parser = argparse.ArgumentParser(description="One part; run.py runs them all.")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it work?")
    torch.set_num_threads(1)
    json.dump(measure(parser.parse_args().quick), sys.stdout)


def say(text: str) -> None:
    """Progress, on stderr: stdout belongs to the result."""
    print(text, file=sys.stderr, flush=True)


def interleave(
    contenders: dict[str, tuple[Callable[[], None], Callable[[], object]]], repeats: int
) -> dict[str, np.ndarray]:
    """Seconds per repeat of every contender, a pair (prepare, run) of which only run is timed.

    They take turns, and who goes first changes from repeat to repeat: what slows the machine
    for a moment then slows all of them.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for repeat in range(WARM_UP + repeats):
        for name, (prepare, run) in turns(contenders, repeat):
            prepare()
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return {name: np.array(values[WARM_UP:]) for name, values in seconds.items()}


def turns(contenders: dict, turn: int) -> list[tuple]:
    """The contenders' items, another one first at every turn."""
    items, first = list(contenders.items()), turn % len(contenders)
    return items[first:] + items[:first]


def quartiles(values) -> dict[str, float]:
    """Median and quartiles, for the table and the JSON."""
    low, median, high = np.quantile(values, [0.25, 0.5, 0.75])
    return {"median": float(median), "q1": float(low), "q3": float(high)}


def paired_ratio(slow: np.ndarray, fast: np.ndarray) -> dict[str, float]:
    """The median of slow/fast, repeat by repeat, with a 95% bootstrap interval."""
    ratios = (slow / fast,)
    return interval(ratios, lambda sample, axis: np.median(sample, axis=axis))


def ratio_of(statistic: Callable, slow: np.ndarray, fast: np.ndarray) -> dict[str, float]:
    """statistic(slow) / statistic(fast), with a 95% bootstrap interval over the two samples."""
    return interval((slow, fast), lambda a, b, axis: statistic(a, axis) / statistic(b, axis))


def interval(samples: tuple, statistic: Callable) -> dict[str, float]:
    """A statistic and its 95% percentile bootstrap interval."""
    found = scipy.stats.bootstrap(
        samples, statistic, method="percentile", rng=np.random.default_rng(0)
    ).confidence_interval
    return {
        "ratio": float(statistic(*samples, axis=-1)),
        "low": float(found.low),
        "high": float(found.high),
    }


def zoo_settings() -> dict:
    """What rl-baselines3-zoo publishes for CartPole-v1 (hyperparams/trpo.yml); n_envs apart."""
    settings = {"n_steps": 512, "batch_size": 512, "gamma": 0.99, "gae_lambda": 0.98}
    return settings | {"cg_damping": 1e-3, "learning_rate": 1e-3, "n_critic_updates": 20}


def our_settings(config: TrainConfig, trpo: TRPOConfig) -> dict:
    """Our settings in sb3-contrib's words."""
    nets = {"pi": list(config.hidden), "vf": list(config.hidden)}
    return {
        "n_steps": config.num_steps,
        "batch_size": config.critic_batch or config.num_envs * config.num_steps,
        "gamma": config.gamma,
        "gae_lambda": config.lam,
        "learning_rate": config.critic_lr,
        "n_critic_updates": config.critic_epochs,
        "target_kl": trpo.max_kl,
        "cg_damping": trpo.damping,
        "cg_max_steps": trpo.cg_iters,
        "line_search_shrinking_factor": trpo.shrink,
        "line_search_max_iter": trpo.max_backtracks,
        "policy_kwargs": {"net_arch": nets, "activation_fn": torch.nn.Tanh},
    }


def make_sb3(num_envs: int, seed: int, settings: dict) -> SB3TRPO:
    """sb3-contrib's TRPO on CartPole-v1, its environments in one process (DummyVecEnv)."""
    envs = make_vec_env(ENV_ID, num_envs, seed=seed)
    return SB3TRPO("MlpPolicy", envs, seed=seed, device="cpu", **settings)


def brief(value: float, unit: str = "") -> str:
    """Three significant digits, thousands with commas."""
    digits = f"{value:,.0f}" if abs(value) >= 100 else f"{value:#.3g}"
    return digits + unit


def spread(found: dict, unit: str = "", scale: float = 1.0) -> str:
    """Median and quartiles of a ``quartiles`` result."""
    low, high = brief(found["q1"] * scale), brief(found["q3"] * scale)
    return f"{brief(found['median'] * scale, unit)} ({low} – {high})"


def times(found: dict) -> str:
    """A ratio with its interval."""
    return f"{brief(found['ratio'])}× ({brief(found['low'])} – {brief(found['high'])})"


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)

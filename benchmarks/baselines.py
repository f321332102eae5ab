"""Part (g): do our PPO and actor-critic learn CartPole-v1 as stable-baselines3's PPO and A2C do?"""

from collections.abc import Callable
from itertools import islice

import numpy as np
import torch
from common import ENV_ID, brief, interval, main, markdown, say, turns
from scipy.stats import trim_mean
from stable_baselines3 import A2C, PPO
from stable_baselines3.common.env_util import make_vec_env

from trpo_lib.baselines import ActorCritic, PPOClip
from trpo_lib.training import TrainConfig, Trainer

TITLE = "(g) Learning, beside stable-baselines3"
PPO_EPOCHS = PPOClip().epochs


def config(lr: float, epochs: int, seed: int) -> TrainConfig:
    """The critic with the policy's rate and epochs: sb3 has one Adam for both of its networks."""
    critic = {"critic_lr": lr, "critic_epochs": epochs, "critic_batch": None}
    return TrainConfig(seed=seed, num_envs=32, target_return=None, **critic)


def ours(algorithm: Callable, settings: TrainConfig, updates: list[int]) -> list[float]:
    """One run -> the mean return of its last N episodes, after each number of updates."""
    with Trainer(settings, algorithm) as trainer:
        records = islice(trainer, updates[-1])
        return [record.mean_return for record in records if record.iteration in updates]


def sb3(reference: type, settings: TrainConfig, updates: list[int], **more) -> list[float]:
    """The same with sb3's algorithm: whole batches, no entropy bonus, no clipped gradient norms."""
    nets = {"pi": list(settings.hidden), "vf": list(settings.hidden)}
    model = reference(
        "MlpPolicy", make_vec_env(ENV_ID, settings.num_envs, seed=settings.seed),
        n_steps=settings.num_steps, learning_rate=settings.critic_lr, gamma=settings.gamma,
        gae_lambda=settings.lam, ent_coef=0.0, vf_coef=1.0, max_grad_norm=float("inf"),
        policy_kwargs={"net_arch": nets, "activation_fn": torch.nn.Tanh},
        stats_window_size=settings.num_envs, seed=settings.seed, device="cpu", **more,
    )  # fmt: skip
    returns = []
    for number in updates:
        steps = number * settings.num_envs * settings.num_steps - model.num_timesteps
        model.learn(steps, log_interval=None, reset_num_timesteps=False)
        returns.append(float(np.mean([episode["r"] for episode in model.ep_info_buffer])))
    model.env.close()
    return returns


def our_ppo(seed: int, updates: list[int]) -> list[float]:
    algorithm = PPOClip()
    return ours(algorithm, config(algorithm.lr, PPO_EPOCHS, seed), updates)


def sb3_ppo(seed: int, updates: list[int]) -> list[float]:
    settings = config(PPOClip().lr, PPO_EPOCHS, seed)
    whole = settings.num_envs * settings.num_steps
    return sb3(PPO, settings, updates, n_epochs=PPO_EPOCHS, batch_size=whole)


def our_actor_critic(seed: int, updates: list[int]) -> list[float]:
    algorithm = ActorCritic()
    return ours(algorithm, config(algorithm.lr, 1, seed), updates)


def sb3_a2c(seed: int, updates: list[int]) -> list[float]:
    settings = config(ActorCritic().lr, 1, seed)
    return sb3(A2C, settings, updates, use_rms_prop=False, normalize_advantage=True)


CONTENDERS = {
    "PPOClip": our_ppo,
    "sb3 PPO": sb3_ppo,
    "ActorCritic": our_actor_critic,
    "sb3 A2C": sb3_a2c,
}
PAIRS = {"PPO": ("PPOClip", "sb3 PPO"), "actor-critic": ("ActorCritic", "sb3 A2C")}


def measure(quick: bool) -> dict:
    seeds, updates = (2, [1, 3]) if quick else (10, [10, 50])
    returns: dict[str, list[list[float]]] = {name: [] for name in CONTENDERS}
    for seed in range(seeds):
        for name, run in turns(CONTENDERS, seed):
            returns[name].append(run(seed, updates))
            say(f"seed {seed}, {name}: {returns[name][-1]}")
    return {
        "seeds": seeds,
        "updates": updates,
        "returns": returns,
        "interquartile_means": {
            name: [interquartile_mean(at) for at in zip(*rows, strict=True)]
            for name, rows in returns.items()
        },
    }


def interquartile_mean(values: tuple[float, ...]) -> dict[str, float]:
    """The mean of the middle half, with a 95% bootstrap interval over the seeds."""
    found = interval((values,), lambda sample, axis: trim_mean(sample, 0.25, axis))
    return {"mean": found["ratio"], "low": found["low"], "high": found["high"]}


def text(found: dict) -> str:
    return f"{brief(found['mean'])} ({brief(found['low'])} – {brief(found['high'])})"


def overlap(one: dict, other: dict) -> str:
    apart = one["low"] > other["high"] or other["low"] > one["high"]
    return "no" if apart else "yes"


def table(data: dict) -> str:
    found = data["interquartile_means"]
    rows = [
        [pair, f"{number}", text(mine), text(theirs), overlap(mine, theirs)]
        for pair, (our_name, their_name) in PAIRS.items()
        for number, mine, theirs in zip(
            data["updates"], found[our_name], found[their_name], strict=True
        )
    ]
    settings = config(lr=0.01, epochs=1, seed=0)
    note = (
        f"{data['seeds']} seeds, N = {settings.num_envs}, T = {settings.num_steps} "
        f"({settings.num_envs * settings.num_steps:,} steps per update), whole batches, "
        f"networks of {settings.hidden}, our defaults for the algorithm and the same rate and "
        "epochs for the critic; on both sides Adam, advantages normalised, no entropy bonus, no "
        "clipped gradient norms. Return: the mean of the last N episodes that ended in training. "
        "Interquartile mean over the seeds (95% bootstrap interval)."
    )
    header = ["", "updates", "trpo_lib", "stable-baselines3", "intervals overlap"]
    return f"{markdown(header, rows)}\n\n{note}"


def summary(data: dict) -> list[list[str]]:
    found = data["interquartile_means"]
    return [
        [
            f"{pair}: return after {data['updates'][-1]} updates, trpo_lib and sb3",
            " and ".join(text(found[name][-1]) for name in names),
        ]
        for pair, names in PAIRS.items()
    ]


if __name__ == "__main__":
    main(measure)

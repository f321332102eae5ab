"""Part (b): one TRPO update on the same batch and network, ours and sb3-contrib's."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from common import (
    ENV_ID,
    interleave,
    main,
    make_sb3,
    markdown,
    our_settings,
    paired_ratio,
    quartiles,
    say,
    spread,
    times,
)
from stable_baselines3.common.logger import Logger
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from trpo_lib.advantage import normalize
from trpo_lib.batch import Batch, make_batch
from trpo_lib.environments import make_envs
from trpo_lib.policies import CategoricalPolicy, Critic
from trpo_lib.rollout import collect, start_episodes
from trpo_lib.training import TrainConfig
from trpo_lib.trpo import TRPOConfig, trpo_step

TITLE = "(b) One TRPO update"
HIDDEN = TrainConfig().hidden


def example(seed: int, size: int, hidden=HIDDEN) -> tuple[CategoricalPolicy, Batch]:
    """A fresh policy and exactly ``size`` transitions that it played."""
    generator = torch.Generator().manual_seed(seed)
    policy, critic = CategoricalPolicy(4, 2, hidden, generator), Critic(4, hidden, generator)
    envs = make_envs(ENV_ID, 32)
    num_steps = size * 5 // 4 // 32  # one row in twenty is an automatic reset, not a transition
    rollout, _ = collect(envs, policy, start_episodes(envs, seed), num_steps, generator)
    envs.close()
    batch = make_batch(rollout, policy, critic, gamma=0.99, lam=0.97)
    columns = {name: column[:size] for name, column in vars(batch).items()}
    columns["advantages"] = normalize(columns["advantages"])
    return policy, Batch(**columns)


@dataclass
class Side:
    """One implementation: its policy's parameters, and its update on the batch it was given."""

    params: list[torch.nn.Parameter]
    update: Callable[[], object]
    start: torch.Tensor  # where every update starts, [P]

    def restore(self) -> None:
        """Sets the parameters to where every update starts."""
        # A clone: the parameters become views of it, and an update may write into them.
        vector_to_parameters(self.start.clone(), self.params)

    def change(self) -> torch.Tensor:
        """What one update does to the parameters, ``[P]``."""
        self.restore()
        self.update()
        return parameters_to_vector(self.params).detach() - self.start


def both_sides(seed: int, size: int, hidden=HIDDEN) -> dict[str, Side]:
    """The same network, batch and settings on either side."""
    policy, batch = example(seed, size, hidden)
    config, params = TRPOConfig(), list(policy.parameters())
    start = parameters_to_vector(params).detach().clone()
    ours = Side(params, lambda: trpo_step(policy, batch, config), start)
    return {"trpo_lib": ours, "sb3-contrib": sb3_side(batch, config, hidden, start)}


def sb3_side(batch: Batch, config: TRPOConfig, hidden, start: torch.Tensor) -> Side:
    """sb3-contrib's ``train()`` without critic passes, its buffer filled with our batch."""
    size = len(batch.obs)
    like_ours = TrainConfig(num_envs=1, num_steps=size, hidden=hidden)
    model = make_sb3(1, 0, our_settings(like_ours, config) | {"n_critic_updates": 0})
    model.set_logger(Logger(folder=None, output_formats=[]))
    buffer = model.rollout_buffer
    buffer.observations[:, 0] = batch.obs
    buffer.actions[:, 0, 0] = batch.actions
    buffer.log_probs[:, 0] = batch.old_log_probs
    buffer.advantages[:, 0] = batch.advantages
    buffer.returns[:, 0] = batch.returns
    buffer.full = True
    named = model.policy.named_parameters()
    return Side([param for name, param in named if "value" not in name], model.train, start)


def duel(seed: int, size: int, repeats: int, hidden=HIDDEN) -> tuple[dict[str, np.ndarray], float]:
    """Seconds per update on both sides, and how much their parameter changes differ."""
    # No critic pass, no critic loss: sb3-contrib logs the mean of nothing.
    warnings.filterwarnings("ignore", message="(Mean of empty|invalid value)")
    sides = both_sides(seed, size, hidden)
    mine, theirs = (side.change() for side in sides.values())
    seconds = interleave({name: (side.restore, side.update) for name, side in sides.items()},
                         repeats)  # fmt: skip
    return seconds, float((mine - theirs).norm() / theirs.norm())


def measure_size(size: int, batches: int, repeats: int) -> dict:
    duels = [duel(seed, size, repeats) for seed in range(batches)]
    names = duels[0][0]
    seconds = {name: np.concatenate([duel[0][name] for duel in duels]) for name in names}
    found = {"batches": batches, "repeats": batches * repeats}
    found |= {name: quartiles(values) for name, values in seconds.items()}
    found["ratio"] = paired_ratio(seconds["sb3-contrib"], seconds["trpo_lib"])
    found["relative_differences"] = [duel[1] for duel in duels]
    say(f"update, {size} samples: {found}")
    return found


def measure(quick: bool) -> dict:
    batches, repeats = (2, 3) if quick else (10, 10)
    return {str(size): measure_size(size, batches, repeats) for size in (1_024, 16_384)}


def table(data: dict) -> str:
    rows = [
        [
            f"{int(size):,}",
            spread(row["trpo_lib"], " ms", 1e3),
            spread(row["sb3-contrib"], " ms", 1e3),
            times(row["ratio"]),
            f"{np.median(row['relative_differences']):.1e}",
            f"{max(row['relative_differences']):.1e}",
        ]
        for size, row in data.items()
    ]
    header = ["samples", "trpo_lib", "sb3-contrib", "ratio", "median difference", "largest"]
    first = next(iter(data.values()))
    note = (
        f"{first['repeats']} updates over {first['batches']} batches, restored before each. "
        "sb3-contrib's `train()` with no critic passes. Median (quartiles); median of paired "
        "ratios (95% bootstrap interval). Difference: of the two changes of the parameters, "
        "relative to sb3-contrib's (which starts its conjugate gradient from random numbers)."
    )
    return f"{markdown(header, rows)}\n\n{note}"


def summary(data: dict) -> list[list[str]]:
    return [
        [f"one update, {int(size):,} samples: sb3-contrib / trpo_lib", times(row["ratio"])]
        for size, row in data.items()
    ]


if __name__ == "__main__":
    main(measure)

"""Playing: N environments, T steps, one policy; and which of the transitions really happened.

Gymnasium's vector environments reset themselves. In mode ``NEXT_STEP`` they do it in the step after
an episode ended: that row leads from the last observation of one episode to the first of another,
ignores the action, and never happened. ``Rollout.real`` is False there, and no batch may hold it.
"""

from dataclasses import dataclass

import numpy as np
import torch
from gymnasium.vector import VectorEnv

from trpo_lib._checks import require_count, require_finite, require_type, require_whole
from trpo_lib.environments import resets_later, step
from trpo_lib.policies import Policy, actor_of


@dataclass(frozen=True)
class Rollout:
    """T steps of N environments; tensors on the policy's device, floats in its dtype."""

    obs: torch.Tensor  # [T, N, O]
    actions: torch.Tensor  # [T, N] or [T, N, D]
    rewards: torch.Tensor  # [T, N]
    next_obs: torch.Tensor  # [T, N, O], before any reset
    terminated: torch.Tensor  # [T, N], bool
    truncated: torch.Tensor  # [T, N], bool
    real: torch.Tensor  # [T, N], bool: False in the rows that an automatic reset made up
    episode_returns: tuple[float, ...]  # of the episodes that ended, undiscounted


@dataclass(frozen=True)
class Cursor:
    """Where N environments stand."""

    obs: np.ndarray  # [N, O]
    resetting: np.ndarray  # [N], whether the next step is only a reset
    returns: np.ndarray  # [N], the reward gathered so far in the running episode


def start_episodes(envs: VectorEnv, seed: int | None = None) -> Cursor:
    """Begins a new episode everywhere; a seed also restarts the environments' own randomness."""
    require_type(VectorEnv, envs=envs)
    if seed is not None:
        require_whole(0, seed=seed)
    obs, _ = envs.reset(seed=seed)
    return Cursor(np.array(obs), np.zeros(envs.num_envs, dtype=bool), np.zeros(envs.num_envs))


def collect(
    envs: VectorEnv, policy: Policy, cursor: Cursor, num_steps: int, generator: torch.Generator
) -> tuple[Rollout, Cursor]:
    """Plays num_steps from the cursor on -> what happened, and the cursor to go on from.

    All randomness of the actions comes from the generator (a CPU one, whatever the device).
    Raises ``ValueError`` when a reward or observation is not finite, or nothing resets the envs.
    """
    require_type(Cursor, cursor=cursor)
    require_count(num_steps=num_steps)
    weight = next(policy.parameters(), torch.zeros(()))
    noise = policy.noise((num_steps, envs.num_envs), generator).numpy()
    obs, resetting, returns = cursor.obs, cursor.resetting, cursor.returns.copy()
    rows, episode_returns, later = [], [], resets_later(envs)
    with torch.inference_mode():
        act = actor_of(policy)
        for step_noise in noise:
            actions = act(obs, step_noise)
            following, next_obs, reward, terminated, truncated = step(envs, actions)
            rows.append((obs, actions, reward, next_obs, terminated, truncated, ~resetting))
            done = terminated | truncated
            obs, resetting = following, done & later
            returns += reward
            episode_returns += returns[done].tolist()
            returns[done] = 0.0
    columns = [torch.from_numpy(np.array(column)) for column in zip(*rows, strict=True)]
    for i in (0, 2, 3):  # obs, rewards, next_obs; before they move: some devices have no float64
        columns[i] = columns[i].to(weight.dtype)
    require_finite(rewards=columns[2], obs=columns[0], next_obs=columns[3])
    on_device = (column.to(weight.device) for column in columns)
    return Rollout(*on_device, tuple(episode_returns)), Cursor(obs, resetting, returns)

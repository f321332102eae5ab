"""N environments side by side: made, and stepped, as Gymnasium's vector environments.

They reset themselves after an episode's end: in mode ``SAME_STEP`` within the step, and the
observation before the reset arrives as ``info["final_obs"]``; in mode ``NEXT_STEP`` a step later.
"""

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv

from trpo_lib._checks import require_count


def make_envs(env_id: str, num_envs: int) -> VectorEnv:
    """N copies of a registered environment: its native vector version, or a loop over N of them."""
    require_count(num_envs=num_envs)
    if gym.spec(env_id).vector_entry_point is not None:
        return gym.make_vec(env_id, num_envs)
    same_step = {"autoreset_mode": AutoresetMode.SAME_STEP}
    return gym.make_vec(env_id, num_envs, vectorization_mode="sync", vector_kwargs=same_step)


def resets_later(envs: VectorEnv) -> bool:
    """Whether they reset in the step after an episode's end, not within the one that ends it.

    Raises ``ValueError`` when they do not reset themselves at all.
    """
    mode = envs.metadata["autoreset_mode"]
    if mode == AutoresetMode.DISABLED:
        raise ValueError("envs must reset themselves, got AutoresetMode.DISABLED")
    return mode == AutoresetMode.NEXT_STEP


def to_space(actions: np.ndarray, space: gym.Space) -> np.ndarray:
    """Clips real-valued actions to the bounds and dtype of a ``Box``; others stay as they are."""
    if not isinstance(space, gym.spaces.Box):
        return actions
    return actions.clip(space.low, space.high).astype(space.dtype)


def step(envs: VectorEnv, actions: np.ndarray) -> tuple[np.ndarray, ...]:
    """One step -> obs to act on next, obs before any reset, reward, terminated, truncated."""
    actions = to_space(actions, envs.single_action_space)
    obs, reward, terminated, truncated, info = envs.step(actions)
    next_obs = obs
    if "final_obs" in info:  # SAME_STEP, and an episode ended
        ended = info["_final_obs"]
        next_obs = obs.copy()
        next_obs[ended] = np.stack(info["final_obs"][ended])
    return obs, next_obs, reward, terminated, truncated

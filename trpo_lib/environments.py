"""N environments side by side: made, and stepped, as Gymnasium's vector environments.

They reset themselves after an episode's end: in mode ``SAME_STEP`` within the step, and the
observation before the reset arrives as ``info["final_obs"]``; in mode ``NEXT_STEP`` a step later.
"""

import importlib

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import EnvSpec, find_highest_version, get_env_id, parse_env_id
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.wrappers import TransformObservation

from trpo_lib._checks import require_count, require_type

LONGEST_EPISODE = 10_000  # steps of an evaluation, where the environment sets itself no limit


def find_spec(env_id: str) -> EnvSpec:
    """What Gymnasium has registered under an id, which may also be one of two shorter forms.

    ``"module:Name-v0"`` imports the module first, which registers it; ``"Name"`` is its highest
    version. Raises ``ValueError`` when nothing is registered under that id.
    """
    require_type(str, env_id=env_id)
    module, _, name = env_id.rpartition(":")
    try:
        if module:
            importlib.import_module(module)
        namespace, base, version = parse_env_id(name)
        if version is None:
            version = find_highest_version(namespace, base)
        return gym.spec(get_env_id(namespace, base, version))
    except (gym.error.Error, ModuleNotFoundError) as error:
        why = f"env_id must name a registered environment, got {env_id!r}: {error}"
        raise ValueError(why) from error


def make_envs(env_id: str, num_envs: int) -> VectorEnv:
    """N copies of a registered environment: its native vector version, or a loop over N of them.

    Raises as ``find_spec`` does, and when num_envs is no int of at least 1.
    """
    require_count(num_envs=num_envs)
    spec = find_spec(env_id)
    if spec.vector_entry_point is not None:
        return gym.make_vec(spec, int(num_envs))
    same_step = {"autoreset_mode": AutoresetMode.SAME_STEP}
    return gym.make_vec(
        spec, int(num_envs), "sync", vector_kwargs=same_step, wrappers=[_copy_observations]
    )


def _copy_observations(env: gym.Env) -> gym.Env:
    """An environment may write its next observation over the last one, a reset over the final."""
    return TransformObservation(env, np.copy, env.observation_space)


def longest_episode(env_id: str) -> int:
    """The time limit with which an environment is registered, in steps, or ``LONGEST_EPISODE``."""
    return find_spec(env_id).max_episode_steps or LONGEST_EPISODE


def resets_later(envs: VectorEnv) -> bool:
    """Whether they reset in the step after an episode's end, not within the one that ends it.

    Raises ``ValueError`` when they do not reset themselves at all, or do not say how.
    """
    given = envs.metadata.get("autoreset_mode")
    if given not in [*AutoresetMode, *(mode.value for mode in AutoresetMode)]:
        raise ValueError(f'envs.metadata["autoreset_mode"] must be an AutoresetMode, got {given!r}')
    mode = AutoresetMode(given)
    if mode == AutoresetMode.DISABLED:
        raise ValueError("envs must reset themselves, got AutoresetMode.DISABLED")
    return mode == AutoresetMode.NEXT_STEP


def to_space(actions: np.ndarray, space: gym.Space) -> np.ndarray:
    """Clips real-valued actions to the bounds and dtype of a ``Box``; others stay as they are."""
    if not isinstance(space, gym.spaces.Box):
        return actions
    return actions.clip(space.low, space.high).astype(space.dtype)


def step(envs: VectorEnv, actions: np.ndarray) -> tuple[np.ndarray, ...]:
    """One step -> obs to act on next, obs before any reset, reward, terminated, truncated.

    All are copies: what an environment does with its own arrays later does not reach them. Raises
    ``ValueError`` on actions of another shape than the environments', ``TypeError`` on no array.
    """
    require_type(np.ndarray, **{"the policy's actions": actions})
    if actions.shape != envs.action_space.shape:
        wanted, got = list(envs.action_space.shape), list(actions.shape)
        raise ValueError(f"the policy's actions must have shape {wanted}, got {got}")
    actions = to_space(actions, envs.single_action_space)
    obs, reward, terminated, truncated, info = envs.step(actions)
    obs = next_obs = np.array(obs)
    if "final_obs" in info:  # SAME_STEP, and an episode ended
        ended = info["_final_obs"]
        next_obs = obs.copy()
        next_obs[ended] = np.stack(info["final_obs"][ended])
    flags = np.array(terminated, dtype=bool), np.array(truncated, dtype=bool)
    return obs, next_obs, np.array(reward), *flags

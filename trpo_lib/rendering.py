"""Pictures of a policy at work."""

import os
import sys
import warnings
from contextlib import closing

import gymnasium as gym
import numpy as np
import torch
from gymnasium.envs.registration import EnvSpec

from trpo_lib._checks import require_count, require_fitting, require_whole
from trpo_lib.environments import find_spec, longest_episode, to_space
from trpo_lib.policies import Policy


class Camera:
    """One environment in which a greedy policy is filmed, a step at a time.

    Raises ``ValueError`` when the environment cannot draw.
    """

    def __init__(self, env_id: str, seed: int):
        require_whole(0, seed=seed)
        _draw_without_a_screen()
        self._env = _make_drawing(find_spec(env_id))
        self._obs, _ = self._env.reset(seed=int(seed))

    def step(self, policy: Policy) -> bool:
        """Plays one step -> whether the episode ended; if it did, ``reset`` comes next."""
        with torch.inference_mode():
            (action,) = policy.act(np.asarray(self._obs)[None])
        action = to_space(action, self._env.action_space)
        self._obs, _, terminated, truncated, _ = self._env.step(action)
        return bool(terminated or truncated)

    @property
    def observation_space(self) -> gym.Space:
        """Of the environment."""
        return self._env.observation_space

    def frame(self) -> np.ndarray:
        """The picture now: ``[H, W, 3]``."""
        return self._env.render()

    def reset(self) -> None:
        """Begins the next episode."""
        self._obs, _ = self._env.reset()

    def close(self) -> None:
        """Frees the environment."""
        self._env.close()


def render_episode(policy: Policy, env_id: str, seed: int, every: int = 10) -> list[np.ndarray]:
    """Pictures ``[H, W, 3]`` of one greedy episode: the start, every so many steps, the end.

    An environment without a time limit is stopped after ``LONGEST_EPISODE`` steps. Raises
    ``ValueError`` when the environment cannot draw, or the policy does not fit it.
    """
    require_count(every=every)
    with closing(Camera(env_id, seed)) as camera:
        require_fitting(policy, camera.observation_space)
        frames, limit = [camera.frame()], longest_episode(env_id)
        for steps in range(1, limit + 1):
            done = camera.step(policy) or steps == limit
            if done or steps % every == 0:
                frames.append(camera.frame())
            if done:
                return frames


def _make_drawing(spec: EnvSpec) -> gym.Env:
    """The environment, which must draw: of one that cannot, Gymnasium only warns."""
    try:
        with warnings.catch_warnings(action="ignore"):
            env = gym.make(spec, render_mode="rgb_array")
    except TypeError as error:  # it does not know the argument
        raise ValueError(f"env_id must be an environment that draws, got {spec.id!r}") from error
    if "rgb_array" not in env.metadata.get("render_modes", ()):
        env.close()
        raise ValueError(f'env_id must be an environment that draws "rgb_array", got {spec.id!r}')
    return env


def _draw_without_a_screen() -> None:
    """Where there is no screen, MuJoCo and SDL are told so; where there is one, nothing is set."""
    if sys.platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys():
        os.environ.setdefault("MUJOCO_GL", "egl")
        os.environ.setdefault("SDL_VIDEODRIVER", "dummy")

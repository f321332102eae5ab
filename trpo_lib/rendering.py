"""Pictures of a policy at work."""

import os

import gymnasium as gym
import numpy as np
import torch

from trpo_lib._checks import require_count
from trpo_lib.environments import to_space
from trpo_lib.policies import Policy


class Camera:
    """One environment in which a greedy policy is filmed, a step at a time."""

    def __init__(self, env_id: str, seed: int):
        os.environ.setdefault("SDL_VIDEODRIVER", "dummy")  # pictures need no screen
        self._env = gym.make(env_id, render_mode="rgb_array")
        self._obs, _ = self._env.reset(seed=seed)

    def step(self, policy: Policy) -> bool:
        """Plays one step -> whether the episode ended; if it did, ``reset`` comes next."""
        weight = next(policy.parameters())
        with torch.inference_mode():
            obs = torch.as_tensor(self._obs).to(weight)
            action = policy.act(obs[None]).cpu().numpy()[0]
        action = to_space(action, self._env.action_space)
        self._obs, _, terminated, truncated, _ = self._env.step(action)
        return terminated or truncated

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
    """Pictures ``[H, W, 3]`` of one greedy episode: the start, every so many steps, the end."""
    require_count(every=every)
    camera = Camera(env_id, seed)
    frames, steps, done = [camera.frame()], 0, False
    while not done:
        done, steps = camera.step(policy), steps + 1
        if done or steps % every == 0:
            frames.append(camera.frame())
    camera.close()
    return frames

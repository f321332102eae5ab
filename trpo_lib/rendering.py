"""Pictures of a policy at work."""

import os

import gymnasium as gym
import numpy as np
import torch

from trpo_lib._checks import require_count
from trpo_lib.environments import to_space
from trpo_lib.policies import Policy


def render_episode(policy: Policy, env_id: str, seed: int, every: int = 10) -> list[np.ndarray]:
    """Pictures ``[H, W, 3]`` of one greedy episode: the start, every so many steps, the end."""
    require_count(every=every)
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")  # pictures need no screen
    weight, env = next(policy.parameters()), gym.make(env_id, render_mode="rgb_array")
    obs, _ = env.reset(seed=seed)
    frames, steps, done = [env.render()], 0, False
    while not done:
        with torch.inference_mode():
            action = policy.act(torch.as_tensor(obs).to(weight)[None]).cpu().numpy()[0]
        obs, _, terminated, truncated, _ = env.step(to_space(action, env.action_space))
        done, steps = terminated or truncated, steps + 1
        if done or steps % every == 0:
            frames.append(env.render())
    env.close()
    return frames

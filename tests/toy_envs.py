"""Environments which tell who, when and where they are, so that any transition can be checked."""

from typing import ClassVar

import gymnasium as gym
import numpy as np
from gymnasium.spaces import Box, Discrete, MultiDiscrete
from gymnasium.vector import SyncVectorEnv


class Walk(gym.Env):
    """Observes [a number drawn for the episode, the episode, the step]: no two states look alike.

    An episode lasts 1 to 5 steps and ends terminated, truncated, or both. The class remembers all
    that its instances did: the transitions that happened, the seeds of the resets, the closings.
    """

    observation_space = Box(-np.inf, np.inf, (3,), np.float32)
    metadata: ClassVar = {"render_modes": ["rgb_array"]}
    happened: ClassVar[list] = []
    reset_seeds: ClassVar[list] = []
    closed: ClassVar[list] = []

    def __init__(self, action_space=None, render_mode=None):
        self.action_space = action_space or Discrete(3)
        self.render_mode = render_mode

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.reset_seeds.append(seed)
        self.episode, self.count = 1 if seed is not None else self.episode + 1, 0
        self.number = self.np_random.random()
        self.length = self.np_random.integers(1, 6)
        self.ending = self.np_random.integers(3)
        return self._obs(), {}

    def step(self, action):
        if not self.action_space.contains(action):
            raise RuntimeError(f"action {action!r} is not in {self.action_space}")
        obs = self._obs()
        self.count += 1
        reward = self.count + 0.25 * float(np.sum(action))
        over = bool(self.count == self.length)
        terminated, truncated = over and self.ending != 0, over and self.ending != 1
        self.happened.append((obs, action, reward, self._obs(), terminated, truncated))
        return self._obs(), reward, terminated, truncated, {}

    def render(self):
        return np.full((1, 1, 3), self.count, dtype=np.uint8)

    def close(self):
        self.closed.append(self)

    def _obs(self):
        return np.array([self.number, self.episode, self.count], dtype=np.float32)

    @classmethod
    def forget(cls):
        for log in (cls.happened, cls.reset_seeds, cls.closed):
            log.clear()


class NativeWalk(SyncVectorEnv):
    """A vector environment of its own, in gymnasium's default mode NEXT_STEP."""

    def __init__(self, num_envs=1, **kwargs):
        super().__init__([lambda: Walk(**kwargs)] * num_envs)


class Bandit(gym.Env):
    """One step per episode: the reward is the observation's first number, plus the action's."""

    observation_space = Box(-1, 1, (2,), np.float32)
    action_space = Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.state = self.np_random.uniform(-1, 1, 2).astype(np.float32)
        return self.state, {}

    def step(self, action):
        return self.state, float(self.state[0] + action), True, False, {}


class Broken(gym.Env):
    """Returns one value of the caller's choice, in the third step, as reward or in observations."""

    observation_space = Box(-np.inf, np.inf, (1,), np.float32)
    action_space = Discrete(2)

    def __init__(self, reward=1.0, obs=0.0):
        self.broken = reward, obs

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.count = 0
        return np.zeros(1, dtype=np.float32), {}

    def step(self, action):
        self.count += 1
        reward, obs = self.broken if self.count == 3 else (1.0, 0.0)
        return np.full(1, obs, dtype=np.float32), reward, False, False, {}


def _register(env_id, entry_point, **kwargs):
    gym.register(env_id, entry_point, disable_env_checker=True, **kwargs)


_BOX = {"action_space": Box(-0.5, 0.5, (2,), np.float32)}
_register("Walk-v0", Walk)
_register("WalkBox-v0", Walk, kwargs=_BOX)
_register("NativeWalk-v0", Walk, vector_entry_point=NativeWalk)
_register("NativeWalkBox-v0", Walk, vector_entry_point=NativeWalk, kwargs=_BOX)
_register("MultiWalk-v0", Walk, kwargs={"action_space": MultiDiscrete([2, 3])})
_register("Bandit-v0", Bandit)
_register("NaNReward-v0", Broken, kwargs={"reward": np.nan})
_register("InfReward-v0", Broken, kwargs={"reward": -np.inf})
_register("NaNObs-v0", Broken, kwargs={"obs": np.nan})
_register("InfObs-v0", Broken, kwargs={"obs": np.inf})

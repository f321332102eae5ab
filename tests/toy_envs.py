"""Environments which tell who, when and where they are, so that any transition can be checked."""

from typing import ClassVar

import gymnasium as gym
import numpy as np
from gymnasium.spaces import Box, Discrete, MultiDiscrete
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv
from gymnasium.vector.utils import batch_space


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


class Borrowing(gym.Env):
    """Counts its steps in one array, which it returns every time; a reset sets it to 0 in place."""

    observation_space, action_space = Box(0, 9, (1,), np.float32), Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        if not hasattr(self, "steps"):
            self.steps = np.zeros(1, dtype=np.float32)
        self.steps[:] = 0
        return self.steps, {}

    def step(self, action):
        self.steps += 1
        return self.steps, 1.0, False, bool(self.steps[0] == 3), {}


class NativeBorrowing(VectorEnv):
    """The same as a vector environment: it writes every answer into the arrays of the first."""

    single_observation_space, single_action_space = Borrowing.observation_space, Discrete(2)
    metadata: ClassVar = {"autoreset_mode": AutoresetMode.NEXT_STEP}

    def __init__(self, num_envs=1, **kwargs):
        self.num_envs = num_envs
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.steps = np.zeros((num_envs, 1), dtype=np.float32)
        self.rewards = np.zeros(num_envs)
        self.flags = np.zeros((2, num_envs), dtype=np.uint8)  # integers, as C code has them

    def reset(self, *, seed=None, options=None):
        self.steps[:] = 0
        return self.steps, {}

    def step(self, actions):
        self.steps[:] = np.where(self.flags[1, :, None] == 1, 0, self.steps + 1)
        self.flags[1] = self.steps[:, 0] == 3
        self.rewards[:] = self.steps[:, 0]
        return self.steps, self.rewards, *self.flags, {}


class Feed(gym.Env):
    """Plays rows of data, one a step, and raises StopIteration when there is none left."""

    observation_space, action_space = Box(0, np.inf, (1,), np.float32), Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.rows = iter(range(20))
        return np.zeros(1, dtype=np.float32), {}

    def step(self, action):
        return np.full(1, next(self.rows), dtype=np.float32), 1.0, False, False, {}


class Endless(gym.Env):
    """Never ends, and pays 1 a step."""

    observation_space, action_space = Box(-1, 1, (1,), np.float32), Discrete(2)
    metadata: ClassVar = {"render_modes": ["rgb_array"]}

    def __init__(self, render_mode=None, action_space=None):
        self.render_mode = render_mode
        self.action_space = action_space or Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(1, dtype=np.float32), {}

    def step(self, action):
        return np.zeros(1, dtype=np.float32), 1.0, False, False, {}

    def render(self):
        return np.zeros((1, 1, 3), dtype=np.uint8)


class Unseen(Endless):
    """Knows the argument render_mode, and no mode."""

    metadata: ClassVar = {"render_modes": []}


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
_register("Borrowing-v0", Borrowing)
_register("NativeBorrowing-v0", Borrowing, vector_entry_point=NativeBorrowing)
_register("Feed-v0", Feed)
_register("Endless-v0", Endless)
_register("Unseen-v0", Unseen)
_register("Limited-v0", Endless, max_episode_steps=7)
_register("Narrow-v0", Endless, kwargs={"action_space": Box(-1e-3, 1e-3, (2,), np.float32)})
_register("Old-v0", Bandit)
_register("Old-v3", Bandit)

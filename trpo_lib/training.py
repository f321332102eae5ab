"""The loop: play, estimate advantages, update the policy, fit the critic; and its evaluation.

The advantages come from the critic before it saw this rollout: fitted first, it explains part away.
"""

import inspect
import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch

from trpo_lib import _checks, storage
from trpo_lib.adam import Adam
from trpo_lib.advantage import explained_variance
from trpo_lib.batch import Batch, UpdateReport, make_batch
from trpo_lib.environments import longest_episode, make_envs, step
from trpo_lib.jacobian import squared_error_gradient
from trpo_lib.notes import Notes
from trpo_lib.policies import Critic, Policy, actor_of, make_policy
from trpo_lib.rollout import Rollout, collect, start_episodes
from trpo_lib.scaling import Standardizer
from trpo_lib.solvers import move
from trpo_lib.trpo import TRPO

TEST_EPISODES = 100


@dataclass(frozen=True)
class TrainConfig:
    """One training run. Raises ``ValueError`` or ``TypeError`` on a senseless setting."""

    env_id: str = "CartPole-v1"  # any registered environment with flat observations, as find_spec
    seed: int = 0  # of everything: networks, actions, environments
    num_envs: int = 64  # N, environments played side by side: CartPole steps 64 as fast as 32
    num_steps: int = 32  # T, steps of each per iteration
    max_iterations: int = 200  # the run ends here at the latest
    target_return: float | None = 490.0  # or once a test has this mean; None: no tests
    test_every: int = 4  # updates between two tests, of 100 fresh greedy episodes
    gamma: float = 0.99  # discount per step
    lam: float = 0.97  # GAE's λ
    hidden: tuple[int, ...] = (32,)  # tanh units per layer, policy and critic alike
    critic_lr: float = 3e-2  # Adam's rate: the critic must follow the policy within an iteration
    critic_epochs: int = 3  # passes over the batch per iteration
    critic_batch: int | None = 512  # rows per Adam step, drawn anew in each pass; None: all
    scale_obs: bool = False  # puts a Standardizer before policy and critic
    reward_scale: float = 1.0  # factor of the rewards that the critic sees; records have them raw
    device: str = "cpu"
    dtype: str = "float32"  # "float32" or "float64", of the networks

    def __post_init__(self):
        _checks.take_numpy_numbers(self)
        _checks.require_type(str, env_id=self.env_id, device=self.device)
        _checks.require_type(bool, scale_obs=self.scale_obs)
        _checks.require_seed(seed=self.seed)
        counts = "num_envs", "num_steps", "max_iterations", "test_every", "critic_epochs"
        _checks.require_count(**{name: getattr(self, name) for name in counts})
        _checks.require_count(critic_batch=1 if self.critic_batch is None else self.critic_batch)
        _checks.require_between(0, 1, gamma=self.gamma, lam=self.lam)
        _checks.require_inside(0, math.inf, critic_lr=self.critic_lr)
        _checks.require_inside(0, math.inf, reward_scale=self.reward_scale)
        _checks.require_choice("float32", "float64", dtype=self.dtype)
        if self.target_return is not None:
            _checks.require_between(-math.inf, math.inf, target_return=self.target_return)
        _checks.require_layers(self.hidden)
        object.__setattr__(self, "hidden", tuple(map(int, self.hidden)))


@dataclass(frozen=True)
class Record:
    """One iteration. No wall-clock time: the same seed gives the same record."""

    iteration: int  # from 1
    transitions: int  # real ones since the start
    episodes: int  # ended since the start
    mean_return: float  # undiscounted, over the last N episodes that ended; NaN before the first
    test_return: float  # mean of 100 fresh greedy episodes after the update; NaN where not tested
    explained_variance: float  # of the critic before this iteration's fit
    report: UpdateReport  # of the policy's update
    note: str = ""  # what the run's owner should know; each note once


class Trainer(Iterator[Record], AbstractContextManager):
    """A training run: an iterator of ``Record`` that can be stopped, looked at, and gone on with.

    algorithm: (policy, batch) -> ``UpdateReport``, a ``TRPO`` if not given; replace its ``config``
    and the next update follows. It is a function without state, or offers its ``state_dict`` and
    ``load_state_dict``. ``finished``: the budget is spent, or a test reached the target. ``with``
    closes the environments. Interrupted, ``policy`` is old or new, never a mix; new episodes start.
    """

    def __init__(self, config: TrainConfig | None = None, algorithm: Callable | None = None):
        self.config = config = TrainConfig() if config is None else config
        self.algorithm = TRPO() if algorithm is None else algorithm
        _checks.require_type(TrainConfig, config=config)
        storage.require_savable(algorithm=self.algorithm)
        _checks.require_device(config.device)
        self.finished = False
        self._counts = np.zeros(3, dtype=int)  # iterations, transitions, episodes
        self._recent: list[float] = []  # returns of the last N episodes that ended
        self._notes = Notes()
        self._generator = torch.Generator("cpu").manual_seed(config.seed)
        self._envs = make_envs(config.env_id, config.num_envs)
        try:
            spaces = self._envs.single_observation_space, self._envs.single_action_space
            place = config.device, getattr(torch, config.dtype)
            self.policy = make_policy(*spaces, config.hidden, self._generator).to(*place)
            self.critic = Critic(spaces[0].shape[0], config.hidden, self._generator).to(*place)
        except BaseException:
            self._envs.close()
            raise
        self.scaler = Standardizer.before(self.policy, self.critic) if config.scale_obs else None
        self._adam = Adam(config.critic_lr)
        self._cursor = None  # the first rollout starts the episodes

    def __exit__(self, *_) -> None:
        self._envs.close()

    def __next__(self) -> Record:
        """One iteration. Ends after ``max_iterations``, or once ``finished``."""
        if self.finished:
            raise StopIteration
        device = torch.device(self.config.device).type
        try:
            with torch.enable_grad(), torch.autocast(device, enabled=False):
                return self._iterate()
        except StopIteration as error:  # an accident, of an environment that ran out of data
            raise RuntimeError("the environment or algorithm raised StopIteration") from error

    def _iterate(self) -> Record:
        config, rollout = self.config, self.play()
        scaled = replace(rollout, rewards=config.reward_scale * rollout.rewards)
        batch = make_batch(scaled, self.policy, self.critic, config.gamma, config.lam)
        report = self.algorithm(self.policy, batch)
        _checks.require_type(UpdateReport, **{"the algorithm's report": report})
        self._fit_critic(batch)
        if self.scaler:  # only now: all of an iteration sees the observations alike
            self.scaler.update(batch.obs)
        self._counts += [1, len(batch.obs), len(rollout.episode_returns)]
        self._recent = [*self._recent, *rollout.episode_returns][-config.num_envs :]
        mean_return = float(np.mean(self._recent)) if self._recent else math.nan
        explained = explained_variance(batch.values, batch.returns)
        note = self._notes.on(rollout.actions, self._envs.single_action_space, report)
        self.finished = bool(self._counts[0] == config.max_iterations)
        tested = self._test()
        return Record(*self._counts.tolist(), mean_return, tested, explained, report, note)

    def _test(self) -> float:
        """The mean return of a test, if one is due; NaN if not. Passed, it ends the run.

        Its seed is none of the generator's: a run that is tested trains like one that is not.
        """
        config, iteration = self.config, int(self._counts[0])
        if config.target_return is None or iteration % config.test_every:
            return math.nan
        (seed,) = np.random.SeedSequence([config.seed, iteration]).generate_state(1)
        mean = evaluate(self.policy, config.env_id, TEST_EPISODES, int(seed)).mean()
        self.finished |= bool(mean >= config.target_return)
        return float(mean)

    def restart(self) -> None:
        """Back to the state of a new trainer with the same settings and the same algorithm."""
        self._envs.close()
        self.__init__(self.config, self.algorithm)

    def play(self) -> Rollout:
        """The next rollout, T steps of N environments; the episodes go on in the one after it."""
        cursor = self._cursor or start_episodes(self._envs, self._draw_seed())
        self._cursor = None  # while the environments move: an interrupt must not resume from it
        steps, generator = self.config.num_steps, self._generator
        rollout, self._cursor = collect(self._envs, self.policy, cursor, steps, generator)
        return rollout

    def _fit_critic(self, batch: Batch) -> None:
        """Moves V(s) towards the returns."""
        params, size = list(self.critic.parameters()), len(batch.obs)
        rows, generator = self.config.critic_batch, self._generator
        for _ in range(self.config.critic_epochs):
            order = torch.randperm(size, generator=generator, device="cpu") if rows else slice(None)
            columns = (column[order].split(rows or size) for column in (batch.obs, batch.returns))
            for obs, returns in zip(*columns, strict=True):
                gradient = squared_error_gradient(self.critic.value, obs, returns[:, None])
                move(params, self._adam(-gradient))

    def _draw_seed(self) -> int:
        return int(torch.randint(2**31, (), generator=self._generator, device="cpu"))

    def _parts(self) -> list:
        parts = [self.policy, self.critic, self._adam, self._notes, self.algorithm]
        return parts[:-1] if inspect.isfunction(self.algorithm) else parts

    def save(self, path: str | Path) -> None:
        """Writes all that the next iterations depend on; what follows equals what follows a load.

        Environments cannot be stored, so new episodes start, here and after the load, from the
        same seed. The file appears whole or not at all.
        """
        state = {
            "config": asdict(self.config),
            "algorithm": storage.name_of(self.algorithm),
            "parts": [part.state_dict() for part in self._parts()],
            "progress": (self._counts.tolist(), self._recent, self.finished),
            "generator": self._generator.get_state(),
        }
        storage.write(state, path)
        self._cursor = None

    @classmethod
    def load(
        cls, path: str | Path, algorithm: Callable | None = None, device: str | None = None
    ) -> "Trainer":
        """Restores a saved run without unpickling code; its settings come from the file.

        algorithm: a ``TRPO`` if not given. device: where to go on, if not where it was saved.
        Raises ``ValueError`` when another algorithm was saved, or no run at all.
        """
        state = storage.read(path, "config", "algorithm", "parts", "progress", "generator")
        algorithm = TRPO() if algorithm is None else algorithm
        given, saved = storage.name_of(algorithm), state["algorithm"]
        if given != saved:
            raise ValueError(f"algorithm must be the {saved} that was saved, got a {given}")
        config = TrainConfig(**state["config"])
        trainer = cls(config if device is None else replace(config, device=device), algorithm)
        for part, values in zip(trainer._parts(), state["parts"], strict=True):
            part.load_state_dict(values)
        trainer._counts[:], trainer._recent, trainer.finished = state["progress"]
        trainer._generator.set_state(state["generator"])
        return trainer


def evaluate(
    policy: Policy, env_id: str, episodes: int, seed: int, generator: torch.Generator | None = None
) -> np.ndarray:
    """Undiscounted returns of the greedy policy, one fresh episode each -> ``[episodes]``.

    With a generator of noise the actions are drawn, as they are in training. In an environment
    without a time limit an episode counts up to step ``LONGEST_EPISODE``. Raises ``ValueError`` or
    ``TypeError`` when the policy does not fit the environment.
    """
    _checks.require_count(episodes=episodes)
    _checks.require_whole(0, seed=seed)
    _checks.require_type(torch.Generator | None, generator=generator)
    returns, running = np.zeros(episodes), np.ones(episodes, dtype=bool)
    with closing(make_envs(env_id, episodes)) as envs, torch.inference_mode():
        _checks.require_fitting(policy, envs.single_observation_space)
        obs, act = start_episodes(envs, seed).obs, actor_of(policy)
        for _ in range(longest_episode(env_id)):
            noise = [policy.noise([episodes], generator).numpy()] if generator else []
            obs, _, reward, terminated, truncated = step(envs, act(obs, *noise))
            returns += reward * running
            running &= ~(terminated | truncated)
            if not running.any():
                break
    return returns

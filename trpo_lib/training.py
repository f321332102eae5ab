"""The loop: play, estimate advantages, update the policy, fit the critic; and its evaluation.

The order matters. The advantages come from the critic as it was before it saw this rollout: a
critic that is fitted first explains part of the advantage away.
"""

import os
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch

from trpo_lib._checks import require_count, require_fraction, require_positive
from trpo_lib.advantage import explained_variance
from trpo_lib.batch import Batch, UpdateReport, make_batch
from trpo_lib.policies import CategoricalPolicy, Critic, GaussianPolicy, make_policy
from trpo_lib.rollout import Rollout, collect, make_envs, start_episodes, step
from trpo_lib.trpo import TRPO


@dataclass(frozen=True)
class TrainConfig:
    """One training run. Raises ``ValueError`` or ``TypeError`` on a senseless setting."""

    env_id: str = "CartPole-v1"  # any registered environment with flat observations
    seed: int = 0  # of everything: networks, actions, environments
    num_envs: int = 32  # N, environments played side by side
    num_steps: int = 32  # T, steps of each per iteration
    max_iterations: int = 200  # the run ends here at the latest
    target_return: float | None = 475.0  # or here: see Record.mean_return; None: never
    gamma: float = 0.99  # discount per step
    lam: float = 0.97  # GAE's λ
    hidden: tuple[int, ...] = (64,)  # tanh units per layer, policy and critic alike
    critic_lr: float = 3e-2  # Adam's rate: the critic must follow the policy within an iteration
    critic_epochs: int = 10  # full-batch Adam steps per iteration
    device: str = "cpu"
    dtype: str = "float32"  # "float32" or "float64", of the networks

    def __post_init__(self):
        require_count(
            num_envs=self.num_envs,
            num_steps=self.num_steps,
            max_iterations=self.max_iterations,
            critic_epochs=self.critic_epochs,
        )
        require_fraction(gamma=self.gamma, lam=self.lam)
        require_positive(critic_lr=self.critic_lr)
        if self.dtype not in ("float32", "float64"):
            raise ValueError(f'dtype must be "float32" or "float64", got {self.dtype!r}')


@dataclass(frozen=True)
class Record:
    """One iteration. No wall-clock time: the same seed gives the same record.

    iteration: from 1. transitions: real ones since the start. episodes: ended since the start.
    mean_return: undiscounted, over the last N episodes that ended; NaN before the first.
    explained_variance: of the critic before this iteration's fit. report: the policy's update.
    """

    iteration: int
    transitions: int
    episodes: int
    mean_return: float
    explained_variance: float
    report: UpdateReport


@dataclass
class _Progress:
    """Counters that grow together, and the returns of the last N episodes."""

    iteration: int = 0
    transitions: int = 0
    episodes: int = 0
    recent: deque = field(default_factory=deque)

    def mean_return(self) -> float:
        return float(np.mean(self.recent)) if self.recent else float("nan")


class Trainer:
    """A training run: an iterator of ``Record`` that can be stopped, looked at, and gone on with.

    Attributes: ``policy``, ``critic``, ``config``, ``algorithm``. Replace ``algorithm.config``
    between iterations and the next update follows it. Leaving a ``with`` block closes the
    environments. Interrupted anywhere, the policy is the old or the new one, never a mix; the
    next iteration then starts new episodes, because the interrupted ones may be half a step on.
    """

    def __init__(
        self,
        config: TrainConfig | None = None,
        algorithm: Callable[[torch.nn.Module, Batch], UpdateReport] | None = None,
    ):
        self.config = config = config or TrainConfig()
        self.algorithm = algorithm or TRPO()
        self._generator = torch.Generator().manual_seed(config.seed)
        self._envs = make_envs(config.env_id, config.num_envs)
        spaces = self._envs.single_observation_space, self._envs.single_action_space
        placed = {"device": config.device, "dtype": getattr(torch, config.dtype)}
        self.policy = make_policy(*spaces, config.hidden, self._generator).to(**placed)
        self.critic = Critic(spaces[0].shape[0], config.hidden, self._generator).to(**placed)
        self._optimizer = torch.optim.Adam(self.critic.parameters(), lr=config.critic_lr)
        self._progress = _Progress(recent=deque(maxlen=config.num_envs))
        self._cursor = start_episodes(self._envs, self._draw_seed())

    def __iter__(self) -> "Trainer":
        return self

    def __next__(self) -> Record:
        """One iteration. Ends at ``max_iterations`` or once ``mean_return >= target_return``."""
        if self.finished:
            raise StopIteration
        rollout = self._play()
        batch = make_batch(rollout, self.policy, self.critic, self.config.gamma, self.config.lam)
        report = self.algorithm(self.policy, batch)
        explained = self._fit_critic(batch)
        return self._record(rollout, batch, explained, report)

    @property
    def finished(self) -> bool:
        """Whether the budget is spent or the target reached."""
        target, progress = self.config.target_return, self._progress
        reached = target is not None and progress.mean_return() >= target
        return reached or progress.iteration >= self.config.max_iterations

    def _draw_seed(self) -> int:
        return int(torch.randint(2**31, (), generator=self._generator))

    def _play(self) -> Rollout:
        # No cursor while the environments move: an interrupt in between must not resume from it.
        cursor, self._cursor = self._cursor, None
        cursor = cursor or start_episodes(self._envs)
        rollout, self._cursor = collect(
            self._envs, self.policy, cursor, self.config.num_steps, self._generator
        )
        return rollout

    def _fit_critic(self, batch: Batch) -> float:
        """Moves V(s) towards the returns -> the explained variance it had before."""
        explained = float("nan")
        for epoch in range(self.config.critic_epochs):
            values = self.critic(batch.obs)
            if epoch == 0:
                explained = explained_variance(values.detach(), batch.returns)
            self._optimizer.zero_grad()
            torch.nn.functional.mse_loss(values, batch.returns).backward()
            self._optimizer.step()
        return explained

    def _record(
        self, rollout: Rollout, batch: Batch, explained: float, report: UpdateReport
    ) -> Record:
        progress = self._progress
        progress.iteration += 1
        progress.transitions += len(batch.obs)
        progress.episodes += len(rollout.episode_returns)
        progress.recent.extend(rollout.episode_returns)
        return Record(
            progress.iteration,
            progress.transitions,
            progress.episodes,
            progress.mean_return(),
            explained,
            report,
        )

    def save(self, path: str | Path) -> None:
        """Writes all that the next iterations depend on; what follows equals what follows a load.

        Environments cannot be stored, so saving starts new episodes, here and after the load, from
        one seed drawn now. The file appears whole or not at all.
        """
        seed = self._draw_seed()
        progress = asdict(self._progress) | {"recent": list(self._progress.recent)}
        state = {
            "config": asdict(self.config),
            "algorithm": [type(self.algorithm).__name__, self.algorithm.state_dict()],
            "policy": self.policy.state_dict(),
            "critic": self.critic.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "generator": self._generator.get_state(),
            "progress": progress,
            "episodes_seed": seed,
        }
        partial = Path(f"{path}.partial")
        torch.save(state, partial)
        os.replace(partial, path)
        self._cursor = start_episodes(self._envs, seed)

    @classmethod
    def load(cls, path: str | Path, algorithm=None) -> "Trainer":
        """Restores a saved run without unpickling code.

        algorithm: one of the class that was saved, a ``TRPO`` if not given; its settings come from
        the file. Raises ``ValueError`` when the file holds another algorithm.
        """
        state = torch.load(path, weights_only=True)
        trainer = cls(TrainConfig(**state["config"]), algorithm)
        name, settings = state["algorithm"]
        if type(trainer.algorithm).__name__ != name:
            given = type(trainer.algorithm).__name__
            raise ValueError(f"algorithm must be the {name} that was saved, got a {given}")
        trainer.algorithm.load_state_dict(settings)
        trainer.policy.load_state_dict(state["policy"])
        trainer.critic.load_state_dict(state["critic"])
        trainer._optimizer.load_state_dict(state["optimizer"])
        trainer._generator.set_state(state["generator"])
        recent = deque(state["progress"].pop("recent"), trainer.config.num_envs)
        trainer._progress = _Progress(**state["progress"], recent=recent)
        trainer._cursor = start_episodes(trainer._envs, state["episodes_seed"])
        return trainer

    def close(self) -> None:
        """Closes the environments; the policy stays usable."""
        self._envs.close()

    def __enter__(self) -> "Trainer":
        return self

    def __exit__(self, *_) -> None:
        self.close()


def evaluate(
    policy: CategoricalPolicy | GaussianPolicy, env_id: str, episodes: int, seed: int
) -> np.ndarray:
    """Undiscounted returns of the greedy policy, one fresh episode each -> ``[episodes]``."""
    require_count(episodes=episodes)
    weight = next(policy.parameters())
    envs = make_envs(env_id, episodes)
    try:
        obs, _ = envs.reset(seed=seed)
        returns, running = np.zeros(episodes), np.ones(episodes, dtype=bool)
        with torch.inference_mode():
            while running.any():
                actions = policy.act(torch.as_tensor(obs, dtype=weight.dtype, device=weight.device))
                obs, _, reward, terminated, truncated = step(envs, actions.cpu().numpy())
                returns += reward * running
                running &= ~(terminated | truncated)
    finally:
        envs.close()
    return returns

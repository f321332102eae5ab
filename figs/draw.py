"""Draws every picture of the README: `make figures`. One run takes about two minutes."""

from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy.stats import bootstrap, trim_mean
from tqdm import tqdm

from trpo_lib import plotting
from trpo_lib.rendering import render_episode
from trpo_lib.training import TrainConfig, Trainer

FIGS = Path(__file__).parent
SEEDS, ITERATIONS = 20, 45


def trained_runs() -> list[tuple[Trainer, list]]:
    """The trainer and the records of each seed."""
    runs = []
    for seed in tqdm(range(SEEDS), desc="seeds"):
        config = TrainConfig(seed=seed, max_iterations=ITERATIONS, target_return=None)
        with Trainer(config) as trainer:
            runs.append((trainer, list(trainer)))
    return runs


def draw_learning_curve(runs: list[tuple[Trainer, list]]) -> None:
    """Interquartile mean of the return over the seeds, with a 95% bootstrap interval."""
    returns = np.array([[record.mean_return for record in records] for _, records in runs])
    seen = np.median([[record.transitions for record in records] for _, records in runs], axis=0)

    iqm = partial(trim_mean, proportiontocut=0.25)
    found = bootstrap((returns,), iqm, n_resamples=2000, method="percentile", rng=0)
    label = f"TRPO on CartPole-v1, {SEEDS} seeds"
    ax = plotting.learning_curve(seen, iqm(returns, axis=0), *found.confidence_interval, label, 475)
    save(ax.figure, "learning_curve.png")


def draw_episode(trainer: Trainer) -> None:
    """One greedy episode of the first seed, every 100 steps."""
    frames = render_episode(trainer.policy, "CartPole-v1", seed=7, every=100)
    titles = [f"step {100 * k}" for k in range(len(frames))]
    save(plotting.film_strip(frames, titles), "episode.png")


def save(figure: plt.Figure, name: str) -> None:
    figure.savefig(FIGS / name, dpi=110, bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)


if __name__ == "__main__":
    torch.set_num_threads(1)
    runs = trained_runs()
    draw_learning_curve(runs)
    draw_episode(runs[0][0])

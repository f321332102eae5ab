"""Draws every picture of `figs`: `make figures`. One run takes about two minutes."""

import base64
import copy
import io
import re
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from scipy.optimize import brentq
from tqdm import tqdm

from trpo_lib import plotting
from trpo_lib.divergence import categorical_kl
from trpo_lib.landscapes import CliffRidge, SoftmaxBandit, gradient_ascent, maximize_quadratic
from trpo_lib.policies import Policy
from trpo_lib.rendering import Camera
from trpo_lib.sweep import interquartile_mean
from trpo_lib.training import TrainConfig, Trainer

FIGS = Path(__file__).parent
SEEDS, ITERATIONS, TEST_EVERY = 20, 24, 2


def trained_runs() -> list[tuple[Trainer, list]]:
    """The trainer and the records of each seed."""
    runs = []
    for seed in tqdm(range(SEEDS), desc="seeds"):
        tests = {"target_return": np.inf, "test_every": TEST_EVERY}  # tested, and never stopped
        with Trainer(TrainConfig(seed=seed, max_iterations=ITERATIONS, **tests)) as trainer:
            runs.append((trainer, list(trainer)))
    return runs


def draw_learning_curve(runs: list[tuple[Trainer, list]]) -> None:
    """Interquartile mean of the tests over the seeds, with a 95% bootstrap interval."""
    tested = [records[TEST_EVERY - 1 :: TEST_EVERY] for _, records in runs]
    returns = np.array([[record.test_return for record in records] for records in tested])
    seen = np.median([[record.transitions for record in records] for records in tested], axis=0)

    label = f"TRPO on CartPole-v1, {SEEDS} seeds"
    ax = plotting.learning_curve(seen, *interquartile_mean(returns.T), label, 475)
    save(ax.figure, "learning_curve.png")


def draw_before_and_after(steps: int = 240, every: int = 2, size: tuple = (330, 220)) -> None:
    """The first seed's policy, side by side: as it was drawn, and where its run stopped itself."""
    trainer = Trainer(TrainConfig(seed=0))
    titles = ["before", ""]
    policies = [copy.deepcopy(trainer.policy), trainer.policy]
    with trainer:
        titles[1] = f"after {len(list(trainer))} updates"
    films = [film(policy, steps, every) for policy in policies]
    pictures = [beside(frames, titles, size) for frames in zip(*films, strict=True)]
    first, *rest = (picture.quantize(16) for picture in pictures)
    milliseconds = 20 * every  # a step of CartPole is 0.02 s
    path = FIGS / "before_and_after.gif"
    first.save(path, save_all=True, append_images=rest, duration=milliseconds, loop=0)


def film(policy: Policy, steps: int, every: int) -> list[np.ndarray]:
    """Frames [H, W, 3] of the greedy policy; after an end the next episode begins."""
    frames = []
    with closing(Camera("CartPole-v1", seed=7)) as camera:
        for number in range(steps):
            if number % every == 0:
                frames.append(camera.frame())
            if camera.step(policy):
                camera.reset()
    return frames


def beside(frames: Sequence[np.ndarray], titles: Sequence[str], size: tuple) -> Image.Image:
    """Two frames in one picture, each under its title."""
    width, height = size
    picture = Image.new("RGB", (2 * width, height), "white")
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(20)
    for number, (frame, title) in enumerate(zip(frames, titles, strict=True)):
        picture.paste(Image.fromarray(frame).resize(size), (number * width, 0))
        pen.text((number * width + 12, 8), title, "black", font)
    return picture


def cut_out_heroes() -> None:
    """The picture of each lesson's cell with the tag `hero`, from the executed notebooks."""
    for path in sorted(FIGS.parent.glob("notebooks/[0-9]*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if "hero" in cell.metadata.get("tags", []):
                (data,) = re.findall('base64,([^"]+)"', str(cell.outputs))
                picture = Image.open(io.BytesIO(base64.b64decode(data))).convert("RGBA")
                white = Image.new("RGBA", picture.size, "white")
                picture = Image.alpha_composite(white, picture).convert("RGB")
                picture.thumbnail((900, 900))
                picture.quantize(128).save(FIGS / f"lesson_{path.name[:2]}.png", optimize=True)


def grid(left: float, right: float, bottom: float, top: float) -> np.ndarray:
    """Points of a rectangle of the (θ₁, θ₂) plane, [H, W, 2]."""
    return np.stack(np.meshgrid(np.linspace(left, right, 241), np.linspace(bottom, top, 241)), -1)


def draw_unstable_update() -> None:
    """Gradient ascent with three step sizes: stuck, good, ruined."""
    ridge, plane, axes = CliffRidge(), grid(-3, 4, -2, 4), plotting.panels(1, 3, 3.6, 3.6)[0]
    for ax, step_size in zip(axes, (0.003, 0.03, 0.3), strict=True):
        path = gradient_ascent(ridge, (-2, 2), step_size, 200)
        plotting.climb(plane, ridge.height(plane), {f"α = {step_size}, 200 steps": path}, ax)
    save(axes[0].figure, "unstable_update.png")


def draw_trust_region_algorithm() -> None:
    """The classical method's three steps at one point: model, maximise, compare."""
    ridge, plane, old = CliffRidge(), grid(-3, 4, -2, 4), np.array([-0.5, 0.4])
    gradient, hessian = ridge.gradient(old), ridge.hessian(old)

    def promise(step: np.ndarray) -> np.ndarray:
        return step @ gradient + bowl(step, hessian)

    radii, heights = np.linspace(0.02, 2.3, 200), ridge.height(plane)
    best = np.array([maximize_quadratic(gradient, hessian, radius) for radius in radii])
    lengths = np.linalg.norm(plane - old, axis=-1)
    borders = {f"Δ = {radius}": (lengths, radius) for radius in (2.0, 0.5)}
    steps = {
        f"best step within {radius}": maximize_quadratic(gradient, hessian, radius)
        for radius in (2.0, 0.5)
    }
    axes = plotting.panels(1, 3, 3.6, 3.6)[0]
    model, actual = ridge.height(old) + promise(plane - old), ridge.height(old + best)
    plotting.trust_region(plane, heights, old, model=model, ax=axes[0])
    plotting.trust_region(plane, heights, old, borders, steps, ax=axes[1])
    plotting.gain_by_radius(radii, actual - ridge.height(old), promise(best), [2, 0.5], axes[2])
    for ax, title in zip(axes, ("1 model", "2 maximise inside Δ", "3 compare"), strict=True):
        ax.set_title(title)
    save(axes[0].figure, "trust_region_algorithm.png")


def draw_trust_region(max_kl: float = 0.05) -> None:
    """A two-parameter policy: its KL contour, the Fisher ellipse, the gradient and TRPO's step."""
    bandit, plane, old = SoftmaxBandit(), grid(-4, 0.5, -1.5, 1.5), np.array([-2.0, 0.0])

    def kl(theta: np.ndarray) -> np.ndarray:
        return categorical_kl(bandit.probabilities(0 * theta + old), bandit.probabilities(theta))

    unit = bandit.gradient(old) / np.linalg.norm(bandit.gradient(old))
    length = brentq(lambda t: kl(old + t * unit) - max_kl, 0, 30)
    borders = {
        f"KL = δ = {max_kl} nats": (kl(plane), max_kl),
        "½ dᵀF d = δ": (bowl(plane - old, bandit.fisher(old)), max_kl),
    }
    step = bandit.natural_step(old, max_kl)
    steps = {
        f"TRPO's full step, KL {kl(old + step):.4f}": step,
        f"plain gradient, KL {kl(old + length * unit):.4f}": length * unit,
    }
    ax = plotting.trust_region(plane, bandit.height(plane), old, borders, steps)
    save(ax.figure, "trust_region.png")


def bowl(step: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """½ dᵀM d for every step d: [..., 2] -> [...]."""
    return np.einsum("...i,ij,...j->...", step, matrix, step) / 2


def save(figure: plt.Figure, name: str) -> None:
    figure.savefig(FIGS / name, dpi=110, bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)


if __name__ == "__main__":
    torch.set_num_threads(1)
    draw_unstable_update()
    draw_trust_region()
    draw_trust_region_algorithm()
    draw_learning_curve(trained_runs())
    draw_before_and_after()
    cut_out_heroes()

"""What the live figures of the lessons must say: the numbers of each line, from other code.

An oracle takes the values of a lesson's sliders and returns the numbers in the order in which the
line has them. It uses `trpo_lib` and torch, and none of the lesson's own functions.
"""

import copy
import functools
import re

import numpy as np
import scipy.linalg
import torch
from scipy.optimize import brentq
from scipy.special import softmax
from scipy.stats import entropy
from torch import distributions

from trpo_lib import baselines
from trpo_lib.advantage import gae
from trpo_lib.tabular import TabularMDP
from trpo_lib.training import TrainConfig, Trainer
from trpo_lib.trpo import TRPO, TRPOConfig

NUMBER = re.compile(r"[-+]?\d+(?:,\d{3})*(?:\.(\d+))?(?:e([-+]?\d+))?(?![\dA-Za-z])")


def says(line: str, expected: list[float]) -> bool:
    """Whether the line's numbers are the expected ones, rounded to the digits that it shows."""
    found = list(NUMBER.finditer(line))
    return len(found) == len(expected) and all(map(rounds_to, found, expected))


def rounds_to(number: re.Match, value: float) -> bool:
    decimals, power = number[1] or "", int(number[2] or 0)
    unit = 10.0 ** (power - len(decimals))
    return abs(float(number[0].replace(",", "")) - value) <= 0.51 * unit + 1e-6 * abs(value)


def assert_says(line: str, expected: list[float]) -> None:
    assert says(line, expected), f"{line!r} should have the numbers {expected}"


def trust_regions(theta_1, theta_2, max_kl):
    theta, rewards = np.array([theta_1, theta_2]), np.array([1.0, 0.0, -1.0])

    def probs(at):
        return softmax([*at, 0.0])

    def gain(direction):
        def beyond(t):
            return entropy(probs(theta), probs(theta + t * direction)) - max_kl

        far = 1.0
        while beyond(far) < 0:
            far *= 2
        at = theta + brentq(beyond, 0, far, xtol=1e-14) * direction
        return (probs(at) - probs(theta)) @ rewards

    p = probs(theta)
    plain = (p * (rewards - p @ rewards))[:2]
    # Every softmax's natural gradient is its rewards, up to a constant: here with the third at 0.
    gains = gain(plain / np.linalg.norm(plain)), gain((rewards - rewards[2])[:2])
    return [*gains, gains[0] / gains[1]]


def kl_divergence(z_1, z_2, max_kl):
    z = np.array([z_1, z_2, 0.0])
    p, angles = softmax(z), np.linspace(0, 2 * np.pi, 200)
    spread = np.cov(np.eye(3)[:, :2].T, aweights=p, ddof=0)  # of the score
    turned = scipy.linalg.solve_triangular(
        scipy.linalg.cholesky(spread), np.stack([np.cos(angles), np.sin(angles)])
    )
    border = z + np.pad(np.sqrt(2 * max_kl) * turned.T, [(0, 0), (0, 1)])
    return [*p, max(entropy(p, softmax(at)) for at in border) / max_kl]


@functools.cache
def hikers():
    """The states, next states and rewards of lesson 03's hikers, ``[T, N]`` each."""
    world, rng, s = hiker(), np.random.default_rng(0), np.zeros(10_000, int)
    run, rows = 1 / (1 + np.exp([2.0, 1.5, 2.0])), []
    for t in range(60):
        a = (rng.random(10_000) < run[s]).astype(int) if t else np.tile([0, 1], 5000)
        cumulated, drawn = world.transitions[s, a].cumsum(-1), rng.random((10_000, 1))
        following = (cumulated <= drawn).sum(-1)
        rows.append((s, following, world.rewards[s, a]))
        s = following
    return np.array(rows).transpose(1, 0, 2)


def what_is_an_action_worth(meadow_error, slope_error, lam):
    world, run = hiker(), 1 / (1 + np.exp([2.0, 1.5, 2.0]))
    old = np.stack([1 - run, run], -1)
    critic = world.values(old) + np.array([meadow_error, slope_error, 0])
    states, following, rewards = hikers()
    rows = rewards, critic[states.astype(int)], critic[following.astype(int)]
    never = torch.zeros(states.shape, dtype=torch.bool)
    first = gae(*map(torch.tensor, rows), never, never, 0.9, lam)[0].numpy()
    found = first[1::2] - first[::2]
    walks, runs = world.advantages(old)[0]
    bias, noise = found.mean() - (runs - walks), found.std()
    squares = bias**2 + noise**2, bias**2 + noise**2 / 100
    return [meadow_error, slope_error, lam, bias, noise, *squares]


def hiker():
    meadow, slope, ridge = np.eye(3)
    transitions = [
        [meadow, 0.1 * meadow + 0.9 * slope],
        [meadow, 0.1 * slope + 0.9 * ridge],
        [slope, meadow],
    ]
    return TabularMDP(transitions, rewards=[[0, 1], [0, 1], [0, -5]], gamma=0.9, start=meadow)


def surrogate_objective(max_kl, length):
    world, start = hiker(), torch.tensor([-2.0, -1.5], dtype=torch.float64)

    def probabilities(theta):
        run = theta[..., [0, 1, 0]].sigmoid()
        return torch.stack([1 - run, run], -1)

    old = probabilities(start)
    rho = torch.tensor(world.visitation(old.numpy()))
    advantages = torch.tensor(world.advantages(old.numpy()))

    def gain(theta):
        return rho @ (probabilities(theta) * advantages).sum(-1)

    def kl(theta):
        new = probabilities(theta)
        return 0.1 * rho @ (old * (old / new).log()).sum(-1)

    g = torch.autograd.functional.jacobian(gain, start)
    natural = torch.linalg.solve(torch.autograd.functional.hessian(kl, start), g)
    unit = natural / natural.norm()
    allowed = brentq(lambda t: (kl(start + t * unit) - max_kl).item(), 0, 5)
    asked = start + length * unit
    true = world.performance(probabilities(asked).numpy()) - world.performance(old.numpy())
    return [length, kl(asked).item(), gain(asked).item(), true, max_kl, allowed]


def solving_the_step(direction, stretch):
    F, angle = np.array([[2.2, 1.4], [1.4, 1.2]]), np.radians(direction)
    g = np.array([np.cos(angle), np.sin(angle)])
    wide, long = np.linalg.eigvalsh(np.linalg.inv(F))
    share = 100 / np.sqrt(g @ F @ g * (g @ np.linalg.inv(F) @ g))
    return [(long / wide) ** ((1 - stretch) / 2), share]


@functools.cache
def batches_of_a_run():
    """Policy and batch before the first, the 13th and the 25th update of lesson 07's run."""
    kept = []

    def update(policy, batch):
        kept.append((copy.deepcopy(policy), batch))
        return TRPO(TRPOConfig())(policy, batch)

    settings = {"seed": 1, "dtype": "float64", "max_iterations": 25, "target_return": None}
    with Trainer(TrainConfig(**settings), update) as trainer:
        list(trainer)
    return kept[::12]


def comparing_algorithms(number, half_decades):
    share = 10 ** (half_decades / 2)
    algorithms = [
        baselines.Reinforce(share),
        baselines.ActorCritic(share),
        baselines.NaturalGradient(100 * share),
        baselines.PPOPenalty(share),
        baselines.PPOClip(share),
        baselines.TruncatedNaturalGradient(share),
        TRPO(TRPOConfig(share)),
    ]
    found = []
    for algorithm in algorithms:
        policy, batch = batches_of_a_run()[number - 1]
        algorithm(new := copy.deepcopy(policy), batch)
        with torch.no_grad():
            old = policy(batch.obs).probs.log()
            gap = old - new(batch.obs).probs.log()
        found.append((old.exp() * gap).sum(-1).mean().item())
    return [12 * number - 12, share, *found]


def continuous_control(max_kl, shift, factor):
    means = torch.tensor([0.0, shift]).double()
    pair = zip(means, (1.0, factor), strict=True)
    old, new = (distributions.Normal(mean, std) for mean, std in pair)
    kl = distributions.kl_divergence(old, new).item()
    return [kl, max_kl, shift**2 / 2 + np.log(factor) ** 2]


ORACLES = {
    "01_trust_regions": trust_regions,
    "02_kl_divergence": kl_divergence,
    "03_what_is_an_action_worth": what_is_an_action_worth,
    "04_surrogate_objective": surrogate_objective,
    "05_solving_the_step": solving_the_step,
    "07_comparing_algorithms": comparing_algorithms,
    "08_continuous_control": continuous_control,
}

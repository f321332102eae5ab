"""What the live figures of the lessons must say: the numbers of each line, from other code.

An oracle takes the values of a lesson's sliders and returns the numbers in the order in which the
line has them. It uses `trpo_lib` and torch, and none of the lesson's own functions.
"""

import copy
import functools
import re

import numpy as np
import torch
from scipy.special import softmax
from scipy.stats import entropy
from torch import distributions
from torch.func import functional_call
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from trpo_lib.batch import make_batch
from trpo_lib.divergence import mean_kl
from trpo_lib.landscapes import CliffRidge, gradient_ascent, trust_region_ascent
from trpo_lib.solvers import conjugate_gradient, flat_grad
from trpo_lib.surrogate import surrogate
from trpo_lib.tabular import TabularMDP
from trpo_lib.training import TrainConfig, Trainer

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


def trust_regions(step_size, radius):
    ridge = CliffRidge()
    plain = gradient_ascent(ridge, (-2, 2), step_size, 60)[-1]
    region = trust_region_ascent(ridge, (-2, 2), radius, 60).path[-1]
    return [step_size, ridge.height(plain), radius, ridge.height(region)]


def kl_divergence(p0, p1, q0, q1):
    p, q = softmax([p0, p1, 0]), softmax([q0, q1, 0])
    d = np.array([q0 - p0, q1 - p1, 0])
    variance = p @ d**2 - (p @ d) ** 2  # dᵀFd is the variance of d under p
    return [entropy(p, q), entropy(q, p), variance / 2, np.abs(p - q).sum() ** 2 / 2]


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
    step = torch.linalg.solve(torch.autograd.functional.hessian(kl, start), g)
    step *= (2 * max_kl / (g @ step)).sqrt()
    while kl(start + step) > max_kl or gain(start + step) <= 0:
        step *= 0.8

    def gains(theta):
        new = probabilities(theta).numpy()
        found = [world.performance(new), world.local_approximation(old.numpy(), new)]
        found.append(world.lower_bound(old.numpy(), new))
        return np.array(found) - world.performance(old.numpy())

    accepted = step.norm().item()
    asked = gains(start + length * step / step.norm())
    return [accepted, *gains(start + step), length, *asked]


@functools.cache
def recorded_update():
    trainer = Trainer(TrainConfig(seed=1, dtype="float64", max_iterations=8, target_return=None))
    list(trainer)
    return trainer.policy, make_batch(trainer.play(), trainer.policy, trainer.critic, 0.99, 0.97)


@functools.cache
def fisher_matrix():
    """The KL's dense Hessian: CG's later iterations show its last bits, so it is the lesson's."""
    policy, batch = recorded_update()
    old, new = policy(batch.obs), copy.deepcopy(policy)
    names, params = zip(*new.named_parameters(), strict=True)

    def kl(theta):
        pieces = theta.split([param.numel() for param in params])
        shaped = {n: x.view_as(p) for n, x, p in zip(names, pieces, params, strict=True)}
        return mean_kl(old, functional_call(new, shaped, (batch.obs,)))

    return torch.autograd.functional.hessian(kl, parameters_to_vector(params).detach())


def solving_the_step(cg_iters, damping, max_kl, fraction):
    policy, batch = recorded_update()
    data = batch.actions, batch.old_log_probs, batch.advantages
    g = flat_grad(surrogate(policy(batch.obs), *data), list(policy.parameters()))
    matrix = fisher_matrix() + damping * torch.eye(len(g)).double()
    exact = torch.linalg.solve(matrix, g)
    found = conjugate_gradient(matrix.mv, g, cg_iters)
    step = (2 * max_kl / found.quadratic_form) ** 0.5 * found.x
    new = copy.deepcopy(policy)
    with torch.no_grad():
        theta = parameters_to_vector(new.parameters()) + fraction * step
        vector_to_parameters(theta, new.parameters())
        gain = surrogate(new(batch.obs), *data) - surrogate(policy(batch.obs), *data)
        kl = mean_kl(policy(batch.obs), new(batch.obs))
    cosine = step @ exact / step.norm() / exact.norm()
    residual, share = found.residuals[-1] / found.residuals[0], 100 * gain / (g @ step)
    return [cosine.item(), residual, fraction, gain.item(), share.item(), kl.item()]


def continuous_control(max_kl, x, u):
    means = torch.tensor([0.0, x]).double()
    old, new = (distributions.Normal(mean, std) for mean, std in zip(means, (1.0, u), strict=True))
    return [distributions.kl_divergence(old, new).item(), max_kl, x**2 / 2 + np.log(u) ** 2]


ORACLES = {
    "01_trust_regions": trust_regions,
    "02_kl_divergence": kl_divergence,
    "04_surrogate_objective": surrogate_objective,
    "05_solving_the_step": solving_the_step,
    "08_continuous_control": continuous_control,
}

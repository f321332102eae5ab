"""Bad inputs of what lessons 01 to 03 compute and of all that is drawn: refused, and by name.

A call that is refused has changed none of its arguments and left no figure behind.
"""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from torch.distributions import Categorical

from trpo_lib import plotting
from trpo_lib.divergence import categorical_kl, gaussian_kl, mean_kl
from trpo_lib.landscapes import (
    CliffRidge,
    SoftmaxBandit,
    gradient_ascent,
    maximize_quadratic,
    trust_region_ascent,
)
from trpo_lib.tabular import TabularMDP, random_mdp

NAN, INF = float("nan"), float("inf")
RIDGE, BANDIT = CliffRidge(), SoftmaxBandit()
CHAIN = TabularMDP([[[0.5, 0.5]], [[0, 1]]], [[1], [0]], 0.9, [1, 0])
ONE = np.ones((2, 1))  # the only policy of the chain
TABLES = {"transitions": CHAIN.transitions, "rewards": CHAIN.rewards, "start": CHAIN.start}
HALF, EYE, ROW = np.full(2, 0.5), np.eye(2), np.arange(1.0, 4.0)
GRID = np.stack(np.meshgrid(ROW, ROW), -1)
RNG = np.random.default_rng(0)


@pytest.fixture
def given():
    """What a call gets and must not change."""
    plt.switch_backend("agg")
    x = np.array([1.0, 2.0, 3.0])
    ax = plt.figure().subplots()
    yield SimpleNamespace(x=x, two=x[:2].copy(), ax=ax, nan=np.array([1.0, NAN, 2.0]))
    plt.close("all")


def ridge(**fields):
    return lambda given: CliffRidge(**fields)


def chain(**fields):
    return lambda given: TabularMDP(**TABLES | {"gamma": 0.9} | fields)


def gaussians(**changed):
    arguments = dict.fromkeys(("mean_p", "std_p", "mean_q", "std_q"), HALF)
    return lambda given: gaussian_kl(**arguments | changed)


def named(count):
    return {f"name {k}": ROW for k in range(count)}


# A call, and what its error must say.
CASES = [
    (ridge(peak=0), r"peak must be in \(0, inf\), got 0"),
    (ridge(peak=-1), "peak must be .*, got -1"),
    (ridge(along=0), "along must be .*, got 0"),
    (ridge(along=INF), "along must be .*, got inf"),
    (ridge(across=-0.5), "across must be .*, got -0.5"),
    (ridge(across=NAN), "across must be .*, got nan"),
    (ridge(width=-1), "width must be .*, got -1"),
    (ridge(summit=NAN), "summit must be .*, got nan"),
    (ridge(bend=INF), "bend must be .*, got inf"),
    (ridge(edge=-INF), "edge must be .*, got -inf"),
    (lambda given: RIDGE.height("north"), "theta must be an array of numbers, got 'north'"),
    (lambda given: RIDGE.gradient([[1, 2], [3]]), r"theta must be an array of numbers, got \[\["),
    (lambda given: RIDGE.hessian(1.0), r"theta must have numbers .*, got \[\]"),
    (lambda given: RIDGE.height([]), r"theta must have numbers .*, got \[0\]"),
    (lambda given: RIDGE.height([1j, 0]), "theta must be an array of numbers"),
    (lambda given: RIDGE.height([None, 0]), "theta must be an array of numbers"),
    (lambda given: BANDIT.fisher(given.x), r"theta must have shape \[..., 2\], got \[3\]"),
    (lambda given: SoftmaxBandit((1, "two", 3)), "rewards must be an array of numbers"),
    (lambda given: SoftmaxBandit((1, INF, 3)), "rewards must be three finite numbers"),
    (lambda given: SoftmaxBandit(3), r"rewards must have numbers .*, got \[\]"),
    (lambda given: BANDIT.natural_step(EYE, 0.1), r"theta must have shape \[2\], got \[2, 2\]"),
    (lambda given: BANDIT.natural_step((NAN, 0), 0.1), "theta must be finite, got nan"),
    (lambda given: BANDIT.natural_step((800, 799), 0.1), "theta must leave every action a chance"),
    (lambda given: BANDIT.natural_step((0, 0), -1), "max_kl must be .*, got -1"),
    (lambda given: BANDIT.natural_step((0, 0), INF), "max_kl must be .*, got inf"),
    (lambda given: gradient_ascent(RIDGE, (0, 0), -1, 5), "step_size must be .*, got -1"),
    (lambda given: gradient_ascent(RIDGE, (0, 0), NAN, 5), "step_size must be .*, got nan"),
    (lambda given: gradient_ascent(RIDGE, (0, 0), 1, 2.5), "iterations must be an int, got 2.5"),
    (lambda given: gradient_ascent(RIDGE, (0, 0), 1, True), "iterations must be an int, got True"),
    (lambda given: gradient_ascent(RIDGE, (INF, 0), 1, 5), "start must be finite, got inf"),
    (lambda given: gradient_ascent(RIDGE, None, 1, 5), "start must be an array of numbers"),
    (lambda given: trust_region_ascent(RIDGE, (NAN, 0), 1, 5), "start must be finite, got nan"),
    (lambda given: trust_region_ascent(RIDGE, (0, 0), 1, 0), "iterations must be at least 1"),
    (lambda given: trust_region_ascent(RIDGE, (0, 0), 0, 5), "radius must be .*, got 0"),
    (lambda given: trust_region_ascent(RIDGE, (0, 0), 1, 5, INF), "max_radius must be .*, got inf"),
    (lambda given: maximize_quadratic(HALF, np.eye(3), 1), r"\[P, P\], got \[2\] and \[3, 3\]"),
    (lambda given: maximize_quadratic(EYE, EYE, 1), r"gradient .* \[P\] and .* got \[2, 2\] and"),
    (lambda given: maximize_quadratic(given.two, [[0, 1], [0, 0]], 1), "hessian must be symmetric"),
    (lambda given: maximize_quadratic(given.two, EYE, NAN), "radius must be .*, got nan"),
    (lambda given: maximize_quadratic("up", EYE, 1), "gradient must be an array of numbers"),
    (lambda given: maximize_quadratic(given.nan, np.eye(3), 1), "gradient must be finite, got nan"),
    (lambda given: categorical_kl("p", HALF), "p must be an array of numbers"),
    (lambda given: categorical_kl(HALF, [0.5, None]), "q must be an array of numbers"),
    (lambda given: categorical_kl([], []), r"p must have numbers along its last axis, got \[0\]"),
    (lambda given: categorical_kl(1.0, 1.0), r"p must have numbers along its last axis, got \[\]"),
    (lambda given: categorical_kl([-0.5, 1.5], HALF), "p must hold probabilities .* entry -0.5"),
    (lambda given: categorical_kl(HALF, HALF + 1e-5), "q must hold probabilities"),
    (lambda given: categorical_kl(HALF, ROW / 6), r"p \[2\], q \[3\]"),
    (gaussians(mean_p=ROW), r"mean_p \[3\], std_p \[2\], mean_q \[2\], std_q \[2\]"),
    (gaussians(std_p=ROW), r"mean_p \[2\], std_p \[3\], mean_q \[2\], std_q \[2\]"),
    (gaussians(mean_q=ROW), r"mean_p \[2\], std_p \[2\], mean_q \[3\], std_q \[2\]"),
    (gaussians(std_q=ROW), r"mean_p \[2\], std_p \[2\], mean_q \[2\], std_q \[3\]"),
    (gaussians(mean_q="zero"), "mean_q must be an array of numbers, got 'zero'"),
    (gaussians(std_q=[1.0, -1.0]), "std_q must be > 0 everywhere, got -1.0"),
    (gaussians(std_p=0.5), r"std_p must have numbers along its last axis, got \[\]"),
    (
        lambda given: mean_kl(Categorical(torch.ones(3, 2)), Categorical(torch.ones(1, 2))),
        r"old and new must have one batch shape, got \[3\] and \[1\]",
    ),
    (chain(gamma=0), r"gamma must be in \(0, 1\), got 0"),
    (chain(gamma=NAN), r"gamma must be in \(0, 1\), got nan"),
    (chain(rewards="high"), "rewards must be an array of numbers, got 'high'"),
    (chain(rewards=[[INF], [0]]), "rewards must be finite, got inf"),
    (chain(rewards=1.0), r"rewards must have numbers .*, got \[\]"),
    (chain(start=[[1, 0]]), r"start must be \[2\] to fit rewards, got \[1, 2\]"),
    (chain(start=[1.5, -0.5]), "start must hold probabilities .* entry -0.5"),
    (chain(transitions=np.ones((2, 1, 2))), "transitions must hold probabilities .*2"),
    (chain(transitions=None), "transitions must be an array of numbers, got None"),
    (lambda given: CHAIN.values(2 * ONE), "policy must hold probabilities"),
    (lambda given: CHAIN.values("greedy"), "policy must be an array of numbers, got 'greedy'"),
    (lambda given: CHAIN.visitation(EYE), r"policy must be \[..., S, A\] = \[2, 1\], got \[2, 2\]"),
    (lambda given: CHAIN.action_values(0.5), r"policy must have numbers .*, got \[\]"),
    (lambda given: CHAIN.performance(NAN * ONE), "policy must hold probabilities"),
    (lambda given: CHAIN.penalty(ONE / 2), "policy must hold probabilities"),
    (lambda given: CHAIN.local_approximation(ONE, ONE / 2), "new must hold probabilities"),
    (lambda given: CHAIN.local_approximation(EYE, ONE), r"old must be \[..., S, A\] = \[2, 1\]"),
    (lambda given: CHAIN.lower_bound(-ONE, ONE), "old must hold probabilities .* entry -1"),
    (lambda given: random_mdp(0, 2, 0.9, RNG), "num_states must be at least 1, got 0"),
    (lambda given: random_mdp(2, 1.5, 0.9, RNG), "num_actions must be an int, got 1.5"),
    (lambda given: random_mdp(2, 2, 1, RNG), r"gamma must be in \(0, 1\), got 1"),
    (lambda given: plotting.panels(0, 1), "rows must be at least 1, got 0"),
    (lambda given: plotting.panels(1, 1.5), "columns must be an int, got 1.5"),
    (lambda given: plotting.learning_curve(given.x, given.two), r"transitions \[3\], center \[2\]"),
    (
        lambda given: plotting.learning_curve(given.x, given.x, given.two, given.x, ax=given.ax),
        r"center \[3\], low \[2\], high \[3\]",
    ),
    (lambda given: plotting.curves(given.x, {"a": given.two}, "", ""), r"x \[3\], a \[2\]"),
    (lambda given: plotting.curves(ROW, named(37), "", "", given.ax), "named must be 1 to 36"),
    (lambda given: plotting.curves(ROW, {}, "", "", given.ax), "named must be 1 to 36.* got 0"),
    (lambda given: plotting.density_fits(ROW, HALF, {"a": ROW}), r"x \[3\], target \[2\]"),
    (lambda given: plotting.density_fits(ROW, ROW, {"a": HALF}), r"target \[3\], a \[2\]"),
    (lambda given: plotting.kl_history({}, 0.01), "kls must be 1 to 36, .* got 0"),
    (lambda given: plotting.residual_curves({}), "curves must be 1 to 36, .* got 0"),
    (lambda given: plotting.paths_on_bowl(ROW, ROW, EYE, {}, given.ax), "paths must be 1 to 36"),
    (lambda given: plotting.climb(GRID, GRID[..., 0], {}, given.ax), "paths must be 1 to 30"),
    (lambda given: plotting.path(EYE, -1, given.ax), r"number \+ 1 must be 1 to 30, .* got 0"),
    (lambda given: plotting.path(EYE, 30, given.ax), r"number \+ 1 must be 1 to 30, .* got 31"),
    (lambda given: plotting.film_strip([], []), r"frames must be 1 or more, .* got \(0, 0\)"),
    (lambda given: plotting.film_strip([EYE], ["a", "b"]), r"titles as many, got \(1, 2\)"),
    (lambda given: plotting.bound_scatter(ROW, HALF, "", "", given.ax), r"values \[2\]"),
    (lambda given: plotting.promise_and_truth(ROW, HALF, given.ax), r"promised \[3\], kept \[2\]"),
    (lambda given: plotting.promise_and_truth([], [], given.ax), "promised must not be empty"),
    (
        lambda given: plotting.full_steps(ROW, HALF, ROW > 0, 0.8, given.ax),
        r"kls \[3\], gains \[2\]",
    ),
    (lambda given: plotting.gain_by_radius(ROW, ROW, HALF, [1]), r"actual \[3\], predicted \[2\]"),
    (lambda given: plotting.gain_by_radius(ROW, ROW, ROW, range(7)), "marked must be 1 to 6"),
    (
        lambda given: plotting.training([given.ax] * 3, ROW, ROW, ROW, HALF, ROW),
        r"returns \[3\], tests \[3\], kls \[3\], bounds \[2\], fractions \[3\]",
    ),
    (
        lambda given: plotting.estimates([given.ax] * 2, ROW, HALF, ROW, 0.5, ROW, ""),
        r"lams \[3\], bias \[2\], noise \[3\]",
    ),
    (lambda given: plotting.visitation_bars(EYE, [], []), "names must be 1 to 6, .* got 0"),
    (lambda given: plotting.simplex_panel(given.ax, named(37)), "names must be 1 to 36"),
    (lambda given: plotting.simplex_grid(0), "steps must be at least 1, got 0"),
    (lambda given: plotting.two_gaussians([], (0, 1), ROW, [], [given.ax] * 2), "regions must be"),
]  # fmt: skip


def drawn(given):
    arrays = [given.x, given.two, given.nan, HALF, EYE, ROW, GRID, ONE, *TABLES.values()]
    return [array.tobytes() for array in arrays], len(given.ax.get_children()), plt.get_fignums()


@pytest.mark.parametrize(("call", "message"), CASES)
def test_a_bad_input_is_refused_by_name_and_leaves_nothing_half_changed(call, message, given):
    before = drawn(given)
    with pytest.raises((ValueError, TypeError), match=message):
        call(given)
    assert drawn(given) == before

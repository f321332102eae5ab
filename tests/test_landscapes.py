"""Landscapes against finite differences; the ascents against scipy and brute force."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import approx_fprime, check_grad, minimize
from scipy.special import expit

from trpo_lib.landscapes import (
    CliffRidge,
    SoftmaxBandit,
    gradient_ascent,
    maximize_quadratic,
    trust_region_ascent,
)

RIDGE = CliffRidge()
BENT = CliffRidge(peak=4.0, summit=-1.0, along=0.6, across=2.5, bend=-0.7, edge=1.0, width=0.1)
points = st.tuples(st.floats(-3, 4), st.floats(-2, 4)).map(np.array)
seeds = st.integers(0, 10_000)


class Parabola:
    """f(θ) = −½ (θ − top)ᵀ M (θ − top): its own second-order model, so κ is always 1."""

    top, matrix = np.array([3.0, -2.0]), np.array([[2.0, 0.5], [0.5, 1.0]])

    def height(self, theta):
        return -(theta - self.top) @ self.matrix @ (theta - self.top) / 2

    def gradient(self, theta):
        return -self.matrix @ (theta - self.top)

    def hessian(self, theta):
        return -self.matrix


@given(points)
@pytest.mark.parametrize("landscape", [RIDGE, BENT, SoftmaxBandit((2.0, -1.0, 0.5))])
def test_gradients_equal_finite_differences(landscape, theta):
    # The cliff's third derivative is of the order peak / width³.
    assert check_grad(landscape.height, landscape.gradient, theta, epsilon=1e-7) < 1e-3


@given(points)
@pytest.mark.parametrize("ridge", [RIDGE, BENT])
def test_the_ridges_hessian_is_the_derivative_of_its_gradient(ridge, theta):
    numeric = approx_fprime(theta, ridge.gradient, 1e-7)
    np.testing.assert_allclose(ridge.hessian(theta), numeric, rtol=1e-3, atol=0.02)
    np.testing.assert_array_equal(ridge.hessian(theta), ridge.hessian(theta).T)


def test_heights_equal_the_formula_of_the_docstring():
    x, y = np.random.default_rng(0).uniform(-2, 2, (2, 50))
    u = y + 0.7 * x**2
    cliff = expit((u + 1) / 0.1)
    expected = 4 * cliff / (1 + 0.6 * (x + 1) ** 2 + 2.5 * u**2)
    np.testing.assert_allclose(BENT.height(np.stack([x, y], -1)), expected, rtol=1e-9)


def test_the_ridge_has_its_summit_a_cliff_and_a_plain_without_slope():
    summit, plain = np.array([2.0, 1.2]), np.array([2.0, -1.0])
    best = minimize(lambda theta: -RIDGE.height(theta), summit, method="Nelder-Mead", tol=1e-10)
    np.testing.assert_allclose(best.x, summit, atol=0.01)
    assert RIDGE.height(summit) == pytest.approx(10, abs=0.001)
    assert RIDGE.height(plain) < 1e-6
    assert np.linalg.norm(RIDGE.gradient(plain)) < 1e-5


@pytest.mark.parametrize("landscape", [RIDGE, SoftmaxBandit()])
def test_many_points_at_once_give_what_each_gives_alone(landscape):
    theta = np.random.default_rng(0).normal(size=(4, 3, 2))
    methods = {"height", "gradient", "hessian", "fisher", "probabilities"} & set(dir(landscape))
    for method in methods:
        together = getattr(landscape, method)(theta)
        alone = [[getattr(landscape, method)(point) for point in row] for row in theta]
        np.testing.assert_allclose(together, alone, rtol=1e-12)


def test_a_bandits_probabilities_are_a_softmax_that_does_not_overflow():
    bandit = SoftmaxBandit()
    weights = np.exp([0.3, -1.0, 0.0])
    np.testing.assert_allclose(bandit.probabilities((0.3, -1.0)), weights / weights.sum())
    np.testing.assert_array_equal(bandit.probabilities((1000.0, -1000.0)), [1, 0, 0])


@given(points)
def test_the_fisher_matrix_is_the_curvature_of_the_kl_and_the_scores_outer_product(theta):
    bandit = SoftmaxBandit()
    p = bandit.probabilities(theta)
    scores = np.vstack([np.eye(2) - p[:2], -p[:2]])  # ∂ log π(a) / ∂θ, a row per action
    np.testing.assert_allclose(bandit.fisher(theta), scores.T @ (p[:, None] * scores), atol=1e-12)

    def kl_gradient(new):  # of KL(p ‖ π_new): π_new − p
        return (bandit.probabilities(new) - p)[:2]

    np.testing.assert_allclose(bandit.fisher(theta), approx_fprime(theta, kl_gradient), atol=1e-6)


@given(points, st.floats(1e-4, 1))
def test_the_natural_step_is_the_best_of_the_ellipse_and_ends_on_its_border(theta, max_kl):
    bandit = SoftmaxBandit()
    step, fisher = bandit.natural_step(theta, max_kl), bandit.fisher(theta)
    assert step @ fisher @ step / 2 == pytest.approx(max_kl, rel=1e-8)
    angle = np.linspace(0, 2 * np.pi, 2000)
    round_steps = np.stack([np.cos(angle), np.sin(angle)])
    others = np.sqrt(2 * max_kl) * np.linalg.solve(np.linalg.cholesky(fisher).T, round_steps)
    gains = bandit.gradient(theta) @ others
    assert gains.max() == pytest.approx(bandit.gradient(theta) @ step, rel=1e-5)
    assert gains.max() <= bandit.gradient(theta) @ step * (1 + 1e-9)


def test_gradient_ascent_is_the_recursion_and_takes_many_starts():
    path = gradient_ascent(Parabola(), (0, 0), step_size=0.5, iterations=40)
    assert path.shape == (41, 2)
    shrink = np.eye(2) - 0.5 * Parabola.matrix
    expected = Parabola.top - np.linalg.matrix_power(shrink, 40) @ Parabola.top
    np.testing.assert_allclose(path[-1], expected, atol=1e-12)
    starts = np.array([[-2.0, 2.0], [0.0, 0.3]])
    both = gradient_ascent(RIDGE, starts, 0.03, 20)
    for start, path in zip(starts, both.swapaxes(0, 1), strict=True):
        np.testing.assert_allclose(path, gradient_ascent(RIDGE, start, 0.03, 20), rtol=1e-9)


def random_model(seed, size=2):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(size, size)) * rng.choice([0.1, 1, 10])
    return rng.normal(size=size), root + root.T, 10 ** rng.uniform(-2, 1)


def promised(step, gradient, hessian):
    return step @ gradient + np.einsum("...i,ij,...j->...", step, hessian, step) / 2


@given(seeds)
def test_the_best_step_beats_every_point_of_a_fine_grid_of_the_disc(seed):
    gradient, hessian, radius = random_model(seed)
    step = maximize_quadratic(gradient, hessian, radius)
    angle, share = np.meshgrid(np.linspace(0, 2 * np.pi, 400), np.linspace(0, 1, 100))
    disc = radius * np.stack([share * np.cos(angle), share * np.sin(angle)], axis=-1)
    best, found = promised(disc, gradient, hessian).max(), promised(step, gradient, hessian)
    assert np.linalg.norm(step) <= radius * (1 + 1e-9)
    assert best <= found * (1 + 1e-9)


@given(seeds, st.integers(1, 6))
def test_the_best_step_meets_the_conditions_of_theorem_4_1_in_any_dimension(seed, size):
    gradient, hessian, radius = random_model(seed, size)
    step = maximize_quadratic(gradient, hessian, radius)
    multiplier = step @ (gradient + hessian @ step) / (step @ step)
    scale = np.linalg.norm(gradient) + np.linalg.norm(hessian) * radius
    np.testing.assert_allclose(gradient + hessian @ step, multiplier * step, atol=1e-8 * scale)
    if np.linalg.norm(step) < radius * (1 - 1e-9):
        assert abs(multiplier) * np.linalg.norm(step) < 1e-8 * scale
    assert multiplier >= max(0, np.linalg.eigvalsh(hessian)[-1]) - 1e-8 * scale / radius


@pytest.mark.parametrize("gradient", [(1.0, 0.0), (0.0, 0.0)])
def test_the_hard_case_goes_to_the_border_along_the_best_axis(gradient):
    gradient, hessian = np.array(gradient), np.diag([-1.0, 2.0])
    step = maximize_quadratic(gradient, hessian, 3.0)
    assert np.linalg.norm(step) == pytest.approx(3)
    assert step[0] == pytest.approx(gradient[0] / 3)
    assert promised(step, gradient, hessian) == pytest.approx(9 + gradient[0] ** 2 / 6)


def test_a_flat_or_round_model_leads_along_the_gradient():
    for hessian in (np.zeros((2, 2)), np.eye(2)):
        step = maximize_quadratic(np.array([3.0, 4.0]), hessian, 2.0)
        np.testing.assert_allclose(step, [1.2, 1.6])


def test_on_a_parabola_the_ratio_is_one_and_the_radius_doubles_until_the_top_is_inside():
    found = trust_region_ascent(Parabola(), (0, 0), radius=0.5, iterations=50, max_radius=1.5)
    np.testing.assert_allclose(found.ratios, 1)
    np.testing.assert_array_equal(found.radii[:4], [0.5, 1, 1.5, 1.5])
    assert found.accepted.all()
    np.testing.assert_allclose(found.path[-1], Parabola.top, atol=1e-6)
    assert len(found.path) == len(found.radii) + 1 < 10


def test_the_trust_region_ends_where_scipys_does():
    start = np.array([-1.0, 0.5])
    scipys = minimize(
        lambda theta: -RIDGE.height(theta),
        start,
        jac=lambda theta: -RIDGE.gradient(theta),
        hess=lambda theta: -RIDGE.hessian(theta),
        method="trust-exact",
        options={"gtol": 1e-8},
    )
    found = trust_region_ascent(RIDGE, start, radius=1.0, iterations=100)
    np.testing.assert_allclose(found.path[-1], scipys.x, atol=1e-5)


def test_refused_steps_stay_and_quarter_the_radius_and_height_never_falls():
    for radius in (0.01, 1.0, 10.0):
        found = trust_region_ascent(RIDGE, (-2, 2), radius, iterations=100)
        stays = (found.path[1:] == found.path[:-1]).all(-1)
        np.testing.assert_array_equal(stays, ~found.accepted)
        np.testing.assert_array_equal(found.accepted, found.ratios > 0.1)
        bad = found.ratios[:-1] < 0.25
        np.testing.assert_allclose(found.radii[1:][bad], found.radii[:-1][bad] / 4)
        assert (np.diff(RIDGE.height(found.path)) >= 0).all()
        assert not found.accepted.all()
        assert RIDGE.height(found.path[-1]) > 9.99


class Overpromised:
    """A slope along θ₁ that keeps the same share of what its gradient promises, always."""

    def __init__(self, kept):
        self.kept = kept

    def height(self, theta):
        return self.kept * theta[0]

    def gradient(self, theta):
        return np.array([1.0, 0.0])

    def hessian(self, theta):
        return np.zeros((2, 2))


@pytest.mark.parametrize(
    ("kept", "radius", "accepted"),
    [
        (0.0625, 0.25, False),
        (0.125, 0.25, True),
        (0.2421875, 0.25, True),
        (0.25, 1, True),
        (0.5, 1, True),
        (0.75, 1, True),
        (0.7578125, 2, True),
        (1.5, 2, True),
    ],
)
def test_the_ratio_decides_whether_to_step_and_what_the_next_radius_is(kept, radius, accepted):
    found = trust_region_ascent(Overpromised(kept), (0, 0), radius=1.0, iterations=2)
    np.testing.assert_array_equal(found.ratios[0], kept)
    np.testing.assert_array_equal(found.radii, [1, radius])
    np.testing.assert_array_equal(found.accepted, accepted)
    np.testing.assert_allclose(found.path[1], [accepted, 0], atol=1e-12)


class Sloped(Parabola):
    """The parabola with a small quartic term: its model promises a little too much."""

    def height(self, theta):
        return super().height(theta) - 1e-4 * ((theta - self.top) ** 4).sum()

    def gradient(self, theta):
        return super().gradient(theta) - 4e-4 * (theta - self.top) ** 3


def test_a_good_forecast_inside_the_region_leaves_the_radius():
    bowl = Sloped()
    found = trust_region_ascent(bowl, (0, 0), radius=5.0, iterations=2)
    assert found.ratios[0] > 0.75
    np.testing.assert_array_equal(found.radii, [5, 5])


def test_at_the_top_nothing_is_tried():
    found = trust_region_ascent(Parabola(), Parabola.top, radius=1.0, iterations=5)
    assert found.path.shape == (1, 2)
    assert found.radii.shape == found.ratios.shape == found.accepted.shape == (0,)
    assert found.accepted.dtype == bool


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gradient_ascent(RIDGE, (0, 0), 0, 5), r"step_size must be in \(0, inf\), got 0"),
        (lambda: gradient_ascent(RIDGE, (0, 0), 0.1, 0), "iterations must be at least 1, got 0"),
        (lambda: gradient_ascent(RIDGE, (0, 0, 0), 0.1, 5), r"start must have .*, got \[3\]"),
        (lambda: gradient_ascent(RIDGE, 0.0, 0.1, 5), r"start must have .*, got \[\]"),
        (lambda: gradient_ascent(RIDGE, (0, np.nan), 0.1, 5), "start must be finite"),
        (lambda: trust_region_ascent(RIDGE, (0, 0), -1, 5), "radius must be .*, got -1"),
        (lambda: trust_region_ascent(RIDGE, (0, 0), 1, 5, 0), "max_radius must be .*, got 0"),
        (lambda: trust_region_ascent(RIDGE, np.zeros((4, 2)), 1, 5), r"\[2\], got \[4, 2\]"),
        (lambda: maximize_quadratic(np.ones(2), np.eye(2), 0), "radius must be .*, got 0"),
        (lambda: maximize_quadratic(np.ones(2), np.full((2, 2), np.nan), 1), "hessian must be fin"),
        (lambda: maximize_quadratic(np.array([1, np.inf]), np.eye(2), 1), "gradient must be fin"),
        (lambda: SoftmaxBandit().natural_step((0, 0), 0), r"max_kl must be in \(0, inf\), got 0"),
        (lambda: SoftmaxBandit((1, 1, 1)).natural_step((0, 0), 1), "rewards must differ"),
        (lambda: SoftmaxBandit((1, 2)), r"rewards must be three .*, got \(1, 2\)"),
        (lambda: SoftmaxBandit((1, 2, np.nan)), "rewards must be three finite"),
        (lambda: RIDGE.height(np.zeros(3)), r"theta must have .*, got \[3\]"),
        (lambda: CliffRidge(width=0), r"width must be in \(0, inf\), got 0"),
    ],
)
def test_errors_name_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_ridge_of_the_lessons():
    given = {"peak": 10.0, "summit": 2.0, "along": 0.25, "across": 1.0, "bend": 0.3}
    assert CliffRidge() == CliffRidge(**given, edge=0.5, width=0.05)


def test_the_bandit_of_the_lessons_pays_one_nothing_and_minus_one():
    assert SoftmaxBandit() == SoftmaxBandit(rewards=(1.0, 0.0, -1.0))


def test_the_radius_grows_up_to_ten_unless_told_otherwise():
    found = trust_region_ascent(Overpromised(1), (0, 0), radius=1.0, iterations=6)
    np.testing.assert_array_equal(found.radii, [1, 2, 4, 8, 10, 10])

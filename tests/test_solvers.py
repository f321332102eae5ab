import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import approx_fprime
from scipy.sparse.linalg import cg

from trpo_lib.solvers import conjugate_gradient, flat_grad, line_search


def random_spd(seed, size):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(size, size))
    return torch.tensor(root @ root.T + np.eye(size)), torch.tensor(rng.normal(size=size))


@given(st.integers(0, 1000), st.integers(1, 8))
def test_conjugate_gradient_solves_the_system_and_knows_its_quadratic_form(seed, size):
    matrix, b = random_spd(seed, size)
    result = conjugate_gradient(matrix.mv, b, max_iters=100)
    expected = torch.linalg.solve(matrix, b)
    assert result.status == "converged"
    torch.testing.assert_close(result.x, expected, rtol=1e-6, atol=1e-8)
    assert result.quadratic_form == pytest.approx((expected @ matrix @ expected).item(), rel=1e-6)


@pytest.mark.parametrize("iters", [1, 2, 5, 10])
def test_every_iterate_equals_scipys(iters):
    matrix, b = random_spd(0, 30)
    iterates = []
    scipys, _ = cg(matrix.numpy(), b.numpy(), maxiter=iters, rtol=0, callback=iterates.append)
    result = conjugate_gradient(matrix.mv, b, max_iters=iters)
    assert result.status == "max_iters"
    assert len(result.residuals) == iters + 1 == len(iterates) + 1
    np.testing.assert_allclose(result.x, scipys, rtol=1e-9)
    # Short of convergence too, xᵀ A x is of this x.
    assert result.quadratic_form == pytest.approx((result.x @ matrix @ result.x).item(), rel=1e-9)


def test_the_quadratic_form_is_the_iterates_also_far_from_the_solution():
    matrix = torch.diag(torch.tensor([1.0, 10.0, 100.0], dtype=torch.float64))
    found = conjugate_gradient(lambda v: matrix @ v, torch.ones(3, dtype=torch.float64), 1)
    assert found.residuals[-1] > 0.5
    assert found.quadratic_form == pytest.approx(float(found.x @ matrix @ found.x), rel=1e-12)


def test_the_quadratic_form_is_right_after_rounding_has_turned_the_residual_from_x():
    axes, _ = torch.linalg.qr(random_spd(1, 60)[0])
    matrix = axes * torch.logspace(0, -4, 60, dtype=torch.float64) @ axes.T
    b = random_spd(2, 60)[1]
    found = conjugate_gradient(matrix.mv, b, max_iters=50, tol=0)
    product = matrix @ found.x
    expected = float(found.x @ product)
    assert abs(float(found.x @ (b - product))) > 1e-6 * expected  # 0 without rounding
    assert found.quadratic_form == pytest.approx(expected, rel=1e-11)


def test_residuals_are_the_true_ones_of_every_iterate():
    matrix, b = random_spd(0, 30)
    true = [
        (b - matrix @ conjugate_gradient(matrix.mv, b, max_iters=iters).x).norm().item()
        for iters in range(1, 11)
    ]
    reported = conjugate_gradient(matrix.mv, b, max_iters=10).residuals
    np.testing.assert_allclose(reported, [b.norm(), *true], rtol=1e-9)


def test_the_tolerance_is_relative_to_b():
    matrix, b = random_spd(0, 30)
    for scale in (1e-6, 1.0, 1e6):
        result = conjugate_gradient(matrix.mv, scale * b, max_iters=100, tol=1e-3)
        assert result.status == "converged"
        assert result.residuals[-1] <= 1e-3 * scale * b.norm() < result.residuals[-2]


def test_a_zero_right_hand_side_gives_zero_without_a_product():
    def matvec(vector):
        raise AssertionError("no product is needed")

    result = conjugate_gradient(matvec, torch.zeros(4))
    assert result.x.tolist() == [0] * 4
    assert (result.residuals, result.quadratic_form, result.status) == ((0.0,), 0.0, "converged")


def test_it_stops_and_says_so_at_negative_curvature_with_the_last_good_iterate():
    matrix, b = torch.diag(torch.tensor([1.0, 2.0, -1.0])), torch.tensor([1.0, 1.0, 0.5])
    result = conjugate_gradient(matrix.mv, b)
    assert result.status == "non-positive curvature"
    steepest = b @ b / (b @ matrix @ b) * b  # the first iterate; the second direction is hollow
    torch.testing.assert_close(result.x, steepest)
    assert result.quadratic_form == pytest.approx((steepest @ matrix @ steepest).item(), rel=1e-6)


@pytest.mark.parametrize("factor", [-1.0, 0.0, math.nan])
def test_without_any_positive_curvature_the_step_is_zero(factor):
    result = conjugate_gradient(lambda vector: factor * vector, torch.ones(3))
    assert result.status == "non-positive curvature"
    assert result.x.tolist() == [0] * 3
    assert (len(result.residuals), result.quadratic_form) == (1, 0.0)


def test_it_leaves_b_as_it_was():
    matrix, b = random_spd(0, 5)
    before = b.clone()
    conjugate_gradient(matrix.mv, b)
    assert torch.equal(b, before)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"b": torch.ones(3, 1)}, ValueError, r"b must have shape \[·\], got \[3, 1\]"),
        (
            {"b": torch.tensor([0, math.nan])},
            ValueError,
            r"b must be finite, got nan at index \[1\]",
        ),
        ({"b": torch.tensor([math.inf])}, ValueError, "b must be finite, got inf"),
        ({"b": torch.ones(3), "max_iters": 0}, ValueError, "max_iters must be at least 1, got 0"),
        ({"b": torch.ones(3), "max_iters": 2.5}, TypeError, "max_iters must be an int, got 2.5"),
        ({"b": torch.ones(3), "max_iters": True}, TypeError, "max_iters must be an int, got True"),
    ],
)
def test_conjugate_gradient_refuses(arguments, error, message):
    with pytest.raises(error, match=message):
        conjugate_gradient(lambda vector: vector, **arguments)


START, STEP = torch.tensor([1.0, 2.0]), torch.tensor([8.0, -4.0])


@pytest.mark.parametrize("tries", [1, 2, 4])
def test_line_search_takes_the_first_fraction_that_is_accepted(tries):
    seen = []

    def accept(point):
        seen.append(point.tolist())
        return len(seen) == tries

    result = line_search(accept, START, STEP, shrink=0.5, max_tries=4)
    points = [[9.0, -2.0], [5.0, 0.0], [3.0, 1.0], [2.0, 1.5]]
    assert seen == points[:tries]
    assert result.accepted
    assert result.fraction == [1, 0.5, 0.25, 0.125][tries - 1]
    assert result.x.tolist() == points[tries - 1]


def test_a_line_search_without_success_ends_at_the_start_itself():
    seen = []
    result = line_search(lambda point: bool(seen.append(point)), START, STEP, 0.5, max_tries=3)
    assert len(seen) == 3
    assert result.x is START
    assert (result.fraction, result.accepted) == (0.0, False)
    assert START.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("shrink", [0.0, 1.0, -0.5, 2.0, math.nan])
def test_line_search_refuses_a_shrink_that_does_not_shrink(shrink):
    with pytest.raises(ValueError, match=rf"shrink must be in \(0, 1\), got {shrink}"):
        line_search(lambda point: True, START, STEP, shrink, max_tries=3)


@pytest.mark.parametrize(("max_tries", "error"), [(0, ValueError), (1.0, TypeError)])
def test_line_search_refuses_a_senseless_number_of_tries(max_tries, error):
    with pytest.raises(error, match="max_tries"):
        line_search(lambda point: True, START, STEP, 0.5, max_tries)


def test_flat_grad_equals_finite_differences_in_the_order_of_the_params():
    def function(vector):
        matrix, bias = vector[:6].view(3, 2), vector[6:]
        return (torch.tanh(matrix @ bias).exp().sum() + bias.prod() ** 2, [matrix, bias])

    point = np.random.default_rng(0).normal(size=8)
    expected = approx_fprime(point, lambda p: function(torch.tensor(p))[0].item(), 1e-7)
    output, params = function(torch.tensor(point, requires_grad=True))
    np.testing.assert_allclose(flat_grad(output, params), expected, rtol=1e-5)


def test_flat_grad_hands_its_options_to_autograd():
    x = torch.tensor([2.0, 3.0], requires_grad=True)
    slope = flat_grad((x**3).sum(), [x], create_graph=True)
    again = flat_grad(slope.sum(), [x])
    assert again.tolist() == [12.0, 18.0]
    assert slope.requires_grad
    assert not again.requires_grad


def test_the_defaults_of_cg_are_ten_iterations_and_a_residual_of_1e_10():
    spread = torch.diag(torch.logspace(0, 6, 40, dtype=torch.float64))
    found = conjugate_gradient(lambda v: spread @ v, torch.ones(40, dtype=torch.float64))
    assert (found.status, len(found.residuals)) == ("max_iters", 11)
    near_one = torch.diag(torch.linspace(1, 1.3, 40, dtype=torch.float64))
    found = conjugate_gradient(lambda v: near_one @ v, torch.ones(40, dtype=torch.float64))
    relative = [residual / found.residuals[0] for residual in found.residuals]
    assert found.status == "converged"
    assert relative[-2] > 1e-10 >= relative[-1] > 1e-12


def test_a_parameter_that_plays_no_part_has_the_gradient_zero():
    used, unused = torch.ones(2, requires_grad=True), torch.ones(3, requires_grad=True)
    assert flat_grad((used**2).sum(), [used, unused]).tolist() == [2, 2, 0, 0, 0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: conjugate_gradient(lambda v: v, START, tol=-0.5), r"^tol must be in \[0, inf\]"),
        (lambda: conjugate_gradient(lambda v: v[:1], START), r"b \[2\], product_of_matvec \[1\]"),
        (lambda: line_search(bool, START, STEP[:1], 0.5, 3), r"start \[2\], step \[1\]"),
    ],
)
def test_the_solvers_errors_name_every_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()

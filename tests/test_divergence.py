import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import rel_entr
from scipy.stats import entropy
from torch.distributions import Categorical, Independent, Normal, kl_divergence

from trpo_lib.divergence import categorical_kl, gaussian_kl, mean_kl

weights = arrays(float, (2, 5, 3), elements=st.floats(0, 1)).filter(lambda w: w.sum(-1).min() > 0.1)


@given(weights)
def test_categorical_kl_equals_scipys_with_zeros_and_missing_support(weights):
    p, q = weights / weights.sum(-1, keepdims=True)
    np.testing.assert_allclose(categorical_kl(p, q), rel_entr(p, q).sum(-1), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(categorical_kl(p, q), entropy(p, q, axis=-1), rtol=1e-9, atol=1e-15)


def test_categorical_kl_equals_torchs():
    p, q = np.random.default_rng(0).dirichlet(np.ones(4), size=(2, 3, 6))
    expected = kl_divergence(Categorical(torch.tensor(p)), Categorical(torch.tensor(q)))
    np.testing.assert_allclose(categorical_kl(p, q), expected, rtol=1e-12)


def test_an_action_that_p_never_takes_adds_nothing():
    assert categorical_kl([0.0, 1.0], [0.5, 0.5]) == pytest.approx(np.log(2), rel=1e-15)
    assert categorical_kl([0.0, 1.0], [0.0, 1.0]) == 0


def test_an_action_that_only_p_takes_is_infinitely_surprising():
    assert categorical_kl([0.5, 0.5], [0.0, 1.0]) == np.inf


def test_integer_probabilities_are_probabilities():
    np.testing.assert_array_equal(categorical_kl([[1, 0], [0, 1]], [[1, 0], [1, 0]]), [0, np.inf])


@pytest.mark.parametrize(
    ("p", "q", "message"),
    [
        (np.full(2, 0.5), np.full((2, 1), 0.5), r"p \[2\], q \[2, 1\]"),
        ([1.5, -0.5], [0.5, 0.5], "p must hold probabilities .* smallest entry -0.5"),
        ([0.5, 0.5], [0.5, 0.4], "q must hold probabilities .* sums .*0.9"),
        ([0.5, np.nan], [0.5, 0.5], "p must hold probabilities .* nan"),
    ],
)
def test_categorical_kl_refuses_what_is_no_probability_vector(p, q, message):
    with pytest.raises(ValueError, match=message):
        categorical_kl(p, q)


def gaussians(shape):
    rng = np.random.default_rng(0)
    means, stds = rng.normal(size=(2, *shape)), rng.uniform(0.2, 3, size=(2, *shape))
    return means[0], stds[0], means[1], stds[1]


@pytest.mark.parametrize("shape", [(3,), (5, 1), (4, 5, 2)])
def test_gaussian_kl_equals_torchs(shape):
    mean_p, std_p, mean_q, std_q = map(torch.tensor, gaussians(shape))
    expected = kl_divergence(
        Independent(Normal(mean_p, std_p), 1), Independent(Normal(mean_q, std_q), 1)
    )
    np.testing.assert_allclose(gaussian_kl(*gaussians(shape)), expected, rtol=1e-12)


@pytest.mark.parametrize("name", ["std_p", "std_q"])
@pytest.mark.parametrize("std", [0.0, -1.0, np.nan])
def test_gaussian_kl_refuses_a_std_that_is_not_positive(name, std):
    arguments = {"mean_p": [0.0], "std_p": [1.0], "mean_q": [0.0], "std_q": [1.0], name: [std]}
    with pytest.raises(ValueError, match=f"{name} must be > 0"):
        gaussian_kl(**arguments)


def test_gaussian_kl_refuses_shapes_that_would_broadcast():
    with pytest.raises(ValueError, match=r"std_p \[2, 1\]"):
        gaussian_kl(np.zeros(2), np.ones((2, 1)), np.zeros(2), np.ones(2))


def test_mean_kl_of_categoricals_takes_its_expectation_under_the_old_policy():
    old, new = np.random.default_rng(0).dirichlet(np.ones(3), size=(2, 7))
    result = mean_kl(Categorical(torch.tensor(old)), Categorical(torch.tensor(new)))
    assert result.shape == ()
    old_first, new_first = rel_entr(old, new).sum(-1).mean(), rel_entr(new, old).sum(-1).mean()
    assert result.item() == pytest.approx(old_first, rel=1e-12)
    assert abs(old_first - new_first) > 0.01


def test_mean_kl_of_gaussians_takes_its_expectation_under_the_old_policy():
    mean_old, std_old, mean_new, std_new = gaussians((7, 2))
    old = Independent(Normal(torch.tensor(mean_old), torch.tensor(std_old)), 1)
    new = Independent(Normal(torch.tensor(mean_new), torch.tensor(std_new)), 1)
    # ∫ p (log p − log q) by Gauss–Hermite quadrature: exact, the integrand is quadratic.
    nodes, node_weights = np.polynomial.hermite_e.hermegauss(3)
    x = mean_old[..., None] + std_old[..., None] * nodes
    log_p = -(nodes**2) / 2 - np.log(std_old)[..., None]
    log_q = -(((x - mean_new[..., None]) / std_new[..., None]) ** 2) / 2
    log_ratio = log_p - log_q + np.log(std_new)[..., None]
    expected = (log_ratio @ node_weights / np.sqrt(2 * np.pi)).sum(-1).mean()
    assert mean_kl(old, new).item() == pytest.approx(expected, rel=1e-12)


def test_mean_kl_refuses_distributions_over_different_batches():
    old, new = Categorical(torch.ones(4, 2)), Categorical(torch.ones(4, 1, 2))
    with pytest.raises(ValueError, match=r"one batch shape, got \[4\] and \[4, 1\]"):
        mean_kl(old, new)


def test_gaussian_kl_names_all_four_arrays_when_their_shapes_differ():
    with pytest.raises(ValueError, match=r"mean_p \[2\], std_p \[2\], mean_q \[1\], std_q \[2\]"):
        gaussian_kl(np.zeros(2), np.ones(2), np.zeros(1), np.ones(2))

import itertools
import math

import numpy as np
import pytest
import torch
from torch.distributions import kl_divergence
from torch.func import functional_call, jacrev

from trpo_lib.fisher import damped_hessian, fisher_vector_product, jacobian_fisher
from trpo_lib.jacobian import linearize
from trpo_lib.policies import CategoricalPolicy, GaussianPolicy


@pytest.fixture
def obs(generator):
    return torch.randn(5, 3, generator=generator, dtype=torch.float64)


def as_matrix(product, size):
    return torch.stack([product(column) for column in torch.eye(size, dtype=torch.float64)], 1)


def flat_function(policy, function):
    """function(policy) as a function of one vector of all its parameters, and that vector."""
    params = dict(policy.named_parameters())
    point = torch.cat([param.detach().reshape(-1) for param in params.values()])

    def of_vector(vector):
        pieces = vector.split([param.numel() for param in params.values()])
        shaped = (piece.view_as(p) for piece, p in zip(pieces, params.values(), strict=True))
        trial = dict(zip(params, shaped, strict=True))
        return function(lambda obs: functional_call(policy, trial, (obs,)))

    return of_vector, point


def actions_and_weights(policy, obs):
    """Actions [B] with the weights [B] that make Σ weight · f(action) the mean of f under π.

    Exact: all actions of a softmax; Gauss–Hermite nodes, as scores are quadratic in the action.
    """
    new = policy(obs)
    if isinstance(policy, CategoricalPolicy):
        return [(torch.full((len(obs),), a), new.probs[:, a].detach()) for a in range(2)]
    nodes, weights = np.polynomial.hermite_e.hermegauss(3)
    pairs = zip(nodes, weights / math.sqrt(2 * math.pi), strict=True)
    mean, std = new.mean.detach(), new.stddev.detach()
    return [
        (mean + std * torch.tensor([x, y]), torch.full((len(obs),), v * w, dtype=torch.float64))
        for (x, v), (y, w) in itertools.product(pairs, repeat=2)
    ]


def test_it_multiplies_with_the_hessian_of_the_kl(policy, obs):
    old = policy(obs)
    kl, point = flat_function(policy, lambda new: kl_divergence(old, new(obs)).mean())
    hessian = torch.autograd.functional.hessian(kl, point)
    matrix = as_matrix(fisher_vector_product(policy, obs, damping=0.0), len(point))
    torch.testing.assert_close(matrix, hessian, rtol=0, atol=1e-10)
    assert hessian.abs().max() > 0.01


def test_it_multiplies_with_the_expected_outer_product_of_scores(policy, obs):
    fisher = 0
    for actions, weights in actions_and_weights(policy, obs):
        log_prob, point = flat_function(policy, lambda new, a=actions: new(obs).log_prob(a))
        scores = jacrev(log_prob)(point)
        fisher += torch.einsum("b, bi, bj -> ij", weights, scores, scores) / len(obs)
    matrix = as_matrix(fisher_vector_product(policy, obs, damping=0.0), len(point))
    torch.testing.assert_close(matrix, fisher.detach(), rtol=0, atol=1e-10)


def test_a_gaussians_matrix_is_the_closed_form(obs, generator):
    policy = GaussianPolicy(3, 2, (4,), generator).double()
    policy.log_std.data = torch.tensor([-1.0, 0.5], dtype=torch.float64)
    mean, point = flat_function(policy, lambda new: new(obs).mean)
    jacobian = jacrev(mean)(point)  # [B, D, P]
    precision = torch.exp(-2 * policy.log_std.detach())
    expected = torch.einsum("bdi, d, bdj -> ij", jacobian, precision, jacobian) / len(obs)
    assert next(policy.parameters()) is policy.log_std  # so the first two of all
    expected[[0, 1], [0, 1]] += 2
    matrix = as_matrix(fisher_vector_product(policy, obs, damping=0.0), len(point))
    torch.testing.assert_close(matrix, expected, rtol=0, atol=1e-10)


def test_the_matrix_is_symmetric_and_has_no_negative_eigenvalue(policy, obs):
    size = sum(param.numel() for param in policy.parameters())
    matrix = as_matrix(fisher_vector_product(policy, obs, damping=0.0), size)
    torch.testing.assert_close(matrix, matrix.T, rtol=0, atol=1e-12)
    assert torch.linalg.eigvalsh(matrix).min() > -1e-12


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)], ids=str
)
def test_a_policys_jacobian_gives_the_same_products(policy, obs, dtype, tolerance, generator):
    policy, obs = policy.to(dtype), obs.to(dtype)
    size = sum(param.numel() for param in policy.parameters())
    for vector in torch.randn(20, size, generator=generator, dtype=dtype):
        expected = fisher_vector_product(policy, obs, damping=0.1)(vector)
        found = jacobian_fisher(linearize(policy, obs), damping=0.1)(vector)
        assert (found - expected).norm() <= tolerance * expected.norm()


def changed(policy, kind):
    """The policy after a user has changed it."""
    network = policy.logits if isinstance(policy, CategoricalPolicy) else policy.mean
    if kind == "another layer":
        network[1] = torch.nn.ReLU()
    elif kind == "one frozen":
        network[0].weight.requires_grad_(False)
    elif kind == "one more":
        policy.extra = torch.nn.Parameter(torch.zeros(2))
    else:
        policy.__class__ = type("Mine", (type(policy),), {})
    return policy


@pytest.mark.parametrize("kind", ["another layer", "one frozen", "one more", "another class"])
def test_a_changed_policy_offers_no_jacobian_and_is_differentiated(policy, obs, kind):
    assert linearize(policy, obs) is not None
    assert linearize(changed(policy, kind), obs) is None


def test_damping_adds_exactly_damping_times_the_vector(policy, obs, generator):
    size = sum(param.numel() for param in policy.parameters())
    vector = torch.randn(size, generator=generator, dtype=torch.float64)
    plain, damped = (fisher_vector_product(policy, obs, damping)(vector) for damping in (0.0, 0.3))
    assert torch.equal(damped, plain + 0.3 * vector)


def test_a_frozen_parameter_has_no_row(policy, obs):
    flat_sizes = [param.numel() for param in policy.parameters()]
    whole = as_matrix(fisher_vector_product(policy, obs, damping=0.1), sum(flat_sizes))
    next(policy.parameters()).requires_grad_(False)
    rest = as_matrix(fisher_vector_product(policy, obs, damping=0.1), sum(flat_sizes[1:]))
    skipped = flat_sizes[0]
    torch.testing.assert_close(rest, whole[skipped:, skipped:], rtol=0, atol=1e-12)


@pytest.mark.parametrize("damping", [-1e-3, math.nan])
def test_it_refuses_a_damping_that_is_not_at_least_zero(policy, obs, damping):
    with pytest.raises(ValueError, match=rf"damping must be in \[0, inf\], got {damping}"):
        fisher_vector_product(policy, obs, damping)
    with pytest.raises(ValueError, match=rf"damping must be in \[0, inf\], got {damping}"):
        jacobian_fisher(linearize(policy, obs), damping)


def test_a_policy_that_hardly_trembles_is_refused_too(policy, obs, generator):
    class Trembling(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.policy = policy

        def forward(self, obs):
            return self.policy(obs + 3e-3 * torch.randn(obs.shape, generator=generator))

    with pytest.raises(ValueError, match=r"must answer twice alike, got a KL of \d\.\d?e-0[67]"):
        fisher_vector_product(Trembling(), obs, damping=0.1)


def test_a_kl_of_the_size_of_rounding_is_taken_for_zero():
    x = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    product = damped_hessian(x.square().sum() + 1e-9, [x], damping=0.5)
    assert product(torch.tensor([1.0, -2.0], dtype=torch.float64)).tolist() == [2.5, -5]

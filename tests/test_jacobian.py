"""J v and Jᵀ u are those of autograd, for networks of every depth and width."""

from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.func import functional_call, jacrev
from torch.nn.utils import parameters_to_vector

from trpo_lib.jacobian import Jacobian
from trpo_lib.scaling import Standardizer

SIZES = [(3, 2), (3, 8, 2), (2, 3, 7), (5, 1), (3, 6, 6, 2), (4, 2, 9, 3, 1)]


def network_of(sizes, generator, prepared=False):
    layers = [nn.Tanh()] * (2 * len(sizes) - 3)
    layers[::2] = [nn.Linear(*pair) for pair in pairwise(sizes)]
    network = nn.Sequential(*layers).double()
    for param in network.parameters():
        nn.init.normal_(param, generator=generator)
    if prepared:
        scaler = Standardizer(sizes[0]).double()
        scaler.update(3 + 2 * torch.randn(9, sizes[0], generator=generator, dtype=torch.float64))
        network.insert(0, scaler)
    return network


def dense_jacobian(network, x):
    """The matrix ``[B, K, P]``, by torch.func."""
    params = dict(network.named_parameters())
    parts = jacrev(lambda params: functional_call(network, params, (x,)))(params)
    return torch.cat([part.flatten(2) for part in parts.values()], -1)


@pytest.mark.parametrize("prepared", [False, True])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_push_and_pull_multiply_by_the_jacobian_of_autograd(sizes, prepared, generator):
    network = network_of(sizes, generator, prepared)
    x = torch.randn(5, sizes[0], generator=generator, dtype=torch.float64)
    assert Jacobian.covers(network)
    dense, jacobian = dense_jacobian(network, x), Jacobian(network, x)
    v = torch.randn(dense.shape[-1], generator=generator, dtype=torch.float64)
    u = torch.randn(5, sizes[-1], generator=generator, dtype=torch.float64)
    torch.testing.assert_close(jacobian.outputs, network(x).detach(), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(jacobian.push(v), dense @ v, rtol=1e-10, atol=1e-12)
    pulled = torch.einsum("bk, bkp -> p", u, dense)
    torch.testing.assert_close(jacobian.pull(u), pulled, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("prepared", [False, True])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_outputs_at_other_parameters_are_those_of_a_network_that_has_them(
    sizes, prepared, generator
):
    network, other = (network_of(sizes, generator, prepared) for _ in range(2))
    if prepared:
        other[0].load_state_dict(network[0].state_dict())
    x = torch.randn(5, sizes[0], generator=generator, dtype=torch.float64)
    theta = parameters_to_vector(other.parameters()).detach()
    assert torch.equal(Jacobian(network, x).outputs_at(theta), other(x).detach())


def test_both_leave_what_they_are_given_and_the_network_alone(generator):
    network = network_of((3, 8, 2), generator)
    x = torch.randn(5, 3, generator=generator, dtype=torch.float64)
    theta = parameters_to_vector(network.parameters()).detach().clone()
    jacobian, v, u = Jacobian(network, x), torch.ones_like(theta), torch.ones_like(x[:, :2])
    assert torch.equal(jacobian.push(v), jacobian.push(v))
    assert torch.equal(jacobian.pull(u), jacobian.pull(u))
    assert torch.equal(v, torch.ones_like(v))
    assert torch.equal(u, torch.ones_like(u))
    assert torch.equal(parameters_to_vector(network.parameters()), theta)
    assert not any(t.requires_grad for t in (jacobian.outputs, jacobian.push(v), jacobian.pull(u)))


@pytest.mark.parametrize(
    "network",
    [
        nn.Linear(3, 2),
        nn.Sequential(),
        nn.Sequential(nn.Tanh(), nn.Linear(3, 2)),
        nn.Sequential(nn.Linear(3, 2), nn.Tanh()),
        nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 2)),
        nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 2)),
        nn.Sequential(nn.Dropout(), nn.Linear(3, 2)),
        nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 2, bias=False)),
        nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))),
        nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.LayerNorm(3), nn.Linear(3, 2)),
    ],
    ids=str,
)
def test_another_kind_of_network_is_not_covered(network):
    assert not Jacobian.covers(network)

import matplotlib.pyplot as plt
import pytest
import torch
from hypothesis import settings
from updates import play

from trpo_lib.policies import CategoricalPolicy, GaussianPolicy

settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
settings.load_profile("repeatable")


@pytest.fixture(autouse=True, scope="session")
def one_torch_thread():
    torch.set_num_threads(1)


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


@pytest.fixture(params=[CategoricalPolicy, GaussianPolicy], ids=["categorical", "gaussian"])
def policy(request, generator):
    """A small float64 policy (3 observations, 2 actions) far from its near-uniform start."""
    policy = request.param(3, 2, hidden=(4,), generator=generator).double()
    with torch.no_grad():
        for param in policy.parameters():
            param.copy_(torch.randn(param.shape, generator=generator) / 2)
    return policy


@pytest.fixture
def batch(policy, generator):
    return play(policy, torch.randn(40, 3, generator=generator, dtype=torch.float64), generator)


@pytest.fixture
def left_as_it_was():
    """Cells set what is global: the next tests find it as it was."""
    dtype, threads = torch.get_default_dtype(), torch.get_num_threads()
    yield
    torch.set_default_dtype(dtype)
    torch.set_num_threads(threads)
    plt.close("all")

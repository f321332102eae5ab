"""Adam's steps are ``torch.optim.Adam``'s."""

import pytest
import torch

from trpo_lib.adam import Adam


@pytest.fixture
def gradients(generator):
    """Of very different sizes, and some parameters are often without one."""
    scale = 10.0 ** torch.arange(-4, 4, dtype=torch.float64)
    noise = torch.randn(100, 8, generator=generator, dtype=torch.float64)
    return scale * (1 + noise) * (noise[:, :1] > -0.5)


def by_torch(gradients, lr, eps=1e-8):
    """Where torch's Adam stands after each of its steps, which climb from 0."""
    param = torch.zeros_like(gradients[0], requires_grad=True)
    adam = torch.optim.Adam([param], lr=lr, eps=eps, maximize=True)
    path = []
    for gradient in gradients:
        param.grad = gradient.clone()
        adam.step()
        path.append(param.detach().clone())
    return torch.stack(path)


@pytest.mark.parametrize(("lr", "eps"), [(0.03, 1e-8), (1.0, 1e-5)])
def test_100_steps_are_those_of_torchs_adam(gradients, lr, eps):
    adam = Adam(lr, eps)
    path = torch.stack([adam(gradient) for gradient in gradients]).cumsum(0)
    torch.testing.assert_close(path, by_torch(gradients, lr, eps), rtol=1e-10, atol=1e-12)


def test_it_goes_on_from_its_state(gradients, tmp_path):
    whole, first, second = Adam(0.03), Adam(0.03), Adam(0.03)
    expected = [whole(gradient) for gradient in gradients]
    found = [first(gradient) for gradient in gradients[:40]]
    torch.save(first.state_dict(), tmp_path / "adam.pt")
    second.load_state_dict(torch.load(tmp_path / "adam.pt", weights_only=True))
    found += [second(gradient) for gradient in gradients[40:]]
    assert torch.equal(torch.stack(found), torch.stack(expected))


def test_another_rate_acts_on_the_next_step(gradients):
    adam, other = Adam(0.03), Adam(0.03)
    adam(gradients[0]), other(gradients[0])
    other.lr = 0.06
    torch.testing.assert_close(other(gradients[1]), 2 * adam(gradients[1]))


def test_a_step_does_not_change_the_gradient_or_the_state_that_was_taken(gradients):
    adam, before = Adam(0.03), gradients[:2].clone()
    adam(gradients[0])
    state = adam.state_dict()
    kept = {name: torch.as_tensor(value).clone() for name, value in state.items()}
    adam(gradients[1])
    assert torch.equal(gradients[:2], before)
    assert all(torch.equal(torch.as_tensor(state[name]), kept[name]) for name in kept)


def test_steps_have_the_precision_of_the_gradient(gradients):
    assert Adam(0.03)(gradients[0].float()).dtype == torch.float32
    assert Adam(0.03)(gradients[0]).dtype == torch.float64

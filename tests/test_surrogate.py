import math

import numpy as np
import pytest
import torch
from scipy.special import softmax
from scipy.stats import norm
from torch.distributions import Categorical, Independent, Normal

from trpo_lib.surrogate import surrogate

B = 6
rng = np.random.default_rng(0)
old_log_probs = rng.normal(-1, 0.3, size=B)
advantages = rng.normal(size=B)


def test_surrogate_of_a_categorical_equals_a_plain_loop():
    logits, actions = rng.normal(size=(B, 3)), rng.integers(3, size=B)
    expected = 0.0
    for row, action, old, advantage in zip(logits, actions, old_log_probs, advantages, strict=True):
        expected += softmax(row)[action] / math.exp(old) * advantage / B
    new = Categorical(logits=torch.tensor(logits))
    result = surrogate(new, *map(torch.tensor, (actions, old_log_probs, advantages)))
    assert result.shape == ()
    assert result.item() == pytest.approx(expected, rel=1e-12)


def test_surrogate_of_a_gaussian_equals_a_plain_loop():
    mean, std, actions = (
        rng.normal(size=(B, 2)),
        rng.uniform(0.5, 2, (B, 2)),
        rng.normal(size=(B, 2)),
    )
    expected = 0.0
    for i in range(B):
        density = norm.pdf(actions[i], mean[i], std[i]).prod()
        expected += density / math.exp(old_log_probs[i]) * advantages[i] / B
    new = Independent(Normal(torch.tensor(mean), torch.tensor(std)), 1)
    result = surrogate(new, *map(torch.tensor, (actions, old_log_probs, advantages)))
    assert result.item() == pytest.approx(expected, rel=1e-12)


def test_at_the_old_policy_the_gradient_is_the_policy_gradient():
    logits, actions = rng.normal(size=(B, 3)), rng.integers(3, size=B)
    tensor = torch.tensor(logits, requires_grad=True)
    new = Categorical(logits=tensor)
    old = new.log_prob(torch.tensor(actions)).detach()
    surrogate(new, torch.tensor(actions), old, torch.tensor(advantages)).backward()
    score = np.eye(3)[actions] - softmax(logits, axis=-1)  # of a softmax, in its logits
    np.testing.assert_allclose(tensor.grad, advantages[:, None] * score / B, rtol=1e-12)


@pytest.mark.parametrize("name", ["old_log_probs", "advantages"])
def test_a_column_against_a_vector_is_refused(name):
    arguments = {"old_log_probs": torch.zeros(B), "advantages": torch.zeros(B)}
    arguments[name] = torch.zeros(B, 1)
    with pytest.raises(ValueError, match=rf"{name} \[6, 1\]"):
        surrogate(Categorical(torch.ones(B, 3)), torch.zeros(B), **arguments)


def test_actions_that_would_broadcast_are_refused():
    with pytest.raises(ValueError, match=r"log_probs \[6, 6\]"):
        surrogate(Categorical(torch.ones(B, 3)), torch.zeros(B, 1), *torch.zeros(2, B))

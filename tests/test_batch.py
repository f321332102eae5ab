import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from trpo_lib.advantage import gae
from trpo_lib.batch import Batch, make_batch
from trpo_lib.policies import Critic
from trpo_lib.rollout import Rollout

T, N = 5, 3


def fields(size=4):
    return {
        "obs": torch.zeros(size, 3),
        "actions": torch.zeros(size, dtype=torch.long),
        "old_log_probs": torch.zeros(size),
        "advantages": torch.zeros(size),
        "values": torch.zeros(size),
        "returns": torch.zeros(size),
    }


def rollout(policy, generator, real):
    """A hand-made one: random numbers, no episode ends, actions of the policy's own kind."""
    obs, next_obs = torch.randn(2, T, N, 3, generator=generator, dtype=torch.float64)
    actions = torch.from_numpy(policy.act(obs.numpy(), policy.noise((T, N), generator).numpy()))
    rewards = torch.randn(T, N, generator=generator, dtype=torch.float64)
    never = torch.zeros(T, N, dtype=torch.bool)
    return Rollout(obs, actions, rewards, next_obs, never, never, real, ())


@pytest.mark.parametrize("actions", [torch.zeros(4, dtype=torch.long), torch.zeros(4, 2)])
def test_a_batch_holds_discrete_or_continuous_actions(actions):
    assert Batch(**fields() | {"actions": actions}).actions is actions


def test_an_empty_batch_is_refused():
    with pytest.raises(ValueError, match="transitions must be at least 1, got 0"):
        Batch(**fields(0))


@pytest.mark.parametrize(
    ("name", "shape", "wanted"),
    [
        ("obs", (4,), r"\[4, ·\]"),
        ("obs", (4, 3, 1), r"\[4, ·\]"),
        ("actions", (4, 1, 1), r"\[4\] or \[4, ·\]"),
        ("actions", (3,), r"\[4\] or \[4, ·\]"),
        ("old_log_probs", (4, 1), r"\[4\]"),
        ("old_log_probs", (1,), r"\[4\]"),
        ("advantages", (4, 1), r"\[4\]"),
        ("advantages", (5,), r"\[4\]"),
        ("values", (4, 1), r"\[4\]"),
        ("returns", (4, 1), r"\[4\]"),
        ("returns", (), r"\[4\]"),
    ],
)
def test_a_wrong_shape_is_refused_by_name(name, shape, wanted):
    with pytest.raises(ValueError, match=f"^{name} must have shape {wanted}, got") as error:
        Batch(**fields() | {name: torch.zeros(shape)})
    assert str(list(shape)) in str(error.value)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", list(fields()))
def test_a_number_that_is_not_finite_is_refused_by_name(name, bad):
    tensor = fields()[name].float()
    tensor[2] = bad
    with pytest.raises(ValueError, match=rf"^{name} must be finite, got {bad} at index \[2"):
        Batch(**fields() | {name: tensor})


@pytest.mark.parametrize("name", list(fields()))
def test_a_column_that_is_no_tensor_is_refused_by_name(name):
    with pytest.raises(TypeError, match=f"^{name} must be a Tensor, got array"):
        Batch(**fields() | {name: fields()[name].numpy()})


def test_make_batch_keeps_the_real_transitions_in_order_with_their_log_probs(policy, generator):
    real = torch.rand(T, N, generator=generator) < 0.7
    played = rollout(policy, generator, real)
    batch = make_batch(played, policy, Critic(3, (8,), None).double(), gamma=0.9, lam=0.8)
    where = [(t, n) for t in range(T) for n in range(N) if real[t, n]]
    assert 0 < len(where) < T * N
    assert len(batch.obs) == len(where)
    for i, (t, n) in enumerate(where):
        assert torch.equal(batch.obs[i], played.obs[t, n])
        assert torch.equal(batch.actions[i], played.actions[t, n])
        expected = policy(played.obs[t, n][None]).log_prob(played.actions[t, n][None]).item()
        assert batch.old_log_probs[i].item() == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(batch.advantages.mean(), 0, atol=1e-12)
    np.testing.assert_allclose(batch.advantages.std(correction=0), 1, rtol=1e-12)


def test_advantages_and_returns_are_those_of_gae_with_the_rollouts_own_masks(policy, generator):
    played = rollout(policy, generator, torch.ones(T, N, dtype=torch.bool))
    terminated, truncated = torch.rand(2, T, N, generator=generator) < 0.3
    assert (terminated != truncated).any()
    played = replace(played, terminated=terminated, truncated=truncated)
    critic = Critic(3, (8,), None).double()
    values, next_values = (critic(obs).detach() for obs in (played.obs, played.next_obs))
    expected = gae(played.rewards, values, next_values, terminated, truncated, 0.9, 0.8)
    batch = make_batch(played, policy, critic, gamma=0.9, lam=0.8)
    torch.testing.assert_close(batch.returns, (expected + values).flatten())
    torch.testing.assert_close(batch.values, values.flatten())
    scaled = (expected - expected.mean()) / expected.std(correction=0)
    torch.testing.assert_close(batch.advantages, scaled.flatten())


def test_a_batch_is_made_of_constants(policy, generator):
    played = rollout(policy, generator, torch.ones(T, N, dtype=torch.bool))
    batch = make_batch(played, policy, Critic(3, (8,), None).double(), gamma=0.9, lam=0.8)
    assert not any(tensor.requires_grad for tensor in vars(batch).values())


def test_a_rollout_in_which_nothing_happened_is_refused(policy, generator):
    played = rollout(policy, generator, torch.zeros(T, N, dtype=torch.bool))
    with pytest.raises(ValueError, match="real_transitions must be at least 1, got 0"):
        make_batch(played, policy, Critic(3, (8,), None).double(), gamma=0.9, lam=0.8)

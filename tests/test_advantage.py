import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.signal import lfilter
from torch import nn

from trpo_lib.advantage import discounted_returns, explained_variance, gae, normalize
from trpo_lib.batch import make_batch
from trpo_lib.policies import CategoricalPolicy
from trpo_lib.rollout import Rollout

T, N = 7, 3
numbers = arrays(float, (3, T, N), elements=st.floats(-10, 10))
flags = arrays(bool, (2, T, N))
fractions = st.floats(0, 1)


@given(numbers, flags, fractions, fractions)
def test_gae_equals_the_double_sum_of_td_errors_under_any_masks(numbers, flags, gamma, lam):
    (rewards, values, next_values), (terminated, truncated) = numbers, flags
    expected = np.zeros((T, N))
    for n in range(N):
        for t in range(T):
            for k in range(t, T):
                bootstrap = 0 if terminated[k, n] else gamma * next_values[k, n]
                td_error = rewards[k, n] + bootstrap - values[k, n]
                expected[t, n] += (gamma * lam) ** (k - t) * td_error
                if terminated[k, n] or truncated[k, n]:
                    break
    result = gae(*map(torch.tensor, (*numbers, *flags)), gamma, lam)
    np.testing.assert_allclose(result, expected, rtol=1e-9, atol=1e-9)


@given(numbers, flags, fractions)
def test_returns_equal_the_sum_of_rewards_up_to_the_end_of_each_episode(numbers, flags, gamma):
    (rewards, _, next_values), (terminated, truncated) = numbers, flags
    expected = np.zeros((T, N))
    for n in range(N):
        for t in range(T):
            for k in range(t, T):
                expected[t, n] += gamma ** (k - t) * rewards[k, n]
                if terminated[k, n]:
                    break
                if truncated[k, n] or k == T - 1:
                    expected[t, n] += gamma ** (k - t + 1) * next_values[k, n]
                    break
    tensors = map(torch.tensor, (rewards, next_values, terminated, truncated))
    np.testing.assert_allclose(discounted_returns(*tensors, gamma), expected, rtol=1e-9, atol=1e-9)


@given(numbers)
def test_returns_of_one_long_episode_are_a_linear_filter_run_backwards(numbers):
    rewards, _, next_values = numbers
    nowhere = torch.zeros(T, N, dtype=torch.bool)
    at_the_end = nowhere.clone()
    at_the_end[-1] = True
    expected = lfilter([1], [1, -0.9], rewards[::-1], axis=0)[::-1]
    rewards, next_values = torch.tensor(rewards), torch.tensor(next_values)
    result = discounted_returns(rewards, next_values, at_the_end, nowhere, 0.9)
    np.testing.assert_allclose(result, expected, rtol=1e-9, atol=1e-9)
    bootstrapped = discounted_returns(rewards, next_values, nowhere, nowhere, 0.9)
    tail = 0.9 ** np.arange(T, 0, -1)[:, None] * next_values[-1].numpy()
    np.testing.assert_allclose(bootstrapped, expected + tail, rtol=1e-9, atol=1e-9)


@given(numbers, flags)
def test_lambda_0_gives_td_errors_and_lambda_1_returns_minus_values(numbers, flags):
    rewards, values, next_values = map(torch.tensor, numbers)
    terminated, truncated = map(torch.tensor, flags)
    # Within an episode the next observation is the next row's; where it ends it is its own.
    next_values[:-1] = torch.where((terminated | truncated)[:-1], next_values[:-1], values[1:])
    masked = (rewards, values, next_values, terminated, truncated)
    td_errors = np.where(flags[0], 0, 0.9 * next_values) + numbers[0] - numbers[1]
    np.testing.assert_allclose(gae(*masked, 0.9, 0.0), td_errors, rtol=1e-9, atol=1e-9)
    returns = discounted_returns(rewards, next_values, terminated, truncated, 0.9)
    torch.testing.assert_close(gae(*masked, 0.9, 1.0), returns - values, rtol=1e-9, atol=1e-9)


def test_truncation_bootstraps_but_termination_does_not():
    # A reward of 1 for ever is worth 1 / (1 − γ): going on is as expected, dying loses the rest.
    value = torch.full((4, 1), 1 / (1 - 0.9), dtype=torch.float64)
    last = torch.tensor([False, False, False, True])[:, None]
    never = torch.zeros_like(last)
    rewards = torch.ones_like(value)
    torch.testing.assert_close(
        gae(rewards, value, value, never, last, 0.9, 0.8), torch.zeros_like(value)
    )
    decay = (0.9 * 0.8) ** np.arange(3, -1, -1)[:, None]
    died = gae(rewards, value, value, last, never, 0.9, 0.8)
    np.testing.assert_allclose(died, decay * (1 - 10), rtol=1e-12)
    both = gae(rewards, value, value, last, last, 0.9, 0.8)
    torch.testing.assert_close(both, died, rtol=0, atol=0)


class Countdown(nn.Module):
    """Exact V of a game that ends ``obs`` steps from now and pays the action, a fair coin."""

    def forward(self, obs):
        return 0.5 * (1 - 0.9 ** obs.squeeze(-1)) / (1 - 0.9)


@pytest.mark.parametrize("lam", [0.0, 0.7, 1.0])
def test_a_batch_holds_the_known_advantages_of_the_real_transitions(lam):
    # Env 0 terminates when 0 steps are left, is reset to 5 in a fake row, and runs out of record.
    # Env 1 is truncated with 5 steps left, and reset to 9. The fake rows carry absurd rewards.
    left = [[3, 2, 1, 0, 5, 4], [8, 7, 6, 5, 9, 8]]
    next_left = [[2, 1, 0, 5, 4, 3], [7, 6, 5, 9, 8, 7]]
    actions = torch.tensor([[1, 0, 1, 1, 0, 0], [0, 1, 1, 0, 1, 0]]).T
    real = torch.ones(6, 2, dtype=torch.bool)
    real[3] = False
    terminated, truncated = torch.zeros(2, 6, 2, dtype=torch.bool)
    terminated[2, 0] = truncated[2, 1] = True
    obs, next_obs = (torch.tensor(rows, dtype=float).T[..., None] for rows in (left, next_left))
    rewards = torch.where(real, actions.double(), 1e6)
    rollout = Rollout(obs, actions, rewards, next_obs, terminated, truncated, real, ())

    # V is exact, so each TD error is the surprise of its own coin: action − ½.
    expected, values = [], []
    for t, n in real.nonzero().tolist():
        end = 3 if t < 3 else 6
        surprises = [(0.9 * lam) ** (k - t) * (actions[k, n].item() - 0.5) for k in range(t, end)]
        expected.append(math.fsum(surprises))
        values.append(0.5 * sum(0.9**k for k in range(left[n][t])))
    batch = make_batch(rollout, CategoricalPolicy(1, 2, (8,), None).double(), Countdown(), 0.9, lam)
    scaled = (np.array(expected) - np.mean(expected)) / np.std(expected)
    np.testing.assert_allclose(batch.advantages, scaled, rtol=1e-9)
    np.testing.assert_allclose(batch.returns, np.array(expected) + values, rtol=1e-9)
    np.testing.assert_array_equal(batch.actions, actions[real])
    np.testing.assert_array_equal(batch.obs, obs[real])


ZEROS = {
    "rewards": torch.zeros(T, N),
    "values": torch.zeros(T, N),
    "next_values": torch.zeros(T, N),
    "terminated": torch.zeros(T, N, dtype=torch.bool),
    "truncated": torch.zeros(T, N, dtype=torch.bool),
}


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("name", ["rewards", "values", "next_values"])
def test_a_number_that_is_not_finite_is_refused_by_name_and_place(name, bad):
    tensor = torch.zeros(T, N)
    tensor[4, 1] = bad
    arguments = ZEROS | {name: tensor}
    with pytest.raises(ValueError, match=rf"^{name} must be finite, got {bad} at index \[4, 1\]"):
        gae(**arguments, gamma=0.9, lam=0.9)
    del arguments["values"]
    if name != "values":
        with pytest.raises(ValueError, match=f"^{name} must be finite"):
            discounted_returns(**arguments, gamma=0.9)


@pytest.mark.parametrize("name", list(ZEROS))
def test_shapes_that_would_broadcast_are_refused(name):
    arguments = ZEROS | {name: ZEROS[name][:, :1]}
    with pytest.raises(ValueError, match=rf"{name} \[7, 1\]"):
        gae(**arguments, gamma=0.9, lam=0.9)
    del arguments["values"]
    if name != "values":
        with pytest.raises(ValueError, match=rf"{name} \[7, 1\]"):
            discounted_returns(**arguments, gamma=0.9)


@pytest.mark.parametrize("factor", [-0.1, 1.1, math.nan])
def test_gamma_and_lambda_lie_between_0_and_1(factor):
    with pytest.raises(ValueError, match=rf"gamma must be in \[0, 1\], got {factor}"):
        gae(**ZEROS, gamma=factor, lam=0.9)
    with pytest.raises(ValueError, match=rf"lam must be in \[0, 1\], got {factor}"):
        gae(**ZEROS, gamma=0.9, lam=factor)
    arguments = {name: tensor for name, tensor in ZEROS.items() if name != "values"}
    with pytest.raises(ValueError, match="gamma"):
        discounted_returns(**arguments, gamma=factor)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
def test_normalize_gives_mean_0_and_standard_deviation_1(scale):
    advantages = np.random.default_rng(0).normal(3 * scale, scale, size=(4, 5))
    result = normalize(torch.tensor(advantages))
    np.testing.assert_allclose(result, (advantages - advantages.mean()) / advantages.std())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("constant", [0.0, 0.1, -1e6])
def test_normalize_of_a_constant_is_zero(constant, dtype):
    # In float32 the mean of a thousand times 0.1 is not 0.1.
    assert normalize(torch.full((1000,), constant, dtype=dtype)).tolist() == [0.0] * 1000


def test_explained_variance_is_one_minus_a_ratio_of_variances():
    values, returns = np.random.default_rng(0).normal([[[0.0]], [[7.0]]], size=(2, 4, 5))
    expected = 1 - np.var(returns - values) / np.var(returns)
    result = explained_variance(torch.tensor(values), torch.tensor(returns))
    assert result == pytest.approx(expected, rel=1e-12)


def test_explained_variance_is_1_when_perfect_and_0_for_a_constant():
    returns = torch.tensor([1.0, 2.0, 4.0])
    assert explained_variance(returns, returns) == 1
    assert explained_variance(torch.full((3,), 9.0), returns) == pytest.approx(0, abs=1e-6)


def test_explained_variance_is_nan_when_returns_do_not_vary():
    assert math.isnan(explained_variance(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 3.0])))


def test_explained_variance_refuses_a_column_against_a_vector():
    with pytest.raises(ValueError, match=r"values \[3\], returns \[3, 1\]"):
        explained_variance(torch.zeros(3), torch.zeros(3, 1))


@pytest.mark.parametrize(("mean", "scale"), [(0.0, 1e-7), (3e-7, 1e-7), (1.0, 1e-5)])
def test_advantages_that_are_small_or_differ_little_are_no_constant(mean, scale):
    advantages = np.random.default_rng(0).normal(mean, scale, size=50)
    expected = (advantages - advantages.mean()) / advantages.std()
    np.testing.assert_allclose(normalize(torch.tensor(advantages)), expected, rtol=1e-6)


@pytest.mark.parametrize("name", ["terminated", "truncated"])
def test_returns_name_the_mask_that_is_no_boolean_tensor(name):
    arguments = {key: tensor for key, tensor in ZEROS.items() if key != "values"}
    with pytest.raises(TypeError, match=f"^{name} must"):
        discounted_returns(**arguments | {name: ZEROS[name].int()}, gamma=0.9)


@pytest.mark.parametrize("lam", [0.0, 0.8, 1.0])
def test_a_record_that_stops_while_an_episode_goes_on_ends_with_the_value(lam):
    # A reward of 1 for ever is worth 1 / (1 − γ) = 10: no row is better or worse than expected.
    value = torch.full((6, 2), 10.0, dtype=torch.float64)
    never = torch.zeros(6, 2, dtype=torch.bool)
    result = gae(torch.ones_like(value), value, value, never, never, 0.9, lam)
    torch.testing.assert_close(result, torch.zeros_like(value))

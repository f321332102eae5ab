"""Observations and rewards of any scale: statistics that are right, and a run that uses them."""

import copy
import math
from dataclasses import asdict
from itertools import islice

import numpy as np
import pytest
import torch
from toy_envs import Walk

from trpo_lib.policies import Critic, GaussianPolicy
from trpo_lib.scaling import Standardizer
from trpo_lib.training import TrainConfig, Trainer, evaluate
from trpo_lib.trpo import TRPO

WALK = TrainConfig(
    "WalkBox-v0", num_envs=3, num_steps=6, hidden=(4,), target_return=None, scale_obs=True
)


def with_(config, **changes):
    return TrainConfig(**(asdict(config) | changes))


def state(network):
    """The parameters' and statistics' names and bytes."""
    return [(name, value.numpy().tobytes()) for name, value in network.state_dict().items()]


def statistics(scaler):
    return scaler.mean.numpy().copy(), scaler.var.numpy().copy(), int(scaler.count)


# The statistics


@pytest.mark.parametrize("sizes", [[5], [1, 1], [1000, 1, 37], [2] * 100])
def test_mean_and_variance_are_those_of_all_the_data_together(sizes, generator):
    scaler = Standardizer(3).double()
    parts = [torch.randn(size, 3, generator=generator, dtype=torch.float64) for size in sizes]
    parts = [(3 + n % 7) * part + n for n, part in enumerate(parts)]
    for part in parts:
        scaler.update(part)
    together = np.concatenate(parts)
    np.testing.assert_allclose(scaler.mean, together.mean(0), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(scaler.var, together.var(0), rtol=1e-12, atol=1e-12)
    assert scaler.count == sum(sizes)


def test_single_precision_follows_a_million_observations(generator):
    scaler, sums = Standardizer(2), np.zeros((2, 2))
    for _ in range(1000):
        part = 100 + torch.randn(1000, 2, generator=generator) * torch.tensor([0.1, 30.0])
        scaler.update(part)
        sums += [part.double().sum(0).numpy(), ((part.double() - 100) ** 2).sum(0).numpy()]
    mean = sums[0] / 1e6
    np.testing.assert_allclose(scaler.mean, mean, rtol=1e-6)
    np.testing.assert_allclose(scaler.var, sums[1] / 1e6 - (mean - 100) ** 2, rtol=1e-3)
    assert scaler.count == 1_000_000


def test_what_it_has_seen_comes_out_with_mean_0_and_deviation_1(generator):
    scaler = Standardizer(2).double()
    obs = 50 + 20 * torch.rand(4, 25, 2, generator=generator, dtype=torch.float64)
    scaler.update(obs.flatten(0, 1))
    scaled = scaler(obs)
    assert scaled.shape == obs.shape
    np.testing.assert_allclose(scaled.mean((0, 1)), 0, atol=1e-12)
    np.testing.assert_allclose(scaled.var((0, 1), correction=0), 1, rtol=1e-8)


def test_without_data_it_only_clips():
    obs = torch.tensor([[-3.0, 0.0, 9.5], [11.0, -1e30, 1e30]])
    expected = torch.tensor([[-3.0, 0.0, 9.5], [10.0, -10.0, 10.0]])
    torch.testing.assert_close(Standardizer(3)(obs), expected)


@pytest.mark.parametrize("constant", [0.0, 5.3, -1e6])
def test_a_number_that_never_moves_stays_finite_also_when_it_moves_at_last(constant):
    scaler, obs = Standardizer(1), torch.full((7, 1), constant)
    scaler.update(obs)
    scaler.update(obs)
    assert scaler.var < 1e-9
    assert scaler(obs).abs().max() < 1
    assert scaler(obs + 1).tolist() == [[10.0]] * 7


def test_it_has_no_parameters_and_both_networks_hold_the_same_one(generator):
    policy, critic = GaussianPolicy(3, 2, (4,), generator), Critic(3, (4,), generator)
    count = len(list(policy.parameters()))
    scaler = Standardizer.before(policy, critic)
    assert list(scaler.parameters()) == []
    assert len(list(policy.parameters())) == count
    assert policy.mean[0] is critic.value[0] is scaler


def test_a_network_behind_it_sees_scaled_observations(generator):
    critic = Critic(3, (4,), generator)
    bare = copy.deepcopy(critic)
    scaler = Standardizer.before(critic)
    obs = 7 + 3 * torch.randn(20, 3, generator=generator)
    scaler.update(obs)
    by_hand = (obs - obs.mean(0)) / obs.std(0, correction=0)
    torch.testing.assert_close(critic(obs), bare(by_hand))
    assert not torch.allclose(critic(obs), bare(obs))


@pytest.mark.parametrize(("size", "error"), [(0, ValueError), (2.0, TypeError)])
def test_a_senseless_size_is_refused_by_name(size, error):
    with pytest.raises(error, match=f"^obs_dim must be .*, got {size}"):
        Standardizer(size)


# The run


class Spy(TRPO):
    """TRPO which notes what the policy sees before and after each update."""

    def __call__(self, policy, batch):
        before = statistics(policy.mean[0])
        report = super().__call__(policy, batch)
        assert report.accepted
        self.seen = [before, statistics(policy.mean[0])]
        return report


@pytest.mark.parametrize("env_id", ["WalkBox-v0", "NativeWalkBox-v0"])
def test_the_statistics_are_those_of_the_real_observations_before_the_iteration(env_id):
    trainer = Trainer(with_(WALK, env_id=env_id, dtype="float64"), Spy())
    Walk.forget()
    seen = []
    for _ in islice(trainer, 3):
        (mean, var, count), after = trainer.algorithm.seen
        assert repr(after) == repr((mean, var, count))
        assert count == len(seen)
        np.testing.assert_allclose(mean, np.mean(seen, 0) if seen else np.zeros(3), rtol=1e-12)
        np.testing.assert_allclose(var, np.var(seen, 0) if seen else np.ones(3), rtol=1e-12)
        seen = [obs.astype(float) for obs, *_ in Walk.happened]
    assert trainer.scaler.count == len(seen) > 20


def test_the_statistics_move_only_after_policy_and_critic_did():
    trainer = Trainer(WALK)
    next(trainer)
    before, update, calls = (state(trainer.policy), state(trainer.critic)), Standardizer.update, []

    def spy(obs):
        now = state(trainer.policy), state(trainer.critic)
        calls.append([one != other for one, other in zip(before, now, strict=True)])
        update(trainer.scaler, obs)

    trainer.scaler.update = spy
    next(trainer)
    assert calls == [[True, True]]


def test_without_scaling_no_network_has_a_scaler():
    trainer = Trainer(with_(WALK, scale_obs=False))
    next(trainer)
    assert trainer.scaler is None
    assert [type(layer).__name__ for layer in trainer.policy.mean] == ["Linear", "Tanh", "Linear"]


def test_observations_of_another_scale_and_origin_give_the_same_actions():
    first, other = (Trainer(with_(WALK, dtype="float64")) for _ in range(2))
    rollout = first.play().obs.flatten(0, 1)
    first.scaler.update(rollout)
    other.scaler.update(1000 * rollout - 5)
    obs = torch.randn(4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    one, same = first.policy(obs).mean, other.policy(1000 * obs - 5).mean
    torch.testing.assert_close(one, same, rtol=1e-6, atol=1e-12)


def test_what_follows_a_load_equals_bit_for_bit_what_follows_the_save(tmp_path):
    trainer = Trainer(with_(WALK, max_iterations=5, reward_scale=0.1))
    list(islice(trainer, 2))
    trainer.save(tmp_path / "run.pt")
    loaded = Trainer.load(tmp_path / "run.pt")
    assert loaded.config == trainer.config
    assert loaded.policy.mean[0] is loaded.critic.value[0] is loaded.scaler
    assert loaded.scaler.count > 20
    assert repr(list(loaded)) == repr(list(trainer))
    assert state(loaded.policy) == state(trainer.policy)
    assert state(loaded.critic) == state(trainer.critic)


def test_a_restart_forgets_the_statistics():
    trainer = Trainer(WALK)
    records = list(islice(trainer, 2))
    trainer.restart()
    assert trainer.scaler.count == 0
    assert repr(list(islice(trainer, 2))) == repr(records)


def test_evaluate_scales_with_the_stored_statistics_and_leaves_them_alone(generator):
    policy = GaussianPolicy(3, 2, (4,), generator)
    with torch.no_grad():
        policy.mean[-1].weight.mul_(100)
    folded = copy.deepcopy(policy)
    unscaled = evaluate(policy, "WalkBox-v0", 5, seed=0)
    scaler = Standardizer.before(policy)
    scaler.update(torch.tensor([[0.0, 1.0, 0.0], [1.0, 9.0, 5.0]]))
    std = scaler.var.sqrt()
    with torch.no_grad():  # the same network, with the scaling multiplied into its first layer
        folded.mean[0].bias -= folded.mean[0].weight @ (scaler.mean / std)
        folded.mean[0].weight /= std
    returns = evaluate(policy, "WalkBox-v0", 5, seed=0)
    np.testing.assert_allclose(returns, evaluate(folded, "WalkBox-v0", 5, seed=0), rtol=1e-5)
    assert (returns != unscaled).any()
    assert scaler.count == 2


def test_an_interrupted_update_of_the_statistics_is_whole_or_did_not_happen(monkeypatch):
    scaler = Standardizer(1)
    scaler.update(torch.tensor([[1.0], [5.0]]))
    copy_ = torch._foreach_copy_
    for before in (True, False):

        def interrupt(old, new, before=before):
            if not before:
                copy_(old, new)
            raise KeyboardInterrupt

        monkeypatch.setattr(torch, "_foreach_copy_", interrupt)
        with pytest.raises(KeyboardInterrupt):
            scaler.update(torch.tensor([[9.0]]))
        mean, var, count = statistics(scaler)
        assert (mean, count) == ((3, 2) if before else (5, 3))
        assert var == pytest.approx(4 if before else np.var([1, 5, 9]))


# Rewards


class Keep(TRPO):
    """TRPO which keeps its batches and changes nothing."""

    def __init__(self):
        super().__init__()
        self.batches = []

    def __call__(self, policy, batch):
        self.batches.append(batch)
        return super().__call__(copy.deepcopy(policy), batch)


def test_reward_scale_multiplies_the_critics_targets_and_leaves_reported_returns_raw():
    # Episodes of one step: the critic's target is the reward.
    raw, small = (
        Trainer(TrainConfig("Bandit-v0", num_envs=5, num_steps=10, reward_scale=scale), Keep())
        for scale in (1.0, 0.01)
    )
    for _ in range(3):
        one, other = next(raw), next(small)
        assert one.mean_return == other.mean_return
        rewards = (raw.algorithm.batches[-1].obs[:, 0] + raw.algorithm.batches[-1].actions).numpy()
        np.testing.assert_allclose(raw.algorithm.batches[-1].returns, rewards, atol=1e-5)
        np.testing.assert_allclose(small.algorithm.batches[-1].returns, rewards / 100, atol=1e-5)
        assert one.mean_return == pytest.approx(rewards[-5:].mean(), abs=1e-5)


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_a_senseless_reward_scale_is_refused_by_name(value):
    with pytest.raises(ValueError, match=rf"reward_scale must be in \(0, inf\), got {value}"):
        TrainConfig(reward_scale=value)


def test_its_statistics_are_float32_on_the_cpu_whatever_torchs_defaults_are():
    try:
        torch.set_default_device("meta")
        torch.set_default_dtype(torch.float64)
        scaler = Standardizer(3)
    finally:
        torch.set_default_device(None)
        torch.set_default_dtype(torch.float32)
    assert {buffer.device.type for buffer in scaler.buffers()} == {"cpu"}
    assert scaler.mean.dtype == scaler.var.dtype == torch.float32


def test_a_spread_far_below_a_ten_thousandth_is_not_blown_up():
    scaler = Standardizer(1).double()
    scaler.update(torch.zeros(5, 1, dtype=torch.float64))
    scaled = scaler(torch.tensor([[1e-4], [1e-6]], dtype=torch.float64))
    np.testing.assert_allclose(scaled, [[1.0], [0.01]])


def test_statistics_are_constants_whatever_was_shown():
    scaler = Standardizer(2)
    scaler.update(torch.ones(3, 2, requires_grad=True) * 2)
    assert not any(buffer.requires_grad for buffer in scaler.buffers())

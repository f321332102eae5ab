"""The loop can be repeated, stopped, interrupted, saved and gone on with; and it learns."""

import copy
import math
import os
import random
import re
import subprocess
import sys
from dataclasses import asdict, fields, replace
from functools import partial
from itertools import count, islice
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
import torch
import toy_envs
from toy_envs import Walk

import trpo_lib
from trpo_lib import storage, training
from trpo_lib.baselines import NaturalGradient, PPOClip
from trpo_lib.batch import Batch, UpdateReport
from trpo_lib.environments import LONGEST_EPISODE
from trpo_lib.notes import Notes
from trpo_lib.rendering import render_episode
from trpo_lib.training import Record, TrainConfig, Trainer, evaluate
from trpo_lib.trpo import TRPO, TRPOConfig, trpo_step

CARTPOLE = TrainConfig(num_envs=8, num_steps=16, max_iterations=4, hidden=(16,), target_return=None)
WALK = TrainConfig("Walk-v0", num_envs=3, num_steps=6, hidden=(4,), target_return=None)
NATIVE_WALK = TrainConfig("NativeWalk-v0", num_envs=3, num_steps=6, hidden=(4,), target_return=None)
each_walk = pytest.mark.parametrize("config", [WALK, NATIVE_WALK], ids=["SAME_STEP", "NEXT_STEP"])


def with_(config, **changes):
    return TrainConfig(**(asdict(config) | changes))


@pytest.fixture(autouse=True)
def _one_thread_and_no_memories():
    torch.set_num_threads(1)
    Walk.forget()


def numbers(network):
    """The parameters' names and values, to be compared bit for bit."""
    return [(name, value.numpy().tobytes()) for name, value in network.state_dict().items()]


def trace_of(trainer, records=None):
    """All that a run leaves behind; as text, because NaN != NaN."""
    return repr(list(records or trainer)), numbers(trainer.policy), numbers(trainer.critic)


class Spy(TRPO):
    """TRPO which keeps the batches that it gets, and a copy of the trainer's critic by then."""

    def __call__(self, policy, batch):
        self.batch, self.critic = batch, copy.deepcopy(self.trainer.critic)
        return super().__call__(policy, batch)


# Randomness and precision


def global_random_states():
    return (
        torch.get_rng_state().tolist(),
        random.getstate(),
        repr(np.random.get_state()),  # noqa: NPY002
    )


@pytest.mark.parametrize("env_id", ["CartPole-v1", "Walk-v0", "WalkBox-v0"])
def test_same_seed_same_run_whatever_the_global_seeds_which_stay_untouched(env_id):
    traces = []
    for global_seed in (1, 2):
        torch.manual_seed(global_seed)
        random.seed(global_seed)
        np.random.seed(global_seed)  # noqa: NPY002
        before = global_random_states()
        trainer = Trainer(with_(CARTPOLE, env_id=env_id))
        traces.append((numbers(trainer.policy), numbers(trainer.critic), trace_of(trainer)))
        traces[-1] += (evaluate(trainer.policy, env_id, 3, seed=0).tolist(),)
        assert global_random_states() == before
    assert traces[0] == traces[1]


def test_another_seed_draws_other_networks_episodes_and_actions():
    first, second = (Trainer(with_(WALK, seed=seed)) for seed in (0, 1))
    assert numbers(first.policy) != numbers(second.policy)
    assert numbers(first.critic) != numbers(second.critic)
    one, other = first.play(), second.play()
    assert not torch.equal(one.actions, other.actions)
    assert not set(one.obs[0, :, 0].tolist()) & set(other.obs[0, :, 0].tolist())


@each_walk
def test_environments_are_seeded_once_and_not_at_each_episode(config):
    trainer = Trainer(config)
    list(islice(trainer, 3))
    first, later = Walk.reset_seeds[:3], Walk.reset_seeds[3:]
    assert None not in first
    assert later == [None] * len(later)
    starts = [float(obs[0]) for obs, *_ in Walk.happened if obs[2] == 0]
    assert len(starts) == len(set(starts)) > 10


def test_float64_networks_are_trained_in_float64():
    trainer = Trainer(with_(CARTPOLE, dtype="float64"), Spy())
    trainer.algorithm.trainer = trainer
    trace = trace_of(trainer)
    tensors = [*trainer.policy.parameters(), *trainer.critic.parameters()]
    batch = trainer.algorithm.batch
    tensors += [batch.obs, batch.old_log_probs, batch.advantages, batch.returns]
    assert {tensor.dtype for tensor in tensors} == {torch.float64}
    assert trace == trace_of(Trainer(with_(CARTPOLE, dtype="float64")))
    assert trace != trace_of(Trainer(CARTPOLE))


# Records


def test_a_record_holds_counts_returns_and_the_report_but_no_wall_clock_time():
    assert [field.name for field in fields(Record)] == [
        "iteration",
        "transitions",
        "episodes",
        "mean_return",
        "test_return",
        "explained_variance",
        "report",
        "note",
    ]


@each_walk
def test_records_count_what_happened_in_the_environments(config):
    trainer = Trainer(config)
    for iteration, record in enumerate(islice(trainer, 4), start=1):
        rewards, ended = {}, []
        for obs, _, reward, _, terminated, truncated in Walk.happened:
            episode = float(obs[0])
            rewards[episode] = rewards.get(episode, 0.0) + reward
            if terminated or truncated:
                ended.append(rewards[episode])
        assert record.iteration == iteration
        assert record.transitions == len(Walk.happened)
        assert record.episodes == len(ended)
        assert record.mean_return == pytest.approx(np.mean(ended[-3:]))


def test_mean_return_is_nan_before_the_first_episode_ended():
    record = next(Trainer(with_(CARTPOLE, num_steps=2)))
    assert record.episodes == 0
    assert math.isnan(record.mean_return)


# Order


def test_the_critic_is_fitted_after_the_advantages_and_the_policy():
    trainer = Trainer(TrainConfig("Bandit-v0", num_envs=5, num_steps=10), Spy())
    spy = trainer.algorithm
    spy.trainer = trainer
    before = copy.deepcopy(trainer.critic)
    record = next(trainer)
    batch = spy.batch
    assert numbers(before) == numbers(spy.critic) != numbers(trainer.critic)
    # Episodes of one step: the return is the reward, the advantage the reward minus V(s).
    rewards = (batch.obs[:, 0] + batch.actions).numpy()
    values = before(batch.obs).detach().numpy()
    advantages = rewards - values
    np.testing.assert_allclose(batch.returns, rewards, atol=1e-5)
    np.testing.assert_allclose(
        batch.advantages, (advantages - advantages.mean()) / advantages.std(), atol=1e-4
    )
    assert record.explained_variance == pytest.approx(
        1 - (rewards - values).var() / rewards.var(), abs=1e-4
    )
    fitted = trainer.critic(batch.obs).detach().numpy()
    assert ((rewards - fitted) ** 2).mean() < 0.9 * ((rewards - values) ** 2).mean()


# Stopping and going on


@pytest.mark.parametrize(("rows", "steps"), [(None, 3), (64, 3), (63, 6), (20, 12), (1, 192)])
def test_a_pass_of_the_critic_has_as_many_adam_steps_as_its_batch_has_pieces(
    rows, steps, monkeypatch
):
    settings = {"num_envs": 8, "num_steps": 8, "critic_epochs": 3, "dtype": "float64"}
    whole, seen = [], []

    def keep_batch(policy, batch):
        whole.extend(batch.obs.tolist())
        return trpo_step(policy, batch, TRPOConfig())

    trainer = Trainer(TrainConfig("Walk-v0", critic_batch=rows, **settings), keep_batch)
    gradient = training.squared_error_gradient
    spy = lambda network, obs, returns: seen.append(obs) or gradient(network, obs, returns)  # noqa: E731
    monkeypatch.setattr(training, "squared_error_gradient", spy)
    next(trainer)
    assert len(seen) == steps
    assert trainer._adam.state_dict()["count"] == steps
    for last in range(steps // 3, steps + 1, steps // 3):  # each row once in each pass
        one_pass = torch.cat(seen[last - steps // 3 : last])
        assert sorted(one_pass.tolist()) == sorted(whole)


def test_a_run_ends_at_max_iterations_and_stays_ended():
    trainer = Trainer(CARTPOLE)
    assert [record.iteration for record in trainer] == [1, 2, 3, 4]
    assert trainer.finished
    with pytest.raises(StopIteration):
        next(trainer)


def test_a_run_ends_at_the_first_test_that_reaches_the_target():
    config = with_(CARTPOLE, seed=4, max_iterations=30, test_every=3)
    returns = [record.test_return for record in Trainer(with_(config, target_return=math.inf))]
    assert [i for i, tested in enumerate(returns, 1) if tested == tested] == [*range(3, 31, 3)]
    target = max(returns[2:20:3])
    assert target > returns[2]
    trainer = Trainer(with_(config, target_return=target))
    stopped = [record.test_return for record in trainer]
    assert repr(stopped) == repr(returns[: returns.index(target) + 1])
    assert trainer.finished


def test_a_test_is_the_mean_of_100_fresh_greedy_episodes(monkeypatch):
    tests = []

    def spy(policy, env_id, episodes, seed):
        returns = evaluate(policy, env_id, episodes, seed)
        tests.append((policy, env_id, episodes, int(seed), returns.mean()))
        return returns

    monkeypatch.setattr(training, "evaluate", spy)
    trainers = [Trainer(with_(CARTPOLE, seed=s, target_return=500.0, test_every=2)) for s in (3, 4)]
    records = [record for trainer in trainers for record in trainer]
    assert [test[:3] for test in tests] == [
        (trainer.policy, "CartPole-v1", 100) for trainer in trainers for _ in range(2)
    ]
    assert [r.test_return for r in records if r.iteration % 2 == 0] == [test[-1] for test in tests]
    assert len({seed for _, _, _, seed, _ in tests}) == 4


def test_tests_change_nothing_in_the_training():
    tested = list(Trainer(with_(CARTPOLE, target_return=math.inf, test_every=1)))
    plain = list(Trainer(CARTPOLE))
    assert all(math.isnan(record.test_return) for record in plain)
    assert repr([replace(record, test_return=math.nan) for record in tested]) == repr(plain)


def test_stopping_and_going_on_equals_a_run_in_one_piece():
    trainer = Trainer(CARTPOLE)
    records = list(islice(trainer, 2))
    assert not trainer.finished
    trainer.policy(torch.zeros(1, 4)).sample()
    records += list(trainer)
    assert trace_of(trainer, records) == trace_of(Trainer(CARTPOLE))


@pytest.mark.parametrize("replaced", ["config", "algorithm"])
def test_another_max_kl_acts_on_the_next_update(replaced):
    trainer, untouched = Trainer(CARTPOLE), Trainer(CARTPOLE)
    assert repr(list(islice(trainer, 2))) == repr(list(islice(untouched, 2)))
    if replaced == "config":
        trainer.algorithm.config = TRPOConfig(max_kl=1e-4)
    else:
        trainer.algorithm = TRPO(TRPOConfig(max_kl=1e-4))
    changed, usual = next(trainer).report, next(untouched).report
    assert changed.accepted
    assert 0 < changed.kl <= 1e-4 < usual.kl <= 0.01


def test_leaving_the_context_closes_the_environments_even_after_an_error():
    with Trainer(WALK) as trainer:
        next(trainer)
        assert Walk.closed == []
    assert len(Walk.closed) == WALK.num_envs
    Walk.forget()
    with pytest.raises(ZeroDivisionError), Trainer(WALK):
        1 / 0  # noqa: B018
    assert len(Walk.closed) == WALK.num_envs


# Saving and loading


def go_on(trainer):
    trainer.algorithm.config = TRPOConfig(max_kl=0.003)


def be_interrupted(trainer):
    assert interrupted(150, next, trainer)


@pytest.mark.parametrize("change", [None, go_on, be_interrupted], ids=["plain", "max_kl", "ctrl_c"])
@pytest.mark.parametrize("env_id", ["CartPole-v1", "WalkBox-v0"])
def test_what_follows_a_load_equals_bit_for_bit_what_follows_the_save(tmp_path, env_id, change):
    config = with_(CARTPOLE, env_id=env_id, max_iterations=5)
    trainer = Trainer(config)
    list(islice(trainer, 2))
    if change:
        change(trainer)
    trainer.save(tmp_path / "run.pt")
    loaded = Trainer.load(tmp_path / "run.pt")
    assert (loaded.config, loaded.algorithm) == (config, trainer.algorithm)
    trace = trace_of(loaded)
    assert trace == trace_of(trainer)
    assert trace[0].count("Record(") == 3


def test_a_run_without_a_finished_episode_is_saved_and_loaded_too(tmp_path):
    trainer = Trainer(CARTPOLE)
    trainer.save(str(tmp_path / "run.pt"))
    assert trace_of(Trainer.load(str(tmp_path / "run.pt"))) == trace_of(trainer)


def test_settings_that_numpy_computed_are_saved_and_loaded_too(tmp_path):
    gamma, max_kl = np.array([0.9, 0.02])
    trainer = Trainer(with_(CARTPOLE, gamma=gamma), TRPO(TRPOConfig(max_kl=max_kl)))
    trainer.save(tmp_path / "run.pt")
    loaded = Trainer.load(tmp_path / "run.pt")
    assert (loaded.config, loaded.algorithm) == (trainer.config, trainer.algorithm)


def test_the_target_counts_the_episodes_before_the_save(tmp_path):
    trainer = Trainer(with_(CARTPOLE, target_return=1.0))
    list(trainer)
    trainer.save(tmp_path / "run.pt")
    assert list(Trainer.load(tmp_path / "run.pt")) == []


def test_a_saved_file_holds_no_code_and_loading_runs_none(tmp_path):
    trainer = Trainer(CARTPOLE)
    trainer.save(tmp_path / "run.pt")
    assert torch.load(tmp_path / "run.pt", weights_only=True)["config"]["env_id"] == "CartPole-v1"

    class Evil:
        def __reduce__(self):
            return Path.touch, (tmp_path / "evil",)

    torch.save({"config": Evil()}, tmp_path / "evil.pt")
    with pytest.raises(ValueError, match="path must be a file that was saved here"):
        Trainer.load(tmp_path / "evil.pt")
    assert not (tmp_path / "evil").exists()


def test_an_error_while_saving_leaves_the_earlier_file_intact(tmp_path):
    path = tmp_path / "run.pt"
    trainer = Trainer(CARTPOLE)
    trainer.save(path)
    content = path.read_bytes()
    next(trainer)
    trainer.algorithm.state_dict = lambda: {"config": lambda: None}
    with pytest.raises(TypeError, match=r"\['config'\] must be a tensor, number"):
        trainer.save(path)
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]
    assert next(trainer).iteration == 2


def test_loading_with_another_algorithm_is_an_error(tmp_path):
    class Other(TRPO):
        pass

    Trainer(CARTPOLE).save(tmp_path / "run.pt")
    with pytest.raises(ValueError, match="algorithm must be the TRPO that was saved, got a Other"):
        Trainer.load(tmp_path / "run.pt", Other())
    Trainer(CARTPOLE, Other(TRPOConfig(max_kl=0.2))).save(tmp_path / "other.pt")
    with pytest.raises(ValueError, match="algorithm must be the Other that was saved, got a TRPO"):
        Trainer.load(tmp_path / "other.pt")
    assert Trainer.load(tmp_path / "other.pt", Other()).algorithm.config.max_kl == 0.2


# Interrupts


PLACES = {module.__name__: str(Path(module.__file__).parent) for module in (trpo_lib, gym, torch)}
OURS = (PLACES["trpo_lib"], PLACES["gymnasium"], toy_envs.__file__)


def interrupted(line, function, *args, within=OURS):
    """Calls the function, with Ctrl-C at its n-th line in these files -> whether it came."""
    count = 0

    def tracer(frame, event, _):
        nonlocal count
        if not frame.f_code.co_filename.startswith(within):
            return None
        count += event == "line"
        if count == line and event == "line":
            raise KeyboardInterrupt
        return tracer

    outer = sys.gettrace()
    sys.settrace(tracer)
    try:
        function(*args)
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(outer)
        torch.set_grad_enabled(True)
    return False


def assert_all_happened(rollout):
    """Every real transition is one that a Walk made, and every other one is a fake."""
    happened = {
        tuple(np.concatenate([obs, [action, reward], next_obs, [terminated, truncated]]))
        for obs, action, reward, next_obs, terminated, truncated in Walk.happened
    }
    columns = [rollout.obs, rollout.actions, rollout.rewards, rollout.next_obs]
    columns += [rollout.terminated, rollout.truncated]
    rows = [column[rollout.real].double().reshape(rollout.real.sum(), -1) for column in columns]
    rows = torch.cat(rows, dim=1)
    assert {tuple(row) for row in rows.tolist()} <= happened


@each_walk
def test_an_interrupt_anywhere_leaves_an_old_or_a_new_policy_and_a_run_to_go_on_with(config):
    trainer = Trainer(config)
    old = numbers(trainer.policy)
    next(trainer)
    new = numbers(trainer.policy)
    assert old != new
    found = []
    for line in range(1, 10**6, 23):
        trainer = Trainer(config)
        came = interrupted(line, next, trainer)
        policy = numbers(trainer.policy)
        assert policy in (old, new)
        found.append(policy == new)
        Walk.forget()
        assert_all_happened(trainer.play())
        assert next(trainer).report.kl <= trainer.algorithm.config.max_kl
        if not came:
            break
    assert set(found) == {False, True}
    assert line > 500


def test_an_interrupt_while_saving_leaves_a_run_to_go_on_with_and_a_whole_file(tmp_path):
    trainer, path = Trainer(WALK), tmp_path / "run.pt"
    trainer.save(path)
    within = (*OURS, PLACES["torch"] + "/serialization")
    for line in range(1, 10**6, 17):
        trainer.play()
        came = interrupted(line, trainer.save, path, within=within)
        Walk.forget()
        assert_all_happened(trainer.play())
        assert torch.load(path, weights_only=True)["config"] == asdict(WALK)
        if not came:
            break
    assert line > 100


def test_an_interrupt_anywhere_in_an_update_leaves_no_mixture_of_old_and_new():
    # Lines of torch's modules count here: a library call may be interrupted halfway as well.
    trainer = Trainer(WALK, Spy(TRPOConfig(max_kl=0.5, cg_iters=1)))
    spy = trainer.algorithm
    spy.trainer = trainer
    old = copy.deepcopy(trainer.policy)
    assert next(trainer).report.accepted
    new, within = numbers(trainer.policy), (PLACES["trpo_lib"], PLACES["torch"] + "/nn")
    found = []
    for line in range(1, 10**6, 3):
        policy = copy.deepcopy(old)
        came = interrupted(line, TRPO.__call__, spy, policy, spy.batch, within=within)
        assert numbers(policy) in (numbers(old), new)
        found.append(numbers(policy) == new)
        if not came:
            break
    assert set(found) == {False, True}
    assert line > 300


# What a user meets


@pytest.mark.parametrize(
    ("error", "setting"),
    [
        (ValueError, {"num_envs": 0}),
        (ValueError, {"num_steps": -1}),
        (ValueError, {"max_iterations": 0}),
        (ValueError, {"critic_epochs": 0}),
        (ValueError, {"critic_batch": 0}),
        (TypeError, {"num_envs": 2.0}),
        (TypeError, {"num_steps": True}),
        (TypeError, {"seed": "zero"}),
        (ValueError, {"gamma": 1.01}),
        (ValueError, {"gamma": math.nan}),
        (ValueError, {"lam": -0.01}),
        (ValueError, {"critic_lr": 0.0}),
        (ValueError, {"critic_lr": math.inf}),
        (ValueError, {"dtype": "float16"}),
    ],
)
def test_a_senseless_setting_is_named_with_its_value(error, setting):
    ((name, value),) = setting.items()
    with pytest.raises(error, match=f"{name} must .* got '?{value}"):
        TrainConfig(**setting)


def test_a_trainer_of_nothing_has_the_default_settings():
    trainer = Trainer()
    assert trainer.config == TrainConfig()
    assert trainer.algorithm == TRPO(TRPOConfig())


def test_the_limits_of_the_settings_are_allowed():
    TrainConfig(gamma=1, lam=0, num_envs=1, num_steps=1, max_iterations=1, critic_epochs=1)


def test_an_unsupported_action_space_is_named():
    with pytest.raises(TypeError, match=r"action_space .* MultiDiscrete\(\[2 3\]\)"):
        Trainer(TrainConfig("MultiWalk-v0"))


def test_a_trainer_that_cannot_be_made_closes_its_environments():
    with pytest.raises(TypeError, match="action_space"):
        Trainer(TrainConfig("MultiWalk-v0", num_envs=3))
    assert len(Walk.closed) == 3


def test_an_unsupported_observation_space_is_named():
    with pytest.raises(TypeError, match=r"observation_space .* Discrete\(16\)"):
        Trainer(TrainConfig("FrozenLake-v1", num_envs=2))


def test_a_reward_that_is_not_a_number_stops_the_run_before_the_update():
    trainer = Trainer(TrainConfig("NaNReward-v0", num_envs=2))
    before = numbers(trainer.policy), numbers(trainer.critic)
    with pytest.raises(ValueError, match="rewards must be finite"):
        next(trainer)
    assert (numbers(trainer.policy), numbers(trainer.critic)) == before


# Evaluation and learning


@pytest.mark.parametrize("env_id", ["Walk-v0", "NativeWalk-v0", "WalkBox-v0"])
def test_evaluate_equals_single_environments_played_greedily_by_hand(env_id):
    policy = Trainer(with_(WALK, env_id=env_id)).policy
    with torch.no_grad():  # far from uniform, with means beyond the actions' bounds
        for value in policy.parameters():
            value.mul_(100)
    expected = []
    for episode in range(7):
        env, total, over = gym.make(env_id), 0.0, False
        obs, _ = env.reset(seed=9 + episode)
        while not over:
            dist = policy(torch.from_numpy(obs)[None])
            action = dist.mean[0].clip(-0.5, 0.5) if "Box" in env_id else dist.probs[0].argmax()
            obs, reward, terminated, truncated, _ = env.step(action.detach().numpy())
            total, over = total + reward, terminated or truncated
        expected.append(total)
    Walk.forget()
    returns = evaluate(policy, env_id, episodes=7, seed=9)
    assert returns.shape == (7,)
    np.testing.assert_allclose(returns, expected, rtol=1e-6)
    assert len(set(expected)) > 2
    assert len(Walk.closed) == 7
    np.testing.assert_array_equal(returns, evaluate(policy, env_id, episodes=7, seed=9))
    assert (returns != evaluate(policy, env_id, episodes=7, seed=10)).any()


def test_a_policy_that_is_no_network_is_evaluated_too():
    class AlwaysRight:
        def act(self, obs):
            return np.ones(len(obs), dtype=np.int64)

    assert 8 <= evaluate(AlwaysRight(), "CartPole-v1", 20, seed=0).mean() <= 11


def test_with_a_generator_actions_are_drawn_by_their_probabilities(monkeypatch):
    policy, actions = Trainer(CARTPOLE).policy, []
    with torch.no_grad():  # the same in every state
        policy.logits[-1].weight.zero_()
        policy.logits[-1].bias.copy_(torch.tensor([0.1, 0.9]).log())
    act = policy.act
    monkeypatch.setattr(policy, "act", lambda *given: actions.append(act(*given)) or actions[-1])

    def play(seed):
        return evaluate(policy, "CartPole-v1", 200, 0, torch.Generator().manual_seed(seed))

    first = play(0)
    drawn = np.concatenate(actions)
    assert abs(drawn.mean() - 0.9) < 4 * (0.9 * 0.1 / len(drawn)) ** 0.5
    np.testing.assert_array_equal(first, play(0))
    assert (first != play(1)).any()


def test_evaluate_needs_an_episode():
    with pytest.raises(ValueError, match="episodes must be at least 1, got 0"):
        evaluate(Trainer(WALK).policy, "Walk-v0", episodes=0, seed=0)


def test_evaluate_closes_its_environments_even_after_an_error():
    class Failing(torch.nn.Linear):
        def act(self, obs):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        evaluate(Failing(3, 2), "Walk-v0", episodes=4, seed=0)
    assert len(Walk.closed) == 4


@pytest.mark.parametrize(("every", "pictured"), [(2, [0, 2, 4, 5]), (5, [0, 5]), (9, [0, 5])])
@pytest.mark.parametrize("env_id", ["Walk-v0", "WalkBox-v0"])
def test_pictures_show_the_episode_that_evaluate_plays(env_id, every, pictured):
    policy = Trainer(with_(WALK, env_id=env_id)).policy
    with torch.no_grad():
        for value in policy.parameters():
            value.mul_(100)
    seed = next(seed for seed in range(99) if longest(env_id, seed))
    (expected,) = evaluate(policy, env_id, episodes=1, seed=seed)
    Walk.forget()
    pictures = render_episode(policy, env_id, seed, every)
    assert [picture.tolist() for picture in pictures] == [[[[n] * 3]] for n in pictured]
    assert sum(reward for _, _, reward, *_ in Walk.happened) == expected
    assert len(Walk.closed) == 1


def longest(env_id, seed):
    env = gym.make(env_id)
    env.reset(seed=seed)
    return env.unwrapped.length == 5


def test_continuous_actions_are_learnt_from():
    trainer = Trainer(TrainConfig("Pendulum-v1", num_envs=4, num_steps=100, target_return=None))
    records = list(islice(trainer, 2))
    assert [record.transitions for record in records] == [400, 800]
    assert [record.episodes for record in records] == [0, 4]
    assert -2000 < records[1].mean_return < 0
    assert any(record.report.accepted for record in records)
    assert all(record.report.kl <= 0.01 for record in records)


@pytest.mark.parametrize("seed", range(3))
def test_cartpole_is_solved_with_the_default_settings(seed):
    with Trainer(TrainConfig(seed=seed)) as trainer:
        list(trainer)
    assert evaluate(trainer.policy, "CartPole-v1", episodes=100, seed=10_000).mean() >= 475


# What people really have: feeds that run dry, clocks that never ring, ambient settings


def test_data_that_runs_out_is_an_error_and_not_the_end_of_the_run():
    trainer = Trainer(with_(WALK, env_id="Feed-v0", num_steps=16))
    assert next(trainer).iteration == 1
    with pytest.raises(RuntimeError, match="StopIteration"):
        next(trainer)
    assert not trainer.finished


def test_an_episode_without_an_end_is_cut_where_the_environment_or_the_library_says():
    policy = Trainer(with_(WALK, env_id="Endless-v0")).policy
    assert evaluate(policy, "Limited-v0", 2, seed=0).tolist() == [7, 7]
    assert evaluate(policy, "Endless-v0", 2, seed=0).tolist() == [LONGEST_EPISODE] * 2
    assert len(render_episode(policy, "Limited-v0", seed=0, every=3)) == 4  # 0, 3, 6, 7
    assert len(render_episode(policy, "Endless-v0", seed=0, every=LONGEST_EPISODE // 2)) == 3


def test_a_run_whose_actions_are_always_clipped_is_told_so_once(tmp_path):
    config = with_(WALK, env_id="Narrow-v0", max_iterations=4)
    trainer = Trainer(config)
    notes = [next(trainer).note for _ in range(3)]
    assert "bounds" in notes[0]
    assert notes[1:] == ["", ""]
    trainer.save(tmp_path / "run.pt")
    assert next(Trainer.load(tmp_path / "run.pt")).note == ""
    assert all(record.note == "" for record in Trainer(with_(config, env_id="WalkBox-v0")))


def accepting(when):
    """An algorithm that changes nothing; when tells of a call's number whether it is accepted."""
    calls = count(1)
    return lambda policy, batch: UpdateReport(0.0, 0.0, 0.0, when(next(calls)))


@pytest.mark.parametrize(
    ("when", "noted"),
    [(lambda n: False, [10]), (lambda n: n % 10 == 0, []), (lambda n: n == 1, [11])],
    ids=["never", "every tenth", "only the first"],
)
def test_ten_updates_in_a_row_that_are_not_accepted_are_told_of_once(when, noted):
    records = list(Trainer(with_(WALK, max_iterations=25), accepting(when)))
    assert [record.iteration for record in records if record.note] == noted
    assert all("None of the last 10 updates was accepted" in records[n - 1].note for n in noted)


def test_actions_on_the_bounds_are_not_clipped():
    notes, space = Notes(), gym.spaces.Box(-1.0, 2.0, (2,))
    report = UpdateReport(0.1, 0.01, 1.0, True)
    for bound in (-1.0, 2.0):
        assert notes.on(torch.full((4, 3, 2), bound), space, report) == ""
    assert "lay outside" in notes.on(torch.full((4, 3, 2), 2.5), space, report)


def test_layer_sizes_are_a_tuple_of_pythons_ints_whatever_was_given():
    hidden = TrainConfig(hidden=[np.int64(8), 4]).hidden
    assert hidden == (8, 4)
    assert isinstance(hidden, tuple)
    assert {type(size) for size in hidden} == {int}


def test_what_no_file_can_hold_is_named_with_its_place():
    with pytest.raises(
        TypeError, match=r"^state\['a'\]\[1\] must be a tensor, number, text or list"
    ):
        storage.plain({"a": [1, object()]})
    with pytest.raises(TypeError, match="must be a function, or have state_dict and load_state_di"):
        storage.require_savable(algorithm=partial(play_uniformly))


def test_reduced_precision_around_a_run_does_not_reach_it():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        trace = trace_of(Trainer(CARTPOLE))
    assert trace == trace_of(Trainer(CARTPOLE))


@pytest.mark.parametrize("algorithm", [TRPO, PPOClip, NaturalGradient])
@pytest.mark.parametrize("scale_obs", [False, True])
def test_torchs_ambient_defaults_do_not_reach_a_run(algorithm, scale_obs):
    config = with_(CARTPOLE, target_return=1.0, scale_obs=scale_obs)
    expected = trace_of(Trainer(config, algorithm()))
    try:
        torch.set_default_dtype(torch.float64)
        assert trace_of(Trainer(config, algorithm())) == expected
        torch.set_default_dtype(torch.float32)
        torch.set_default_device("meta")
        assert trace_of(Trainer(config, algorithm())) == expected
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_default_device(None)


# Few products: each one more multiplies rounding errors, and longer vectors are summed otherwise.
@pytest.mark.parametrize(
    "algorithm", [TRPO(TRPOConfig(cg_iters=4)), PPOClip(), NaturalGradient(cg_iters=4)], ids=repr
)
def test_a_parameter_that_no_action_depends_on_stays_as_it_is(algorithm):
    config = with_(CARTPOLE, dtype="float64")
    trainer, plain = (Trainer(config, copy.copy(algorithm)) for _ in range(2))
    trainer.policy.value_head = torch.nn.Linear(3, 3, dtype=torch.float64)
    before = numbers(trainer.policy.value_head)
    records = list(trainer)
    assert numbers(trainer.policy.value_head) == before
    assert [r.report.accepted for r in records] == [True] * 4
    kls = [record.report.kl for record in plain]
    assert [record.report.kl for record in records] == pytest.approx(kls, rel=1e-6)


@pytest.mark.parametrize("env_id", ["CartPole-v1", "Pendulum-v1"])
@pytest.mark.parametrize("algorithm", ["trpo.TRPO", "baselines.PPOClip"])
def test_nothing_on_the_way_to_the_first_update_imports_a_compiler(env_id, algorithm):
    module, name = algorithm.split(".")
    code = f"""
import sys
from trpo_lib.training import TrainConfig, Trainer
from trpo_lib.{module} import {name}
config = TrainConfig({env_id!r}, num_envs=2, num_steps=200, test_every=1)
assert next(Trainer(config, {name}())).report.accepted
print(sorted({{"torch._dynamo", "sympy"}} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


# Files


def play_uniformly(policy, batch):
    """An algorithm that is a function."""
    return UpdateReport(0.0, 0.0, 0.0, False)


def test_a_run_with_a_function_is_saved_and_goes_on_with_that_function(tmp_path):
    trainer = Trainer(CARTPOLE, play_uniformly)
    next(trainer)
    trainer.save(tmp_path / "new" / "folder" / "run.pt")
    with pytest.raises(ValueError, match="algorithm must be the play_uniformly that was saved"):
        Trainer.load(tmp_path / "new" / "folder" / "run.pt")
    loaded = Trainer.load(tmp_path / "new" / "folder" / "run.pt", play_uniformly)
    assert trace_of(loaded) == trace_of(trainer)


def test_a_file_that_was_saved_on_another_device_is_loaded_here(tmp_path):
    trainer = Trainer(CARTPOLE)
    next(trainer)
    trainer.save(tmp_path / "run.pt")
    state = torch.load(tmp_path / "run.pt", weights_only=True)
    state["config"]["device"] = "cuda:77"
    torch.save(state, tmp_path / "far.pt")
    with pytest.raises(ValueError, match="device must be on this machine, got 'cuda:77'"):
        Trainer.load(tmp_path / "far.pt")
    loaded = Trainer.load(tmp_path / "far.pt", device="cpu")
    assert trace_of(loaded) == trace_of(trainer)


def test_what_cannot_be_written_is_named_by_the_users_path(tmp_path):
    (tmp_path / "taken").write_text("not a folder")
    for path in (tmp_path / "taken" / "run.pt", tmp_path):
        with pytest.raises(OSError, match=re.escape(str(path))) as caught:
            Trainer(CARTPOLE).save(path)
        assert "/tmp" not in str(caught.value).replace(str(tmp_path), "")
        assert os.strerror(caught.value.errno) == caught.value.strerror
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


# Pictures


def test_pictures_leave_the_environment_variables_of_a_screen_alone(monkeypatch):
    for name in ("SDL_VIDEODRIVER", "MUJOCO_GL", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPLAY", ":0")
    render_episode(Trainer(WALK).policy, "Walk-v0", seed=0)
    assert not {"SDL_VIDEODRIVER", "MUJOCO_GL"} & os.environ.keys()
    monkeypatch.delenv("DISPLAY")
    render_episode(Trainer(WALK).policy, "Walk-v0", seed=0)
    assert os.environ.get("MUJOCO_GL") == ("egl" if sys.platform == "linux" else None)


def test_a_greedy_mean_exactly_at_the_target_ends_the_run():
    config = with_(
        WALK, env_id="Limited-v0", num_envs=1, num_steps=8, max_iterations=9, test_every=1
    )
    assert len(list(Trainer(with_(config, target_return=7.0)))) == 1
    assert len(list(Trainer(with_(config, target_return=7.5)))) == 9


def test_the_default_settings_are_those_that_the_lessons_name():
    config = TrainConfig()
    assert (config.env_id, config.num_envs, config.num_steps) == ("CartPole-v1", 64, 32)
    assert (config.gamma, config.lam, config.hidden) == (0.99, 0.97, (32,))


def test_numpys_numbers_in_an_algorithms_state_are_saved_as_pythons(tmp_path):
    class Counting(TRPO):
        def state_dict(self):
            return super().state_dict() | {"shrink": np.float64(0.25)}

    trainer = Trainer(CARTPOLE, Counting())
    trainer.save(tmp_path / "run.pt")
    assert Trainer.load(tmp_path / "run.pt", Counting()).algorithm.config.shrink == 0.25


def test_a_note_counts_rows_of_actions_and_needs_more_than_99_in_100():
    space, report = gym.spaces.Box(-1.0, 1.0, (2,)), UpdateReport(0.1, 0.01, 1.0, True)
    # In every row one of the two numbers is outside: above in one half, below in the other.
    outside = torch.tensor([[[3.0, 0.0], [0.0, -3.0]]] * 100)
    assert "More than 99%" in Notes().on(outside, space, report)
    for inside in (2, 100):  # of 200 rows
        some = outside.clone()
        some.view(-1, 2)[:inside] = 0
        assert Notes().on(some, space, report) == ""


def test_two_notes_of_one_moment_are_sentences_with_a_space_between_them():
    notes, space = Notes(), gym.spaces.Box(-1.0, 1.0, (2,))
    refused = UpdateReport(0.0, 0.0, 0.0, False)
    for _ in range(9):
        assert notes.on(torch.zeros(4, 2), space, refused) == ""
    said = notes.on(torch.full((4, 2), 9.0), space, refused)
    assert said.startswith("More than 99% of this iteration's actions lay outside")
    assert "to [-1, 1]. None of the last 10 updates was accepted, so" in said
    assert said.endswith("or too low a precision.")


def test_notes_that_are_restored_go_on_counting_and_repeat_nothing():
    first, restored, space = Notes(), Notes(), gym.spaces.Discrete(2)
    refused, actions = UpdateReport(0.0, 0.0, 0.0, False), torch.zeros(4, dtype=torch.long)
    for _ in range(9):
        first.on(actions, space, refused)
    restored.load_state_dict(first.state_dict())
    assert "None of the last 10" in restored.on(actions, space, refused)
    first.load_state_dict(restored.state_dict())
    assert first.on(actions, space, refused) == ""


def test_a_file_is_written_beside_its_place_in_folders_that_are_made(tmp_path):
    path = tmp_path / "one" / "two" / "run.pt"
    with storage.replacing(path) as new:
        assert path.parent in Path(new).parents
        Path(new).write_text("whole", encoding="utf-8")
    assert path.read_text(encoding="utf-8") == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_a_file_is_read_that_has_just_the_keys_or_more_and_no_other(tmp_path):
    path = tmp_path / "state.pt"
    storage.write({"a": 1, "b": (None, 2.5)}, path)
    for keys in ((), ("a",), ("a", "b")):
        assert storage.read(path, *keys) == {"a": 1, "b": (None, 2.5)}
    with pytest.raises(ValueError, match=r"^path must be a file that holds a, c, got .*state\.pt"):
        storage.read(path, "a", "c")
    torch.save([1, 2], path)
    with pytest.raises(ValueError, match=r"^path must be a file that holds a, got "):
        storage.read(path, "a")


@pytest.mark.parametrize("methods", [[], ["state_dict"], ["load_state_dict"]])
def test_an_algorithm_with_half_of_what_a_file_needs_is_refused(methods):
    body = {name: lambda self, *_: {} for name in ["__call__", *methods]}
    why = "^mine must be a function, or have state_dict and load_state_dict, got <.*Half"
    with pytest.raises(TypeError, match=why):
        storage.require_savable(mine=type("Half", (), body)())


@pytest.mark.parametrize("value", [TRPO, 3])
def test_what_is_no_algorithms_object_is_refused_with_an_example(value):
    with pytest.raises(TypeError, match=r"^mine must be an object such as TRPO\(\), got "):
        storage.require_savable(mine=value)


def test_the_critic_learns_to_tell_states_apart():
    # The returns are known functions of the state, so a fitted critic follows them.
    trainer = Trainer(with_(CARTPOLE, critic_batch=50))
    obs = torch.randn(200, 4, generator=torch.Generator().manual_seed(0))
    returns, zeros = 3 + 2 * obs[:, 0] - obs[:, 1], torch.zeros(200)
    batch = Batch(obs, zeros, zeros, zeros, zeros, returns)
    for _ in range(20):
        trainer._fit_critic(batch)
    fitted = trainer.critic(obs).detach().numpy()
    assert np.corrcoef(fitted, returns)[0, 1] > 0.95
    assert ((fitted - returns.numpy()) ** 2).mean() < 0.1 * returns.var()

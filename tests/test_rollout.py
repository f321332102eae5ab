"""What was collected is what happened: checked by stepping single environments by hand."""

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
import torch
import toy_envs  # noqa: F401  (registers the environments)
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from trpo_lib.batch import make_batch
from trpo_lib.environments import find_spec, longest_episode, make_envs, step
from trpo_lib.policies import CategoricalPolicy, Critic, make_policy
from trpo_lib.rollout import collect, start_episodes

FIELDS = ("obs", "actions", "rewards", "next_obs", "terminated", "truncated", "real")


def direct(env_id, num_envs):
    return SyncVectorEnv([lambda: gym.make(env_id)] * num_envs)


WAYS = {
    "SAME_STEP": ("{}-v0", make_envs, AutoresetMode.SAME_STEP),
    "NEXT_STEP": ("{}-v0", direct, AutoresetMode.NEXT_STEP),
    "native": ("Native{}-v0", make_envs, AutoresetMode.NEXT_STEP),
}
each_way = pytest.mark.parametrize("way", WAYS)
each_walk = pytest.mark.parametrize("walk", ["Walk", "WalkBox"])


def policy_for(envs, seed=0):
    spaces = envs.single_observation_space, envs.single_action_space
    return make_policy(*spaces, (8,), torch.Generator().manual_seed(seed))


def play(way, walk, num_steps=(7, 1, 1, 1, 40), num_envs=4, seed=5, dtype=torch.float32):
    """One rollout per number of steps, from one cursor to the next."""
    name, make, mode = WAYS[way]
    envs = make(name.format(walk), num_envs)
    assert envs.metadata["autoreset_mode"] == mode
    policy = policy_for(envs).to(dtype)
    cursor, generator = start_episodes(envs, seed), torch.Generator().manual_seed(seed)
    rollouts = []
    for steps in num_steps:
        rollout, cursor = collect(envs, policy, cursor, steps, generator)
        rollouts.append(rollout)
    return rollouts, policy


def joined(rollouts):
    """The fields of consecutive rollouts in one piece, as arrays [T, N, …]."""
    return {name: torch.cat([getattr(r, name) for r in rollouts]).numpy() for name in FIELDS}


def step_by_hand(walk, seed, actions, mode):
    """The rows of one environment, None where nothing happened; {t: return of the episode}."""
    env = gym.make(f"{walk}-v0")
    obs, _ = env.reset(seed=seed)
    rows, returns, total, over = [], {}, 0.0, False
    for t, action in enumerate(actions):
        if over:
            rows.append(None)
            obs, over = env.reset()[0], False
            continue
        sent = action if walk == "Walk" else action.clip(-0.5, 0.5)
        next_obs, reward, terminated, truncated, _ = env.step(sent)
        rows.append((obs, action, np.float32(reward), next_obs, terminated, truncated))
        obs, total = next_obs, total + reward
        if terminated or truncated:
            returns[t], total = total, 0.0
            over = mode == AutoresetMode.NEXT_STEP
            obs = obs if over else env.reset()[0]
    return rows, returns


@each_way
@each_walk
def test_real_transitions_are_those_of_single_environments_stepped_by_hand(way, walk):
    rollouts, _ = play(way, walk)
    played, ends, fakes = joined(rollouts), {}, 0
    for n in range(4):
        rows, returns = step_by_hand(walk, 5 + n, played["actions"][:, n], WAYS[way][2])
        ends |= {(t, n): total for t, total in returns.items()}
        for t, row in enumerate(rows):
            assert played["real"][t, n] == (row is not None)
            if row is None:
                fakes += 1
                assert not played["terminated"][t, n]
                assert not played["truncated"][t, n]
            else:
                for name, value in zip(FIELDS, row, strict=False):
                    np.testing.assert_array_equal(played[name][t, n], value)
    assert (fakes > 0) == (WAYS[way][2] == AutoresetMode.NEXT_STEP)
    assert {(True, False), (False, True), (True, True)} <= set(
        zip(played["terminated"].flat, played["truncated"].flat, strict=True)
    )
    # In the order of their ends, each in the rollout where it ended, however many it spans.
    borders = np.cumsum([0] + [len(r.obs) for r in rollouts])
    for first, last, rollout in zip(borders, borders[1:], rollouts, strict=False):
        expected = tuple(ends[key] for key in sorted(ends) if first <= key[0] < last)
        assert rollout.episode_returns == expected


@each_way
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_box_actions_are_clipped_only_on_their_way_to_the_environment(way, dtype):
    # WalkBox raises on an action outside its space.
    (rollout,), policy = play(way, "WalkBox", [50], dtype=dtype)
    assert (rollout.actions.abs() > 0.5).float().mean() > 0.5
    # Mean 0, standard deviation 1: not what is left between -0.5 and 0.5.
    noise = rollout.actions - policy(rollout.obs).mean
    assert noise.std().item() == pytest.approx(1, abs=0.15)
    assert rollout.actions.dtype == rollout.rewards.dtype == rollout.obs.dtype == dtype


def test_same_generator_same_rollout_and_another_one_differs():
    def actions(seed):
        envs = make_envs("CartPole-v1", 4)
        rollout, _ = collect(
            envs, policy_for(envs), start_episodes(envs, 0), 20, torch.Generator().manual_seed(seed)
        )
        return rollout.actions

    assert torch.equal(actions(1), actions(1))
    assert not torch.equal(actions(1), actions(2))


def linear_policy(weights):
    """Pushes right where weights · obs > 0, with next to no chance of the other action."""
    policy = CategoricalPolicy(4, 2, (), None)
    with torch.no_grad():
        policy.logits[0].weight.copy_(torch.tensor([[0.0] * 4, weights]) * 1e6)
    return policy


@pytest.mark.parametrize(
    ("weights", "ends"),
    [([0.1, 0.3, 3.0, 1.0], {"truncated"}), ([0.0, 0.0, -1.0, 0.0], {"terminated"})],
    ids=["balances", "falls"],
)
def test_native_cartpole_obeys_the_dynamics_of_the_single_environment(weights, ends):
    envs = make_envs("CartPole-v1", 3)
    generator = torch.Generator().manual_seed(0)
    rollout, _ = collect(envs, linear_policy(weights), start_episodes(envs, 0), 1010, generator)
    played = {name: getattr(rollout, name).numpy() for name in FIELDS}
    assert {flag for flag in ("terminated", "truncated") if played[flag].any()} == ends

    single = gym.make("CartPole-v1").unwrapped
    for n in range(3):
        age = 0
        for t in range(0, 1010):
            obs, action, reward, next_obs, terminated, truncated, real = (
                played[name][t, n] for name in FIELDS
            )
            age = age + 1 if real else 0
            assert truncated == (age == 500)
            if real:
                single.reset()
                single.state = obs.astype(float)
                expected_obs, expected_reward, expected_end, _, _ = single.step(action)
                np.testing.assert_allclose(next_obs, expected_obs, rtol=1e-5, atol=1e-6)
                assert (reward, terminated) == (expected_reward, expected_end)
            else:  # the row after an end, and before the next episode's small start
                assert played["terminated"][t - 1, n] or played["truncated"][t - 1, n]
                assert np.abs(next_obs).max() <= 0.05
                assert not terminated


def test_native_cartpole_returns_are_the_lengths_of_its_episodes():
    envs = make_envs("CartPole-v1", 3)
    generator = torch.Generator().manual_seed(0)
    policy, cursor = linear_policy([0.1, 0.3, 3.0, 1.0]), start_episodes(envs, 0)
    first, cursor = collect(envs, policy, cursor, 499, generator)
    second, _ = collect(envs, policy, cursor, 1, generator)
    assert (first.episode_returns, second.episode_returns) == ((), (500.0, 500.0, 500.0))


@pytest.mark.parametrize("walk", ["Walk", "WalkBox"])
def test_old_log_probs_are_those_of_the_real_actions_under_the_policy(walk):
    (rollout,), policy = play("NEXT_STEP", walk, [40])
    batch = make_batch(rollout, policy, Critic(3, (8,), None), gamma=0.9, lam=0.9)
    real = rollout.real.numpy()
    np.testing.assert_array_equal(batch.obs, rollout.obs.numpy()[real])
    np.testing.assert_array_equal(batch.actions, rollout.actions.numpy()[real])
    if walk == "Walk":
        expected = torch.distributions.Categorical(
            probs=policy.logits(batch.obs).softmax(-1)
        ).log_prob(batch.actions)
    else:
        covariance = torch.diag(policy.log_std.exp() ** 2)
        expected = torch.distributions.MultivariateNormal(
            policy.mean(batch.obs), covariance
        ).log_prob(batch.actions)
    torch.testing.assert_close(batch.old_log_probs, expected.detach())


@pytest.mark.parametrize(
    ("env_id", "message"),
    [
        ("NaNReward-v0", r"rewards must be finite, got nan at index \[2, 0\]"),
        ("InfReward-v0", r"rewards must be finite, got -inf at index \[2, 0\]"),
        ("NaNObs-v0", r"obs must be finite, got nan"),
        ("InfObs-v0", r"obs must be finite, got inf"),
    ],
)
@pytest.mark.parametrize("num_steps", [3, 8])
def test_a_number_that_is_not_finite_is_named(env_id, message, num_steps):
    envs = make_envs(env_id, 2)
    with pytest.raises(ValueError, match=message):
        collect(envs, policy_for(envs), start_episodes(envs, 0), num_steps, torch.Generator())


def test_environments_that_do_not_reset_themselves_are_refused():
    envs = SyncVectorEnv([lambda: gym.make("Walk-v0")], autoreset_mode=AutoresetMode.DISABLED)
    with pytest.raises(ValueError, match=r"envs must reset themselves, got .*DISABLED"):
        collect(envs, policy_for(envs), start_episodes(envs, 0), 1, torch.Generator())


def test_an_unknown_environment_is_named():
    with pytest.raises(ValueError, match=r"env_id must name .*NoSuchEnv"):
        make_envs("NoSuchEnv-v0", 2)


@pytest.mark.parametrize(
    ("num_envs", "error"), [(0, ValueError), (-1, ValueError), (2.0, TypeError)]
)
def test_the_number_of_environments_is_a_positive_int(num_envs, error):
    with pytest.raises(error, match="num_envs"):
        make_envs("Walk-v0", num_envs)


@pytest.mark.parametrize(
    ("env_id", "next_obs", "rewards", "real"),
    [
        ("Borrowing-v0", [1, 2, 3, 1, 2, 3], [1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1]),
        ("NativeBorrowing-v0", [1, 2, 3, 0, 1, 2], [1, 2, 3, 0, 1, 2], [1, 1, 1, 0, 1, 1]),
    ],
)
def test_arrays_that_an_environment_uses_again_keep_what_they_said(
    env_id, next_obs, rewards, real, generator
):
    envs = make_envs(env_id, 2)
    policy = CategoricalPolicy(1, 2, (4,), generator)
    rollout, _ = collect(envs, policy, start_episodes(envs, 0), 6, generator)
    assert rollout.next_obs[:, 1, 0].tolist() == next_obs
    assert rollout.rewards[:, 1].tolist() == rewards
    assert rollout.real[:, 1].tolist() == list(map(bool, real))
    assert rollout.truncated[:, 1].tolist() == [obs == 3 for obs in next_obs]
    assert rollout.obs[0].tolist() == [[0], [0]]


@pytest.mark.parametrize("told", [AutoresetMode.NEXT_STEP, "NextStep"])
def test_a_mode_that_is_told_in_words_is_understood(told, generator):
    envs = direct("Walk-v0", 2)
    envs.metadata = envs.metadata | {"autoreset_mode": told}
    policy = CategoricalPolicy(3, 3, (4,), generator)
    rollout, _ = collect(envs, policy, start_episodes(envs, 0), 12, generator)
    ends = (rollout.terminated | rollout.truncated)[:-1]
    assert rollout.real[1:].tolist() == (~ends).tolist()


@pytest.mark.parametrize(
    ("short", "whole"),
    [("CartPole", "CartPole-v1"), ("toy_envs:Walk-v0", "Walk-v0"), ("toy_envs:Old", "Old-v3")],
)
def test_ids_may_be_as_short_or_as_long_as_gymnasiums(short, whole):
    assert make_envs(short, 1).spec.id == whole


@pytest.mark.parametrize("env_id", ["Walk-v0", "NativeWalk-v0"])
def test_in_a_batch_a_truncation_bootstraps_and_cuts_the_trace(env_id, generator):
    envs = make_envs(env_id, 4)
    policy, critic = CategoricalPolicy(3, 3, (4,), generator), Critic(3, (4,), generator)
    rollout, _ = collect(envs, policy, start_episodes(envs, 0), 40, generator)
    batch = make_batch(rollout, policy, critic, gamma=0.9, lam=0.8)
    cut = (rollout.truncated & ~rollout.terminated)[rollout.real]
    over = rollout.terminated[rollout.real]
    rewards, following = rollout.rewards[rollout.real], critic(rollout.next_obs)[rollout.real]
    assert cut.sum() > 5
    assert over.sum() > 5
    torch.testing.assert_close(batch.returns[cut], (rewards + 0.9 * following)[cut])
    torch.testing.assert_close(batch.returns[over], rewards[over])


@pytest.mark.parametrize(
    ("env_id", "steps"), [("CartPole-v1", 500), ("Limited-v0", 7), ("Endless-v0", 10_000)]
)
def test_the_longest_episode_is_the_registered_time_limit_or_10000_steps(env_id, steps):
    assert longest_episode(env_id) == steps


def test_the_module_in_an_id_is_imported_and_registers_it(tmp_path, monkeypatch):
    registers = 'import gymnasium\ngymnasium.register("There-v0", "toy_envs:Walk")\n'
    (tmp_path / "elsewhere.py").write_text(registers, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    try:
        assert find_spec("elsewhere:There-v0").id == "There-v0"
    finally:
        gym.registry.pop("There-v0", None)


def test_flags_that_an_environment_gives_as_numbers_become_bools():
    envs = direct("Walk-v0", 2)
    envs.reset(seed=0)
    own = envs.step

    def in_numbers(actions):
        obs, reward, terminated, truncated, info = own(actions)
        return obs, reward, terminated.astype(float), truncated.astype(float), info

    envs.step = in_numbers
    *_, terminated, truncated = step(envs, np.zeros(2, dtype=int))
    assert terminated.dtype == truncated.dtype == bool


def test_a_first_observation_that_is_not_finite_is_named(generator):
    envs = make_envs("Walk-v0", 2)
    cursor = start_episodes(envs, 0)
    cursor = replace(cursor, obs=cursor.obs * np.nan)
    with pytest.raises(ValueError, match=r"^obs must be finite, got nan at index \[0, 0, 0\]"):
        collect(envs, policy_for(envs), cursor, 1, generator)

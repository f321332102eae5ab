"""Each algorithm does what its equation says, and none of them leaves a policy half changed."""

import copy
import math
from dataclasses import asdict, replace
from itertools import islice

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from stable_baselines3 import A2C, PPO
from updates import flat, interrupt_at, measure, play, same, sb3_parameters, sb3_twin, snapshot

from trpo_lib.baselines import (
    ActorCritic,
    NaturalGradient,
    PPOClip,
    PPOPenalty,
    Reinforce,
    TruncatedNaturalGradient,
)
from trpo_lib.batch import Batch
from trpo_lib.policies import CategoricalPolicy
from trpo_lib.solvers import flat_grad
from trpo_lib.training import TrainConfig, Trainer

ALL = [Reinforce, ActorCritic, NaturalGradient, TruncatedNaturalGradient, PPOClip, PPOPenalty]
FIRST_ORDER = [Reinforce, ActorCritic, PPOClip, PPOPenalty]
each = pytest.mark.parametrize("algorithm", ALL)
each_first_order = pytest.mark.parametrize("algorithm", FIRST_ORDER)
TINY = TrainConfig(num_envs=4, num_steps=16, max_iterations=5, hidden=(8,), target_return=None)

PROBS = np.array([0.5, 0.3, 0.2])
PLAYED = torch.tensor([0] * 5 + [1] * 3 + [2] * 2)  # ten actions: their mean is an expectation


def tabular(states, generator):
    """A softmax policy with a row of logits per state, with log PROBS turned by one per state."""
    policy = CategoricalPolicy(states, 3, (), generator).double()
    turned = np.stack([np.roll(PROBS, state) for state in range(states)])
    policy.logits[0].weight.data = torch.from_numpy(np.log(turned).T.copy())
    return policy, turned


def expectation(policy, turned, worth):
    """A batch whose means are expectations over π: worth ``[S, A]`` of every action it holds."""
    states = torch.arange(len(turned)).repeat_interleave(10)
    actions = (PLAYED.repeat(len(turned)) + states) % 3
    obs, worth = torch.eye(len(turned)).double()[states], torch.tensor(worth)[states, actions]
    return Batch(obs, actions, policy(obs).log_prob(actions).detach(), worth, worth, worth)


def logits_gradient(algorithm, policy, batch):
    """Of the objective at θ_old, with respect to the bias: the logits of a policy of one state."""
    new = policy(batch.obs)
    return flat_grad(algorithm.objective(None, new, batch), [policy.logits[0].bias]).numpy()


# Against closed forms


def test_reinforce_climbs_the_exact_gradient_of_the_expected_normalised_return(generator):
    policy, _ = tabular(1, generator)
    returns = np.array([1.0, -2.0, 7.0])
    batch = expectation(policy, PROBS[None], returns[None])
    centred = returns - PROBS @ returns
    exact = PROBS * centred / np.sqrt(PROBS @ centred**2)
    np.testing.assert_allclose(logits_gradient(Reinforce(), policy, batch), exact, rtol=1e-9)


def test_actor_critic_climbs_the_exact_gradient_of_the_expected_advantage(generator):
    policy, _ = tabular(1, generator)
    advantages = np.array([1.0, -2.0, 7.0])
    batch = expectation(policy, PROBS[None], advantages[None])
    exact = PROBS * (advantages - PROBS @ advantages)
    np.testing.assert_allclose(logits_gradient(ActorCritic(), policy, batch), exact, rtol=1e-9)


@pytest.mark.parametrize("algorithm", [Reinforce, ActorCritic])
def test_the_first_step_of_adam_is_the_rate_times_the_gradients_sign(algorithm, generator):
    policy, _ = tabular(1, generator)
    batch, before = expectation(policy, PROBS[None], [[1.0, -2.0, 7.0]]), snapshot(policy)
    update = algorithm(lr=0.02)
    gradient = logits_gradient(update, policy, batch)
    update(policy, batch)
    change = policy.state_dict()["logits.0.bias"] - before["logits.0.bias"]
    expected = 0.02 * gradient / (np.abs(gradient) + 1e-5)
    np.testing.assert_allclose(change, expected, rtol=1e-9)


def test_reinforce_knows_nothing_of_advantages_and_actor_critic_nothing_of_returns(policy, batch):
    new, other = policy(batch.obs), torch.arange(40.0)
    with_advantages, with_returns = (
        replace(batch, **{n: other}) for n in ("advantages", "returns")
    )
    for algorithm, unknown, known in (
        (Reinforce(), with_advantages, with_returns),
        (ActorCritic(), with_returns, with_advantages),
    ):
        value = algorithm.objective(None, new, batch)
        assert algorithm.objective(None, new, unknown) == value
        assert algorithm.objective(None, new, known) != value


@pytest.mark.parametrize("step_size", [0.1, 1.0, 30.0])
def test_a_natural_step_multiplies_the_policy_by_the_exponential_of_the_advantages(
    generator, step_size
):
    policy, turned = tabular(3, generator)
    advantages = np.random.default_rng(0).normal(size=(3, 3))
    batch = expectation(policy, turned, advantages)
    report = NaturalGradient(step_size, damping=0.0, cg_iters=20)(policy, batch)
    new = policy(torch.eye(3).double()).probs.detach().numpy()
    expected = turned * np.exp(step_size * advantages)
    expected /= expected.sum(-1, keepdims=True)
    np.testing.assert_allclose(new, expected, rtol=1e-6)
    kl = (turned * np.log(turned / expected)).sum(-1).mean()
    gain = ((expected - turned) * advantages).sum(-1).mean()
    assert (report.kl, report.gain) == pytest.approx((kl, gain), rel=1e-6)
    assert report.cg_residuals[-1] < 1e-6 * report.cg_residuals[0]


@pytest.mark.parametrize("damping", [0.01, 1.0])
def test_damping_is_added_to_the_dense_fisher_matrix(generator, damping):
    policy, _ = tabular(1, generator)
    batch = expectation(policy, PROBS[None], [[1.0, -2.0, 7.0]])
    gradient = PROBS * (np.array([1.0, -2.0, 7.0]) - PROBS @ [1.0, -2.0, 7.0])
    to_logits = np.hstack([np.eye(3), np.eye(3)])  # weight and bias add up: the observation is 1
    fisher = to_logits.T @ (np.diag(PROBS) - np.outer(PROBS, PROBS)) @ to_logits
    step = np.linalg.solve(fisher + damping * np.eye(6), to_logits.T @ gradient)
    NaturalGradient(0.5, damping, cg_iters=20)(policy, batch)
    expected = np.log(PROBS) + 0.5 * to_logits @ step
    logits = policy.logits(torch.ones(1, 1).double())[0].detach()
    np.testing.assert_allclose(logits, expected, rtol=1e-6)


@pytest.mark.parametrize("max_kl", [1e-6, 0.01, 1.0])
def test_a_truncated_natural_step_goes_as_far_as_the_quadratic_model_allows(generator, max_kl):
    policy, _ = tabular(1, generator)
    advantages = np.array([1.0, -2.0, 7.0])
    batch = expectation(policy, PROBS[None], advantages[None])
    report = TruncatedNaturalGradient(max_kl, damping=0.0, cg_iters=20)(policy, batch)
    # In logits F⁻¹g is the advantage, and gᵀF⁻¹g its variance.
    variance = PROBS @ advantages**2 - (PROBS @ advantages) ** 2
    expected = PROBS * np.exp(math.sqrt(2 * max_kl / variance) * advantages)
    expected /= expected.sum()
    new = policy(torch.ones(1, 1).double()).probs[0].detach()
    np.testing.assert_allclose(new, expected, rtol=1e-6)
    assert report.kl == pytest.approx((PROBS * np.log(PROBS / expected)).sum(), rel=1e-5)
    assert report.accepted


def test_a_truncated_natural_step_without_a_direction_stays(policy, batch):
    before = snapshot(policy)
    flat = replace(batch, advantages=torch.zeros_like(batch.advantages))
    assert TruncatedNaturalGradient()(policy, flat).kl == 0
    assert same(policy.state_dict(), before)


def clipped_by_cases(log_prob, old_log_prob, advantage, clip):
    """The paper's figure 1: a good action earns up to 1 + ε, a bad one costs at least 1 − ε."""
    ratio = math.exp(log_prob - old_log_prob)
    return advantage * (min(ratio, 1 + clip) if advantage > 0 else max(ratio, 1 - clip))


@pytest.mark.parametrize(
    ("ratio", "advantage", "flat_there"),
    [
        (1.5, 2.0, True),  # already much likelier: no more to earn
        (1.5, -2.0, False),  # likelier though bad: back
        (0.5, 2.0, False),  # less likely though good: back
        (0.5, -2.0, True),  # already much less likely: nothing more to avoid
        (1.1, 2.0, False),
        (0.9, -2.0, False),
    ],
)
def test_ppos_gradient_ends_where_the_clip_ends_a_gain(generator, ratio, advantage, flat_there):
    policy, _ = tabular(1, generator)
    batch = Batch(
        torch.ones(1, 1).double(),
        torch.tensor([1]),
        torch.tensor([math.log(0.3 / ratio)]).double(),
        torch.tensor([advantage]).double(),
        torch.zeros(1).double(),
        torch.zeros(1).double(),
    )
    gradient = logits_gradient(PPOClip(clip=0.2), policy, batch)

    def at(logits):
        log_prob = logits[1] - np.log(np.exp(logits).sum())
        return clipped_by_cases(log_prob, math.log(0.3 / ratio), advantage, 0.2)

    steps = 1e-6 * np.eye(3)
    expected = [(at(np.log(PROBS) + d) - at(np.log(PROBS) - d)) / 2e-6 for d in steps]
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-9)
    assert (gradient == 0).all() == flat_there


def test_ppos_objective_is_the_mean_over_the_samples_of_the_paper_s_cases(policy, generator):
    obs = torch.randn(200, 3, generator=generator, dtype=torch.float64)
    batch, new = play(policy, obs, generator), copy.deepcopy(policy)
    with torch.no_grad():
        for param in new.parameters():
            param += 0.3 * torch.randn(param.shape, generator=generator)
    log_probs = new(obs).log_prob(batch.actions).tolist()
    rows = zip(log_probs, batch.old_log_probs.tolist(), batch.advantages.tolist(), strict=True)
    expected = np.mean([clipped_by_cases(*row, clip=0.1) for row in rows])
    assert PPOClip(clip=0.1).objective(None, new(obs), batch).item() == pytest.approx(expected)


@pytest.mark.parametrize("beta", [1.0, 4.0])
def test_with_a_fixed_beta_ppos_penalty_finds_the_constrained_optimum_of_its_own_kl(
    generator, beta
):
    policy, _ = tabular(1, generator)
    advantages = np.array([1.0, -1.0, 0.5])
    batch = expectation(policy, PROBS[None], advantages[None])
    algorithm = PPOPenalty(lr=0.02, epochs=700)
    algorithm.beta = beta
    report = algorithm(policy, batch)

    def slack(probs):
        return report.kl - PROBS @ np.log(PROBS / probs)

    best = minimize(
        lambda probs: -probs @ advantages,
        PROBS,
        constraints=[
            {"type": "eq", "fun": lambda probs: probs.sum() - 1},
            {"type": "ineq", "fun": slack},
        ],
        bounds=[(1e-6, 1)] * 3,
        options={"ftol": 1e-14},
    )
    assert best.success
    assert report.kl > 0.01
    np.testing.assert_allclose(
        policy(torch.ones(1, 1).double()).probs[0].detach(), best.x, atol=1e-5
    )


@pytest.mark.parametrize(
    ("aim", "factor"), [(0.6, 2.0), (0.7, 1.0), (1.0, 1.0), (1.45, 1.0), (1.6, 0.5)]
)
def test_beta_doubles_above_and_halves_below_a_band_around_the_target(generator, aim, factor):
    policy, _ = tabular(1, generator)
    batch, start = expectation(policy, PROBS[None], [[1.0, -1.0, 0.5]]), snapshot(policy)
    kl = PPOPenalty(lr=0.02)(policy, batch).kl
    policy.load_state_dict(start)
    algorithm = PPOPenalty(lr=0.02, max_kl=aim * kl)
    assert algorithm.beta == 1
    assert algorithm(policy, batch).kl == kl
    assert algorithm.beta == factor


def test_a_higher_beta_holds_the_next_update_back(policy, batch):
    kls = []
    for beta in (1.0, 100.0):
        algorithm = PPOPenalty(lr=0.03)
        algorithm.beta = beta
        kls.append(algorithm(copy.deepcopy(policy), batch).kl)
    assert kls[1] < kls[0] / 5


# Against stable-baselines3


@pytest.mark.parametrize("env_id", ["CartPole-v1", "Pendulum-v1"])
@pytest.mark.parametrize(
    ("reference", "settings", "algorithm"),
    [
        (PPO, {"batch_size": 256, "n_epochs": 10}, PPOClip(lr=0.003)),
        (A2C, {"use_rms_prop": False, "normalize_advantage": True}, ActorCritic(lr=0.003)),
    ],
    ids=["PPO", "A2C"],
)
def test_two_updates_equal_sb3s_on_the_same_batch_and_network(
    generator, env_id, reference, settings, algorithm
):
    settings = settings | {"learning_rate": 0.003, "ent_coef": 0.0, "max_grad_norm": math.inf}
    model, policy, batch = sb3_twin(reference, env_id, generator, **settings)
    for _ in range(2):  # the second has moments from the first
        before = flat(policy.state_dict()).clone()
        algorithm(policy, batch)
        model.train()
        theirs = flat(sb3_parameters(model, policy)).detach()
        ours = flat(policy.state_dict())
        assert (ours - theirs).norm() < 1e-6 * (theirs - before).norm()


# What all share


@each
def test_the_report_measures_the_update_on_its_batch(algorithm, policy, batch):
    before = snapshot(policy)
    report = algorithm()(policy, batch)
    assert not same(before, policy.state_dict())
    gain, kl = measure(policy, before, batch)
    assert (report.gain, report.kl) == pytest.approx((gain, kl), rel=1e-9)
    assert (report.fraction, report.accepted) == (1.0, True)
    assert len(report.cg_residuals) == (0 if algorithm in FIRST_ORDER else 9)


@each
def test_a_small_update_gains(algorithm, policy, batch):
    report = algorithm(1e-4)(policy, batch)
    assert report.gain > 0
    assert 0 < report.kl < 1e-3


@each
def test_a_frozen_parameter_stays_and_an_update_leaves_no_gradients_behind(
    algorithm, policy, batch
):
    params = list(policy.parameters())
    params[0].requires_grad_(False)
    before, update = [param.detach().clone() for param in params], algorithm()
    assert update(policy, batch).accepted
    assert update(policy, batch).accepted
    equal = [torch.equal(*pair) for pair in zip(before, policy.parameters(), strict=True)]
    assert equal == [True] + [False] * (len(params) - 1)
    assert all(one is other for one, other in zip(params, policy.parameters(), strict=True))
    assert all(param.grad is None for param in params)


def remembered(algorithm):
    """What an algorithm knows from earlier updates, to be compared bit for bit."""
    exact = {"_moments": {}, "beta": None} | algorithm.state_dict()
    moments = exact["_moments"]
    return exact["beta"], {name: torch.as_tensor(moments[name]).tolist() for name in moments}


@each
def test_a_step_that_makes_infinite_numbers_is_not_taken_over(algorithm, policy, batch):
    update = algorithm()
    assert update(policy, batch).accepted
    before, memory = snapshot(policy), remembered(update)
    for size in (1e12, 1e200, 1e308):  # a bound's root is a length
        setattr(update, size_of(algorithm), size)
        report = update(policy, batch)
        assert (report.gain, report.kl, report.fraction, report.accepted) == (0, 0, 0, False)
        assert same(before, policy.state_dict())
        assert remembered(update) == memory
    setattr(update, size_of(algorithm), 0.001)
    assert update(policy, batch).accepted


def test_an_infinite_parameter_is_not_taken_over_though_the_policy_hides_it(policy, batch):
    for name, param in policy.named_parameters():  # a hidden unit of bias ∞ says tanh ∞ = 1
        param.requires_grad_(name.endswith("0.bias"))
    before = snapshot(policy)
    assert not PPOClip(lr=1e308)(policy, batch).accepted
    assert same(before, policy.state_dict())


def test_an_update_of_infinite_gain_is_not_taken_over(policy, batch):
    endless, before = torch.full((40,), 1e308, dtype=torch.float64), snapshot(policy)
    assert not Reinforce()(policy, replace(batch, advantages=endless)).accepted
    assert same(before, policy.state_dict())


def size_of(algorithm):
    return next(iter(asdict(algorithm())))


@pytest.mark.parametrize("size", [1.0, 1e3])
@pytest.mark.parametrize("env_id", ["CartPole-v1", "Pendulum-v1"])
@each
def test_a_run_survives_any_step_size(algorithm, env_id, size):
    with Trainer(replace(TINY, env_id=env_id), algorithm(**{size_of(algorithm): size})) as trainer:
        records = list(trainer)
    assert len(records) == 5
    assert all(math.isfinite(record.report.kl) for record in records)
    assert all(param.isfinite().all() for param in trainer.policy.parameters())


@each
def test_an_interrupt_at_any_line_leaves_the_old_policy_and_memory_or_the_new(algorithm, generator):
    policy = CategoricalPolicy(3, 2, (4,), generator).double()
    batch = play(policy, torch.randn(8, 3, generator=generator).double(), generator)
    short = {NaturalGradient: {"cg_iters": 1}, PPOClip: {"epochs": 1}, PPOPenalty: {"epochs": 1}}
    update = algorithm(**short.get(algorithm, {}))
    update(policy, batch)
    old, state, known = snapshot(policy), update.state_dict(), remembered(update)
    total = interrupt_at(0, update, policy, batch)
    new, learnt, seen = snapshot(policy), remembered(update), set()
    assert not same(old, new)
    for line in range(1, total + 1):
        policy.load_state_dict(old)
        update.load_state_dict(state)
        with torch.enable_grad():  # Python runs no __exit__ that is interrupted at its first line
            assert interrupt_at(line, update, policy, batch) == line
        is_old = same(old, policy.state_dict())
        assert is_old or same(new, policy.state_dict())
        seen.add(is_old)
        for was, became, now in zip(known, learnt, remembered(update), strict=True):
            assert now in (was, became)
            assert now == was or not is_old
    assert seen == {True, False}


def test_memory_belongs_to_one_policy_and_another_starts_afresh(policy, batch):
    other = copy.deepcopy(policy)
    used, fresh = PPOPenalty(max_kl=1e-6), PPOPenalty(max_kl=1e-6)
    for _ in range(2):
        used(policy, batch)
    assert used.beta == 4
    twin = copy.deepcopy(other)
    assert used(other, batch) == fresh(twin, batch)
    assert same(other.state_dict(), twin.state_dict())
    assert remembered(used) == remembered(fresh)


def test_a_loaded_memory_belongs_to_the_next_policy_whatever_came_before(policy, batch):
    source, used, unused = PPOPenalty(), PPOPenalty(), PPOPenalty()
    source(copy.deepcopy(policy), batch)
    used(copy.deepcopy(policy), batch)
    reports = []
    for algorithm in (used, unused):
        algorithm.load_state_dict(source.state_dict())
        reports.append(algorithm(copy.deepcopy(policy), batch))
    assert reports[0] == reports[1] != PPOPenalty()(policy, batch)
    assert remembered(used) == remembered(unused)


@each_first_order
def test_another_rate_acts_on_the_next_update(algorithm, policy, batch):
    update, start = algorithm(lr=0.1), snapshot(policy)
    for lr in (0.1, 1e-4):
        before, update.lr = snapshot(policy), lr
        update(policy, batch)
        change = (flat(policy.state_dict()) - flat(before)).abs().max()
        assert change <= 11 * lr
    assert not same(start, policy.state_dict())


@each
def test_what_follows_a_load_equals_bit_for_bit_what_follows_the_save(tmp_path, algorithm):
    settings = {size_of(algorithm): np.float64(0.02)}
    trainer = Trainer(TINY, algorithm(**settings))
    list(islice(trainer, 2))
    trainer.save(tmp_path / "run.pt")
    loaded = Trainer.load(tmp_path / "run.pt", algorithm())
    assert loaded.algorithm == trainer.algorithm
    assert remembered(loaded.algorithm) == remembered(trainer.algorithm)
    rest, again = list(trainer), list(loaded)
    assert len(rest) == 3
    assert repr(rest) == repr(again)
    assert same(trainer.policy.state_dict(), loaded.policy.state_dict())
    assert remembered(loaded.algorithm) == remembered(trainer.algorithm)


@each
def test_a_restarted_run_and_a_second_run_equal_the_first(algorithm):
    update = algorithm()
    trainer = Trainer(TINY, update)
    first = repr(list(trainer))
    trainer.restart()
    assert repr(list(trainer)) == first
    assert repr(list(Trainer(TINY, update))) == first


@each
def test_the_settings_are_the_fields_of_a_dataclass_and_all_else_is_memory(
    algorithm, batch, policy
):
    update = algorithm()
    settings = asdict(update)
    update(policy, batch)
    assert update == algorithm()
    assert asdict(update) == settings
    assert settings.keys() <= update.state_dict().keys() <= settings.keys() | {"_moments", "beta"}


@pytest.mark.parametrize(
    ("algorithm", "name", "value", "error"),
    [
        *((one, "lr", value, ValueError) for one in FIRST_ORDER for value in (0, -1, math.inf)),
        *((one, "lr", math.nan, ValueError) for one in FIRST_ORDER),
        *((one, "epochs", 0, ValueError) for one in (PPOClip, PPOPenalty)),
        *((one, "epochs", 2.5, TypeError) for one in (PPOClip, PPOPenalty)),
        (PPOClip, "clip", 0, ValueError),
        (PPOClip, "clip", 1, ValueError),
        (PPOPenalty, "max_kl", 0, ValueError),
        (PPOPenalty, "max_kl", math.inf, ValueError),
        (NaturalGradient, "step_size", 0, ValueError),
        (NaturalGradient, "step_size", math.nan, ValueError),
        (NaturalGradient, "damping", -1e-9, ValueError),
        (NaturalGradient, "cg_iters", 0, ValueError),
        (NaturalGradient, "cg_iters", True, TypeError),
    ],
)
def test_a_senseless_setting_is_refused_by_name(algorithm, name, value, error):
    with pytest.raises(error, match=f"^{name} must be .*, got {value!r}"):
        algorithm(**{name: value})


@pytest.mark.parametrize(
    ("algorithm", "lam"),
    [(Reinforce(0.03), 1.0), (ActorCritic(), 0.97), (NaturalGradient(), 0.97), (PPOClip(), 0.97),
     (PPOPenalty(), 0.97)],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_cartpole_is_learnt(algorithm, lam):
    config = TrainConfig(lam=lam, max_iterations=15, target_return=None)
    with Trainer(config, algorithm) as trainer:
        returns = [record.mean_return for record in trainer]
    assert returns[-1] > 2 * returns[0]


@pytest.mark.parametrize("env_id", ["Pendulum-v1", "CartPole-v1"])
@pytest.mark.parametrize("step_size", [1e2, 1e3, 1e5])
def test_a_senseless_step_size_ends_no_run(env_id, step_size):
    for seed in range(4):
        config = replace(TINY, env_id=env_id, seed=seed, max_iterations=8)
        assert len(list(Trainer(config, NaturalGradient(step_size=step_size)))) == 8
        assert len(list(Trainer(config, PPOClip(lr=step_size)))) == 8

import math
from dataclasses import asdict

import numpy as np
import pytest
import torch
from sb3_contrib import TRPO as ReferenceTRPO
from scipy.optimize import minimize
from torch.distributions import Categorical, kl_divergence
from torch.func import functional_call
from updates import flat, interrupt_at, measure, play, same, sb3_parameters, sb3_twin, snapshot

from trpo_lib.batch import Batch
from trpo_lib.policies import CategoricalPolicy, GaussianPolicy
from trpo_lib.trpo import TRPO, TRPOConfig, trpo_step


@pytest.mark.parametrize("max_kl", [1e-4, 0.01, 0.3])
def test_an_accepted_step_gains_and_stays_in_the_trust_region(policy, batch, max_kl):
    before = snapshot(policy)
    report = trpo_step(policy, batch, TRPOConfig(max_kl=max_kl))
    gain, kl = measure(policy, before, batch)
    assert report.accepted
    assert not same(before, policy.state_dict())
    assert (report.gain, report.kl) == pytest.approx((gain, kl), rel=1e-9)
    assert gain > 0
    assert 0 < kl <= max_kl
    assert len(report.cg_residuals) == 1 + TRPOConfig().cg_iters


def test_the_step_is_the_dense_natural_gradient_at_the_edge_of_the_trust_region(policy, batch):
    before, damping, max_kl = snapshot(policy), 0.01, 0.001
    names = sorted(before)
    sizes = [before[name].numel() for name in names]

    def of_vector(function):
        def inner(vector):
            pieces = zip(names, vector.split(sizes), strict=True)
            trial = {name: piece.view_as(before[name]) for name, piece in pieces}
            return function(functional_call(policy, trial, (batch.obs,)))

        return inner

    start, old = flat(before), functional_call(policy, before, (batch.obs,))
    fisher = torch.autograd.functional.hessian(
        of_vector(lambda new: kl_divergence(old, new).mean()), start
    )
    gradient = torch.autograd.functional.jacobian(
        of_vector(lambda new: (new.log_prob(batch.actions) * batch.advantages).mean()), start
    )
    natural = torch.linalg.solve(fisher + damping * torch.eye(len(start)), gradient)
    expected = math.sqrt(2 * max_kl / (gradient @ natural)) * natural

    config = TRPOConfig(max_kl=max_kl, damping=damping, cg_iters=100)
    report = trpo_step(policy, batch, config)
    change = flat(policy.state_dict()) - start
    assert report.accepted
    error = (change - report.fraction * expected).norm() / change.norm()
    assert error < 1e-6


def exact_optimum(logits, batch, max_kl):
    """The table of logits that maximises L with mean KL <= max_kl, and its gain: by SLSQP.

    The solver moves logits in units of √max_kl and counts KL in max_kl, gain in √max_kl.
    """
    radius, repeats = max_kl**0.5, len(batch.obs) // len(logits)
    old = Categorical(logits=logits.repeat(repeats, 1))

    def new(point):
        return Categorical(logits=(logits + radius * point.view_as(logits)).repeat(repeats, 1))

    def loss(point):
        ratio = (new(point).log_prob(batch.actions) - batch.old_log_probs).exp()
        return -((ratio - 1) * batch.advantages).mean() / radius

    def slack(point):
        return 1 - kl_divergence(old, new(point)).mean() / max_kl

    def for_scipy(function):
        gradient = torch.func.grad(function)
        return {
            "fun": lambda point: function(torch.tensor(point)).item(),
            "jac": lambda point: gradient(torch.tensor(point)).numpy(),
        }

    found = minimize(
        **for_scipy(loss),
        x0=np.random.default_rng(0).normal(0, 0.1, size=logits.numel()),
        constraints={"type": "ineq", **for_scipy(slack)},
        method="SLSQP",
        options={"ftol": 1e-12, "maxiter": 1000},
    )
    assert found.success
    return logits + radius * torch.tensor(found.x).view_as(logits), -found.fun * radius


def test_the_step_approaches_the_exact_constrained_optimum_as_the_region_shrinks(generator):
    obs = torch.eye(4, dtype=torch.float64)
    policy = CategoricalPolicy(4, 3, hidden=(), generator=generator).double()
    policy.logits[0].weight.data = torch.randn(3, 4, generator=generator, dtype=torch.float64)
    batch, before = play(policy, obs.repeat(10, 1), generator), snapshot(policy)
    old = policy(obs).logits.detach()  # of a Categorical: normalised, so comparable
    errors = []
    for max_kl in (1e-2, 1e-4, 1e-6):
        policy.load_state_dict(before)
        # A fine line search: what halving may give away is another matter.
        config = TRPOConfig(max_kl, damping=0.0, cg_iters=30, shrink=0.999, max_backtracks=500)
        report = trpo_step(policy, batch, config)
        best, best_gain = exact_optimum(old, batch, max_kl)
        assert 0 < report.gain <= best_gain * (1 + 1e-6)
        best_step = Categorical(logits=best).logits - old
        errors.append((policy(obs).logits - old - best_step).norm() / best_step.norm())
    assert errors[1] < 0.03
    assert errors[2] < errors[1] / 5 < errors[0] / 25


@pytest.mark.parametrize("damping", [1e-3, 0.1])
@pytest.mark.parametrize(
    ("env_id", "dims"), [("CartPole-v1", 1), ("Pendulum-v1", 1), ("Hopper-v5", 3)]
)
def test_the_update_equals_sb3_contribs_on_the_same_batch_and_network(
    env_id, dims, damping, generator
):
    model, policy, batch = sb3_twin(
        ReferenceTRPO, env_id, generator, batch_size=256, cg_max_steps=10, cg_damping=damping,
        target_kl=0.01, line_search_shrinking_factor=0.5, n_critic_updates=1,
    )  # fmt: skip
    before = snapshot(policy)
    # Their KL of a Gaussian is the mean over the action's dimensions, ours that of the action.
    config = TRPOConfig(max_kl=0.01 * dims, damping=damping * dims, cg_iters=10)
    report = trpo_step(policy, batch, config)
    model.train()

    change = flat(sb3_parameters(model, policy)) - flat(before)
    assert (flat(policy.state_dict()) - flat(before) - change).norm() < 1e-3 * change.norm()

    logged = model.logger.name_to_value
    assert report.fraction == logged["train/is_line_search_success"] == 1
    assert report.gain == pytest.approx(logged["train/policy_objective"], rel=1e-3)
    # Their KL is new‖old, ours old‖new: equal to second order only.
    assert report.kl == pytest.approx(logged["train/kl_divergence_loss"] * dims, rel=0.2)


def test_zero_advantages_change_nothing(policy, batch, generator):
    before = snapshot(policy)
    report = trpo_step(policy, play(policy, batch.obs, generator, torch.zeros(40)), TRPOConfig())
    assert (report.gain, report.kl, report.fraction, report.accepted) == (0.0, 0.0, 0.0, False)
    assert same(before, policy.state_dict())


def overshooting(generator):
    """One action one σ from the mean: its gradient moves the mean alone, and a long step passes by.

    With δ = 8 the full step is 4 σ, three beyond the action; half of it one beyond; a quarter hits.
    """
    policy = GaussianPolicy(1, 1, (), generator).double()
    policy.mean[0].weight.requires_grad_(False)
    obs = torch.zeros(1, 1, dtype=torch.float64)
    action = torch.ones(1, 1, dtype=torch.float64)
    log_prob = policy(obs).log_prob(action).detach()
    one = torch.ones(1, dtype=torch.float64)
    return policy, Batch(obs, action, log_prob, one, one, one)


@pytest.mark.parametrize("max_backtracks", [1, 2])
def test_without_an_acceptable_step_the_parameters_stay_bit_equal(generator, max_backtracks):
    policy, batch = overshooting(generator)
    before = snapshot(policy)
    config = TRPOConfig(max_kl=8.5, damping=0.0, max_backtracks=max_backtracks)
    report = trpo_step(policy, batch, config)
    assert (report.gain, report.kl, report.fraction, report.accepted) == (0.0, 0.0, 0.0, False)
    assert same(before, policy.state_dict())


def test_backtracking_goes_on_until_the_surrogate_rises(generator):
    policy, batch = overshooting(generator)
    before = snapshot(policy)
    report = trpo_step(policy, batch, TRPOConfig(max_kl=8.0, damping=0.0))
    gain, kl = measure(policy, before, batch)
    assert (report.accepted, report.fraction) == (True, 0.25)
    # The mean is on the action now: the ratio of the densities is √e, and KL = ½.
    assert report.gain == pytest.approx(math.sqrt(math.e) - 1, rel=1e-9) == gain
    assert report.kl == pytest.approx(0.5, rel=1e-9) == kl


def test_a_frozen_parameter_stays_while_the_others_move(policy, batch):
    name, frozen = next(iter(policy.named_parameters()))
    frozen.requires_grad_(False)
    before = snapshot(policy)
    assert trpo_step(policy, batch, TRPOConfig()).accepted
    after = policy.state_dict()
    assert torch.equal(before[name], after[name])
    assert not any(torch.equal(before[other], after[other]) for other in before if other != name)


def test_an_update_leaves_no_gradients_behind_and_keeps_the_parameters_objects(policy, batch):
    params = list(policy.parameters())
    trpo_step(policy, batch, TRPOConfig())
    assert all(one is other for one, other in zip(params, policy.parameters(), strict=True))
    assert all(param.grad is None and param.requires_grad for param in params)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("damping", [0.0, 1e-3])
@pytest.mark.parametrize("bias", [20.0, 100.0, 1000.0])
@pytest.mark.parametrize("surprises", [False, True])
def test_saturated_logits_do_no_harm(generator, dtype, damping, bias, surprises):
    policy = CategoricalPolicy(3, 2, (4,), generator).to(dtype)
    policy.logits[-1].bias.data = torch.tensor([bias, -bias], dtype=dtype)
    obs = torch.randn(8, 3, generator=generator, dtype=dtype)
    # The second action has a probability of e^(−2·bias): 0 in floating point where it counts.
    actions = torch.arange(8) % 2 if surprises else torch.zeros(8, dtype=torch.long)
    log_probs = policy(obs).log_prob(actions).detach()
    advantages = torch.randn(8, generator=generator, dtype=dtype)
    batch = Batch(obs, actions, log_probs, advantages, advantages, advantages)
    before = snapshot(policy)
    report = trpo_step(policy, batch, TRPOConfig(damping=damping))
    assert all(tensor.isfinite().all() for tensor in policy.state_dict().values())
    assert math.isfinite(report.gain)
    if report.accepted:
        gain, kl = measure(policy, before, batch)
        assert gain > 0
        assert kl <= 0.01
    else:
        assert same(before, policy.state_dict())


@pytest.mark.parametrize("scale", [1e-30, 1e25])
def test_advantages_whose_square_is_no_float_change_nothing(generator, scale):
    policy = CategoricalPolicy(3, 2, (4,), generator)
    obs = torch.randn(8, 3, generator=generator)
    batch = play(policy, obs, generator, scale * torch.randn(8, generator=generator))
    before = snapshot(policy)
    assert not trpo_step(policy, batch, TRPOConfig()).accepted
    assert same(before, policy.state_dict())


def test_an_interrupt_at_any_line_leaves_the_old_policy_or_the_new_one(policy, batch):
    config, old = TRPOConfig(cg_iters=3), snapshot(policy)
    total = interrupt_at(0, trpo_step, policy, batch, config)
    new, seen = snapshot(policy), set()
    assert not same(old, new)
    for line in range(1, total + 1):
        policy.load_state_dict(old)
        with torch.enable_grad():  # Python runs no __exit__ that is interrupted at its first line
            assert interrupt_at(line, trpo_step, policy, batch, config) == line
        is_old = same(old, policy.state_dict())
        assert is_old or same(new, policy.state_dict())
        seen.add(is_old)
    assert seen == {True, False}


@pytest.mark.parametrize(
    ("setting", "error"),
    [
        ({"max_kl": 0}, ValueError),
        ({"max_kl": -0.01}, ValueError),
        ({"max_kl": math.nan}, ValueError),
        ({"max_kl": math.inf}, ValueError),
        ({"damping": -1e-9}, ValueError),
        ({"damping": math.nan}, ValueError),
        ({"shrink": 0}, ValueError),
        ({"shrink": 1}, ValueError),
        ({"cg_iters": 0}, ValueError),
        ({"cg_iters": 2.5}, TypeError),
        ({"cg_iters": True}, TypeError),
        ({"max_backtracks": 0}, ValueError),
        ({"max_backtracks": "3"}, TypeError),
    ],
)
def test_a_senseless_setting_is_refused_by_name(setting, error):
    [(name, value)] = setting.items()
    with pytest.raises(error, match=f"^{name} must be .*, got {value!r}"):
        TRPOConfig(**setting)


def test_the_algorithm_object_takes_the_step_of_its_config_at_that_moment(policy, batch):
    start, algorithm = snapshot(policy), TRPO()
    for config in (TRPOConfig(), TRPOConfig(max_kl=0.1, damping=0.1)):
        policy.load_state_dict(start)
        report = trpo_step(policy, batch, config)
        expected = snapshot(policy)
        policy.load_state_dict(start)
        algorithm.config = config
        assert algorithm(policy, batch) == report
        assert same(expected, policy.state_dict())


def test_the_algorithms_state_is_plain_numbers_that_restore_it():
    config = TRPOConfig(max_kl=0.1, damping=0.2, cg_iters=3, shrink=0.4, max_backtracks=5)
    state = TRPO(config).state_dict()
    assert {type(value) for value in state.values()} == {int, float}
    restored = TRPO()
    restored.load_state_dict(state)
    assert restored.config == config


def test_the_defaults_are_those_that_the_lessons_name():
    assert asdict(TRPOConfig()) == {
        "max_kl": 0.01, "damping": 1e-3, "cg_iters": 8, "shrink": 0.5, "max_backtracks": 10,
    }  # fmt: skip

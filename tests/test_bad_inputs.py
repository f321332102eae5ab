"""Inputs that cannot work: each is refused by its argument's name, and changes nothing."""

import importlib
import pkgutil
from contextlib import nullcontext
from dataclasses import FrozenInstanceError, dataclass, fields, is_dataclass, replace
from types import SimpleNamespace

import gymnasium as gym
import numpy as np
import pytest
import torch
import toy_envs  # noqa: F401, registers them
from gymnasium.spaces import Box, Discrete
from torch import nn

import trpo_lib
from trpo_lib.advantage import discounted_returns, explained_variance, gae, normalize
from trpo_lib.baselines import ActorCritic, NaturalGradient, PPOClip, PPOPenalty, Reinforce
from trpo_lib.batch import Batch, make_batch
from trpo_lib.environments import find_spec, make_envs, resets_later, step
from trpo_lib.fisher import damped_hessian, fisher_vector_product
from trpo_lib.policies import CategoricalPolicy, Critic, GaussianPolicy, make_policy
from trpo_lib.rendering import Camera, render_episode
from trpo_lib.rollout import collect, start_episodes
from trpo_lib.scaling import Standardizer
from trpo_lib.solvers import conjugate_gradient, flat_grad, line_search
from trpo_lib.surrogate import surrogate
from trpo_lib.sweep import Run, interquartile_mean, probability_of_improvement, sweep
from trpo_lib.training import TrainConfig, Trainer, evaluate
from trpo_lib.trpo import TRPO, TRPOConfig, trpo_step

TINY = TrainConfig(num_envs=2, num_steps=4, max_iterations=2, hidden=(4,), target_return=None)
NAN, INF = float("nan"), float("inf")


class Stateful:
    """An algorithm that could not be saved."""

    def __call__(self, policy, batch):
        return TRPO()(policy, batch)


class HoldsAnObject(Stateful):
    """One whose file could not be loaded without running code."""

    def state_dict(self):
        return {"memory": object()}

    def load_state_dict(self, state):
        pass


@dataclass
class WithAnObject(Stateful):
    """One whose setting no file can be named after."""

    setting: object


@pytest.fixture
def world(tmp_path):
    """What a call can get, and must not change."""
    trainer = Trainer(TINY)
    next(trainer)
    rollout = trainer.play()
    batch = make_batch(rollout, trainer.policy, trainer.critic, 0.99, 0.97)
    envs = make_envs("CartPole-v1", 2)
    (tmp_path / "note.txt").write_text("not a run")
    torch.save(trainer.policy.state_dict(), tmp_path / "policy.pt")
    trainer.save(tmp_path / "run.pt")
    generator = torch.Generator().manual_seed(0)
    yield SimpleNamespace(
        trainer=trainer, policy=trainer.policy, critic=trainer.critic, rollout=rollout,
        batch=batch, envs=envs, cursor=start_episodes(envs, 0), generator=generator,
        folder=tmp_path, x=torch.ones(3, 2), no=torch.zeros(3, 2, dtype=torch.bool),
        b=torch.ones(5), scaler=Standardizer(4),
    )  # fmt: skip
    envs.close()
    trainer.__exit__()


def state(world):
    """Everything that a call could leave half-changed."""
    modules = world.policy, world.critic, world.scaler
    tensors = [tensor.clone() for module in modules for tensor in module.state_dict().values()]
    tensors += [world.generator.get_state(), world.trainer._generator.get_state()]
    tensors += [torch.get_rng_state(), torch.from_numpy(world.envs.unwrapped.state.copy())]
    files = {path: path.read_bytes() for path in world.folder.rglob("*") if path.is_file()}
    return tensors, files, world.trainer._counts.tolist()


def config(**settings):
    return lambda w: TrainConfig(**settings)


def trpo(**settings):
    return lambda w: TRPOConfig(**settings)


def with_batch(**columns):
    return lambda w: replace(w.batch, **{name: make(w.batch) for name, make in columns.items()})


def with_masks(terminated=None, truncated=None, **rest):
    """``gae`` on a good call, but for what is given."""

    def call(w):
        given = {"rewards": w.x, "values": w.x, "next_values": w.x, "gamma": 0.9, "lam": 0.9}
        flags = {"terminated": w.no, "truncated": w.no}
        own = {"terminated": terminated, "truncated": truncated} | rest
        return gae(**given | flags | {name: make(w) for name, make in own.items() if make})

    return call


# What is called, and what its message must name.
TABLE = {
    # training: settings
    "gamma is a text": (config(gamma="0.99"), "gamma"),
    "gamma above 1": (config(gamma=1.01), "gamma"),
    "gamma is NaN": (config(gamma=NAN), "gamma"),
    "lam negative": (config(lam=-0.1), "lam"),
    "lam is None": (config(lam=None), "lam"),
    "seed too large": (config(seed=2**64), "seed"),
    "seed negative": (config(seed=-1), "seed"),
    "seed is a float": (config(seed=1.0), "seed"),
    "seed is a bool": (config(seed=True), "seed"),
    "env_id is a class": (config(env_id=gym.Env), "env_id"),
    "env_id is unknown": (lambda w: Trainer(TrainConfig("NoSuch-v0")), "env_id"),
    "env_id of an unknown module": (lambda w: Trainer(TrainConfig("nomodule:X-v0")), "env_id"),
    "env_id is empty": (lambda w: Trainer(TrainConfig("")), "env_id"),
    "target_return is a text": (config(target_return="490"), "target_return"),
    "target_return is NaN": (config(target_return=NAN), "target_return"),
    "num_envs is 0": (config(num_envs=0), "num_envs"),
    "num_envs is an array": (config(num_envs=np.array([2, 3])), "num_envs"),
    "num_steps is a float": (config(num_steps=32.0), "num_steps"),
    "max_iterations negative": (config(max_iterations=-5), "max_iterations"),
    "critic_epochs is 0": (config(critic_epochs=0), "critic_epochs"),
    "critic_batch is 0": (config(critic_batch=0), "critic_batch"),
    "critic_lr is 0": (config(critic_lr=0), "critic_lr"),
    "critic_lr is infinite": (config(critic_lr=INF), "critic_lr"),
    "reward_scale negative": (config(reward_scale=-1.0), "reward_scale"),
    "hidden is an int": (config(hidden=32), "hidden"),
    "hidden is a text": (config(hidden="32"), "hidden"),
    "hidden holds a 0": (config(hidden=(32, 0)), "hidden"),
    "hidden holds a float": (config(hidden=[32.0]), "hidden"),
    "dtype is torch's": (config(dtype=torch.float64), "dtype"),
    "dtype is too narrow": (config(dtype="float16"), "dtype"),
    "device is torch's": (config(device=torch.device("cpu")), "device"),
    "device is unknown": (lambda w: Trainer(replace(TINY, device="gpu")), "device"),
    "device is not here": (lambda w: Trainer(replace(TINY, device="cuda:77")), "device"),
    "scale_obs is a text": (config(scale_obs="no"), "scale_obs"),
    # training: the trainer
    "a trainer of a text": (lambda w: Trainer("CartPole-v1"), "config"),
    "an algorithm's class": (lambda w: Trainer(TINY, TRPO), "algorithm"),
    "an algorithm that is a text": (lambda w: Trainer(TINY, "trpo"), "algorithm"),
    "an algorithm that cannot be saved": (lambda w: Trainer(TINY, Stateful()), "algorithm"),
    "an algorithm whose file runs code": (lambda w: Trainer(TINY, HoldsAnObject()), "algorithm"),
    "an algorithm's settings": (lambda w: Trainer(TINY, TRPOConfig()), "algorithm"),
    "a file that is no run": (lambda w: Trainer.load(w.folder / "note.txt"), "path"),
    "a file that holds weights": (lambda w: Trainer.load(w.folder / "policy.pt"), "path"),
    "a run saved with another algorithm": (
        lambda w: Trainer.load(w.folder / "run.pt", PPOClip()), "algorithm"),
    "a run to go on nowhere": (lambda w: Trainer.load(w.folder / "run.pt", device="gpu"), "device"),
    "evaluation of a trainer": (lambda w: evaluate(w.trainer, "CartPole-v1", 1, 0), "policy"),
    "evaluation of a critic": (lambda w: evaluate(w.critic, "CartPole-v1", 1, 0),
                               "policy must have an act method"),
    "evaluation where it does not fit": (lambda w: evaluate(w.policy, "Pendulum-v1", 1, 0),
                                         "policy"),
    "evaluation without episodes": (lambda w: evaluate(w.policy, "CartPole-v1", 0, 0), "episodes"),
    "evaluation with a seed for a generator": (
        lambda w: evaluate(w.policy, "CartPole-v1", 1, 0, 5), "generator"),
    "evaluation without a seed": (lambda w: evaluate(w.policy, "CartPole-v1", 1, None), "seed"),
    # one update
    "max_kl is 0": (trpo(max_kl=0), "max_kl"),
    "max_kl is a text": (trpo(max_kl="0.01"), "max_kl"),
    "max_kl is NaN": (trpo(max_kl=NAN), "max_kl"),
    "damping negative": (trpo(damping=-1e-3), "damping"),
    "cg_iters is a float": (trpo(cg_iters=8.0), "cg_iters"),
    "shrink is 1": (trpo(shrink=1), "shrink"),
    "max_backtracks is 0": (trpo(max_backtracks=0), "max_backtracks"),
    "an update of weights": (lambda w: trpo_step(w.policy.state_dict(), w.batch, TRPOConfig()),
                             "policy"),
    "an update on a rollout": (lambda w: trpo_step(w.policy, w.rollout, TRPOConfig()), "batch"),
    "an update with a number": (lambda w: trpo_step(w.policy, w.batch, 0.01), "config"),
    "actor-critic on a rollout": (lambda w: ActorCritic()(w.policy, w.rollout), "batch"),
    "natural gradient of weights": (
        lambda w: NaturalGradient()(w.policy.state_dict(), w.batch), "policy"),
    "lr is 0": (lambda w: Reinforce(lr=0), "lr"),
    "epochs is a float": (lambda w: PPOClip(epochs=1.5), "epochs"),
    "clip is 1": (lambda w: PPOClip(clip=1), "clip"),
    "the penalty's max_kl": (lambda w: PPOPenalty(max_kl=[0.01]), "max_kl"),
    "step_size is a text": (lambda w: NaturalGradient(step_size="0.3"), "step_size"),
    # the batch
    "advantages [B, 1]": (with_batch(advantages=lambda b: b.advantages[:, None]), "advantages"),
    "actions too few": (with_batch(actions=lambda b: b.actions[1:]), "actions"),
    "an observation is NaN": (with_batch(obs=lambda b: b.obs * NAN), "obs"),
    "returns as an array": (with_batch(returns=lambda b: b.returns.numpy()), "returns"),
    "a batch of nothing": (
        lambda w: Batch(*(column[:0] for column in vars(w.batch).values())), "transitions"),
    "a batch of a batch": (lambda w: make_batch(w.batch, w.policy, w.critic, 0.9, 0.9), "rollout"),
    "real as integers": (
        lambda w: make_batch(replace(w.rollout, real=w.rollout.real.int()), w.policy, w.critic,
                             0.9, 0.9), "real"),
    "a batch without a policy": (
        lambda w: make_batch(w.rollout, None, w.critic, 0.9, 0.9), "policy"),
    "obs as an array": (with_batch(obs=lambda b: b.obs.numpy()), "obs"),
    "no critic": (lambda w: make_batch(w.rollout, w.policy, None, 0.9, 0.9), "critic"),
    # advantages
    "terminated as integers": (with_masks(terminated=lambda w: w.no.int()), "terminated"),
    "truncated as floats": (with_masks(truncated=lambda w: w.no.float()), "truncated"),
    "rewards as a list": (with_masks(rewards=lambda w: w.x.tolist()), "rewards"),
    "values transposed": (with_masks(values=lambda w: w.x.T), "values"),
    "a reward is infinite": (with_masks(rewards=lambda w: w.x * INF), "rewards"),
    "the trace of lam 2": (with_masks(lam=lambda w: 2), "lam"),
    "returns of integer masks": (
        lambda w: discounted_returns(w.x, w.x, w.no, w.no.int(), 0.9), "truncated"),
    "returns of fewer masks": (
        lambda w: discounted_returns(w.x, w.x, w.no, w.no[:1], 0.9), "truncated"),
    "returns with a text": (lambda w: discounted_returns(w.x, w.x, w.no, w.no, "1"), "gamma"),
    "NaN normalised": (lambda w: normalize(w.x * NAN), "advantages"),
    "variance explained of another shape": (
        lambda w: explained_variance(w.x, w.x[:1]), "values.*returns"),
    "surrogate of [B, 1]": (
        lambda w: surrogate(w.policy(w.batch.obs), w.batch.actions, w.batch.old_log_probs,
                            w.batch.advantages[:, None]), "advantages"),
    "surrogate of an array": (
        lambda w: surrogate(w.policy(w.batch.obs), w.batch.actions.numpy(), w.batch.old_log_probs,
                            w.batch.advantages), "actions"),
    # linear algebra
    "b is a matrix": (lambda w: conjugate_gradient(lambda v: v, w.x), "b "),
    "b is NaN": (lambda w: conjugate_gradient(lambda v: v, w.b * NAN), "b "),
    "b is an array": (lambda w: conjugate_gradient(lambda v: v, w.b.numpy()), "b "),
    "no iterations": (lambda w: conjugate_gradient(lambda v: v, w.b, 0), "max_iters"),
    "tol negative": (lambda w: conjugate_gradient(lambda v: v, w.b, tol=-1), "tol"),
    "a product that is too long": (
        lambda w: conjugate_gradient(lambda v: torch.cat([v, v]), w.b), "matvec"),
    "a product [P, 1]": (lambda w: conjugate_gradient(lambda v: v[:, None], w.b), "matvec"),
    "shrink above 1": (lambda w: line_search(bool, w.b, w.b, 1.5, 3), "shrink"),
    "no tries": (lambda w: line_search(bool, w.b, w.b, 0.5, 0), "max_tries"),
    "a step of another size": (lambda w: line_search(bool, w.b, w.b[:1], 0.5, 3), "step"),
    "the gradient of a number": (lambda w: flat_grad(1.0, list(w.policy.parameters())), "output"),
    "a negative damping": (lambda w: fisher_vector_product(w.policy, w.batch.obs, -1), "damping"),
    "Fisher matrix of NaN": (lambda w: fisher_vector_product(w.policy, w.b * NAN, 0), "obs"),
    "Fisher matrix elsewhere": (
        lambda w: damped_hessian(torch.ones((), requires_grad=True), [], 0), "policy"),
    # networks
    "no actions": (lambda w: CategoricalPolicy(4, 0, (4,), w.generator), "num_actions"),
    "half an observation": (lambda w: GaussianPolicy(0.5, 2, (4,), w.generator), "obs_dim"),
    "a critic of nothing": (lambda w: Critic(0, (4,), w.generator), "obs_dim"),
    "products with weights": (
        lambda w: fisher_vector_product(w.policy.state_dict(), w.batch.obs, 0.1), "policy"),
    "a critic without layers": (
        lambda w: Critic(4, None, w.generator), "hidden must be a tuple or a list, got None"),
    "a seed for a generator": (lambda w: Critic(4, (4,), 0), "generator"),
    "pictures as observations": (
        lambda w: make_policy(Box(0, 1, (8, 8)), Discrete(2), (4,), w.generator),
        "observation_space"),
    "actions from 1": (
        lambda w: make_policy(Box(0, 1, (3,)), Discrete(2, start=1), (4,), w.generator),
        "action_space"),
    "actions out of reach": (
        lambda w: make_policy(Box(0, 1, (3,)), Box(100, 200, (1,)), (4,), w.generator),
        "action_space"),
    "a scaler of nothing": (lambda w: Standardizer(0), "obs_dim"),
    "a scaler shown NaN": (lambda w: w.scaler.update(torch.full((2, 4), NAN)), "obs"),
    "a scaler shown no row": (lambda w: w.scaler.update(torch.ones(0, 4)), "obs"),
    "a scaler shown others": (lambda w: w.scaler.update(torch.ones(2, 3)), "obs"),
    # environments
    "half an environment": (lambda w: make_envs("CartPole-v1", 0.5), "num_envs"),
    "an environment's number": (lambda w: find_spec(1), "env_id"),
    "actions that broadcast": (lambda w: step(w.envs, np.zeros((2, 1), int)), "actions"),
    "episodes of one environment": (lambda w: start_episodes(gym.make("CartPole-v1")), "envs"),
    "episodes from seed -1": (lambda w: start_episodes(w.envs, -1), "seed"),
    "no steps": (lambda w: collect(w.envs, w.policy, w.cursor, 0, w.generator), "num_steps"),
    "a cursor that is a seed": (lambda w: collect(w.envs, w.policy, 0, 4, w.generator), "cursor"),
    "a mode that is unknown": (
        lambda w: resets_later(SimpleNamespace(metadata={"autoreset_mode": "Sometimes"})),
        "autoreset_mode"),
    "a mode that is not told": (lambda w: resets_later(SimpleNamespace(metadata={})),
                                "autoreset_mode"),
    "a camera where nothing draws": (lambda w: Camera("Bandit-v0", 0), "env_id"),
    "a camera where no mode draws": (lambda w: Camera("Unseen-v0", 0), "env_id"),
    "a camera from seed -1": (lambda w: Camera("CartPole-v1", -1), "seed"),
    "a film of the wrong task": (lambda w: render_episode(w.policy, "Pendulum-v1", 0), "policy"),
    "a film without pictures": (lambda w: render_episode(w.policy, "CartPole-v1", 0, 0), "every"),
    # many runs
    "a run of a class": (lambda w: Run(TINY, TRPO), "algorithm"),
    "a run of a function": (lambda w: Run(TINY, trpo_step), "algorithm"),
    "a run of a text": (lambda w: Run("CartPole-v1", TRPO()), "config"),
    "a run that has no name": (lambda w: Run(TINY, WithAnObject(object())), "algorithm"),
    "a sweep of nothing": (lambda w: sweep([], w.folder / "new"), "runs"),
    "a sweep of settings": (lambda w: sweep([TINY], w.folder / "new"), "runs"),
    "a sweep by a number": (lambda w: sweep([Run(TINY, TRPO())], w.folder / "new", 2), "executor"),
    "a sweep into a file": (lambda w: sweep([Run(TINY, TRPO())], w.folder / "note.txt"), "note"),
    "the mean of one": (lambda w: interquartile_mean([1.0]), "sample"),
    "the mean of none": (lambda w: interquartile_mean(), "samples"),
    "the mean of NaN": (lambda w: interquartile_mean([1.0, NAN, 2.0]), "sample"),
    "better than one": (lambda w: probability_of_improvement([1.0, 2.0], [1.0]), "sample"),
}  # fmt: skip


def test_the_table_is_long():
    assert len(TABLE) >= 100


@pytest.mark.parametrize(("call", "name"), TABLE.values(), ids=TABLE)
def test_a_bad_input_is_refused_by_name_and_changes_nothing(call, name, world):
    before = state(world)
    with pytest.raises((TypeError, ValueError, OSError), match=name) as caught:
        call(world)
    assert caught.traceback[-1].path.parent.name == "trpo_lib", "the error is some library's"
    tensors, *rest = state(world)
    assert rest == list(before[1:])
    assert all(map(torch.equal, tensors, before[0]))


@pytest.mark.parametrize("number", [np.int64(3), np.uint8(3), np.int32(3)])
def test_numpys_ints_are_taken_like_pythons(number):
    assert repr(replace(TINY, seed=number, num_envs=number)) == repr(
        replace(TINY, seed=3, num_envs=3)
    )


def test_numpys_floats_are_taken_like_pythons():
    assert repr(TRPOConfig(max_kl=np.float64(0.02))) == repr(TRPOConfig(max_kl=0.02))
    assert repr(replace(TINY, gamma=np.float32(0.5))) == repr(replace(TINY, gamma=0.5))
    assert repr(PPOClip(clip=np.float64(0.1))) == repr(PPOClip(clip=0.1))
    assert repr(NaturalGradient(step_size=np.float64(0.1))) == repr(NaturalGradient(step_size=0.1))


def test_an_update_of_a_network_is_no_different_for_an_error_before_it(world):
    twin = CategoricalPolicy(4, 2, (4,), None)
    twin.load_state_dict(world.policy.state_dict())
    with pytest.raises(TypeError):
        trpo_step(twin, None, TRPOConfig())
    assert trpo_step(twin, world.batch, TRPOConfig()) == trpo_step(
        world.policy, world.batch, TRPOConfig()
    )
    assert all(map(torch.equal, twin.state_dict().values(), world.policy.state_dict().values()))


@pytest.mark.parametrize("place", [2, 3])  # before the last layer, and behind it
def test_a_policy_with_a_layer_that_draws_at_random_is_refused_until_it_is_still(world, place):
    policy = CategoricalPolicy(4, 2, (4,), world.generator)
    policy.logits.insert(place, nn.Dropout(0.5))
    assert policy.noise((5, 3), world.generator).shape == (5, 3, 2)
    for update in (TRPO(), NaturalGradient()):
        with pytest.raises(ValueError, match=r"policy must answer twice alike.*Dropout"):
            update(policy, world.batch)
    policy.eval()
    assert TRPO()(policy, world.batch).kl <= 0.01


MODULES = [
    importlib.import_module(module.name)
    for module in pkgutil.walk_packages(trpo_lib.__path__, "trpo_lib.")
]
DATACLASSES = {
    f"{kind.__module__}.{name}": kind
    for module in MODULES
    for name, kind in vars(module).items()
    if isinstance(kind, type) and is_dataclass(kind) and kind.__module__.startswith("trpo_lib")
}


@pytest.mark.parametrize("kind", DATACLASSES.values(), ids=DATACLASSES)
def test_settings_and_results_cannot_be_changed_but_algorithms_can(kind):
    is_algorithm = "__call__" in dir(kind)
    unchanged = nullcontext() if is_algorithm else pytest.raises(FrozenInstanceError)
    for field in fields(kind):
        with unchanged:
            setattr(kind.__new__(kind), field.name, None)

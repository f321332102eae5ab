"""What the tests of TRPO's update and of the others' share: batches, measures, sb3, interrupts."""

import sys
from pathlib import Path

import gymnasium as gym
import torch
from stable_baselines3.common.logger import Logger
from torch.distributions import kl_divergence
from torch.func import functional_call

import trpo_lib
from trpo_lib.advantage import normalize
from trpo_lib.batch import Batch
from trpo_lib.policies import CategoricalPolicy, make_policy


def play(policy, obs, generator, advantages=None):
    """The policy's own actions at obs; advantages, and with them the rest, random unless given."""
    noise = policy.noise((len(obs),), generator).numpy()
    actions = torch.from_numpy(policy.act(obs.numpy(), noise))
    log_probs = policy(obs).log_prob(actions).detach()
    if advantages is None:
        advantages = normalize(torch.randn(len(obs), generator=generator, dtype=obs.dtype))
    return Batch(obs, actions, log_probs, advantages, advantages, advantages)


def snapshot(policy):
    return {name: tensor.clone() for name, tensor in policy.state_dict().items()}


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def flat(params):
    return torch.cat([params[name].reshape(-1) for name in sorted(params)])


def measure(policy, before, batch):
    """Gain and mean KL of the policy over what it was before, from torch.distributions alone."""
    with torch.no_grad():
        old, new = functional_call(policy, before, (batch.obs,)), policy(batch.obs)
        ratio = (new.log_prob(batch.actions) - batch.old_log_probs).exp()
        gain = ((ratio - 1) * batch.advantages).mean().item()
        return gain, kl_divergence(old, new).mean().item()


def sb3_twin(reference, env_id, generator, **settings):
    """A model of stable-baselines3 with a filled buffer; and our policy and batch, equal to its.

    All in float64: their float32 observations are widened behind their feature extractor.
    """
    env = gym.make(env_id)
    nets = {"net_arch": [64]}
    model = reference(
        "MlpPolicy", env, n_steps=256, policy_kwargs=nets, seed=0, device="cpu", **settings
    )
    model.set_logger(Logger(folder=None, output_formats=[]))
    network = model.policy.double()
    network.features_extractor.register_forward_hook(lambda module, args, out: out.double())

    policy = make_policy(env.observation_space, env.action_space, (64,), generator).double()
    layers = policy.logits if isinstance(policy, CategoricalPolicy) else policy.mean
    layers[0].load_state_dict(network.mlp_extractor.policy_net[0].state_dict())
    layers[2].load_state_dict(network.action_net.state_dict())

    obs = torch.randn(256, *env.observation_space.shape, generator=generator).double()
    advantages = torch.randn(256, generator=generator).double() + obs[:, 0]
    # They divide by the standard deviation with N − 1, and do it inside train().
    batch = play(policy, obs, generator, (advantages - advantages.mean()) / advantages.std())
    buffer = model.rollout_buffer
    buffer.observations, buffer.actions, buffer.log_probs, buffer.advantages, buffer.returns = (
        column.view(256, 1, *shape).numpy()
        for column, shape in (
            (obs, env.observation_space.shape),
            (batch.actions, batch.actions.shape[1:] or (1,)),
            (batch.old_log_probs, ()),
            (advantages, ()),
            (advantages, ()),
        )
    )
    buffer.full = True
    return model, policy, batch


def sb3_parameters(model, policy):
    """The parameters of their actor by the names that ours have."""
    network = model.policy
    theirs = {
        "0.weight": network.mlp_extractor.policy_net[0].weight,
        "0.bias": network.mlp_extractor.policy_net[0].bias,
        "2.weight": network.action_net.weight,
        "2.bias": network.action_net.bias,
    }
    if isinstance(policy, CategoricalPolicy):
        return {f"logits.{name}": param for name, param in theirs.items()}
    named = {f"mean.{name}": param for name, param in theirs.items()}
    return named | {"log_std": network.log_std}


def interrupt_at(line, function, *arguments):
    """Calls the function, with Ctrl-C at the given executed line of trpo_lib -> lines executed."""
    package, lines, previous = str(Path(trpo_lib.__file__).parent), 0, sys.gettrace()

    def on_line(frame, event, argument):
        nonlocal lines
        if event == "line":
            lines += 1
            if lines == line:
                raise KeyboardInterrupt
        return on_line

    def on_call(frame, event, argument):
        return on_line if frame.f_code.co_filename.startswith(package) else None

    sys.settrace(on_call)
    try:
        function(*arguments)
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(previous)
    return lines

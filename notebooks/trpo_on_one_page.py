"""TRPO on one page: `python notebooks/trpo_on_one_page.py [seed]` learns CartPole (lesson 10)."""

import sys

import gymnasium as gym
import numpy as np
import torch
from torch import nn

N, T, GAMMA, LAM, MAX_KL, DAMPING, CG_ITERS, MAX_TRIES = 64, 32, 0.99, 0.97, 0.01, 1e-3, 8, 10
CRITIC_RATE, CRITIC_PASSES, CRITIC_ROWS = 3e-2, 3, 512
MAX_UPDATES, TEST_EVERY, TEST_EPISODES, SOLVED = 200, 4, 100, 490


def network(outputs, gain, generator):  # 4 numbers in, 32 tanh units, orthogonal weights
    net = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, outputs))
    for layer, size in ((net[0], 2**0.5), (net[2], gain)):
        nn.init.orthogonal_(layer.weight, size, generator)
        nn.init.zeros_(layer.bias)
    return net


def play(envs, policy, obs, resetting, noise):  # one step for each [N, 2] of the noise
    rows = []
    for step_noise in noise:  # the argmax of logits + Gumbel noise is a draw of the softmax
        action = (policy(torch.tensor(obs)) + step_noise).argmax(-1).numpy()
        next_obs, reward, terminated, truncated, _ = envs.step(action)
        rows.append((obs, action, reward, next_obs, terminated, truncated, ~resetting))
        obs, resetting = next_obs, terminated | truncated  # the row after an end is only a reset
    return [torch.tensor(np.array(column)) for column in zip(*rows, strict=True)], obs, resetting


def gae(rewards, values, next_values, terminated, truncated, gamma, lam):  # all [T, N]
    advantages = rewards + gamma * next_values * ~terminated - values
    for t in reversed(range(len(rewards) - 1)):
        advantages[t] += gamma * lam * advantages[t + 1] * ~(terminated | truncated)[t]
    return advantages


def surrogate(logits, actions, old_log_probs, advantages):  # [B, 2], then [B] each
    log_probs = logits.log_softmax(-1).gather(-1, actions[:, None])[:, 0]
    return ((log_probs - old_log_probs).exp() * advantages).mean()


def flat_grad(output, policy, **options):  # all of its numbers in one vector
    grads = torch.autograd.grad(output, list(policy.parameters()), **options)
    return torch.cat([grad.reshape(-1) for grad in grads])


def fisher_product(policy, obs, v, damping):  # (F + damping I) v: the KL's second derivatives
    new = policy(obs).log_softmax(-1)
    kl = (new.detach().exp() * (new.detach() - new)).sum(-1).mean()
    slope = flat_grad(kl, policy, create_graph=True)
    return flat_grad(slope @ v, policy) + damping * v


def conjugate_gradient(matvec, b, iters):  # towards the x with matvec(x) = b
    x, e, u = torch.zeros_like(b), b, b
    for _ in range(iters if b.any() else 0):
        product = matvec(u)
        length = (e @ e) / (u @ product)
        x, e_old, e = x + length * u, e, e - length * product
        u = e + (e @ e) / (e_old @ e_old) * u
    return x


def update(policy, obs, actions, advantages):  # -> mean KL and gain of the accepted step
    params, old = list(policy.parameters()), policy(obs).log_softmax(-1).detach()
    data = actions, old.gather(-1, actions[:, None])[:, 0], advantages
    before, theta = surrogate(policy(obs), *data), nn.utils.parameters_to_vector(params).detach()
    g = flat_grad(before, policy)
    x = conjugate_gradient(lambda v: fisher_product(policy, obs, v, DAMPING), g, CG_ITERS)
    step = (2 * MAX_KL / (x @ fisher_product(policy, obs, x, DAMPING))) ** 0.5 * x
    for k in range(MAX_TRIES):  # refuses NaN, which comes of g = 0
        nn.utils.vector_to_parameters(theta + 0.5**k * step, params)
        new = policy(obs).log_softmax(-1).detach()
        gain, kl = surrogate(new, *data) - before, (old.exp() * (old - new)).sum(-1).mean()
        if gain > 0 and kl <= MAX_KL:
            return kl.item(), gain.item()
    nn.utils.vector_to_parameters(theta, params)
    return 0.0, 0.0


def test(policy, *seeds):  # the greedy policy's mean return: steps until the first end
    (seed,), n = np.random.SeedSequence(seeds).generate_state(1), TEST_EPISODES
    envs, start, noise = gym.make_vec("CartPole-v1", n), np.zeros(n, bool), torch.zeros(500, n, 2)
    columns, *_ = play(envs, policy, envs.reset(seed=int(seed))[0], start, noise)
    goes_on = ~(columns[4] | columns[5])
    return 1 + goes_on.cumprod(0).sum(0).double().mean().item()


def train(seed=0):  # yields update, transitions, mean KL, gain, test return
    generator, number, transitions, score = torch.Generator().manual_seed(seed), 0, 0, 0
    policy, critic = network(2, 0.01, generator), network(1, 1.0, generator)
    adam = torch.optim.Adam(critic.parameters(), lr=CRITIC_RATE)
    envs, resetting = gym.make_vec("CartPole-v1", N), np.zeros(N, bool)
    obs, _ = envs.reset(seed=int(torch.randint(2**31, (), generator=generator)))
    while number < MAX_UPDATES and not score >= SOLVED:
        noise = -torch.empty(T, N, 2).exponential_(generator=generator).log()
        columns, obs, resetting = play(envs, policy, obs, resetting, noise)
        states, actions, rewards, next_states, *ends, real = columns
        values, next_values = (critic(x)[..., 0].detach() for x in (states, next_states))
        A = gae(rewards, values, next_values, *ends, GAMMA, LAM)
        targets, A, states = (A + values)[real], A[real], states[real]
        kl, gain = update(policy, states, actions[real], (A - A.mean()) / A.std(correction=0))
        for _ in range(CRITIC_PASSES):
            for rows in torch.randperm(len(A), generator=generator).split(CRITIC_ROWS):
                adam.zero_grad()
                (critic(states[rows])[:, 0] - targets[rows]).square().mean().backward()
                adam.step()
        number, transitions = number + 1, transitions + len(A)
        score = test(policy, seed, number) if number % TEST_EVERY == 0 else np.nan
        yield number, transitions, kl, gain, score


if __name__ == "__main__":
    for record in train(*map(int, sys.argv[1:])):
        print("update {}: {:,} transitions, KL {:.5f}, gain {:.4f}, test {:.1f}".format(*record))

"""Answers to lesson 10's five functions: right ones, and typical mistakes with their name."""

from functools import partial

import numpy as np
import torch
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from answers.lesson_05 import cg
from trpo_lib import advantage, fisher, solvers
from trpo_lib import surrogate as library
from trpo_lib.exercises.lesson_10 import (
    check_10_conjugate_gradient,
    check_10_fisher_product,
    check_10_gae,
    check_10_surrogate,
    check_10_train,
)


def backwards(r, V, following, terminated, truncated, gamma, lam):
    A, ahead = [], 0.0
    for t in reversed(range(len(r))):
        goes_on = ~(terminated[t] | truncated[t])
        ahead = r[t] + gamma * following[t] * ~terminated[t] - V[t] + gamma * lam * goes_on * ahead
        A.insert(0, ahead)
    return torch.stack(A)


def forwards(r, V, following, terminated, truncated, gamma, lam):
    td = (r + gamma * following * ~terminated - V).tolist()
    A = [[0.0] * r.shape[1] for _ in td]
    for t in range(len(td)):
        for n in range(r.shape[1]):
            for k in range(t, len(td)):
                A[t][n] += (gamma * lam) ** (k - t) * td[k][n]
                if terminated[k, n] or truncated[k, n]:
                    break
    return A


def as_arrays(*case):
    return backwards(*case).numpy()


def gae_with(td=None, fade=None, goes_on=None, give=None):
    """GAE with a part replaced."""

    def answer(r, V, following, terminated, truncated, gamma, lam):
        live, ends = ~terminated, terminated | truncated
        errors = td(r, V, following, live, ends, gamma) if td else r + gamma * following * live - V
        open_ = goes_on(terminated, truncated) if goes_on else ~ends
        A = errors.clone()
        for t in reversed(range(len(r) - 1)):
            A[t] += (fade(gamma, lam) if fade else gamma * lam) * open_[t] * A[t + 1]
        return give(A, V) if give else A

    return answer


def wraps_around(r, V, following, terminated, truncated, gamma, lam):
    A = r + gamma * following * ~terminated - V
    for t in reversed(range(len(r))):  # the last row takes the first one's, at index T - T
        A[t] += gamma * lam * ~(terminated | truncated)[t] * A[(t + 1) % len(r)]
    return A


def loops_forwards(r, V, following, terminated, truncated, gamma, lam):
    A = r + gamma * following * ~terminated - V
    for t in range(len(r) - 1):
        A[t] += gamma * lam * ~(terminated | truncated)[t] * A[t + 1]
    return A


def carries_forwards(r, V, following, terminated, truncated, gamma, lam):
    A, last = [], torch.zeros_like(r[0])
    for t in range(len(r)):
        goes_on = ~(terminated[t] | truncated[t])
        last = r[t] + gamma * following[t] * ~terminated[t] - V[t] + gamma * lam * goes_on * last
        A.append(last)
    return torch.stack(A)


def gathered(logits, actions, old, A):
    new = logits.log_softmax(-1).gather(1, actions[:, None]).squeeze(1)
    return (torch.exp(new - old) * A).mean()


def by_categorical(logits, actions, old, A):
    return library.surrogate(torch.distributions.Categorical(logits=logits), actions, old, A)


def by_softmax(logits, actions, old, A):
    chosen = torch.softmax(logits, 1)[torch.arange(len(actions)), actions]
    return (chosen / old.exp() * A).sum() / len(A)


def row_by_row(logits, actions, old, A):
    total = 0
    for z, a, o, advantage_ in zip(logits, actions, old, A, strict=True):
        total = total + (z[a] - z.logsumexp(0) - o).exp() * advantage_
    return total / len(A)


def ratio_of(logits, actions, old):
    return gathered_log_prob(logits, actions).sub(old).exp()


def gathered_log_prob(logits, actions, axis=-1):
    return logits.log_softmax(axis).gather(1, actions[:, None]).squeeze(1)


def kl_of(policy, obs):
    new = policy(obs).log_softmax(-1)
    old = new.detach()
    return (old.exp() * (old - new)).sum(-1)


def flat(output, policy, **options):
    grads = torch.autograd.grad(output, list(policy.parameters()), **options)
    return torch.cat([grad.flatten() for grad in grads])


def hessian(kl, policy, v):
    return flat(flat(kl, policy, create_graph=True) @ v, policy)


def twice(policy, obs, v, damping):
    return hessian(kl_of(policy, obs).mean(), policy, v) + damping * v


def by_library(policy, obs, v, damping):
    class Wrapped(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = policy

        def forward(self, obs):
            return torch.distributions.Categorical(logits=self.inner(obs))

    return fisher.fisher_vector_product(Wrapped(), obs, damping)(v)


def by_jacobian(policy, obs, v, damping):
    outputs = policy(obs)
    rows = [flat(z, policy, retain_graph=True) for z in outputs.flatten()]
    J, p = torch.stack(rows).view(*outputs.shape, -1), outputs.detach().softmax(-1)
    M = torch.diag_embed(p) - p[:, :, None] * p[:, None, :]
    return torch.einsum("bkp,bkl,blq,q->p", J, M, J, v) / len(obs) + damping * v


def by_reverse_kl(policy, obs, v, damping):  # its curvature at θ_old is the same
    new = policy(obs).log_softmax(-1)
    kl = (new.exp() * (new - new.detach())).sum(-1).mean()
    return (hessian(kl, policy, v) + damping * v).tolist()


def fills_grad(policy, obs, v, damping):
    (flat(kl_of(policy, obs).mean(), policy, create_graph=True) @ v).backward()
    return torch.cat([p.grad.flatten() for p in policy.parameters()]) + damping * v


def moves_the_policy(policy, obs, v, damping):
    product = twice(policy, obs, v, damping)
    vector_to_parameters(parameters_to_vector(policy.parameters()) + v, policy.parameters())
    return product


def both_follow(policy, obs, v, damping):
    new = policy(obs).log_softmax(-1)
    kl = (new.exp() * (new - new)).sum(-1).mean()
    return hessian(kl, policy, v) + damping * v


def backwards_kl(policy, obs, v, damping):
    return hessian(-kl_of(policy, obs).mean(), policy, v) + damping * v


def cg_in_place(matvec, b, iters):
    x, e, u = torch.zeros_like(b), b.clone(), b.clone()
    square = e @ e
    for _ in range(iters if square > 0 else 0):
        product = matvec(u)
        length = square / (u @ product)
        x += length * u
        e -= length * product
        last, square = square, e @ e
        if square < 1e-20 * last:
            break
        u = e + square / last * u
    return x


def cg_library(matvec, b, iters):
    return solvers.conjugate_gradient(matvec, b, iters).x


def cg_numpy(matvec, b, iters):
    return cg(lambda v: torch.as_tensor(matvec(v.numpy())), b, iters).numpy()


def aliased(matvec, b, iters):
    x, e, u = torch.zeros_like(b), b, b
    for _ in range(iters):
        square, product = e @ e, matvec(u)
        length = square / (u @ product)
        x += length * u
        e -= length * product
        u = e + (e @ e) / square * u
    return x


def dense(matvec, b, iters):
    A = torch.stack([matvec(row) for row in torch.eye(len(b), dtype=b.dtype)], 1)
    return torch.linalg.solve(A, b)


def rollout(game):
    noise, rows = torch.empty(32, 64, 2).exponential_(generator=game.random), []
    for gumbel in -noise.log():
        obs, real = game.obs, ~game.resetting
        actions = (game.policy(torch.tensor(obs)) + gumbel).argmax(-1).numpy()
        game.obs, rewards, terminated, truncated, _ = game.envs.step(actions)
        game.resetting = terminated | truncated
        rows.append((obs, actions, rewards, game.obs, terminated, truncated, real))
    return [torch.tensor(np.array(column)) for column in zip(*rows, strict=True)]


def batch_of(game, advantages=backwards):
    obs, actions, rewards, following, *ends, real = rollout(game)
    values, next_values = (game.critic(x)[..., 0].detach() for x in (obs, following))
    A = advantages(rewards, values, next_values, *ends, 0.99, 0.97)
    targets, A = (A + values)[real], A[real]
    return obs[real], actions[real], (A - A.mean()) / A.std(correction=0), targets


def fit(game, obs, targets, rows=512):
    for _ in range(3):
        for chosen in torch.randperm(len(obs), generator=game.random).split(rows):
            game.adam.zero_grad()
            (game.critic(obs[chosen])[:, 0] - targets[chosen]).square().mean().backward()
            game.adam.step()


def trained(
    game, updates, iters=8, damping=1e-3, product=twice, plain=False, length=True, sign=1,
    max_kl=0.01, bound=None, search=True, asks=("L", "KL"), tries=10, shrink=0.5,
    ends=lambda fraction: fraction, restores=True, lenient=False, fits=fit, advantages=backwards,
):  # fmt: skip
    """The lesson's loop, with any of its parts replaced."""
    for _ in range(updates):
        obs, actions, A, targets = batch_of(game, advantages)
        params = list(game.policy.parameters())
        theta, old = parameters_to_vector(params).detach(), game.policy(obs).log_softmax(-1)
        chosen = old.detach().gather(1, actions[:, None])[:, 0]
        before = gathered(old, actions, chosen, A)

        def matvec(v, obs=obs):
            return product(game.policy, obs, v, damping)

        g = flat(before, game.policy, retain_graph=True)
        x = g if plain else cg(matvec, g, iters)
        step = sign * x * ((2 * max_kl / (x @ matvec(x))) ** 0.5 if length else 1)
        for fraction in [shrink**k for k in range(tries)] if search else [1.0]:
            vector_to_parameters(theta + fraction * step, params)
            new = game.policy(obs).log_softmax(-1).detach()
            kl = (old.exp() * (old - new)).sum(-1).mean()
            after = gathered(new, actions, chosen, A)
            bad = "L" in asks and not after > before, "KL" in asks and not kl <= (bound or max_kl)
            if lenient:  # a NaN is not refused
                bad = after <= before, kl > max_kl
            if not search or not any(bad):
                vector_to_parameters(theta + ends(fraction) * step, params)
                break
        else:
            if restores:
                vector_to_parameters(theta if restores is True else theta + 0 * step, params)
        fits(game, obs, targets)
    return game.policy


def clock_as_fall(r, V, following, terminated, truncated, gamma, lam):
    return backwards(r, V, following, terminated | truncated, truncated, gamma, lam)


def clock_unseen(r, V, following, terminated, truncated, gamma, lam):
    return backwards(r, V, following, terminated, terminated, gamma, lam)


def as_numbers(game, updates):
    network = trained(game, updates)
    return lambda obs: network(obs).detach().numpy()


def raises_on_nan(game, updates):  # as PyTorch's distributions do
    def checked(policy, obs, v, damping):
        return twice(policy, obs, torch.distributions.Normal(v, 1.0).mean, damping)

    return trained(game, updates, product=checked)


def unfitted(game, obs, targets):
    pass


def fit_to_advantages(game, obs, targets):
    fit(game, obs, targets - game.critic(obs)[:, 0].detach())


def fit_to_normalised(game, obs, targets):
    values = game.critic(obs)[:, 0].detach()
    A = targets - values
    fit(game, obs, values + (A - A.mean()) / A.std())


def plays_twice(game, updates):
    rollout(game)
    return trained(game, updates)


def untrained(game, updates):
    return game.policy


def played_only(game, updates):
    batch_of(game)
    return game.policy


def ruined(game, updates):
    with torch.no_grad():
        game.policy[-1].bias += np.nan
    return game.policy


def endless(game, updates):
    fraction = 1.0
    while not np.isnan(fraction):  # a line search that nothing ends
        fraction = fraction / 2 if fraction > 0 else 1.0
    return game.policy


RIGHT = [
    (check_10_gae, backwards),
    (check_10_gae, forwards),
    (check_10_gae, as_arrays),
    (check_10_gae, advantage.gae),
    (check_10_gae, gae_with()),
    (check_10_surrogate, gathered),
    (check_10_surrogate, by_categorical),
    (check_10_surrogate, by_softmax),
    (check_10_surrogate, row_by_row),
    (check_10_fisher_product, twice),
    (check_10_fisher_product, by_library),
    (check_10_fisher_product, by_jacobian),
    (check_10_fisher_product, by_reverse_kl),
    (check_10_conjugate_gradient, cg),
    (check_10_conjugate_gradient, cg_in_place),
    (check_10_conjugate_gradient, cg_library),
    (check_10_conjugate_gradient, cg_numpy),
    (check_10_train, trained),
    (check_10_train, as_numbers),
    (check_10_train, raises_on_nan),
    (check_10_train, partial(trained, fits=partial(fit, rows=256))),
    (
        check_10_train,
        partial(trained, product=lambda *a: torch.tensor(by_reverse_kl(*a), dtype=a[2].dtype)),
    ),
]
WRONG = [
    (
        check_10_gae,
        gae_with(td=lambda r, V, x, live, ends, g: r + g * x - V),
        "after a termination nothing",
    ),
    (
        check_10_gae,
        gae_with(td=lambda r, V, x, live, ends, g: r + g * x * ~ends - V),
        "a truncated state",
    ),
    (check_10_gae, gae_with(goes_on=lambda term, trunc: ~term), "runs on after a truncation"),
    (check_10_gae, gae_with(goes_on=lambda term, trunc: ~trunc), "runs on after a termination"),
    (check_10_gae, gae_with(goes_on=lambda term, trunc: term | ~term), "cut it after either"),
    (check_10_gae, gae_with(fade=lambda g, lam: g), "λ is missing"),
    (check_10_gae, gae_with(fade=lambda g, lam: lam), "γ is missing in the weights"),
    (check_10_gae, gae_with(fade=lambda g, lam: 0), "TD errors alone"),
    (check_10_gae, gae_with(td=lambda r, V, x, live, ends, g: r + x * live - V), "γ is missing b"),
    (check_10_gae, gae_with(td=lambda r, V, x, live, ends, g: r + g * x * live), "not subtracted"),
    (
        check_10_gae,
        gae_with(td=lambda r, V, x, live, ends, g: r + g * torch.cat([V[1:], x[-1:]]) * live - V),
        "the next row's V",
    ),
    (check_10_gae, gae_with(give=lambda A, V: A + V), "critic's targets"),
    (check_10_gae, gae_with(give=lambda A, V: -A), "the sign"),
    (check_10_gae, gae_with(give=lambda A, V: A[:, 0]), r"must be \[5, 1\], yours is \[5\]"),
    (check_10_gae, gae_with(give=lambda A, V: 2 * A), "yours gives"),
    (check_10_gae, wraps_around, "yours gives"),
    (check_10_gae, loops_forwards, "must run backwards"),
    (check_10_gae, carries_forwards, "must run backwards"),
    (check_10_gae, lambda *case: None, "is there a `return`"),
    (check_10_gae, lambda r, V: r, "TypeError"),
    (check_10_surrogate, lambda z, a, o, A: len(A) * gathered(z, a, o, A), "not the sum"),
    (check_10_surrogate, lambda z, a, o, A: -gathered(z, a, o, A), "the sign"),
    (
        check_10_surrogate,
        lambda z, a, o, A: ((gathered_log_prob(z, a) - o) * A).mean(),
        "exp is missing",
    ),
    (check_10_surrogate, lambda z, a, o, A: (gathered_log_prob(z, a) * A).mean(), "θ_old only"),
    (check_10_surrogate, lambda z, a, o, A: (A / ratio_of(z, a, o)).mean(), "upside down"),
    (check_10_surrogate, lambda z, a, o, A: (ratio_of(z, a, 0 * o) * A).mean(), "π_old is missing"),
    (
        check_10_surrogate,
        lambda z, a, o, A: ((z.gather(1, a[:, None])[:, 0] - o).exp() * A).mean(),
        "log_softmax is missing",
    ),
    (
        check_10_surrogate,
        lambda z, a, o, A: ((gathered_log_prob(z, a, 0) - o).exp() * A).mean(),
        "not over the rows",
    ),
    (
        check_10_surrogate,
        lambda z, a, o, A: ((gathered_log_prob(z, a)[:, None] - o).exp() * A).mean(),
        "all pairs",
    ),
    (check_10_surrogate, lambda z, a, o, A: ratio_of(z, a, o).mean() * A.mean(), "average last"),
    (
        check_10_surrogate,
        lambda z, a, o, A: (gathered_log_prob(z, a) / o * A).mean(),
        "divides by a log",
    ),
    (
        check_10_surrogate,
        lambda z, a, o, A: (gathered_log_prob(z, a).exp() / o * A).mean(),
        "exp is missing below",
    ),
    (check_10_surrogate, lambda z, a, o, A: gathered(z, a, o, A).item(), "no gradient"),
    (check_10_surrogate, lambda z, a, o, A: gathered(z.detach(), a, o, A), "no gradient"),
    (
        check_10_surrogate,
        lambda z, a, o, A: (ratio_of(z, a, o).detach() * A).mean() + 0 * z.sum(),
        "its gradient is not",
    ),
    (check_10_surrogate, lambda z, a, o, A: ratio_of(z, a, o) * A, r"yours is \[5\]"),
    (check_10_surrogate, lambda z, a, o, A: 3 * gathered(z, a, o, A), "yours gives"),
    (check_10_surrogate, lambda z, a, o, A: None, "is there a `return`"),
    (check_10_fisher_product, lambda p, s, v, c: twice(p, s, v, 0.0), "damping is missing"),
    (
        check_10_fisher_product,
        lambda p, s, v, c: hessian(kl_of(p, s).sum(), p, v) + c * v,
        "not the sum",
    ),
    (check_10_fisher_product, lambda p, s, v, c: len(s) * twice(p, s, v, c), "mean first"),
    (check_10_fisher_product, backwards_kl, "the sign is wrong"),
    (check_10_fisher_product, both_follow, "Detach the old side only"),
    (check_10_fisher_product, lambda p, s, v, c: flat(kl_of(p, s).mean(), p), "again"),
    (check_10_fisher_product, lambda p, s, v, c: twice(p, s, v, -c), "damping's sign"),
    (check_10_fisher_product, lambda p, s, v, c: twice(p, s, v, 0.0) + c, "multiplies v"),
    (
        check_10_fisher_product,
        lambda p, s, v, c: hessian(kl_of(p, s).mean() / 2, p, v) + c * v,
        "half of it",
    ),
    (
        check_10_fisher_product,
        lambda p, s, v, c: hessian(kl_of(p, s).mean() / len(s), p, v) + c * v,
        "divided twice",
    ),
    (
        check_10_fisher_product,
        lambda p, s, v, c: (
            torch.stack(
                [twice(p, s, row, 0)[k] for k, row in enumerate(torch.eye(len(v)).double())]
            )
            * v
            + c * v
        ),
        "the diagonal",
    ),
    (check_10_fisher_product, fills_grad, "add up"),
    (
        check_10_fisher_product,
        lambda p, s, v, c: flat(flat(kl_of(p, s).mean(), p) @ v, p) + c * v,
        "create_graph=True",
    ),
    (check_10_fisher_product, lambda p, s, v, c: torch.zeros(2) @ v, "RuntimeError"),
    (check_10_fisher_product, moves_the_policy, "changed the policy"),
    (check_10_fisher_product, lambda p, s, v, c: twice(p, s, v, c)[:4], r"yours is \[4\]"),
    (check_10_fisher_product, lambda p, s, v, c: 3 * twice(p, s, v, c), "yours gives"),
    (check_10_fisher_product, lambda p, s, v, c: None, "is there a `return`"),
    (check_10_conjugate_gradient, lambda m, b, n: -cg(m, b, n), "the sign"),
    (check_10_conjugate_gradient, partial(cg, coefficient=lambda new, old: 0), "steepest"),
    (
        check_10_conjugate_gradient,
        partial(cg, coefficient=lambda new, old: (old @ old) / (new @ new)),
        "upside down",
    ),
    (
        check_10_conjugate_gradient,
        partial(cg, coefficient=lambda new, old: new.norm() / old.norm()),
        "the squares",
    ),
    (
        check_10_conjugate_gradient,
        partial(cg, coefficient=lambda new, old: -(new @ new) / (old @ old)),
        "a plus",
    ),
    (check_10_conjugate_gradient, partial(cg, coefficient=lambda new, old: 1), "is 1 at every"),
    (check_10_conjugate_gradient, lambda m, b, n: cg(m, b, n + 1), "products|too many"),
    (check_10_conjugate_gradient, lambda m, b, n: cg(m, b, n - 1), "too few"),
    (check_10_conjugate_gradient, lambda m, b, n: cg(m, b, 3), "yours gives|products"),
    (check_10_conjugate_gradient, dense, "products were spent"),
    (check_10_conjugate_gradient, aliased, "changes b"),
    (check_10_conjugate_gradient, partial(cg, stops=False), "unless b is 0"),
    (
        check_10_conjugate_gradient,
        lambda m, b, n: cg(m, b, n, stops=False) if b.any() else b,
        "until the residual",
    ),
    (check_10_conjugate_gradient, lambda m, b, n: b, "b itself"),
    (check_10_conjugate_gradient, lambda m, b, n: b - m(cg(m, b, n)), "the residual: return x"),
    (check_10_conjugate_gradient, lambda m, b, n: cg(m, b, n)[:, None], r"\[6, 1\]"),
    (check_10_conjugate_gradient, lambda m, b, n: None, "is there a `return`"),
    (check_10_train, untrained, "plays nothing"),
    (check_10_train, played_only, "changes nothing"),
    (check_10_train, partial(trained, plain=True), "plain gradient"),
    (check_10_train, partial(trained, plain=True, length=False), "plain gradient"),
    (check_10_train, partial(trained, iters=2), "yours are 2 steps"),
    (check_10_train, partial(trained, iters=7), "yours are 7 steps"),
    (check_10_train, partial(trained, iters=10), "yours are (9|10) steps"),
    (check_10_train, partial(trained, damping=2e-3), "0.9999 is asked for"),
    (check_10_train, partial(trained, advantages=clock_as_fall), "0.9999 is asked for"),
    (check_10_train, partial(trained, advantages=clock_unseen), "0.9999 is asked for"),
    (check_10_train, plays_twice, "plays 64, not 32"),
    (check_10_train, partial(trained, length=False), "of the length to the border"),
    (check_10_train, partial(trained, length=False, asks=()), "and δ is 0.01"),
    (check_10_train, partial(trained, max_kl=0.3), "and δ is 0.01"),
    (check_10_train, partial(trained, max_kl=0.003), "0.55 of the length"),
    (check_10_train, partial(trained, ends=lambda fraction: fraction / 2), "0.50 of the length"),
    (check_10_train, partial(trained, sign=-1, asks=("KL",)), r"along \+x"),
    (check_10_train, partial(trained, fits=unfitted), "fit_critic"),
    (check_10_train, partial(trained, search=False), "is there a line search"),
    (check_10_train, partial(trained, asks=("L",)), "KL of at most δ"),
    (check_10_train, partial(trained, bound=0.0115), "0.011 was kept"),
    (check_10_train, partial(trained, sign=-1), "is it uphill"),
    (check_10_train, partial(trained, asks=("KL",)), "a larger L"),
    (check_10_train, partial(trained, restores=False), "go back to θ_old"),
    (check_10_train, partial(trained, tries=9), "not ten"),
    (check_10_train, partial(trained, shrink=0.9), "does not halve"),
    (check_10_train, partial(trained, ends=lambda fraction: 1.0), "the policy must end there"),
    (check_10_train, partial(trained, restores="0 times the step"), "0 · NaN is NaN"),
    (check_10_train, partial(trained, lenient=True), "neither above a bound"),
    (check_10_train, partial(trained, fits=fit_to_advantages), "A \\+ V before"),
    (check_10_train, partial(trained, fits=fit_to_normalised), "before A is normalised"),
    (check_10_train, lambda game, updates: trained(game, min(updates, 1)), "as many updates"),
    (check_10_train, ruined, "not finite"),
    (check_10_train, lambda game, updates: None, "is there a `return`"),
    (check_10_train, lambda game, updates: [0.1], "return the policy"),
    (check_10_train, lambda game, updates: torch.nn.Linear(4, 3).double(), r"\[B, 2\] logits"),
    (check_10_train, lambda game: None, "TypeError"),
]

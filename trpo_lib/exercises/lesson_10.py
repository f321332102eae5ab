"""The exercises of lesson 10: five functions, and oracles that are not the package's own code."""

import copy
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise

import gymnasium as gym
import numpy as np
import torch
from torch import Tensor, nn

from trpo_lib.exercises.lesson_05 import _cg, _matvec, _system
from trpo_lib.exercises.verdict import Verdict, WrongAnswer, array, call, judge, never_raises, same

_TIME_LIMIT = 30.0  # seconds of the processor, for all trainings of one check


def _require_function(answer) -> None:
    if not callable(answer):
        call(answer)  # which says so


def _episodes(seed: int, steps: int, envs: int, gamma: float, lam: float) -> tuple:
    """Play in a world of three states, whose values are solved for: what ``gae`` takes."""
    rng = np.random.default_rng(seed)
    moves, rewards = rng.dirichlet(np.ones(3), size=3), rng.normal(size=3)
    solved = np.linalg.solve(np.eye(3) - gamma * moves, rewards)
    terminated, truncated = rng.random((2, steps, envs)) < 0.2
    terminated[1, 0], truncated[1, 0], terminated[3, -1], truncated[3, -1] = 1, 0, 0, 1
    terminated[-1], truncated[-1] = np.arange(envs) % 2, False
    states, following = rng.integers(3, size=(2, steps, envs))
    for t, n in np.ndindex(steps, envs):
        if t and not terminated[t - 1, n] and not truncated[t - 1, n]:
            states[t, n] = following[t - 1, n]
        following[t, n] = rng.choice(3, p=moves[states[t, n]])
    numbers = rewards[states], solved[states], solved[following], terminated, truncated
    return (*(torch.tensor(x) for x in numbers), gamma, lam)


def _mean_of_n_step_advantages(
    rewards, values, next_values, terminated, truncated, gamma, lam
) -> np.ndarray:  # fmt: skip
    """The definition: A of n steps, weighted by (1 − λ) λⁿ⁻¹; the last one has all the rest."""
    done, found = np.asarray(terminated | truncated), np.zeros(rewards.shape)
    for t, n in np.ndindex(*found.shape):
        gathered, last = 0.0, False
        for k in range(t, len(found)):
            ahead = k - t
            last = done[k, n] or k == len(found) - 1
            gathered += gamma**ahead * float(rewards[k, n])
            rest = 0.0 if terminated[k, n] else float(next_values[k, n])
            estimate = gathered + gamma ** (ahead + 1) * rest - float(values[t, n])
            found[t, n] += (1 if last else 1 - lam) * lam**ahead * estimate
            if last:
                break
    return found


def _both(terminated, truncated):
    return terminated | truncated


def _neither(terminated, truncated):
    return 0 * terminated


def _first(terminated, truncated):
    return terminated


def _second(terminated, truncated):
    return truncated


def _recursion(
    drops=_first, cuts=_both, fades=lambda gamma, lam: gamma * lam,
    weighs=(1, 1, 1), discounts=True, next_row=False,
) -> Callable:  # fmt: skip
    """A wrong ``gae``: a backward recursion with one of its parts replaced.

    drops, cuts: where V(next) and the sum end. weighs: V(s), the sign, and V(s) added at the end.
    """

    def mistaken(rewards, values, next_values, terminated, truncated, gamma, lam) -> np.ndarray:
        r, V, following = (x.numpy() for x in (rewards, values, next_values))
        if next_row:
            following = np.concatenate([V[1:], following[-1:]])
        flags = terminated.numpy().astype(int), truncated.numpy().astype(int)
        kept = (gamma if discounts else 1) * following * (1 - drops(*flags))
        A = r + kept - (weighs[0] != 0) * V
        for t in reversed(range(len(A) - 1)):
            A[t] += fades(gamma, lam) * (1 - cuts(*flags))[t] * A[t + 1]
        return weighs[1] * A + (weighs[2] == 0) * V

    return mistaken


def _forwards(carries: bool) -> Callable:
    """A wrong ``gae``: its loop runs forwards, from A[t + 1], not ready yet, or from A[t − 1]."""

    def mistaken(rewards, values, next_values, terminated, truncated, gamma, lam) -> np.ndarray:
        A = (rewards + gamma * next_values * ~terminated - values).numpy()
        fading = gamma * lam * ~(terminated | truncated).numpy()
        for t in range(len(A) - 1):
            if carries:
                A[t + 1] += fading[t + 1] * A[t]
            else:
                A[t] += fading[t] * A[t + 1]
        return A

    return mistaken


_GAE_MISTAKES = {
    "after a termination nothing follows: γ V(next) must vanish there.": _recursion(_neither),
    "a truncated state is still worth something: keep γ V(next) there.": _recursion(_both),
    "γ V(next) vanishes where terminated, not where truncated.": _recursion(_second),
    "the sum runs on into the next episode: cut it after either flag.": _recursion(cuts=_neither),
    "the sum runs on after a truncation: the next row is another episode.": _recursion(cuts=_first),
    "the sum runs on after a termination: the next row is another episode.": _recursion(
        cuts=_second
    ),
    "no mask at all: cut V(next) where terminated, and the sum after either flag.": _recursion(
        _neither, _neither
    ),
    "λ is missing: the weights are (γλ)ᵏ.": _recursion(fades=lambda gamma, lam: gamma),
    "γ is missing in the weights: they are (γλ)ᵏ.": _recursion(fades=lambda gamma, lam: lam),
    "γ is missing before V(next).": _recursion(discounts=False),
    "these are TD errors alone: their fading sum is missing.": _recursion(fades=lambda g, lam: 0),
    "V(s) is not subtracted: that is no advantage.": _recursion(weighs=(0, 1, 1)),
    "these are the critic's targets: subtract V(s).": _recursion(weighs=(1, 1, 0)),
    "the sign is wrong: a reward above expectation counts as positive.": _recursion(
        weighs=(1, -1, 1)
    ),
    "the next row's V is not V(next): after an end that row is another episode.": _recursion(
        next_row=True
    ),
    "the sum must run backwards: A[t] needs the whole of A[t + 1].": _forwards(carries=False),
    "the sum must run backwards: A[t] adds later errors, not earlier ones.": _forwards(
        carries=True
    ),
}


@never_raises
def check_10_gae(answer: Callable) -> Verdict:
    """gae(rewards, values, next_values, terminated, truncated, gamma, lam): all ``[T, N]``."""
    sizes = ((5, 1, 0.9, 0.8), (9, 3, 0.99, 1.0), (7, 1, 0.8, 0.0), (6, 4, 0.95, 0.5))
    cases = [_episodes(seed, *size) for seed, size in enumerate(sizes)]
    praise = "your sums are the weighted means of all n-step advantages, in four worlds."
    return judge(answer, cases, _mean_of_n_step_advantages, _GAE_MISTAKES, praise)


def _surrogate(logits, actions, old_log_probs, advantages) -> float:
    return (_ratio(logits, actions, old_log_probs) * advantages).mean()


def _log_prob(logits, actions) -> np.ndarray:
    return logits[np.arange(len(actions)), actions] - np.log(np.exp(logits).sum(-1))


def _ratio(logits, actions, old_log_probs) -> np.ndarray:
    return np.exp(_log_prob(logits, actions) - old_log_probs)


_SURROGATE_MISTAKES = {
    "take the mean over the rows, not the sum.": lambda z, a, o, A: len(A) * _surrogate(z, a, o, A),
    "the sign is wrong: L is maximised.": lambda *case: -_surrogate(*case),
    "exp is missing: the ratio, not its logarithm, multiplies A.": lambda z, a, o, A: (
        (_log_prob(z, a) - o) * A
    ).mean(),
    "that is log π · A: it has L's slope at θ_old only.": lambda z, a, o, A: (
        _log_prob(z, a) * A
    ).mean(),
    "the ratio is upside down: new over old.": lambda z, a, o, A: (A / _ratio(z, a, o)).mean(),
    "π_old is missing: divide by it, it chose the actions.": lambda z, a, o, A: (
        np.exp(_log_prob(z, a)) * A
    ).mean(),
    "logits are no log-probabilities yet: log_softmax is missing.": lambda z, a, o, A: (
        np.exp(z[np.arange(len(a)), a] - o) * A
    ).mean(),
    "log_softmax runs over the actions, the last axis, not over the rows.": lambda z, a, o, A: (
        np.exp((z - np.log(np.exp(z).sum(0)))[np.arange(len(a)), a] - o) * A
    ).mean(),
    "average last: the mean of a product is not the product of the means.": lambda z, a, o, A: (
        _ratio(z, a, o).mean() * A.mean()
    ),
    "that divides by a log-probability: the ratio is exp(log π − log π_old).": lambda z, a, o, A: (
        _log_prob(z, a) / o * A
    ).mean(),
    "that divides π by log π_old: exp is missing below.": lambda z, a, o, A: (
        np.exp(_log_prob(z, a)) / o * A
    ).mean(),
    "all pairs are multiplied, a [B, 1] with a [B]: use one shape.": lambda z, a, o, A: (
        np.exp(_log_prob(z, a)[:, None] - o) * A
    ).mean(),
}


def _with_slope(function: Callable) -> Callable:
    """Its value at logits, and its gradient in them by finite differences: ``[1 + B·A]``."""

    def both(logits, actions, old_log_probs, advantages) -> np.ndarray:
        rest, slopes, h = (actions, old_log_probs, advantages), [], 1e-6
        for place in np.ndindex(*logits.shape):
            step = np.zeros(logits.shape)
            step[place] = h
            slopes.append((function(logits + step, *rest) - function(logits - step, *rest)) / 2 / h)
        return np.array([function(logits, *rest), *slopes])

    return both


def _slope_is_off(given: np.ndarray, right: np.ndarray) -> str:
    """Says so, if the value is right."""
    off = same(given[0], right[0])
    return "the value is right, its gradient is not: what is held constant? " if off else ""


@never_raises
def check_10_surrogate(answer: Callable) -> Verdict:
    """surrogate(logits, actions, old_log_probs, advantages): one number with a gradient."""
    _require_function(answer)
    rng, cases = np.random.default_rng(0), []
    for rows, choices in ((5, 2), (7, 3), (4, 4)):
        logits, old = rng.normal(size=(2, rows, choices))
        actions = rng.integers(choices, size=rows)
        cases.append((logits, actions, _log_prob(old, actions), rng.normal(size=rows)))

    def value_and_slope(logits, *rest) -> np.ndarray:
        leaf = torch.tensor(logits, requires_grad=True)
        value = call(partial(answer, leaf), *(torch.tensor(column) for column in rest))
        if array(value).shape != ():
            raise WrongAnswer(f"one number is asked for, yours is {list(array(value).shape)}.")
        if not same(array(value), _surrogate(logits, *rest)):
            return np.append(array(value), np.zeros(logits.size))
        if not (isinstance(value, Tensor) and value.requires_grad):
            raise WrongAnswer("the value is right, but has no gradient: no detach, item or NumPy.")
        (slope,) = torch.autograd.grad(value, leaf)
        return np.append(value.item(), slope)

    def flat(function: Callable) -> Callable:
        """The same where the value is wrong: no slope then."""
        return lambda z, *rest: np.append(function(z, *rest), np.zeros(z.size))

    mistakes = {why: flat(function) for why, function in _SURROGATE_MISTAKES.items()}
    praise = "value and gradient agree with the definition and its finite differences."
    return judge(value_and_slope, cases, _with_slope(_surrogate), mistakes, praise, _slope_is_off)


def _scores(policy: nn.Module, obs: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """∇log π(a|s) ``[B, A, P]`` and π(a|s) ``[B, A]``, one gradient after the other."""
    log_probs, params = policy(obs).log_softmax(-1), list(policy.parameters())
    rows = [
        [
            torch.cat([g.flatten() for g in torch.autograd.grad(x, params, retain_graph=True)])
            for x in row
        ]
        for row in log_probs
    ]
    return np.array([[x.tolist() for x in row] for row in rows]), log_probs.exp().detach().numpy()


def _dense(weigh: Callable) -> Callable:
    """A product with a matrix built of scores ``[B, A, P]`` and probabilities ``[B, A]``."""

    def product(policy, obs, v, damping) -> np.ndarray:
        scores, probs = _scores(policy, obs)
        F = np.einsum("ba,bap,baq->pq", probs, scores, scores) / len(obs)
        return weigh(F, v.numpy(), damping, len(obs))

    return product


_FISHER_MISTAKES = {
    "the damping is missing: add damping · v.": _dense(lambda F, v, c, B: F @ v),
    "take the mean over the states, not the sum.": _dense(lambda F, v, c, B: B * F @ v + c * v),
    "the sum over the states with the damping inside it: mean first, then damping · v.": _dense(
        lambda F, v, c, B: B * (F @ v + c * v)
    ),
    "the sign is wrong: vᵀF v is never negative. KL(old ‖ new) is Σ p_old log(p_old / p).": _dense(
        lambda F, v, c, B: -F @ v + c * v
    ),
    "that is damping · v alone: the KL has no curvature if both sides follow θ. "
    "Detach the old side only.": _dense(lambda F, v, c, B: c * v),
    "F is missing and the damping too: the KL's gradient at θ_old is 0; differentiate again.": (
        _dense(lambda F, v, c, B: 0 * v)
    ),
    "the damping's sign is wrong.": _dense(lambda F, v, c, B: F @ v - c * v),
    "damping is added as a number: it multiplies v.": _dense(lambda F, v, c, B: F @ v + c),
    "that is half of it: the bowl is ½ vᵀF v, F its full curvature.": _dense(
        lambda F, v, c, B: F @ v / 2 + c * v
    ),
    "that is the diagonal of F alone.": _dense(lambda F, v, c, B: np.diag(F) * v + c * v),
    "divided twice by the number of states.": _dense(lambda F, v, c, B: F @ v / B + c * v),
}


@never_raises
def check_10_fisher_product(answer: Callable) -> Verdict:
    """fisher_product(policy, obs, v, damping): (F + damping · I) v, ``[P]``."""
    shapes = ((3, 2), 4, 0.1), ((2, 3, 3), 5, 0.0), ((4, 2, 2), 3, 0.5)
    cases = [_network(seed, *shape) for seed, shape in enumerate(shapes)]
    praise = "your products are those of the dense matrix, built from all scores."
    right = _dense(lambda F, v, c, B: F @ v + c * v)
    try:
        verdict = judge(answer, cases, right, _FISHER_MISTAKES, praise)
    except RuntimeError as error:
        if "does not require grad" not in str(error):
            raise
        why = "the slope has no gradient of its own: the first flat_grad needs create_graph=True"
        raise WrongAnswer(f"{why}, and the new side of the KL no detach.") from None
    return _second_product(answer, *cases[1]) if verdict.passed else verdict


def _network(seed: int, sizes: tuple, rows: int, damping: float) -> tuple:
    """A tanh network with logits at its end, observations, a vector v, and the damping."""
    draw = partial(torch.randn, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    policy = nn.Sequential()
    with torch.random.fork_rng(devices=[]):  # what is drawn here is replaced
        for pair in pairwise(sizes):
            policy.extend([*([nn.Tanh()] if len(policy) else []), nn.Linear(*pair).double()])
    for parameter in policy.parameters():
        parameter.data = draw(parameter.shape)
    size = sum(parameter.numel() for parameter in policy.parameters())
    return policy, draw(rows, sizes[0]), draw(size), damping


def _second_product(answer: Callable, policy: nn.Module, *rest) -> Verdict:
    """The verdict on an answer that is right once: is it right twice, and the policy the same?"""
    before = copy.deepcopy(policy.state_dict())
    first, second = (array(answer(policy, *copy.deepcopy(rest))) for _ in range(2))
    if any(not torch.equal(old, policy.state_dict()[name]) for name, old in before.items()):
        return Verdict(False, "the products are right, but your function changed the policy.")
    if not same(first, second):
        why = "a second call gives another product: gradients add up in .grad, use autograd.grad."
        return Verdict(False, why)
    return Verdict(True, "your products are those of the dense matrix, built from all scores.")


def _lowest_in_span(matrix: np.ndarray, b: np.ndarray, iters: int) -> np.ndarray:
    """What CG has after some steps: the bowl's lowest point in the span of b, A b, A² b, …"""
    A, basis = torch.tensor(matrix), [torch.tensor(b)]
    for _ in range(min(iters, len(b)) - 1):
        basis.append(A @ basis[-1] / torch.linalg.norm(A @ basis[-1]))
    Q, _ = torch.linalg.qr(torch.stack(basis, 1))
    return (Q @ torch.linalg.solve(Q.T @ A @ Q, Q.T @ torch.tensor(b))).numpy()


_CG_MISTAKES = {
    "the sign is wrong: the residual is b − A x.": lambda m, b, n: -_cg(m, b, n),
    "that is steepest descent: the next direction forgets the last one.": lambda m, b, n: _cg(
        m, b, n, lambda new, old: 0.0
    ),
    "the coefficient is upside down: new ‖e‖² over old.": lambda m, b, n: _cg(
        m, b, n, lambda new, old: old / new
    ),
    "the coefficient needs the squares of the norms.": lambda m, b, n: _cg(
        m, b, n, lambda new, old: (new / old) ** 0.5
    ),
    "the coefficient has a plus: it is ‖new e‖² / ‖old e‖².": lambda m, b, n: _cg(
        m, b, n, lambda new, old: -new / old
    ),
    "the coefficient is 1 at every step: it is ‖new e‖² / ‖old e‖².": lambda m, b, n: _cg(
        m, b, n, lambda new, old: 1.0
    ),
    "one iteration too many.": lambda m, b, n: _cg(m, b, n + 1),
    "one iteration too few.": lambda m, b, n: _cg(m, b, n - 1),
    "that is the exact solution: stop after iters iterations.": lambda m, b, n: np.linalg.solve(
        m, b
    ),
    "that is b itself: where is A?": lambda m, b, n: b,
    "that is the residual: return x.": lambda m, b, n: b - m @ _cg(m, b, n),
}


@never_raises
def check_10_conjugate_gradient(answer: Callable) -> Verdict:
    """conjugate_gradient(matvec, b, iters): x after so many steps from 0, ``[P]``."""
    _require_function(answer)

    def solve(matrix: np.ndarray, b: np.ndarray, iters: int) -> np.ndarray:
        product, given, spent = _matvec(matrix), torch.tensor(b), []

        def matvec(v):
            spent.append(1)
            return product(v)

        found = answer(matvec, given, iters)
        found = array(call(lambda: found))
        if not same(array(given), b):
            why = "your function changes b: after e = b, `e -= …` changes both; write `e = e - …`."
            raise WrongAnswer(why)
        if len(spent) > iters + 1:
            raise WrongAnswer(f"{len(spent)} products were spent where iters is {iters}.")
        return found

    cases = [(*_system(k, size), n) for k, (size, n) in enumerate(((6, 3), (5, 1), (4, 4), (7, 5)))]
    praise = "your x agrees with torch.linalg.solve: after all steps, and in the span after fewer."
    verdict = judge(solve, cases, _lowest_in_span, _CG_MISTAKES, praise)
    if verdict.passed and not same(solve(np.eye(3), np.zeros(3), 2), np.zeros(3)):
        return Verdict(False, "right unless b is 0: there CG divides 0 by 0; return zeros.")
    if verdict.passed and not same(solve(2 * np.eye(3), np.array([2.0, 0, 4]), 3), [1, 0, 2]):
        return Verdict(False, "right until the residual is 0: there CG divides 0 by 0; stop.")
    return verdict


@contextmanager
def _deadline(answer: Callable, seconds: float) -> Iterator[None]:
    """Ends an answer that takes longer: looks at the clock at its lines, and at calls below it."""
    end, before = time.process_time() + seconds, sys.gettrace()
    file = getattr(getattr(answer, "__code__", None), "co_filename", None)

    def look(frame, event, arg):
        if time.process_time() > end:
            why = f"stopped after {seconds:.0f} s: does every loop end, the line search too?"
            raise WrongAnswer(why)
        return look if frame.f_code.co_filename == file else None

    sys.settrace(look)
    try:
        yield
    finally:
        sys.settrace(before)


class _Game:
    """What the lesson's ``Game`` offers, in an environment of the judge's own."""

    def __init__(self, seed: int, envs, policy: nn.Module | None = None):
        self.random = torch.Generator().manual_seed(seed)
        self.policy = self._network(2, 0.01) if policy is None else policy
        self.critic = self._network(1, 1.0)
        self.adam = torch.optim.Adam(self.critic.parameters(), lr=3e-2)
        self.envs, self.resetting = envs, np.zeros(64, bool)
        start = torch.randint(2**31, (), generator=self.random)
        self.obs, _ = envs.reset(seed=int(start))

    def in_64_bits(self) -> "_Game":
        """The same game, with networks of 64-bit numbers."""
        for net in (self.policy, self.critic):
            net.double()
        return self

    def _network(self, outputs: int, gain: float) -> nn.Sequential:
        net = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, outputs))
        for layer, size in ((net[0], 2**0.5), (net[2], gain)):
            nn.init.orthogonal_(layer.weight, size, self.random)
            nn.init.zeros_(layer.bias)
        return net


class _Toy:
    """64 environments of random 64-bit observations that keep what was played, for ``_Game``.

    The reward of action 1 is ``base`` and its use: ``use(obs)``. That of action 0 is ``base``.
    A step ends its episode by termination (30%) or, if not, by truncation (15%).
    """

    def __init__(self, use: Callable, base: float = 0.0):
        self.use, self.base, self.rows, self.ended = use, base, [], np.zeros(64, bool)

    def reset(self, seed: int) -> tuple:
        self.random = np.random.default_rng(seed)
        self.obs = self._draw()
        return self.obs, {}

    def _draw(self) -> np.ndarray:
        return self.random.normal(size=(64, 4)) * _SCALES

    def step(self, actions) -> tuple:
        obs, self.obs, real = self.obs, self._draw(), ~self.ended
        rewards = self.base + self.use(obs) * actions
        terminated, truncated = real & (self.random.random((2, 64)) < [[0.3], [0.15]])
        truncated &= ~terminated
        self.ended = terminated | truncated
        self.rows.append((obs, actions, rewards, self.obs, terminated, truncated, real))
        return self.obs, rewards, terminated, truncated, {}

    def columns(self) -> list[Tensor]:
        return [torch.tensor(np.array(column)) for column in zip(*self.rows, strict=True)]


_SCALES = np.array([2.0, 1.0, 0.5, 0.25])  # so far from a sphere that g is not x
_FITTED = 0.9  # share of the squared error that one fit of the critic may leave


class _Leaping(nn.Sequential):
    """A policy whose logits leap, to (0, leap), at each of the first trials that move it.

    trials: the points that it was moved to, one after the other. patience: how many of them leap.
    """

    def __init__(self, leap: float, patience: float = np.inf):
        super().__init__(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 2))
        random = torch.Generator().manual_seed(0)
        for parameter in self.double().parameters():
            draws = torch.randn(parameter.shape, generator=random)
            parameter.data = 0.02 * draws.to(parameter.dtype)
        self.leap, self.patience, self.trials, self.start = leap, patience, [], _vector(self)

    def forward(self, obs: Tensor) -> Tensor:
        here = _vector(self)
        if torch.equal(here, self.start):
            return super().forward(obs)
        if not self.trials or not torch.equal(here, self.trials[-1]):
            self.trials.append(here)
        if len(self.trials) > self.patience:
            return super().forward(obs)
        return 0 * super().forward(obs) + torch.tensor([0.0, self.leap])


def _vector(network: nn.Module) -> Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in network.parameters()])


def _advantages(critic: nn.Module, columns: list) -> tuple[Tensor, Tensor]:
    """The advantages of the real rows, not normalised, and the targets of the critic."""
    obs, _, rewards, next_obs, *ends, real = columns
    with torch.no_grad():
        values, following = (critic(x)[..., 0] for x in (obs, next_obs))
    A = torch.tensor(_recursion()(rewards, values, following, *ends, 0.99, 0.97))
    return A[real], (A + values)[real]


def _natural_model(policy: nn.Module, critic: nn.Module, columns: list) -> tuple:
    """The dense F + 0.001 I and g, for what was played, by the slopes of the one hidden layer."""
    obs, actions, *_, real = columns
    A, _ = _advantages(critic, columns)
    A, obs = (A - A.mean()) / A.std(correction=0), obs[real]
    first, _, last = policy
    p = policy(obs).softmax(-1).detach()
    hidden = first(obs).tanh().detach()
    back = (last.weight[1] - last.weight[0]).detach() * (1 - hidden**2)  # of z₁ − z₀
    ones, signs = torch.ones(len(obs), 1), torch.tensor([[-1.0], [1.0]]).double()
    outer = (signs * hidden[:, None]).flatten(1), signs.T * ones
    J = torch.cat([(back[:, :, None] * obs[:, None]).flatten(1), back, *outer], 1)
    g = J.T @ ((actions[real] - p[:, 1]) * A) / len(J)  # ∇log π(a) = (a − p₁) ∇(z₁ − z₀)
    F = J.T @ (p.prod(-1, keepdim=True) * J) / len(J)
    return (F + 1e-3 * torch.eye(len(g))).numpy(), g.numpy()


def _cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def _trained(answer: Callable, game: _Game, updates: int) -> Callable:
    """The policy that an answer returns, after a look at its logits."""
    if not callable(answer):
        call(answer)  # which says so
    obs, policy = torch.tensor(game.obs), answer(game, updates)
    if policy is None:
        raise WrongAnswer("your function returned None: is there a `return`?")
    if not callable(policy):
        raise WrongAnswer(f"return the policy: logits of obs; yours is a {type(policy).__name__}.")
    logits = array(policy(obs))
    if logits.shape != (len(obs), 2):
        raise WrongAnswer(f"the policy must give [B, 2] logits, not {list(logits.shape)}.")
    if not np.isfinite(logits).all():
        raise WrongAnswer(f"after {updates} updates the policy's logits are not finite.")
    return policy


def _require_natural_step(answer: Callable) -> None:
    """One update in 64-bit numbers: the direction and the length of its step."""
    game = _Game(1, _Toy(lambda obs: obs @ [0.5, 0, 0, 4])).in_64_bits()
    game.critic[-1].bias.data += 1  # so V(next) is seen where it must not be dropped
    policy, critic = copy.deepcopy((game.policy, game.critic))
    _trained(answer, game, 1)
    if len(rows := game.envs.rows) != 32:
        why = f"one update plays {len(rows) or 'nothing'}, not 32 steps: "
        raise WrongAnswer(f"{why}does each update call make_batch(game) once?")
    step = (_vector(game.policy) - _vector(policy)).numpy()
    if not step.any():
        raise WrongAnswer(
            "one update changes nothing: is the step written to the policy, and is it uphill?"
        )
    columns = game.envs.columns()
    F, g = _natural_model(policy, critic, columns)
    _require_direction(step, F, g)
    obs = columns[0][columns[-1]]
    kl = _mean_kl(*(net(obs).detach() for net in (policy, game.policy)))
    length = "its length is √(2δ / xᵀF_c x)"
    if kl > 0.0101:
        raise WrongAnswer(f"one update has a mean KL of {kl:.2g}, and δ is 0.01: {length}.")
    share = np.sqrt(step @ F @ step / 0.02)
    if abs(share - 1) > 0.01:
        why = f"the step has {share:.2f} of the length to the border, and the whole one is good"
        raise WrongAnswer(f"{why}: {length}, and the first trial is the full step.")
    if torch.equal(_vector(critic), _vector(game.critic)):
        raise WrongAnswer("the policy's step is right, the critic never learns: call fit_critic.")


def _require_direction(step: np.ndarray, F: np.ndarray, g: np.ndarray) -> None:
    """The step goes along the x that eight steps of CG have without rounding."""
    eight = _lowest_in_span(F, g, 8)
    along = _cosine(step, eight)
    if along < -0.5:
        raise WrongAnswer("the step goes downhill: L is maximised, does it go along +x?")
    if _cosine(step, g) > 0.99:
        raise WrongAnswer("the step goes along the plain gradient: solve F_c x = g with CG first.")
    if along < 0.9999:
        why = f"the cosine between your step and eight exact steps of CG is {along:.4f}"
        cosines = {iters: _cosine(step, _lowest_in_span(F, g, iters)) for iters in range(2, 13)}
        if cosines[iters := max(cosines, key=cosines.get)] > 0.9999:
            raise WrongAnswer(f"{why}: yours are {iters} steps.")
        raise WrongAnswer(f"{why}, 0.9999 is asked for: F_c x = g has the damping 0.001.")


def _require_line_search(answer: Callable) -> None:
    """All trials are to be refused: KLs of 0.9 and 0.011 are too large, and in one game L falls."""
    kept = []
    for leap in (3.0, 0.31, -0.2):
        game = _Game(0, _Toy(lambda obs: 1.0), _Leaping(leap)).in_64_bits()
        _trained(answer, game, 1)
        trials, start = game.policy.trials, game.policy.start
        kept.append(not torch.equal(_vector(game.policy), start))
        if kept[-1] and len(trials) > 5:
            why = "where all trials fail, the policy stays at the last one: go back to θ_old."
            raise WrongAnswer(why)
        if not kept[-1] and len(trials) != 10:
            why = f"where all trials fail, yours are {len(trials)}, not ten: 1, ½, … (½)⁹."
            raise WrongAnswer(why)
        for last, trial in pairwise(trials):
            if not same((trial - start).numpy(), (last - start).numpy() / 2):
                raise WrongAnswer("the line search does not halve: each trial is half of the last.")
    if all(kept):
        raise WrongAnswer(
            "bad steps were kept, one of KL 0.9 and one that lowers L: is there a line search?"
        )
    if kept[0]:
        raise WrongAnswer(
            "a step was kept whose KL is far above δ: a trial needs a KL of at most δ."
        )
    if kept[1]:
        raise WrongAnswer("a step of KL 0.011 was kept, and δ is 0.01: a trial needs at most δ.")
    if kept[2]:
        raise WrongAnswer("a step was kept that lowers L: a trial needs a larger L too.")


def _require_half_step(answer: Callable) -> None:
    """The first trial is bad, its half is good. And where the step is NaN, nothing moves."""
    game = _Game(0, _Toy(lambda obs: 1.0), _Leaping(3.0, patience=1)).in_64_bits()
    _trained(answer, game, 1)
    first, moved = game.policy.trials[0] - game.policy.start, _vector(game.policy)
    if not same((moved - game.policy.start).numpy(), first.numpy() / 2):
        raise WrongAnswer("the full step is bad and its half is good: the policy must end there.")
    game = _Game(0, _Toy(lambda obs: np.nan)).in_64_bits()
    start = _vector(game.policy)
    try:
        answer(game, 1)
    except ValueError:  # so says a Categorical of NaN, which is as good as a refusal
        return
    if not torch.equal(_vector(game.policy), start):
        why = "a step of NaN must be refused, and θ_old written back: 0 · NaN is NaN, and"
        raise WrongAnswer(f"{why} a NaN is neither above a bound nor below it.")


def _require_critic(answer: Callable) -> None:
    """The critic moves towards its targets, which here lie above V, and A below."""
    game = _Game(2, _Toy(lambda obs: 1.0, base=4.5)).in_64_bits()
    game.critic[-1].bias.data += 10
    critic = copy.deepcopy(game.critic)
    _trained(answer, game, 1)
    columns = game.envs.columns()
    obs, targets = columns[0][columns[-1]], _advantages(critic, columns)[1]
    errors = [(net(obs)[:, 0] - targets).square().mean().item() for net in (critic, game.critic)]
    if not errors[1] < _FITTED * errors[0]:
        why = f"one fit leaves {errors[1] / errors[0]:.2f} of the critic's squared error"
        raise WrongAnswer(
            f"{why}: give fit_critic the targets of make_batch, A + V before A is normalised."
        )


def _play(choose: Callable, episodes: int, seed: int) -> float:
    """CartPole itself: mean return of fresh episodes."""
    envs = gym.make_vec("CartPole-v1", episodes)
    (obs, _), alive, returns = envs.reset(seed=seed), np.ones(episodes, bool), 0
    while alive.any():
        obs, reward, terminated, truncated, _ = envs.step(choose(obs))
        returns = returns + reward * alive
        alive &= ~(terminated | truncated)
    envs.close()
    return float(np.mean(returns))


@never_raises
def check_10_train(answer: Callable) -> Verdict:
    """train(game, updates): the policy; one update is looked into, 12 must hold the pole."""
    _require_function(answer)
    random = np.random.default_rng(0)
    _Game(0, _Toy(lambda obs: 1.0))  # PyTorch loads its optimisers here: traced, it is slow
    with _deadline(answer, _TIME_LIMIT):
        _require_natural_step(answer)
        _require_line_search(answer)
        _require_half_step(answer)
        _require_critic(answer)
        scores = []
        for seed in (0, 1):
            policy = _trained(answer, _Game(seed, gym.make_vec("CartPole-v1", 64)), 12)
            scores.append(_play(partial(_greedy, policy), 20, 100 + seed))
            if scores[-1] >= 250:
                chance = _play(lambda obs: random.integers(2, size=len(obs)), 50, 1)
                why = "in single updates direction, length, halving, and the critic's targets are "
                why += f"right. After 12 updates 20 fresh episodes last ≈ {scores[-1]:.0f} steps"
                return Verdict(True, f"{why}, with random actions ≈ {chance:.0f}.")
    why = (
        f"one update is right, but after 12 updates 20 fresh episodes last {max(scores):.0f} steps"
    )
    return Verdict(False, f"{why}, 250 are asked for: are there as many updates as asked for?")


def _greedy(policy: Callable, obs: np.ndarray) -> np.ndarray:
    return array(policy(torch.tensor(obs))).argmax(-1)


def _mean_kl(old: Tensor, new: Tensor) -> float:
    old, new = old.log_softmax(-1), new.log_softmax(-1)
    return float((old.exp() * (old - new)).sum(-1).mean())

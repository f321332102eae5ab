"""What a tabular world says of itself, against series, simulation, paper, finite differences.

And the theorems that lesson 04 rests on, tried on random worlds.
"""

import numpy as np
import pytest
import scipy.linalg
from scipy.special import rel_entr, softmax

from trpo_lib.tabular import TabularMDP, random_mdp

S, A, GAMMA = 4, 3, 0.8


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def mdp(rng):
    return random_mdp(S, A, GAMMA, rng)


def policies(rng, *batch):
    return rng.dirichlet(np.ones(A), (*batch, S))


def state_chain(mdp, policy):
    """P_π and r_π, by loops."""
    chain, rewards = np.zeros((S, S)), np.zeros(S)
    for s in range(S):
        for a in range(A):
            chain[s] += policy[s, a] * mdp.transitions[s, a]
            rewards[s] += policy[s, a] * mdp.rewards[s, a]
    return chain, rewards


def two_state_chain():
    """State 0 pays 1 and moves on with probability 1/2; state 1 pays nothing and is for ever."""
    return TabularMDP([[[0.5, 0.5]], [[0, 1]]], [[1], [0]], 0.9, [1, 0])


def test_the_two_state_chain_gives_what_paper_gives():
    # V(0) = 1 + 0.9 · V(0) / 2, so V(0) = 1 / 0.55; ρ(0) is the same series; ρ(1) is the rest.
    chain, policy = two_state_chain(), np.ones((2, 1))
    np.testing.assert_allclose(chain.values(policy), [1 / 0.55, 0], atol=1e-15)
    np.testing.assert_allclose(chain.visitation(policy), [1 / 0.55, 10 - 1 / 0.55])
    np.testing.assert_allclose(chain.performance(policy), 1 / 0.55)
    np.testing.assert_allclose(chain.advantages(policy), 0, atol=1e-15)


def test_values_and_visitation_equal_the_power_series_of_the_transitions(mdp, rng):
    policy = policies(rng)
    chain, rewards = state_chain(mdp, policy)
    values, visitation, at_time = np.zeros(S), np.zeros(S), mdp.start
    for t in range(250):  # 0.8^250 < 1e-24
        values = rewards + GAMMA * chain @ values
        visitation += GAMMA**t * at_time
        at_time = at_time @ chain
    np.testing.assert_allclose(mdp.values(policy), values, rtol=1e-12)
    np.testing.assert_allclose(mdp.visitation(policy), visitation, rtol=1e-12)


def test_values_equal_those_of_scipy(mdp, rng):
    policy = policies(rng)
    chain, rewards = state_chain(mdp, policy)
    inverse = scipy.linalg.inv(np.eye(S) - GAMMA * chain)
    np.testing.assert_allclose(mdp.values(policy), inverse @ rewards, rtol=1e-12)


def test_values_of_the_best_policy_are_what_value_iteration_finds(mdp):
    best = np.zeros(S)
    for _ in range(250):
        action_values = mdp.rewards + GAMMA * np.einsum("sat,t->sa", mdp.transitions, best)
        best = action_values.max(-1)
    greedy = np.eye(A)[action_values.argmax(-1)]
    np.testing.assert_allclose(mdp.values(greedy), best, rtol=1e-12)
    np.testing.assert_allclose(mdp.action_values(greedy), action_values, rtol=1e-12)
    assert (mdp.advantages(greedy) < 1e-12).all()


def test_performance_and_visitation_agree_with_simulated_episodes(mdp, rng):
    policy, episodes, steps = policies(rng), 20_000, 60  # 0.8^60 < 2e-6
    state = rng.choice(S, episodes, p=mdp.start)
    returns, visits = np.zeros(episodes), np.zeros((episodes, S))
    for t in range(steps):
        visits[np.arange(episodes), state] += GAMMA**t
        action = (policy[state].cumsum(-1) > rng.random((episodes, 1))).argmax(-1)
        returns += GAMMA**t * mdp.rewards[state, action]
        chances = mdp.transitions[state, action].cumsum(-1)
        state = (chances > rng.random((episodes, 1))).argmax(-1)
    error = returns.std() / episodes**0.5
    assert abs(returns.mean() - mdp.performance(policy)) < 4 * error
    errors = visits.std(0) / episodes**0.5
    assert (abs(visits.mean(0) - mdp.visitation(policy)) < 4 * errors).all()


def test_advantages_have_mean_zero_and_visits_sum_to_the_horizon(mdp, rng):
    policy = policies(rng, 50)
    np.testing.assert_allclose((policy * mdp.advantages(policy)).sum(-1), 0, atol=1e-12)
    np.testing.assert_allclose(mdp.visitation(policy).sum(-1), 1 / (1 - GAMMA))


def test_performance_difference_lemma(rng):
    mdp = random_mdp(S, A, GAMMA, rng, (200,))
    old, new = policies(rng, 2, 200)
    gains = (mdp.visitation(new) * (new * mdp.advantages(old)).sum(-1)).sum(-1)
    np.testing.assert_allclose(gains, mdp.performance(new) - mdp.performance(old), atol=1e-12)


def test_local_approximation_has_the_value_and_the_slopes_of_performance_at_the_old_policy(mdp):
    logits = np.random.default_rng(1).standard_normal((S, A))
    old = softmax(logits, -1)
    np.testing.assert_allclose(mdp.local_approximation(old, old), mdp.performance(old))
    width = 1e-5
    for moved in width * np.eye(S * A).reshape(-1, S, A):
        up, down = softmax(logits + moved, -1), softmax(logits - moved, -1)
        true = mdp.performance(up) - mdp.performance(down)
        local = mdp.local_approximation(old, up) - mdp.local_approximation(old, down)
        np.testing.assert_allclose(local / (2 * width), true / (2 * width), atol=1e-8)


def test_local_approximation_by_loops(mdp, rng):
    old, new = policies(rng, 2)
    expected = mdp.performance(old)
    for s in range(S):
        for a in range(A):
            expected += mdp.visitation(old)[s] * new[s, a] * mdp.advantages(old)[s, a]
    np.testing.assert_allclose(mdp.local_approximation(old, new), expected)


def test_lower_bound_is_the_local_approximation_less_the_penalty(mdp, rng):
    old, new = policies(rng, 2)
    worst_kl = max(rel_entr(old[s], new[s]).sum() for s in range(S))
    penalty = 4 * abs(mdp.advantages(old)).max() * GAMMA / (1 - GAMMA) ** 2
    np.testing.assert_allclose(mdp.penalty(old), penalty)
    expected = mdp.local_approximation(old, new) - penalty * worst_kl
    np.testing.assert_allclose(mdp.lower_bound(old, new), expected)
    np.testing.assert_allclose(mdp.lower_bound(old, old), mdp.performance(old))


@pytest.mark.parametrize("gamma", [0.3, 0.9, 0.99])
def test_performance_is_never_below_the_lower_bound(gamma, rng):
    mdp = random_mdp(S, A, gamma, rng, (1000,))
    old = policies(rng, 1000)
    for share in (1e-4, 1e-2, 1):  # near and far
        new = (1 - share) * old + share * policies(rng, 1000)
        assert (mdp.performance(new) >= mdp.lower_bound(old, new) - 1e-9).all()


def test_an_action_lost_makes_the_bound_minus_infinity_but_one_gained_does_not(mdp):
    walks, mixes = np.zeros((S, A)), np.full((S, A), 1 / A)
    walks[:, 0] = 1
    assert mdp.lower_bound(mixes, walks) == -np.inf
    assert np.isfinite(mdp.lower_bound(walks, mixes))


def test_batches_of_worlds_and_of_policies_are_each_solved_alone(rng):
    mdp, policy = random_mdp(S, A, GAMMA, rng, (2, 5)), policies(rng, 5)
    one = TabularMDP(mdp.transitions[1, 3], mdp.rewards[1, 3], GAMMA, mdp.start[1, 3])
    for name, shape in (("values", (S,)), ("advantages", (S, A)), ("visitation", (S,))):
        batched = getattr(mdp, name)(policy)
        assert batched.shape == (2, 5, *shape)
        np.testing.assert_allclose(batched[1, 3], getattr(one, name)(policy[3]))
    bounds = mdp.lower_bound(policy[:1], policy)
    assert bounds.shape == (2, 5)
    np.testing.assert_allclose(bounds[1, 3], one.lower_bound(policy[0], policy[3]))


def test_random_worlds_repeat_with_their_seed_and_fill_the_shapes():
    first, second = (random_mdp(S, A, GAMMA, np.random.default_rng(7), (6,)) for _ in "ab")
    assert first.transitions.shape == (6, S, A, S)
    assert first.start.shape == (6, S)
    np.testing.assert_array_equal(first.rewards, second.rewards)
    np.testing.assert_array_equal(first.transitions, second.transitions)


def tables(**changed):
    chain = two_state_chain()
    given = {name: getattr(chain, name) for name in ("transitions", "rewards", "gamma", "start")}
    return given | changed


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"gamma": 1.0}, r"gamma must be in \(0, 1\), got 1.0"),
        ({"rewards": [1, 0]}, r"rewards must be \[..., S, A\], got \[2\]"),
        ({"rewards": [[1], [np.nan]]}, "rewards must be finite"),
        ({"rewards": [[1, 2], [0, 1]]}, r"transitions must be \[2, 2, 2\].* got \[2, 1, 2\]"),
        ({"start": [1, 0, 0]}, r"start must be \[2\] to fit rewards, got \[3\]"),
        ({"start": [0.5, 0.4]}, r"start must hold probabilities that sum to 1.*0.9"),
        ({"transitions": [[[1.5, -0.5]], [[0, 1]]]}, "transitions must hold .* entry -0.5"),
        ({"transitions": [[[np.nan, 1]], [[0, 1]]]}, "transitions must hold probabilities"),
    ],
)
def test_tables_that_do_not_fit_are_refused_by_name(changed, message):
    with pytest.raises(ValueError, match=message):
        TabularMDP(**tables(**changed))


def test_policies_that_do_not_fit_are_refused_by_name(mdp, rng):
    good = policies(rng)
    with pytest.raises(ValueError, match=r"policy must be \[..., S, A\] = \[4, 3\], got \[3, 4\]"):
        mdp.values(good.T)
    with pytest.raises(ValueError, match="policy must hold probabilities that sum to 1"):
        mdp.visitation(good / 2)
    with pytest.raises(ValueError, match="old must hold probabilities"):
        mdp.local_approximation(2 * good, good)
    with pytest.raises(ValueError, match=r"new must be \[..., S, A\] = \[4, 3\], got \[4\]"):
        mdp.lower_bound(good, good[:, 0])


@pytest.mark.parametrize("method", ["local_approximation", "lower_bound"])
@pytest.mark.parametrize("name", ["old", "new"])
def test_of_two_policies_the_bad_one_is_named(mdp, rng, method, name):
    good = policies(rng)
    with pytest.raises(ValueError, match=f"^{name} must hold probabilities"):
        getattr(mdp, method)(**{"old": good, "new": good, name: 2 * good})


def test_a_world_equals_only_itself_and_can_be_a_key(mdp):
    twin = TabularMDP(mdp.transitions.copy(), mdp.rewards.copy(), GAMMA, mdp.start.copy())
    assert mdp != twin
    assert {mdp: "one", twin: "two"}[mdp] == "one"

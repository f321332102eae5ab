import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Discrete, MultiDiscrete
from scipy.special import log_softmax, softmax
from scipy.stats import chisquare, kstest, norm

from trpo_lib.policies import CategoricalPolicy, Critic, GaussianPolicy, actor_of, make_policy

OBS = torch.tensor([[0.3, -1.0, 2.0], [1.5, 0.2, -0.4]], dtype=torch.float64)


def by_hand(network, obs):
    """Two linear layers with tanh between them, in NumPy."""
    w1, b1, w2, b2 = (param.detach().numpy() for param in network.parameters())
    return np.tanh(obs.numpy() @ w1.T + b1) @ w2.T + b2


def test_log_probs_are_those_of_the_network_and_have_the_batchs_shape(policy):
    new = policy(OBS)
    assert new.batch_shape == (2,)
    if isinstance(policy, CategoricalPolicy):
        actions = torch.tensor([1, 0])
        expected = log_softmax(by_hand(policy.logits, OBS), axis=-1)[[0, 1], [1, 0]]
    else:
        actions = torch.tensor([[0.1, 0.2], [-1.0, 3.0]])
        std = policy.log_std.exp().detach().numpy()
        expected = norm.logpdf(actions, by_hand(policy.mean, OBS), std).sum(-1)
        assert new.event_shape == (2,)
    np.testing.assert_allclose(new.log_prob(actions).detach(), expected, rtol=1e-6)


def test_gumbel_noise_turns_logits_into_samples_of_the_softmax(generator):
    policy = CategoricalPolicy(3, 4, (64,), generator).double()
    policy.logits[-1].weight.data *= 400
    samples = 20_000
    noise = policy.noise((samples, 2), generator).numpy()
    assert noise.shape == (samples, 2, 4)
    actions = policy.act(OBS.numpy(), noise)
    assert actions.shape == (samples, 2)
    probs = softmax(by_hand(policy.logits, OBS), axis=-1)
    assert probs.max() > 0.5
    for drawn, expected in zip(actions.T, probs, strict=True):
        assert chisquare(np.bincount(drawn, minlength=4), samples * expected).pvalue > 0.01


def test_gaussian_actions_have_the_policys_mean_and_standard_deviation(generator):
    policy = GaussianPolicy(3, 2, (64,), generator).double()
    policy.log_std.data = torch.tensor([-1.0, 0.5], dtype=torch.float64)
    noise = policy.noise((5_000, 2), generator).numpy()
    assert noise.shape == (5_000, 2, 2)
    actions = policy.act(OBS.numpy(), noise)
    mean, std = by_hand(policy.mean, OBS), np.exp([-1.0, 0.5])
    for n, d in np.ndindex(2, 2):
        assert kstest(actions[:, n, d], norm(mean[n, d], std[d]).cdf).pvalue > 0.01


def test_without_noise_the_action_is_the_likeliest(policy):
    if isinstance(policy, CategoricalPolicy):
        expected = by_hand(policy.logits, OBS).argmax(-1)
    else:
        expected = by_hand(policy.mean, OBS)
    np.testing.assert_allclose(policy.act(OBS.numpy()), expected, rtol=1e-12)


def test_a_new_policy_is_almost_uniform_and_a_new_gaussian_is_standard(generator):
    probs = CategoricalPolicy(3, 4, (64,), generator)(OBS.float()).probs
    np.testing.assert_allclose(probs.detach(), 0.25, atol=0.02)
    new = GaussianPolicy(3, 2, (64,), generator)(OBS.float())
    np.testing.assert_allclose(new.mean.detach(), 0, atol=0.1)
    assert new.stddev.tolist() == [[1.0, 1.0]] * 2


def test_weights_are_orthogonal_with_the_gains_of_their_layers(generator):
    first, _, second, _, last = CategoricalPolicy(3, 2, (8, 8), generator).logits
    for matrix, gain in ((first.weight.T, 2), (second.weight, 2), (last.weight, 1e-4)):
        gram = matrix @ matrix.T
        torch.testing.assert_close(gram, gain * torch.eye(len(gram)), rtol=0, atol=1e-5 * gain)


def test_a_critic_gives_one_value_per_observation_whatever_the_leading_shape(generator):
    critic = Critic(3, (4,), generator).double()
    obs = torch.randn(5, 6, 3, generator=generator, dtype=torch.float64)
    assert critic(obs).shape == (5, 6)
    np.testing.assert_allclose(critic(obs).detach(), by_hand(critic.value, obs)[..., 0], rtol=1e-12)


@pytest.mark.parametrize("hidden", [(), (5,), (5, 4, 3)])
def test_hidden_names_the_sizes_of_the_hidden_layers(hidden):
    networks = CategoricalPolicy(3, 2, hidden, None).logits, GaussianPolicy(3, 2, hidden, None).mean
    for network in networks:
        sizes = [layer.in_features for layer in network if isinstance(layer, torch.nn.Linear)]
        assert sizes == [3, *hidden]
        assert network[-1].out_features == 2


MAKERS = [
    lambda generator: CategoricalPolicy(3, 2, (64,), generator),
    lambda generator: GaussianPolicy(3, 2, (64,), generator),
    lambda generator: Critic(3, (64,), generator),
]


@pytest.mark.parametrize("make", MAKERS, ids=["categorical", "gaussian", "critic"])
def test_parameters_come_from_the_generator_and_from_nothing_else(make):
    def params(seed, global_seed):
        torch.manual_seed(global_seed)
        before = torch.get_rng_state()
        module = make(torch.Generator().manual_seed(seed))
        assert torch.equal(torch.get_rng_state(), before)
        return torch.cat([param.detach().reshape(-1) for param in module.parameters()])

    assert torch.equal(params(7, 0), params(7, 1))
    assert not torch.equal(params(7, 0), params(8, 0))


def test_noise_comes_from_the_generator_and_from_nothing_else(policy):
    def noise(seed, global_seed):
        torch.manual_seed(global_seed)
        before = torch.get_rng_state()
        result = policy.noise((3, 2), torch.Generator().manual_seed(seed))
        assert torch.equal(torch.get_rng_state(), before)
        return result

    assert torch.equal(noise(7, 0), noise(7, 1))
    assert not torch.equal(noise(7, 0), noise(8, 0))


VECTOR = Box(-1, 1, (3,))


@pytest.mark.parametrize(
    ("action_space", "kind", "action_shape"),
    [(Discrete(4), CategoricalPolicy, ()), (Box(-1, 1, (2,)), GaussianPolicy, (2,))],
)
def test_make_policy_fits_the_spaces(action_space, kind, action_shape):
    policy = make_policy(VECTOR, action_space, (5,), None)
    assert isinstance(policy, kind)
    new = policy(torch.zeros(6, 3))
    assert (*new.batch_shape, *new.event_shape) == (6, *action_shape)
    hidden = next(policy.parameters() if not action_shape else policy.mean.parameters())
    assert hidden.shape == (5, 3)


def test_make_policy_hands_on_its_generator():
    one, other = (make_policy(VECTOR, Discrete(2), (5,), torch.Generator().manual_seed(0))
                  for _ in range(2))  # fmt: skip
    assert torch.equal(one.logits[0].weight, other.logits[0].weight)


@pytest.mark.parametrize(
    "action_space",
    [MultiDiscrete([2, 3]), Discrete(2, start=1), Box(-1, 1, (2, 2)), Box(-1, 1, ())],
)
def test_make_policy_refuses_other_actions(action_space):
    with pytest.raises(TypeError, match=r"action_space must be Discrete .* or a Box .*, got "):
        make_policy(VECTOR, action_space, (5,), None)


@pytest.mark.parametrize(
    "observation_space", [Discrete(5), MultiDiscrete([2, 3]), Box(0, 255, (8, 8, 3), np.uint8)]
)
def test_make_policy_refuses_observations_that_are_not_vectors(observation_space):
    with pytest.raises(TypeError, match=r"observation_space must be a Box of shape \[O\], got "):
        make_policy(observation_space, Discrete(2), (5,), None)


def test_a_new_policy_is_almost_uniform_and_a_new_critic_is_not_small(generator):
    policies = CategoricalPolicy(4, 2, (16,), generator), GaussianPolicy(4, 2, (16,), generator)
    layers = [(policies[0].logits, 0.01), (policies[1].mean, 0.01)]
    for stack, gain in [*layers, (Critic(4, (16,), generator).value, 1.0)]:
        first, last = (torch.linalg.svdvals(stack[k].weight) for k in (0, -1))
        torch.testing.assert_close(first, torch.full_like(first, 2**0.5))
        torch.testing.assert_close(last, torch.full_like(last, gain))


def test_networks_and_noise_are_float32_on_the_cpu_whatever_torchs_defaults_are():
    try:
        torch.set_default_device("meta")
        torch.set_default_dtype(torch.float64)
        generator = torch.Generator("cpu").manual_seed(0)
        networks = [kind(3, 2, (4,), generator) for kind in (CategoricalPolicy, GaussianPolicy)]
        noise = [policy.noise((5,), generator) for policy in networks]
        networks.append(Critic(3, (4,), generator))
    finally:
        torch.set_default_device(None)
        torch.set_default_dtype(torch.float32)
    tensors = [*noise, *(param for network in networks for param in network.parameters())]
    assert {(tensor.device.type, tensor.dtype) for tensor in tensors} == {("cpu", torch.float32)}


@pytest.mark.parametrize(
    ("make", "ends"),
    [
        (CategoricalPolicy, {"obs_dim": 3, "num_actions": 2}),
        (GaussianPolicy, {"obs_dim": 3, "action_dim": 2}),
        (Critic, {"obs_dim": 3}),
    ],
)
def test_a_senseless_number_of_inputs_or_outputs_is_refused_by_name(make, ends, generator):
    for name in ends:
        with pytest.raises(ValueError, match=f"^{name} must be at least 1, got 0"):
            make(**ends | {name: 0}, hidden=(4,), generator=generator)


def test_an_action_is_what_the_network_says_plus_the_noise(policy, generator):
    noise = policy.noise((2,), generator).double()
    if isinstance(policy, CategoricalPolicy):
        expected = (by_hand(policy.logits, OBS) + noise.numpy()).argmax(-1)
    else:
        expected = by_hand(policy.mean, OBS) + policy.log_std.exp().detach().numpy() * noise.numpy()
    np.testing.assert_allclose(policy.act(OBS.numpy(), noise.numpy()), expected, rtol=1e-12)


def test_actions_that_the_distribution_does_not_know_cost_no_check(policy):
    """Actions and observations are checked once, in the batch."""
    new = policy(torch.full((1, 3), torch.nan, dtype=torch.float64))
    assert new.log_prob(torch.zeros(1, *new.event_shape)).isnan().all()


def test_without_noise_the_likeliest_is_found_however_close_the_others_are():
    policy = CategoricalPolicy(1, 3, (), None)
    with torch.no_grad():
        policy.logits[0].weight.copy_(torch.tensor([[0.0], [1e-9], [-1e-9]]))
    assert policy.act(np.ones((2, 1))).tolist() == [1, 1]


def test_a_policy_that_acts_in_a_way_of_its_own_does_so_in_a_rollout_too(generator):
    class Stubborn(CategoricalPolicy):
        def act(self, obs, noise=0.0):
            return np.ones(len(obs), dtype=int)

    policy = Stubborn(3, 2, (4,), generator)
    assert actor_of(policy)(np.ones((5, 3)), 0.0).tolist() == [1] * 5
    policy = CategoricalPolicy(3, 2, (4,), generator)
    usual = policy.act
    policy.act = lambda obs, noise=0.0: 1 - usual(obs, noise)
    assert actor_of(policy)(np.ones((5, 3)), 100 * np.eye(2)[[1] * 5]).tolist() == [0] * 5


def test_an_actor_follows_weights_that_change_in_place_and_hides_the_warnings_of_a_ruined_one(
    policy,
):
    act, obs = actor_of(policy), OBS.numpy()
    before = act(obs, 0.0)
    with torch.no_grad():
        for value in policy.parameters():
            value.mul_(-1e300)
    after = act(obs, 0.0)  # overflows without a word: warnings are errors here
    assert after.shape == before.shape
    np.testing.assert_array_equal(after, policy.act(obs))

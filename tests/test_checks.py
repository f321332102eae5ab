"""What each check lets pass and what it says, word for word: every other module asks them."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from gymnasium.spaces import Box
from torch import nn

from trpo_lib import _checks as c

T, A, NAN, INF = torch.zeros, np.zeros, float("nan"), math.inf


class Fits(nn.Linear):
    """A policy for three numbers."""

    def act(self, obs):
        assert obs.shape == (1, 3)
        return (obs @ self.weight.numpy(force=True).T).argmax(-1)


class Slips:
    """One that acts, but fails."""

    def act(self, obs):
        raise RuntimeError("the floor is wet")


SPACE, LINEAR = Box(-1, 1, (3,)), nn.Linear(3, 2)
RIGID = type("Rigid", (), {"act": 1, "__repr__": lambda self: "a clown"})()
BY_HAND = SimpleNamespace(act=lambda obs: np.ones(len(obs), dtype=int))


PASS = {
    "equal shapes": lambda: c.require_same_shape(a=T(2, 3), b=A((2, 3)), c=T(2, 3)),
    "no tensors": lambda: c.require_same_shape(),
    "a scalar's shape": lambda: c.require_shape([], x=T(())),
    "one of two shapes": lambda: c.require_shape([4], [4, None], x=T(4, 7), y=T(4)),
    "masks": lambda: c.require_masks(a=T(2, dtype=torch.bool)),
    "finite": lambda: c.require_finite(a=T(2), b=T(0)),
    "small but positive": lambda: c.require_positive(a=np.array([1e-300, 0.5])),
    "numbers": lambda: c.as_numbers(b=[True], c=[[1, 2.5]], d=np.zeros((0, 2))),
    "sum within 1e-6": lambda: c.require_probabilities(p=np.array([[0.5, 0.5 + 9e-7], [0, 1]])),
    "both ends": lambda: c.require_between(0, 1, a=0, b=1, c=np.float32(0.5)),
    "inside": lambda: c.require_inside(0, 1, a=1e-300, b=np.float64(0.999)),
    "whole": lambda: c.require_whole(3, 4, a=3, b=np.int64(4)),
    "one": lambda: c.require_count(a=1),
    "the largest seed": lambda: c.require_seed(a=2**64 - 1, b=0),
    "a choice": lambda: c.require_choice("tea", "milk", drink="milk"),
    "either type": lambda: c.require_type(int | str, a=1, b="x"),
    "layers": lambda: c.require_layers([4, np.int64(1)], obs_dim=1),
    "no layers": lambda: c.require_layers(()),
    "cpu": lambda: c.require_device("cpu"),
    "reach": lambda: c.require_reach(Box(np.float32([5, -9]), np.float32([9, -5]))),
    "fits": lambda: c.require_fitting(Fits(3, 2), SPACE),
    "fits in its own precision": lambda: c.require_fitting(Fits(3, 2).double(), SPACE),
    "no network": lambda: c.require_fitting(BY_HAND, SPACE),
}  # fmt: skip

REFUSED = {
    "two shapes of three": (lambda: c.require_same_shape(a=T(2), b=T(2), c=T(2, 1)),
        ValueError, "shapes must be equal, got a [2], b [2], c [2, 1]"),
    "a number's shape": (lambda: c.require_same_shape(a=T(2), b=3.5),
        TypeError, "b must be a Tensor or a ndarray, got 3.5"),
    "longer": (lambda: c.require_shape([4], [4, None], x=T(4, 1, 1)),
        ValueError, "x must have shape [4] or [4, ·], got [4, 1, 1]"),
    "shorter": (lambda: c.require_shape([4, None], x=T(4)),
        ValueError, "x must have shape [4, ·], got [4]"),
    "one size of two": (lambda: c.require_shape([4, 2], x=T(4), y=T(4, 2)),
        ValueError, "x must have shape [4, 2], got [4]"),
    "another size": (lambda: c.require_shape([4, 2], x=T(4, 3)),
        ValueError, "x must have shape [4, 2], got [4, 3]"),
    "a list for a mask": (lambda: c.require_masks(a=[True]),
        TypeError, "a must be a Tensor, got [True]"),
    "an integer mask": (lambda: c.require_masks(a=T(1, dtype=torch.uint8)),
        TypeError, "a must be boolean, got torch.uint8"),
    "an array for a tensor": (lambda: c.require_finite(a=A(1)),
        TypeError, "a must be a Tensor, got array([0.])"),
    "the first of two infinities": (
        lambda: c.require_finite(a=T(1), b=torch.tensor([[0, 1.0], [-INF, INF]])),
        ValueError, "b must be finite, got -inf at index [1, 0]"),
    "zero": (lambda: c.require_positive(a=np.array([1.0, 0.0])),
        ValueError, "a must be > 0 everywhere, got 0.0"),
    "a text for numbers": (lambda: c.as_numbers(a=[1], b="x" * 99),
        TypeError, f"b must be an array of numbers, got '{'x' * 79}"),
    "complex numbers": (lambda: c.as_numbers(a=[1j]),
        TypeError, "a must be an array of numbers, got [1j]"),
    "nothing along the last axis": (lambda: c.as_numbers(a=[1], b=[[], []]),
        ValueError, "b must have numbers along its last axis, got [2, 0]"),
    "the first that is not finite": (lambda: c.as_finite(a=[1], b=[1, INF, NAN]),
        ValueError, "b must be finite, got inf"),
    "unlike": (lambda: c.as_alike(a=[1, 2], b=[[1, 2]]),
        ValueError, "shapes must be equal, got a [2], b [1, 2]"),
    "a negative probability": (
        lambda: c.require_probabilities(p=np.array([0.5, 0.5]), q=np.array([1.5, -0.5])),
        ValueError, "q must hold probabilities that sum to 1, got smallest entry -0.5, sums [1.]"),
    "too much probability": (
        lambda: c.require_probabilities(p=np.array([[0.5, 0.5 + 2e-6], [0, 1]])), ValueError,
        "p must hold probabilities that sum to 1, got smallest entry 0, sums [1.       1.000002]"),
    "True for a number": (lambda: c.require_number(a=1, b=True),
        TypeError, "b must be a number, got True"),
    "a text for a number": (lambda: c.require_between(0, 1, a="1"),
        TypeError, "a must be a number, got '1'"),
    "below": (lambda: c.require_between(0, 1, a=0.5, b=-0.1),
        ValueError, "b must be in [0, 1], got -0.1"),
    "above": (lambda: c.require_between(0, 1, a=1.5), ValueError, "a must be in [0, 1], got 1.5"),
    "NaN": (lambda: c.require_between(0, INF, a=NAN), ValueError, "a must be in [0, inf], got nan"),
    "nothing inside": (lambda: c.require_inside(0, 1, a=None),
        TypeError, "a must be a number, got None"),
    "the lower end": (lambda: c.require_inside(0, 1, a=0),
        ValueError, "a must be in (0, 1), got 0"),
    "the upper end": (lambda: c.require_inside(0, 1, a=1),
        ValueError, "a must be in (0, 1), got 1"),
    "half": (lambda: c.require_whole(0, a=0.5), TypeError, "a must be an int, got 0.5"),
    "False for an int": (lambda: c.require_whole(0, a=False),
        TypeError, "a must be an int, got False"),
    "too small": (lambda: c.require_whole(3, a=2), ValueError, "a must be at least 3, got 2"),
    "too large": (lambda: c.require_whole(3, 4, a=5), ValueError, "a must be in [3, 4], got 5"),
    "none": (lambda: c.require_count(a=1, b=0), ValueError, "b must be at least 1, got 0"),
    "a seed too large": (lambda: c.require_seed(a=2**64),
        ValueError, "a must be in [0, 18446744073709551615], got 18446744073709551616"),
    "a seed below 0": (lambda: c.require_seed(a=-1),
        ValueError, "a must be in [0, 18446744073709551615], got -1"),
    "no choice": (lambda: c.require_choice("tea", "milk", drink="gin"),
        ValueError, "drink must be \"tea\" or \"milk\", got 'gin'"),
    "neither type": (lambda: c.require_type(np.ndarray | ArithmeticError, a=A(1), b=2),
        TypeError, "b must be a ndarray or an ArithmeticError, got 2"),
    "a long one": (lambda: c.require_type(int, a="y" * 79),
        TypeError, f"a must be an int, got '{'y' * 76}..."),
    "one that just fits": (lambda: c.require_type(int, a="y" * 78),
        TypeError, f"a must be an int, got '{'y' * 78}'"),
    "layers as a number": (lambda: c.require_layers(4),
        TypeError, "hidden must be a tuple or a list, got 4"),
    "an empty layer": (lambda: c.require_layers((4, 0)),
        ValueError, "each of hidden must be at least 1, got 0"),
    "an end of no size": (lambda: c.require_layers((4,), obs_dim=0),
        ValueError, "obs_dim must be at least 1, got 0"),
    "above the reach": (lambda: c.require_reach(Box(5.01, 9, (2,))),
        ValueError, "action_space must reach into [-5, 5], where a new policy plays, got "
        "Box(5.01, 9.0, (2,), float32): gymnasium.wrappers.RescaleAction moves it to [-1, 1]"),
    "below the reach": (lambda: c.require_reach(Box(np.float32([-9, -1]), np.float32([-5.01, 1]))),
        ValueError, "action_space must reach into [-5, 5]"),
    "a class": (lambda: c.require_fitting(Fits, SPACE),
        TypeError, "policy must have an act method, got <class 'test_checks.Fits'>"),
    "no act": (lambda: c.require_fitting(LINEAR, SPACE), TypeError,
        "policy must have an act method, got Linear(in_features=3, out_features=2, bias=True)"),
    "act is no method": (lambda: c.require_fitting(RIGID, SPACE),
        TypeError, "policy must have an act method, got a clown"),
    "an error of its own": (lambda: c.require_fitting(Slips(), SPACE),
        ValueError, "policy must take observations [3] as NumPy arrays: the floor is wet"),
}  # fmt: skip


@pytest.mark.parametrize("check", PASS.values(), ids=PASS)
def test_what_can_work_is_let_pass(check):
    check()


@pytest.mark.parametrize(("check", "error", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_work_is_refused_in_these_words(check, error, said):
    with pytest.raises(error) as refused:
        check()
    assert str(refused.value).startswith(said)


def test_a_device_that_is_not_here_is_named_with_the_reason():
    with pytest.raises(ValueError, match=r"^device must be on this machine, got 'gpu': .*gpu"):
        c.require_device("gpu")


def test_what_is_like_numbers_becomes_arrays_in_order():
    for check in (c.as_numbers, c.as_finite, c.as_alike):
        one, other = check(a=[1, 2], b=(3, np.float32(4)))
        assert one.dtype == other.dtype == np.float64
        assert (one.tolist(), other.tolist()) == ([1, 2], [3, 4])

"""What a checker says of an answer, and how it compares answers with the right one."""

import copy
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import wraps
from inspect import signature

import numpy as np
import torch

CLOSE = {"rtol": 1e-5, "atol": 1e-7}  # answers may be in float32


@dataclass(frozen=True)
class Verdict:
    """Whether an answer holds, and what to say of it."""

    passed: bool
    message: str

    def __repr__(self) -> str:
        text = f"{'Yes' if self.passed else 'Not yet'}: {self.message}"
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        return text.encode(encoding, "namereplace").decode(encoding)  # no console lacks a letter


class WrongAnswer(Exception):
    """Ends a check; its text says what is wrong."""


def never_raises(check: Callable[..., Verdict]) -> Callable[..., Verdict]:
    """Whatever the call, and whatever happens inside an answer, there is a verdict."""

    @wraps(check)
    def checker(*answers, **named) -> Verdict:
        try:
            (answer,) = signature(check).bind(*answers, **named).args
        except TypeError as error:
            return Verdict(False, f"give one answer, its parts in brackets of their own: {error}.")
        if answer is ...:
            return Verdict(False, "replace the ... by your answer.")
        try:
            return check(answer)
        except WrongAnswer as wrong:
            return Verdict(False, str(wrong))
        except (Exception, SystemExit) as error:
            said = traceback.format_exception_only(error)[-1].strip()
            return Verdict(False, f"your answer raised {said}")

    return checker


def array(answer) -> np.ndarray:
    """Anything array-like as NumPy: numbers, lists, arrays, tensors with and without gradients.

    Raises ``WrongAnswer`` when it holds anything but real numbers.
    """
    if isinstance(answer, torch.Tensor):
        answer = answer.tolist()  # of any device, with a gradient or without
    elif isinstance(answer, list | tuple):
        answer = [array(part) for part in answer]
    try:
        found = np.asarray(answer)
        if answer is None or found.dtype.kind == "c":
            raise TypeError
        return found if found.dtype.kind in "biuf" else found.astype(float)
    except (TypeError, ValueError):
        raise WrongAnswer(f"real numbers are asked for, yours is {answer!r:.60}.") from None


def numbers(answer, count: int) -> list[float]:
    """So many numbers, array-like. Raises ``WrongAnswer`` when it is not so many."""
    found = array(answer)
    if found.size != count:
        wanted = "one number is" if count == 1 else f"{count} numbers are"
        raise WrongAnswer(f"{wanted} asked for, yours has {found.size}.")
    return [float(number) for number in found.flat]


def call(function: Callable, *inputs):
    """What the answer, a function, returns for copies of the inputs.

    Raises ``WrongAnswer`` when it is no function, or returns nothing.
    """
    if not callable(function):
        kind = type(function).__name__
        raise WrongAnswer(f"a function is asked for, this is a {kind}: give its name, uncalled.")
    returned = function(*copy.deepcopy(inputs))
    if returned is None:
        raise WrongAnswer("your function returned None: is there a `return`?")
    return returned


def same(given: np.ndarray, right: np.ndarray) -> bool:
    """Whether shapes and numbers are equal, up to rounding."""
    return np.shape(given) == np.shape(right) and np.allclose(given, right, **CLOSE)


def compare(answer, right: float, mistakes: Mapping[float, str], praise: str) -> Verdict:
    """Compares a number with the right one, then with those that known mistakes give."""
    (value,) = numbers(answer, 1)
    if same(value, right):
        return Verdict(True, praise)
    for wrong, why in mistakes.items():
        if same(value, wrong):
            return Verdict(False, why)
    return Verdict(False, f"{value:g} is not it.")


def judge(
    answer: Callable,
    cases: Iterable[tuple],
    right: Callable,
    mistakes: Mapping[str, Callable],
    praise: str,
    hint: Callable[[np.ndarray, np.ndarray], str] = lambda given, right: "",
) -> Verdict:
    """Compares what a function returns with what the right one does, then with known mistakes.

    cases: the arguments of each call. The right function and the mistaken ones take them as well.
    A mistake is named if it gives all that the answer gives, or, failing that, what the answer
    gives where it first is wrong. Of an unknown one that case is shown, and both numbers, after a
    hint that may look at both results.
    """
    cases = list(cases)
    given = [array(call(answer, *case)) for case in cases]
    with np.errstate(all="ignore"):  # mistakes may divide by zero
        expected = [array(right(*case)) for case in cases]
        wrong = [k for k in range(len(cases)) if not same(given[k], expected[k])]
        if not wrong:
            return Verdict(True, praise)
        for chosen in (range(len(cases)), wrong[:1]):
            for why, formula in mistakes.items():
                if all(same(given[k], array(formula(*cases[k]))) for k in chosen):
                    return Verdict(False, why)
    k = wrong[0]
    said = _difference(signature(right).parameters, cases[k], given[k], expected[k])
    return Verdict(False, f"{hint(given[k], expected[k])}{said}")


def _difference(names: Iterable[str], case: tuple, given: np.ndarray, right: np.ndarray) -> str:
    """The case, as far as it is short, and the first number on which the two disagree."""
    if given.shape != right.shape:
        return f"the shape must be {list(right.shape)}, yours is {list(given.shape)}."
    first = tuple(np.argwhere(~np.isclose(given, right, **CLOSE))[0])
    where = f" at index {list(map(int, first))}" if first else ""
    inputs = ", ".join(
        f"{name} = {_text(value)}"
        for name, value in zip(names, case, strict=True)
        if isinstance(value, int | float | list | np.ndarray | torch.Tensor)
        and np.asarray(value).size <= 20
    )
    yours, best = (str(x) if x.dtype == bool else f"{x:.6g}" for x in (given[first], right[first]))
    return f"for {inputs} yours gives {yours}{where}, not {best}."


def _text(value) -> str:
    text = np.array2string(np.asarray(value), precision=4, separator=", ")
    return " ".join(text.split())

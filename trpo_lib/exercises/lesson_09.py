"""The exercises of lesson 09."""

import traceback
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from trpo_lib.exercises.verdict import Verdict, WrongAnswer, never_raises, numbers

# Of each function: the lines of its cell that may be named, or none if it is right, and a hint
# that names none.
_SPOTS = {
    1: ({3, 6, 7}, "for how many reasons does the search end?"),
    2: ({4}, "how does the second rollout begin?"),
    3: ({2, 4, 6}, "show it one number, then another one, and sum by hand."),
    4: (set(), "solve a small system by it, and by hand: do the numbers differ?"),
    5: ({11, 12}, "what would each number be for a step that is far too long?"),
    6: ({2, 3, 4}, "what does a computer give for numbers that are all the same?"),
    7: ({3, 4}, "an unbiased value need not have a useful second derivative from one sample."),
    8: ({4, 5, 6, 7, 8}, "who has seen which data, and when?"),
    9: (set(), "put in two fair coins, then a fair and an unfair one, and sum by hand."),
    10: (set(), "which rows does each number come from, and where does a sum stop?"),
    11: ({5}, "follow a number from a row to the row before it, at each kind of end."),
    12: (set(), "build its matrix for a policy with two parameters, and F beside it."),
    13: ({4, 5, 6, 7, 8, 9, 10}, "let it solve a system whose solution it has already reached."),
    14: ({2, 5, 6}, "let the rollout stop while an episode goes on."),
    15: (
        {2, 5, 6, 7, 8, 9, 10, 11, 12},
        "let half of all episodes be very short: how many of the results are?",
    ),
}


@never_raises
def check_09_spot(answer: Mapping[int, int | None]) -> Verdict:
    """Functions' numbers, each with the line that is suspected, or None: how many are right."""
    if not isinstance(answer, Mapping):
        raise WrongAnswer("give a dictionary from functions to lines, such as {1: 2, 2: None}.")
    named = {_whole("a function's number", key): value for key, value in answer.items()}
    if strange := sorted(named.keys() - _SPOTS.keys()):
        raise WrongAnswer(f"there is no function {strange[0]}: they go from 1 to {len(_SPOTS)}.")
    lines = {n: 0 if x is None else _whole(f"the line of {n}", x) for n, x in named.items()}
    wrong = [n for n in sorted(lines) if lines[n] not in (_SPOTS[n][0] or {0})]
    right = f"{len(lines) - len(wrong)} of {len(_SPOTS)} are right"
    if len(lines) == len(_SPOTS) and not wrong:
        return Verdict(True, f"{right}, every defect is found and nothing else.")
    hints = [f" Look again at {number}: {_SPOTS[number][1]}" for number in wrong]
    missing = ", ".join(str(number) for number in _SPOTS if number not in lines)
    return Verdict(False, f"{right}.{''.join(hints)}{missing and f' Not judged yet: {missing}.'}")


def _whole(what: str, given) -> int:
    """The whole number. Raises ``WrongAnswer`` when it is none."""
    (value,) = numbers(given, 1)
    if not value.is_integer():
        raise WrongAnswer(f"{what} must be a whole number, not {value:g}.")
    return int(value)


def _tensors(*columns) -> tuple[Tensor, ...]:
    """Anything array-like as tensors: three of floats, then masks."""
    given = [torch.as_tensor(column) for column in columns]
    floats = [x if x.is_floating_point() else x.double() for x in given[:3]]
    return *floats, *(x.bool() for x in given[3:])


def _gae(
    bootstrap: Callable = lambda over, clock: ~over,
    goes_on: Callable = lambda over, clock: ~(over | clock),
    fade: Callable = lambda gamma, lam: gamma * lam,
    beyond: Callable = lambda next_values, gamma, lam: 0.0,
    sees: Callable = lambda gamma: gamma,
) -> Callable:
    """GAE, right or with a mistake.

    Where V counts and where the trace goes on, by the masks; how the trace fades; what stands in
    it behind the last row; and the discount of V.
    """

    def estimate(rewards, values, next_values, terminated, truncated, gamma, lam):
        columns = _tensors(rewards, values, next_values, terminated, truncated)
        rewards, values, next_values, *masks = columns
        td_errors = rewards + sees(gamma) * next_values * bootstrap(*masks) - values
        factors = fade(gamma, lam) * goes_on(*masks).to(rewards)
        found, following = [], beyond(next_values, gamma, lam)
        for td_error, factor in zip(td_errors.flip(0), factors.flip(0), strict=True):
            following = td_error + factor * following
            found.append(following)
        return torch.stack(found[::-1])

    return estimate


def _next_row(mask: Tensor) -> Tensor:
    """A mask of the row after, without an end behind the last row."""
    return torch.cat([mask[1:], torch.zeros_like(mask[-1:])])


# A test must fail with each of these.
_MUTANTS = {
    "a truncation counts as a fall": _gae(bootstrap=lambda over, clock: ~(over | clock)),
    "after a termination V still counts": _gae(bootstrap=lambda over, clock: True),
    "the trace runs on after a truncation": _gae(goes_on=lambda over, clock: ~over),
    "the trace runs on after a termination": _gae(goes_on=lambda over, clock: ~clock),
    "each end is looked up one row too late": _gae(
        goes_on=lambda over, clock: ~_next_row(over | clock)
    ),
    "the trace fades by γ, without λ": _gae(fade=lambda gamma, lam: gamma),
    "the trace fades by λ, without γ": _gae(fade=lambda gamma, lam: lam),
    "nothing but TD errors": _gae(fade=lambda gamma, lam: 0.0),
    "V counts without γ": _gae(sees=lambda gamma: 1.0),
    "behind the rollout's last row nothing is worth anything": _gae(
        beyond=lambda next_values, gamma, lam: -next_values[-1]
    ),
}


@never_raises
def check_09_core(answer: Callable) -> Verdict:
    """A test of GAE: called with an estimator, it returns when right, and raises when not."""
    if not callable(answer):
        raise WrongAnswer(f"a function is asked for, this is a {type(answer).__name__}.")
    if said := _complaint(answer, _gae()):
        raise WrongAnswer(f"your test fails with right code: {said}.")
    unnoticed = [name for name, mutant in _MUTANTS.items() if not _complaint(answer, mutant)]
    count = f"with {len(_MUTANTS) - len(unnoticed)} of {len(_MUTANTS)} mutants it fails"
    if unnoticed:
        shown = f"{'; '.join(unnoticed[:3])}{'; …' if unnoticed[3:] else ''}"
        raise WrongAnswer(f"right code passes, {count}. Not noticed: {shown}.")
    return Verdict(True, f"right code passes, {count}.")


def _complaint(test: Callable, estimate: Callable) -> str:
    """What a test says against an estimator; nothing if it passes. False is a complaint, too."""
    try:
        returned = test(estimate)
    except Exception as error:
        return f"it raised {traceback.format_exception_only(error)[-1].strip()}"
    is_false = type(returned).__name__ in ("bool", "bool_") and not returned
    return "it returned False" if is_false else ""

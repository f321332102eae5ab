"""The exercises of lesson 09."""

from collections.abc import Callable, Mapping

import numpy as np

from trpo_lib.exercises.verdict import Verdict, WrongAnswer, judge, never_raises, numbers

# Of each defect: the lines of its cell that may be named, and a hint that names none.
_SPOTS = {
    1: ({5, 7}, "which value does it give for a policy that has moved?"),
    2: ({4}, "under which of the two policies is the mean taken?"),
    3: ({2, 3}, "two masks do two different jobs: what is a state worth when the clock ends?"),
    4: ({11}, "of which policy is each number measured?"),
    5: ({4}, "how does the second rollout begin?"),
    6: ({4, 5}, "who has seen which data, and when?"),
    7: ({4, 5, 6, 9, 12}, "let it solve a system whose solution it has already reached."),
    8: ({2, 5}, "follow a number from a row to the row before it, at each kind of end."),
    9: ({6, 7}, "write the shape behind every name."),
    10: ({10, 11}, "which rows does each number of a statistic come from?"),
    11: ({12, 13}, "which quantities belong to this iteration, and which to the last?"),
    12: ({3, 4, 5}, "an unbiased value need not have a useful second derivative from one sample."),
}


@never_raises
def check_09_spot(answer: Mapping[int, int]) -> Verdict:
    """Defects' numbers, each with the line that is suspected: how many are right."""
    if not isinstance(answer, Mapping):
        raise WrongAnswer("give a dictionary from defects to lines, such as {1: 2, 2: 3}.")
    named = {_whole("a defect's number", key): value for key, value in answer.items()}
    if strange := sorted(named.keys() - _SPOTS.keys()):
        raise WrongAnswer(f"{strange[0]} is no defect: their numbers go from 1 to {len(_SPOTS)}.")
    lines = {number: _whole(f"the line of {number}", line) for number, line in named.items()}
    wrong = [number for number in sorted(lines) if lines[number] not in _SPOTS[number][0]]
    right = f"{len(lines) - len(wrong)} of {len(_SPOTS)} are right"
    if len(lines) == len(_SPOTS) and not wrong:
        return Verdict(True, f"{right}, every defect is found.")
    hints = [f" Look again at {number}: {_SPOTS[number][1]}" for number in wrong]
    missing = ", ".join(str(number) for number in _SPOTS if number not in lines)
    return Verdict(False, f"{right}.{''.join(hints)}{missing and f' Not named yet: {missing}.'}")


def _whole(what: str, given) -> int:
    """The whole number. Raises ``WrongAnswer`` when it is none."""
    (value,) = numbers(given, 1)
    if not value.is_integer():
        raise WrongAnswer(f"{what} must be a whole number, not {value:g}.")
    return int(value)


def _gae(
    bootstrap: Callable = lambda terminated, truncated: ~terminated,
    goes_on: Callable = lambda terminated, truncated: ~(terminated | truncated),
    fade: Callable = lambda gamma, lam: gamma * lam,
) -> Callable:
    """GAE, right or with a mistake: where V counts, where the trace goes on, and how it fades."""

    def estimate(rewards, values, next_values, terminated, truncated, gamma, lam):
        td_errors = rewards + gamma * next_values * bootstrap(terminated, truncated) - values
        factors = fade(gamma, lam) * goes_on(terminated, truncated)
        advantages, following = np.zeros_like(td_errors), 0.0
        for t in range(len(td_errors) - 1, -1, -1):
            advantages[t] = following = td_errors[t] + factors[t] * following
        return advantages

    return estimate


_MISTAKES = {
    "the next episode still leaks into this one after a truncation.": _gae(
        goes_on=lambda terminated, truncated: ~terminated
    ),
    "a truncated state is worth something: V counts there (that is defect 3).": _gae(
        bootstrap=lambda terminated, truncated: ~(terminated | truncated)
    ),
    "after a termination nothing follows: V must not count there.": _gae(
        bootstrap=lambda terminated, truncated: True
    ),
    "the two masks are swapped in the TD error.": _gae(
        bootstrap=lambda terminated, truncated: ~truncated
    ),
    "after a termination, too, the next row belongs to another episode.": _gae(
        goes_on=lambda terminated, truncated: ~truncated
    ),
    "no episode's end cuts the trace.": _gae(
        goes_on=lambda terminated, truncated: np.ones_like(terminated)
    ),
    "only where both masks are set is the trace cut: `or`, not `and`.": _gae(
        goes_on=lambda terminated, truncated: ~(terminated & truncated)
    ),
    "λ is missing: the trace fades by γλ.": _gae(fade=lambda gamma, lam: gamma),
    "γ is missing: the trace fades by γλ.": _gae(fade=lambda gamma, lam: lam),
    "these are the TD errors: those that follow are missing.": _gae(fade=lambda gamma, lam: 0.0),
    "the sign is wrong.": lambda *inputs: -_gae()(*inputs),
    "these are A + V, the critic's targets.": lambda *inputs: _gae()(*inputs) + inputs[1],
}


@never_raises
def check_09_core(answer: Callable) -> Verdict:
    """repaired_gae(rewards, values, next_values, terminated, truncated, gamma, lam)."""
    rng, cases = np.random.default_rng(9), []
    for steps, envs, gamma, lam in ((4, 1, 0.9, 0.8), (5, 3, 0.99, 0.5), (12, 2, 0.7, 0.95)):
        columns = rng.normal(size=(3, steps, envs))
        ends = rng.random((2, steps, envs)) < 0.3
        ends[0, steps // 2], ends[1, steps // 2 - 1] = True, True
        ends[0, steps // 2 - 1] = False  # a truncation alone, a step before a termination
        cases.append((*columns, *ends, gamma, lam))
    praise = "both masks do their jobs, in every shape that was tried."
    return judge(answer, cases, _right_gae, _MISTAKES, praise)


def _right_gae(rewards, values, next_values, terminated, truncated, gamma, lam):
    return _gae()(rewards, values, next_values, terminated, truncated, gamma, lam)

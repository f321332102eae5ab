"""What a checker says of an answer, and how it compares numbers."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps


@dataclass(frozen=True)
class Verdict:
    """Whether an answer holds, and what to say of it."""

    passed: bool
    message: str

    def __repr__(self) -> str:
        return f"{'Yes' if self.passed else 'Not yet'}: {self.message}"


def never_raises(check: Callable[..., Verdict]) -> Callable[..., Verdict]:
    """An exception inside an answer, or an answer of a wrong type, is a verdict too."""

    @wraps(check)
    def checker(answer) -> Verdict:
        if answer is ...:
            return Verdict(False, "replace the ... by your answer.")
        try:
            return check(answer)
        except Exception as error:
            return Verdict(False, f"your answer raised {type(error).__name__}: {error}")

    return checker


def compare(value: float, right: float, mistakes: dict[float, str], praise: str) -> Verdict:
    """Compares a number with the right one, then with those that known mistakes give."""
    value = float(value)
    if math.isclose(value, right, rel_tol=1e-6, abs_tol=1e-9):
        return Verdict(True, praise)
    for wrong, why in mistakes.items():
        if math.isclose(value, wrong, rel_tol=1e-6, abs_tol=1e-9):
            return Verdict(False, why)
    return Verdict(False, f"{value:g} is not it.")

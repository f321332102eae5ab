"""Each checker accepts right answers, however written, and names the mistake in wrong ones."""

import importlib
import pkgutil
import re

import answers
import pytest

from trpo_lib import exercises

LESSONS = [
    importlib.import_module(f"answers.{m.name}") for m in pkgutil.iter_modules(answers.__path__)
]
RIGHT = [row for lesson in LESSONS for row in lesson.RIGHT]
WRONG = [row for lesson in LESSONS for row in lesson.WRONG]
CHECKERS = [getattr(exercises, name) for name in dir(exercises) if name.startswith("check_")]


@pytest.mark.parametrize("check", CHECKERS)
def test_every_lesson_has_three_checkers_and_a_bank_of_answers(check):
    lesson = check.__name__[:8]
    assert {f"{lesson}_{kind}" for kind in ("predict", "compute", "explore")} == {
        other.__name__ for other in CHECKERS if other.__name__.startswith(lesson)
    }
    assert sum(row[0] is check for row in RIGHT) >= 2
    assert sum(row[0] is check for row in WRONG) >= 4


@pytest.mark.parametrize("check", CHECKERS)
@pytest.mark.parametrize("answer", [..., None, "?", object(), lambda *_: 1 / 0, lambda: None])
def test_no_answer_makes_a_checker_raise_or_pass(check, answer):
    verdict = check(answer)
    assert not verdict.passed
    assert repr(verdict).startswith("Not yet: ")


@pytest.mark.parametrize(("check", "answer"), RIGHT)
def test_right_answers_pass(check, answer):
    verdict = check(answer)
    assert verdict.passed, verdict
    assert repr(verdict).startswith("Yes: ")


@pytest.mark.parametrize(("check", "answer", "named"), WRONG)
def test_wrong_answers_are_named(check, answer, named):
    verdict = check(answer)
    assert not verdict.passed
    assert re.search(named, verdict.message), verdict

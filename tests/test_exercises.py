"""Each checker accepts right answers, however written, and names the mistake in wrong ones."""

import importlib
import io
import pkgutil
import re
import sys
from contextlib import nullcontext
from dataclasses import FrozenInstanceError, replace
from types import SimpleNamespace

import answers
import numpy as np
import pytest
import torch
from answers.lesson_02 import BENT
from scipy.special import rel_entr

from trpo_lib import exercises
from trpo_lib.exercises import lesson_00, lesson_05, lesson_06, lesson_07
from trpo_lib.exercises.verdict import WrongAnswer, judge, numbers, same
from trpo_lib.training import TrainConfig, Trainer

LESSONS = [
    importlib.import_module(f"answers.{m.name}") for m in pkgutil.iter_modules(answers.__path__)
]
RIGHT = [row for lesson in LESSONS for row in lesson.RIGHT]
WRONG = [row for lesson in LESSONS for row in lesson.WRONG]
CHECKERS = [getattr(exercises, name) for name in dir(exercises) if name.startswith("check_")]


# The last two lessons are exercises as a whole.
KINDS = {
    "check_09": ("spot", "core"),
    "check_10": ("gae", "surrogate", "fisher_product", "conjugate_gradient", "train"),
}


@pytest.mark.parametrize("check", CHECKERS)
def test_every_lesson_has_its_checkers_and_a_bank_of_answers(check):
    lesson = check.__name__[:8]
    kinds = KINDS.get(lesson, ("predict", "compute", "explore", "core"))
    assert {f"{lesson}_{kind}" for kind in kinds} == {
        other.__name__ for other in CHECKERS if other.__name__.startswith(lesson)
    }
    assert sum(row[0] is check for row in RIGHT) >= 4
    assert sum(row[0] is check for row in WRONG) >= 8


class Unprintable(Exception):
    def __str__(self):
        raise ValueError("no text")


def unprintable(*_):
    raise Unprintable


# What people and their functions hand over, and is never right.
NO_ANSWERS = [
    ..., None, True, "?", b"?", 1j, 10**400, object(), {}, {1: 2}, set(), [], [[1], [1, 2]],
    [None], (1, "two", None), np.array(None), np.zeros((0, 3)), np.zeros((3, 0)), np.array("x"),
    np.array([1, 2j]), float("nan"), torch.zeros(0), torch.tensor(1j), torch.nn.Linear(1, 1),
    lambda: 0, lambda *_: 1 / 0, lambda *_: None, lambda *_: ..., lambda *_: "?", lambda *_: {},
    lambda *_: 1j, lambda *_: [[1], [1, 2]], lambda *_: float("nan"), lambda *_: sys.exit("end"),
    lambda *inputs: inputs[0], lambda *_: (yield), lambda *_: torch.tensor([1j]), unprintable,
]  # fmt: skip


@pytest.mark.parametrize("check", CHECKERS)
@pytest.mark.parametrize("answer", NO_ANSWERS)
def test_no_answer_makes_a_checker_raise_or_pass(check, answer):
    verdict = check(answer)
    assert not verdict.passed
    assert repr(verdict).startswith("Not yet: ")


@pytest.mark.parametrize("check", CHECKERS)
@pytest.mark.parametrize(
    ("answers", "named", "why"),
    [
        ((), {}, "missing a required argument"),
        ((0.001, 2), {}, "too many positional arguments"),
        ((1,), {"answer": 2}, "multiple values"),
        ((), {"reply": 2}, "argument"),
        ((1,), {"reply": 2}, "unexpected keyword argument 'reply'"),
    ],
)
def test_a_call_with_other_than_one_answer_is_told_so(check, answers, named, why):
    verdict = check(*answers, **named)
    assert not verdict.passed
    assert re.search(
        f"^give one answer, its parts in brackets of their own: .*{why}", verdict.message
    )


@pytest.mark.parametrize("check", [c for c in CHECKERS if c.__name__.endswith("compute")])
def test_a_function_without_a_return_and_an_answer_that_is_no_function_are_named(check):
    assert "is there a `return`?" in check(lambda *inputs: None).message
    assert "a function is asked for, this is a float" in check(0.5).message


def test_the_answer_may_be_given_by_its_name():
    assert exercises.check_00_predict(answer=5).passed


def with_gradient(values):
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


FORMS = [list, tuple, np.array, torch.tensor, with_gradient]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("check", "answer"),
    [
        (exercises.check_00_predict, lambda form: form([5])),
        (exercises.check_01_explore, lambda form: (form([-6.0, 0.0]), form([2.0, 0.0, 0.0]))),
        (exercises.check_02_predict, lambda form: form([0.22])),
        (exercises.check_02_explore, lambda form: form(BENT)),
        (exercises.check_05_explore, lambda form: form([0.02, 7.0])),
        (exercises.check_08_explore, lambda form: form([0.9, 0.465])),
    ],
)
def test_numbers_may_be_in_a_list_an_array_or_a_tensor(check, answer, form):
    assert check(answer(form)).passed


@pytest.mark.parametrize("number", [5, np.int64(5), np.array(5.0), with_gradient(5)])
def test_one_number_needs_no_list(number):
    assert exercises.check_00_predict(number).passed


def test_a_function_may_compute_with_lists_or_with_tensors_that_need_a_gradient():
    for form in (np.ndarray.tolist, torch.tensor, lambda x: torch.nn.Parameter(torch.tensor(x))):
        verdict = exercises.check_02_compute(
            lambda p, q, form=form: form(np.asarray(rel_entr(p, q).sum(-1)))
        )
        assert verdict.passed, form


def test_an_answer_that_changes_its_inputs_spoils_nothing():
    def spoils(w, A, clip):
        slope = np.where(np.where(A > 0, w < 1 + clip, w > 1 - clip), A, 0)
        w *= 0
        A *= 0
        return slope

    assert exercises.check_07_compute(spoils).passed


@pytest.mark.parametrize(("relative", "passes"), [(1e-6, True), (1e-4, False)])
def test_answers_may_be_off_by_the_rounding_of_float32_and_no_more(relative, passes):
    def off(p, q):
        return (1 + relative) * rel_entr(p, q).sum(-1)

    assert exercises.check_02_compute(off).passed == passes
    assert exercises.check_00_predict(5 * (1 + relative)).passed == passes


def test_a_number_near_zero_may_be_off_by_float32s_rounding():
    assert same(np.array(5e-8), np.array(0.0))
    assert not same(np.array(5e-7), np.array(0.0))


def test_another_number_of_numbers_is_told():
    with pytest.raises(WrongAnswer, match="2 numbers are asked for, yours has 3"):
        numbers([1, 2, 3], 2)


@pytest.mark.parametrize(
    ("case", "given", "right", "said"),
    [
        (([0.123456], "text"), 3, 2.0, "for x = [0.1235] yours gives 3, not 2."),
        ((np.zeros(20), len), 3, 2, f"for x = [{'0., ' * 19}0.] yours gives 3, not 2."),
        ((np.zeros(21), 7), 3, 2, "for y = 7 yours gives 3, not 2."),
        ((1, 2.5), [5e-8, 1], [0, 0], "for x = 1, y = 2.5 yours gives 1 at index [1], not 0."),
        ((1, 2), [True, True], [True, False], "yours gives True at index [1], not False."),
        ((1, 2), [1, 2, 3], [1, 2], "the shape must be [2], yours is [3]."),
    ],
)
def test_an_unknown_mistake_is_shown_with_its_short_inputs_and_the_first_wrong_number(
    case, given, right, said
):
    verdict = judge(lambda x, y: given, [case], lambda x, y: right, {}, "")
    assert not verdict.passed
    assert verdict.message.endswith(said)
    assert verdict.message.startswith(("for ", "the shape"))


@pytest.mark.parametrize(
    ("mistaken", "said"),
    [
        (lambda *_: 1 / 0, "your answer raised ZeroDivisionError: division by zero"),
        (lambda *_: compile("1 +", "answer", "eval"), "your answer raised SyntaxError: invalid"),
    ],
)
def test_an_error_in_an_answer_is_named_with_its_kind(mistaken, said):
    assert exercises.check_02_compute(mistaken).message.startswith(said)


@pytest.mark.parametrize(
    ("check", "answer", "said"),
    [
        (exercises.check_00_predict, ..., "replace the ... by your answer."),
        (exercises.check_00_predict, None, "real numbers are asked for, yours is None."),
        (exercises.check_00_predict, 1j, "real numbers are asked for, yours is 1j."),
        (exercises.check_00_predict, [1, 2], "one number is asked for, yours has 2."),
        (exercises.check_05_explore, [1, 2, 3], "2 numbers are asked for, yours has 3."),
        (exercises.check_01_explore, ([-6.0, 0.0], [1.0, np.nan, 0.0]), "rewards must be finite."),
        (exercises.check_01_explore, ([-3.5, 0.0], [1.0, 0.0, 0.0]), "for no rewards is it enough"),
        (exercises.check_01_explore, ([-5.0, 0.0], [1.0, 0.0, 0.0]), "change the rewards"),
        (exercises.check_02_explore, [[0.2, 0.3, 0.5]] * 3, "direct / detour = 0.00."),
    ],
)
def test_a_wrong_answer_is_told_what_is_wrong_with_it(check, answer, said):
    assert said in str(check(answer))


def test_check_05_has_the_lessons_own_batch_and_records_it_once(monkeypatch):
    lesson = TrainConfig(seed=1, dtype="float64", max_iterations=8, target_return=None)
    tried = []

    def spy(config):
        tried.append(config)
        return Trainer(replace(config, max_iterations=1))

    monkeypatch.setattr(lesson_05, "Trainer", spy)
    lesson_05._recorded_update.cache_clear()
    exercises.check_05_explore((0.03, 8))
    exercises.check_05_explore((0.05, 7))
    lesson_05._recorded_update.cache_clear()
    assert tried == [lesson]


def in_place_of_a_trainer(config, records):
    """Makes trainings that take the settings and give what records(seed, algorithm) says."""

    class Training(nullcontext):
        def __init__(self, given, algorithm):
            assert given == replace(config, seed=given.seed)
            super().__init__(records(given.seed, algorithm))

    return Training


@pytest.mark.parametrize(
    ("of_the_small", "of_the_large", "said"),
    [
        ((119.9, 300, 20), (20, 119.9, 300), "Yes"),
        ((120, 300, 20), (20, 20, 20), "Not yet: δ = 0.0004 still learns: it is not too small."),
        ((20, 20, 20), (300, 20, 120), "Not yet: δ = 2 still learns: it is not too large."),
    ],
)
def test_check_06_lets_bounds_be_5000_fold_apart_and_hold_back_two_seeds_of_three(
    of_the_small, of_the_large, said, monkeypatch
):
    returns = {0.0004: of_the_small, 2.0: of_the_large}
    training = in_place_of_a_trainer(
        TrainConfig(max_iterations=20, target_return=None),
        lambda seed, algorithm: [
            SimpleNamespace(mean_return=value)
            for value in (0, 500, returns[algorithm.config.max_kl][seed])
        ],
    )
    monkeypatch.setattr(lesson_06, "Trainer", training)
    assert str(exercises.check_06_explore((0.0004, 2.0))).startswith(said)


@pytest.mark.parametrize(
    ("largest", "said"),
    [
        ((1.01, 3, 2), "Yes"),
        ((3, 1, 2), "Not yet: the largest KLs of the three seeds are 3, 1, 2: try a larger rate."),
    ],
)
def test_check_07_asks_for_an_update_of_kl_above_1_in_each_seed(largest, said, monkeypatch):
    training = in_place_of_a_trainer(
        TrainConfig(max_iterations=5, target_return=None),
        lambda seed, algorithm: [
            SimpleNamespace(report=SimpleNamespace(kl=value if algorithm.lr == 0.5 else 0))
            for value in (0.1, largest[seed], 0.2)
        ],
    )
    monkeypatch.setattr(lesson_07, "Trainer", training)
    assert str(exercises.check_07_explore(0.5)).startswith(said)


@pytest.mark.parametrize(
    ("firsts", "passes"),
    [((8, 8, 9), False), ((8, 8, 10), True), ((12, 12, 13), True), ((12, 13, 13), False)],
)
def test_check_00_asks_for_8_5_to_12_5_updates_in_the_mean_of_three_seeds(
    monkeypatch, firsts, passes
):
    asked = []

    def scores(policy, env_id, episodes, seed, generator):
        asked.append((env_id, episodes, generator.initial_seed()))
        number = sum(row[2] == asked[-1][2] for row in asked)
        return np.full(100, 100.0 if number == firsts[asked[-1][2]] else 99.9)

    monkeypatch.setattr(lesson_00, "evaluate", scores)
    assert exercises.check_00_explore(0.0025).passed == passes
    assert set(asked) == {("CartPole-v1", 100, seed) for seed in range(3)}
    assert len(asked) == sum(firsts)


def test_a_verdict_cannot_be_changed():
    verdict = exercises.check_00_predict(7)
    with pytest.raises(FrozenInstanceError):
        verdict.passed = True


def test_a_console_without_greek_letters_shows_a_verdict(monkeypatch):
    console = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", console)
    verdict = exercises.check_01_predict(0.2)
    print(verdict)
    console.flush()
    shown = console.buffer.getvalue().decode("cp1252")
    assert r"0.2 is \N{GREEK SMALL LETTER KAPPA}; what" in shown
    monkeypatch.setattr(sys, "stdout", io.StringIO())  # which has no encoding
    assert "0.2 is κ" in repr(verdict)


@pytest.mark.parametrize(("check", "answer"), RIGHT)
def test_right_answers_pass(check, answer):
    verdict = check(answer)
    assert verdict.passed, verdict
    assert re.fullmatch(r"Yes: .{20,}\.", repr(verdict))  # a sentence says why


@pytest.mark.parametrize(("check", "answer", "named"), WRONG)
def test_wrong_answers_are_named(check, answer, named):
    verdict = check(answer)
    assert not verdict.passed
    assert re.search(named, verdict.message), verdict

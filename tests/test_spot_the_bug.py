"""Lesson 09's defects: each fails its named test in the library's place, and its fix passes it.

The defect is a cell of the lesson with the tag `bug-NN`; the fix is the diff in the cell `fix-NN`,
applied to it. So what the reader sees is what runs here.
"""

import ast
import importlib
import re

import jupytext
import pytest
import student
from mutants import ROOT, run_tests, source_of

SOURCE = ROOT / "notebooks" / "src" / "09_spot_the_bug.md"
# Which function of the library the cell stands for, and the test that notices.
DEFECTS = {
    1: ("surrogate", "surrogate", "surrogate_of_a_categorical_equals_a_plain_loop"),
    2: (
        "divergence",
        "mean_kl",
        "mean_kl_of_categoricals_takes_its_expectation_under_the_old_policy",
    ),
    3: ("advantage", "gae", "truncation_bootstraps_but_termination_does_not"),
    4: ("trpo", "trpo_step", "an_accepted_step_gains_and_stays_in_the_trust_region"),
    5: ("training", "Trainer.play", "environments_are_seeded_once_and_not_at_each_episode"),
    6: ("training", "Trainer._iterate", "the_critic_is_fitted_after_the_advantages_and_the_policy"),
    7: ("solvers", "conjugate_gradient", "a_zero_right_hand_side_gives_zero_without_a_product"),
    8: ("advantage", "gae", "gae_equals_the_double_sum_of_td_errors_under_any_masks"),
    9: ("training", "Trainer._fit_critic", "the_critic_learns_to_tell_states_apart"),
    10: ("batch", "make_batch", "a_batch_holds_the_known_advantages_of_the_real_transitions"),
    11: ("solvers", "conjugate_gradient", "every_iterate_equals_scipys"),
    12: (
        "fisher",
        "fisher_vector_product",
        "the_matrix_is_symmetric_and_has_no_negative_eigenvalue",
    ),
}
FILES = {10: "advantage"}  # whose test is not in the module's own file


def checker():
    """The module of the checker: imported late, or the processes below had the library already."""
    return importlib.import_module("trpo_lib.exercises.lesson_09")


COMMON = {"break", "with torch.no_grad():"}  # lines that say nothing by themselves
every_defect = pytest.mark.parametrize("number", DEFECTS)


def tagged(tag):
    """The source of the one cell that has the tag."""
    (cell,) = (c for c in jupytext.read(SOURCE).cells if tag in c.metadata.get("tags", []))
    return cell.source


def hunk(number):
    """The lines of a fix's diff, with their signs."""
    (diff,) = re.findall(r"^```diff\n(.*?)^```", tagged(f"fix-{number:02d}"), re.DOTALL | re.M)
    return diff.splitlines()


def fixed(number):
    """The defect's cell after its diff."""
    before = "".join(f"{line[1:]}\n" for line in hunk(number) if line[0] in " -")
    after = "".join(f"{line[1:]}\n" for line in hunk(number) if line[0] in " +")
    cell = tagged(f"bug-{number:02d}") + "\n"
    assert cell.count(before) == 1
    return cell.replace(before, after)


def in_place_of(module, name, cell):
    """A module's source with a cell's function in place of its own, under that one's name."""
    body = ast.parse(source_of(module)).body
    *outer, own = name.split(".")
    for part in outer:
        body = next(n for n in body if isinstance(n, ast.ClassDef) and n.name == part).body
    node = next(n for n in body if isinstance(n, ast.FunctionDef) and n.name == own)
    renamed = re.sub(r"^def \w+\(", f"def {own}(", cell, count=1)
    lines = source_of(module).splitlines()
    indented = [" " * node.col_offset + line for line in renamed.splitlines()]
    lines[node.lineno - 1 : node.end_lineno] = indented
    return "\n".join(lines) + "\n"


def run_named_test(number, cell):
    """Whether the defect's test passes when the cell stands in the library's place."""
    module, name, test = DEFECTS[number]
    path = f"tests/test_{FILES.get(number, module)}.py::test_{test}"
    status, said = run_tests([path], module, in_place_of(module, name, cell))
    assert status in (0, 1), said  # 1: a test failed; others: it could not be run
    return status == 0, said


@every_defect
def test_the_named_test_fails_with_the_defect_and_passes_with_its_fix(number):
    passed, said = run_named_test(number, tagged(f"bug-{number:02d}"))
    assert not passed, said
    passed, said = run_named_test(number, fixed(number))
    assert passed, said


@every_defect
def test_the_answer_names_its_test_and_the_checker_knows_the_lines_that_the_diff_changes(number):
    assert f"`test_{DEFECTS[number][2]}`" in tagged(f"fix-{number:02d}")
    cell = tagged(f"bug-{number:02d}").splitlines()
    before = [line for line in hunk(number) if line[0] in " -"]
    first = ("\n".join(cell) + "\n").index("".join(f"{line[1:]}\n" for line in before))
    start = "\n".join(cell)[:first].count("\n") + 1
    changed = {start + k for k, line in enumerate(before) if line[0] == "-"}
    lines, _ = checker()._SPOTS[number]
    assert changed <= lines
    # Three share a mistake at most. Number 7 lacks a way out of its loop, which may stand in more
    # places: at its head, before the division, and at its end.
    assert len(lines) <= (5 if number == 7 else 3)
    assert len(cell) <= 15


def test_the_edition_of_the_students_gives_no_answer_away():
    cells = student.edition(jupytext.read(SOURCE), "../").cells
    tags = {tag for cell in cells for tag in cell.metadata.get("tags", [])}
    assert not any(tag.startswith("fix-") for tag in tags)
    assert {f"bug-{number:02d}" for number in DEFECTS} <= tags
    text = "\n".join(cell.source for cell in cells)
    for number in DEFECTS:
        was, now = ({x[1:] for x in hunk(number) if x[0] == sign} for sign in "-+")
        for line in {x.strip() for x in now - was} - COMMON:  # moved lines stand in the cell
            assert line not in text, line
        assert f"test_{DEFECTS[number][2]}" not in text


def test_no_hint_of_the_checker_names_a_line():
    said = checker().check_09_spot({number: 99 for number in DEFECTS}).message
    for number, (lines, hint) in checker()._SPOTS.items():
        assert hint in said
        assert not set(map(str, lines)) & set(re.findall(r"\d+", hint)), number

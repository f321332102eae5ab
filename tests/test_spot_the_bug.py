"""Lesson 09's defects: each fails its named test in the library's place, and its fix passes it.

The defect is a cell of the lesson with the tag `bug-NN`; the fix is the diff in the cell `fix-NN`,
applied to it. A function without a defect has the same tag, and passes its tests; its answer is the
cell `right-NN`. So what the reader sees is what runs here.
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
    1: ("solvers", "line_search", "line_search_takes_the_first_fraction_that_is_accepted"),
    2: ("training", "Trainer.play", "environments_are_seeded_once_and_not_at_each_episode"),
    3: ("scaling", "Standardizer.update", "mean_and_variance_are_those_of_all_the_data_together"),
    5: ("trpo", "trpo_step", "an_accepted_step_gains_and_stays_in_the_trust_region"),
    6: ("advantage", "normalize", "normalize_of_a_constant_is_zero"),
    7: (
        "fisher",
        "fisher_vector_product",
        "the_matrix_is_symmetric_and_has_no_negative_eigenvalue",
    ),
    8: ("training", "Trainer._iterate", "the_critic_is_fitted_after_the_advantages_and_the_policy"),
    11: ("advantage", "gae", "gae_equals_the_double_sum_of_td_errors_under_any_masks"),
    13: ("solvers", "conjugate_gradient", "a_zero_right_hand_side_gives_zero_without_a_product"),
    14: ("advantage", "gae", "a_record_that_stops_while_an_episode_goes_on_ends_with_the_value"),
    15: ("training", "evaluate", "evaluate_equals_single_environments_played_greedily_by_hand"),
}
# Those without a defect, and the tests that pass with them.
RIGHT = {
    4: (
        "solvers",
        "conjugate_gradient",
        [
            "test_solvers.py::test_every_iterate_equals_scipys",
            "test_solvers.py::test_residuals_are_the_true_ones_of_every_iterate",
            "test_solvers.py::test_the_tolerance_is_relative_to_b",
            "test_solvers.py::test_a_zero_right_hand_side_gives_zero_without_a_product",
            "test_solvers.py::test_it_leaves_b_as_it_was",
            "test_trpo.py::test_an_accepted_step_gains_and_stays_in_the_trust_region",
        ],
    ),
    9: (
        "divergence",
        "mean_kl",
        [
            "test_divergence.py::test_mean_kl_of_categoricals_takes_its_expectation_"
            "under_the_old_policy",
            "test_fisher.py::test_it_multiplies_with_the_hessian_of_the_kl[categorical]",
        ],
    ),
    10: (
        "batch",
        "make_batch",
        [
            "test_advantage.py::test_a_batch_holds_the_known_advantages_of_the_real_transitions",
            "test_batch.py::test_make_batch_keeps_the_real_transitions_in_order_with_their_log_probs",
            "test_batch.py::test_advantages_and_returns_are_those_of_gae_with_the_rollouts_own_masks",
            "test_batch.py::test_a_batch_is_made_of_constants",
        ],
    ),
    12: (
        "fisher",
        "fisher_vector_product",
        [
            "test_fisher.py::test_it_multiplies_with_the_hessian_of_the_kl[categorical]",
            "test_fisher.py::test_it_multiplies_with_the_expected_outer_product_of_scores"
            "[categorical]",
            "test_fisher.py::test_damping_adds_exactly_damping_times_the_vector[categorical]",
        ],
    ),
}


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


def passes(tests, module, name, cell):
    """Whether tests pass when the cell stands in the library's place, and what they said."""
    paths = [f"tests/{test}" for test in tests]
    status, said = run_tests(paths, module, in_place_of(module, name, cell))
    assert status in (0, 1), said  # 1: a test failed; others: it could not be run
    return status == 0, said


@every_defect
def test_the_named_test_fails_with_the_defect_and_passes_with_its_fix(number):
    module, name, test = DEFECTS[number]
    tests = [f"test_{module}.py::test_{test}"]
    passed, said = passes(tests, module, name, tagged(f"bug-{number:02d}"))
    assert not passed, said
    passed, said = passes(tests, module, name, fixed(number))
    assert passed, said


@pytest.mark.parametrize("number", RIGHT)
def test_a_function_without_a_defect_passes_its_tests(number):
    module, name, tests = RIGHT[number]
    passed, said = passes(tests, module, name, tagged(f"bug-{number:02d}"))
    assert passed, said
    assert "It is right." in tagged(f"right-{number:02d}")
    assert checker()._SPOTS[number][0] == set()


@every_defect
def test_the_table_names_its_test_and_the_checker_knows_the_lines_that_the_diff_changes(number):
    assert re.search(rf"^\| {number} \|.*`{DEFECTS[number][2]}`", SOURCE.read_text("utf-8"), re.M)
    cell = tagged(f"bug-{number:02d}").splitlines()
    before = [line for line in hunk(number) if line[0] in " -"]
    first = ("\n".join(cell) + "\n").index("".join(f"{line[1:]}\n" for line in before))
    start = "\n".join(cell)[:first].count("\n") + 1
    changed = {start + k for k, line in enumerate(before) if line[0] == "-"}
    lines, _ = checker()._SPOTS[number]
    assert changed <= lines
    # Of the longer ones, 8 has five lines too many, 13 lacks a way out of its loop, which may stand
    # in any line of it, and 15 may leave the later episodes out in any line of its loop.
    assert len(lines) <= {8: 5, 13: 7, 15: 9}.get(number, 3)
    assert len(cell) <= 15


def test_the_edition_of_the_students_gives_no_answer_away():
    cells = student.edition(jupytext.read(SOURCE), "../").cells
    tags = {tag for cell in cells for tag in cell.metadata.get("tags", [])}
    assert not any(tag.startswith(("fix-", "right-")) for tag in tags)
    assert {f"bug-{number:02d}" for number in DEFECTS | RIGHT} <= tags  # a tag gives nothing away
    text = "\n".join(cell.source for cell in cells)
    for number in DEFECTS:
        was, now = ({x[1:] for x in hunk(number) if x[0] == sign} for sign in "-+")
        for line in {x.strip() for x in now - was} - COMMON:  # moved lines stand in the cell
            assert line not in text, line
        assert DEFECTS[number][2] not in text


def test_no_hint_of_the_checker_names_a_line():
    said = checker().check_09_spot({number: 99 for number in checker()._SPOTS}).message
    for number, (lines, hint) in checker()._SPOTS.items():
        assert hint in said
        assert not set(map(str, lines)) & set(re.findall(r"\d+", hint)), number

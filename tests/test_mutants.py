"""What the mutation script changes, and that it tells a noticed change from an unnoticed one."""

import ast
from functools import cache

import pytest
from mutants import equivalents, source_of
from mutations import mutants


def changes(source):
    return {mutant.now for mutant in mutants("toy", source + "\n")}


@cache
def found_in(module):
    return mutants(module, source_of(module))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a + b * c", {"a - b * c", "a + b / c"}),
        (
            "x = a < b <= 1",
            {"x = a <= b <= 1", "x = a < b < 1", "x = a < b <= 2", "x = a > b <= 1"},
        ),
        ("x = a and not b", {"x = a or not b", "x = a", "x = not b", "x = a and  b"}),
        ("f(a, b, key=c)", {"f(b, a, key=c)", "f(a, b)", "pass"}),
        ("require(a=a, b=b)", {"require(b=b)", "require(a=a)", "require(mutant=a, b=b)"}),
        (
            "def f(tol=1e-6, n=2): return g(n)",
            {"def f(tol=1e-6, n=3): return g(n)", "def f(tol=1e-6, n=2): return None"},
        ),
        ("x = max(a.sum(), 0.5)", {"x = min(a.sum(), 0.5)", "x = max(a.mean(), 0.5)"}),
        (
            "x = {a: 'one', b: 'two'}",
            {"x = {b: 'two'}", "x = {a: 'one'}", "x = {a: \"mutant\", b: 'two'}"},
        ),
        ("if a: raise ValueError(f'{a}')", {"if not (a): raise ValueError(f'{a}')", "if a: pass"}),
        ("x = -μ if a else b", {"x = μ if a else b", "x = -μ if not (a) else b"}),
    ],
)
def test_a_line_is_changed_in_every_way_that_a_test_should_notice(line, expected):
    assert expected <= changes(line)


def test_docstrings_and_annotations_stay():
    assert changes('def f(a: "text" = b) -> "c":\n    """Says it."""\n    pass\n') == set()


def test_a_mutant_is_python_and_differs_from_the_source_on_its_line():
    source = source_of("solvers")
    for mutant in found_in("solvers"):
        ast.parse(mutant.source)
        before, after = source.splitlines(), mutant.source.splitlines()
        assert before[: mutant.line - 1] == after[: mutant.line - 1]
        assert before[mutant.line - 1] != after[mutant.line - 1]


@pytest.mark.parametrize("row", equivalents(), ids=lambda row: row["module"])
def test_every_mutant_that_is_listed_as_equivalent_still_exists_and_says_why(row):
    found = found_in(row["module"])
    assert any(m.was == row["was"] and row.get("now", m.now) == m.now for m in found)
    assert row["why"].endswith(".")

"""The parts of `make site`: which pages there are, where links lead, and formulas."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from shown import without_checkers
from website.figures import explorer_of, has_figure, is_live, thinned
from website.formulas import Converter
from website.sources import Edition

ROOT = Path(__file__).parents[1]
ENGLISH = Edition("en", "English", ROOT / "notebooks")
WAITING = "Not yet: replace the ... by your answer."
LIVE = list(filter(has_figure, ENGLISH.lessons))


@pytest.fixture(scope="module")
def formulas():
    converter = Converter()
    yield converter
    converter.close()


def test_a_formula_becomes_mathml(formulas):
    found = formulas.mathml(r"\frac{1}{2} d^\top F d \le \delta", display=True)
    assert found.startswith('<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">')
    assert "<mfrac><mn>1</mn><mn>2</mn></mfrac>" in found
    assert "&#x3B4;" in found or "δ" in found


def test_a_letter_in_another_style_is_the_character_that_browsers_draw(formulas):
    assert "<mi>𝔼</mi>" in formulas.mathml(r"\mathbb{E}", display=False)
    assert "<mi>ℝ</mi>" in formulas.mathml(r"\mathbb{R}", display=False)  # Unicode had it before


def test_what_is_no_tex_is_refused(formulas):
    with pytest.raises(ValueError, match=r"a formula must be TeX, got '\\\\frac\{1'"):
        formulas.mathml(r"\frac{1", display=False)


@pytest.mark.parametrize(
    ("text", "leads_to"),
    [
        ("[x](01_trust_regions.ipynb)", "[x](01_trust_regions.ipynb)"),
        ("[x](01_trust_regions.ipynb#play)", "[x](01_trust_regions.ipynb#play)"),
        ("[x](solutions/01_trust_regions.ipynb)", "[x](solutions/01_trust_regions.ipynb)"),
        ("[x](../trpo_lib/trpo.py)", "[x](code/trpo_lib.trpo.md)"),
        ("[x](../notebooks/trpo_on_one_page.py)", "[x](code/trpo_on_one_page.md)"),
        ("[x](../CITATION.cff)", "x"),
        ("[x](https://pytorch.org)", "[x](https://pytorch.org)"),
    ],
)
def test_a_lessons_link_leads_to_a_page(text, leads_to):
    lesson = ROOT / "notebooks/02_kl_divergence.ipynb"
    assert ENGLISH.relinked(text, lesson, "02_kl_divergence") == leads_to


def test_a_link_is_relative_to_the_page_that_has_it():
    solutions = ROOT / "notebooks/solutions/02_kl_divergence.ipynb"
    text = "[x](../02_kl_divergence.ipynb) [y](../../trpo_lib/fisher.py)"
    found = ENGLISH.relinked(text, solutions, "solutions/02_kl_divergence")
    assert found == "[x](../02_kl_divergence.ipynb) [y](../code/trpo_lib.fisher.md)"


@pytest.mark.parametrize("lesson", ENGLISH.lessons, ids=lambda path: path.stem)
def test_pages_leave_out_what_waits_for_an_answer_and_nothing_that_a_later_cell_needs(lesson):
    cells = nbformat.read(lesson, 4).cells
    kept = without_checkers(cells)
    left_out = [cell.source for cell in cells if cell not in kept]
    statements = [one for source in left_out for one in ast.parse(source).body]
    assert all(isinstance(one, ast.Expr) for one in statements)  # they bind no name
    assert all(WAITING in str(cell.outputs) for cell in cells if cell not in kept)
    assert not any(WAITING in str(cell.get("outputs", "")) for cell in kept)


def test_every_notebook_and_module_has_a_page():
    for path in [*ROOT.glob("notebooks/**/[0-9]*.ipynb"), *ROOT.glob("trpo_lib/**/*.py")]:
        assert path in ENGLISH.files.values()


@pytest.mark.parametrize("lesson", LIVE, ids=lambda path: path.stem)
@pytest.mark.usefixtures("left_as_it_was")
def test_the_cells_that_a_figure_needs_make_the_figure_that_the_notebook_has(lesson):
    explorer = explorer_of(lesson)
    (cell,) = (cell for cell in nbformat.read(lesson, 4).cells if is_live(cell))
    stored = cell.outputs[-1].data["text/plain"].splitlines()
    assert [masked(explorer.view.alt), masked(explorer.said)] == list(map(masked, stored))


def masked(line):
    """A line without the numbers that differ between machines."""
    return re.sub(r"≈ \S+", "≈", line)


@pytest.mark.parametrize("count", [3, 5, 8, 31])
def test_fewer_stops_keep_the_ends_and_the_start(count):
    stops = [round(0.1 * k, 1) for k in range(31)]
    for start in (0.0, 0.3, 1.7, 3.0):
        found = thinned(stops, start, count)
        assert len(found) == len(set(found)) == count
        assert found == sorted(found)
        assert {0.0, start, 3.0} <= set(found)


def test_a_second_language_has_pages_and_each_page_a_way_to_the_other(tmp_path):
    translated, both = ("10_build_your_own",), ("09_spot_the_bug", "10_build_your_own")
    for language, names in {"en": both, "zh_CN": translated}.items():
        (tmp_path / language).mkdir()
        for name in names:
            shutil.copy(ROOT / f"notebooks/{name}.ipynb", tmp_path / language)
    script = f"""
import make_site
from pathlib import Path
from website.sources import Edition
if __name__ == "__main__":
    folder = Path({str(tmp_path)!r})
    names = {{"en": "English", "zh_CN": "中文"}}
    make_site.drawing = lambda *_: []
    make_site.make(folder / "site", [Edition(code, names[code], folder / code) for code in names])
"""
    subprocess.run([sys.executable, "-c", script], cwd=ROOT / "notebooks/tools", check=True)
    pages = {
        name: (tmp_path / "site" / name).read_text(encoding="utf-8")
        for name in ("zh_CN/10_build_your_own.html", "en/10_build_your_own.html",
                     "en/09_spot_the_bug.html")
    }  # fmt: skip
    there, back, other = pages.values()
    assert 'lang="zh-CN"' in there
    assert 'href="../en/10_build_your_own.html"' in there
    assert 'href="../zh_CN/10_build_your_own.html"' in back
    assert "../zh_CN/" not in other

"""What holds for every lesson: its source, its stored outputs, its shape."""

import base64
import html
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import jupytext
import minutes
import nbformat
import pytest
import student
from jupytext.cli import jupytext as convert
from jupytext.config import load_jupytext_config
from minutes import words
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
NOTEBOOKS = ROOT / "notebooks"
SOURCES = sorted(NOTEBOOKS.glob("src/**/*.md"))
LESSONS = [source for source in SOURCES if source.parent.name == "src"]
MAX_IMAGE_BYTES = 400_000
IGNORED = "nbval-ignore-output"
REASON = re.compile(rf"<!--\s*{IGNORED}:\s*\S.*?-->", re.DOTALL)
IMAGE = re.compile(r'<img alt="([^"]*)" src="data:image/png;base64,([^"]*)" width="\d+">')
MACHINE = re.compile(
    r"0x[0-9a-fA-F]{6,}"  # an object's address
    r"|(?<![\w.:/])/(?:home|Users|root|tmp|work|usr|opt|var|mnt)/"
    r"|\b[A-Z]:\\"
)


def name(source):
    return source.relative_to(NOTEBOOKS / "src").with_suffix("").as_posix()


def built(source):
    return NOTEBOOKS / f"{name(source)}.ipynb"


def read(source):
    path = built(source)
    if not path.exists():
        pytest.fail(f"{path.relative_to(ROOT)} is missing: run `make notebooks`")
    return nbformat.read(path, as_version=4)


def cells(notebook, kind):
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def lines(cell):
    return sum(bool(line.strip()) for line in cell.source.splitlines())


def outputs(notebook):
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            yield number, output


def texts(output):
    """Every text that a stored output shows; a picture's letters are none."""
    if output.output_type == "stream":
        yield output.text
    for kind, data in output.get("data", {}).items():
        if kind.startswith("text/"):
            yield re.sub(r"(?<=;base64,)[^\"]*", "", data)


def images(notebook):
    """Number of the cell, alt text and data of every picture that a notebook stores."""
    for number, output in outputs(notebook):
        for image in re.findall(r"<img\b[^>]*>", output.get("data", {}).get("text/html", "")):
            alt, data = IMAGE.fullmatch(image).groups()
            yield number, html.unescape(alt), data


every_notebook = pytest.mark.parametrize("source", SOURCES, ids=name)
every_lesson = pytest.mark.parametrize("source", LESSONS, ids=name)


def test_the_first_lesson_and_the_main_one_exist():
    assert {"00_start_here", "06_trpo_on_cartpole"} <= set(map(name, SOURCES))


def test_every_notebook_has_a_source():
    stored = {p for p in NOTEBOOKS.glob("**/*.ipynb") if ".ipynb_checkpoints" not in p.parts}
    assert stored - set(map(built, SOURCES)) == set()


@every_notebook
def test_source_and_notebook_have_the_same_cells(source):
    def parts(notebook):
        return [(c.cell_type, c.source, sorted(c.metadata.get("tags", []))) for c in notebook.cells]

    assert parts(read(source)) == parts(jupytext.read(source, fmt="md:myst"))


@every_notebook
def test_the_command_that_makes_a_source_of_a_notebook_loses_nothing(source, tmp_path):
    target = tmp_path / source.name
    command = ["--quiet", "--to", "md:myst", "--output", str(target), str(built(source))]
    assert convert(command) == 0
    assert target.read_text(encoding="utf-8") == source.read_text(encoding="utf-8")


@every_notebook
def test_no_notebook_is_paired_with_another_file(source):
    config = load_jupytext_config(str(built(source)))
    assert not config.default_formats(str(built(source)))
    assert "jupytext" not in read(source).metadata


@every_notebook
def test_every_cell_has_run_from_top_to_bottom(source):
    counts = [cell.execution_count for cell in cells(read(source), "code")]
    assert counts == list(range(1, len(counts) + 1))


@every_notebook
def test_no_error_and_nothing_on_stderr_is_stored(source):
    for number, output in outputs(read(source)):
        assert output.output_type != "error", f"cell {number}"
        assert output.get("name") != "stderr", f"cell {number}: {output.text}"


@every_notebook
def test_no_widget_state_is_stored(source):
    assert "widgets" not in read(source).metadata


@every_notebook
def test_no_stored_output_names_a_path_or_an_address(source):
    for number, output in outputs(read(source)):
        for text in texts(output):
            assert not MACHINE.search(text), f"cell {number}: {MACHINE.search(text)}"


@every_notebook
def test_no_picture_is_stored_in_a_form_that_has_no_alt_text(source):
    for number, output in outputs(read(source)):
        kinds = [kind for kind in output.get("data", {}) if kind.startswith("image/")]
        assert kinds == [], f"cell {number}"


@every_notebook
def test_every_picture_has_an_alt_text_and_is_small(source):
    for number, alt, data in images(read(source)):
        assert alt.strip(), f"cell {number}: no alt text"
        assert len(base64.b64decode(data)) <= MAX_IMAGE_BYTES, f"cell {number}"


@every_lesson
def test_code_cells_are_short(source):
    code = cells(jupytext.read(source), "code")
    assert statistics.median(map(lines, code)) <= 5
    assert [cell.source for cell in code if lines(cell) > 15] == []


@every_lesson
def test_a_lesson_goes_in_small_steps(source):
    prose = [words(cell.source) for cell in cells(jupytext.read(source), "markdown")]
    assert statistics.median(prose) <= 60
    assert max(prose) <= 100
    assert sum(prose) <= 2200


@every_lesson
def test_a_prediction_is_answered_by_a_cell_that_can_be_folded(source):
    asked = False
    for cell in jupytext.read(source).cells:
        if cell.cell_type == "code" and "predict" in cell.metadata.get("tags", []):
            assert asked, f"nobody was asked before:\n{cell.source}"
            asked = False
        elif "> **Predict.**" in cell.source:
            assert not asked, f"no answer before:\n{cell.source}"
            asked = True
    assert not asked


@every_lesson
def test_a_lesson_prints_numbers_and_hardly_ever_true_or_false(source):
    printed = [text for _, output in outputs(read(source)) for text in texts(output)]
    assert sum(len(re.findall(r"\b(?:True|False)\b", text)) for text in printed) <= 2


@every_lesson
def test_a_lesson_says_how_long_it_takes(source):
    prose = "\n".join(cell.source for cell in cells(jupytext.read(source), "markdown"))
    assert minutes.ESTIMATE.findall(prose) == [minutes.estimate(jupytext.read(source))]


@every_lesson
def test_a_student_gets_the_lesson_without_outputs_and_answers_and_with_blanks(source):
    whole, cut = jupytext.read(source).cells, student.edition(jupytext.read(source), "../")
    asked = [cell for cell in whole if "answer" not in cell.metadata.get("tags", [])]
    blanks = 0
    for ours, theirs in zip(asked, cut.cells, strict=True):
        assert not theirs.get("outputs")
        if "core" in ours.metadata.get("tags", []):
            blanks += 1
            before, after = theirs.source.split(f"    {student.BLANK}")
            assert ours.source.startswith(before)
            assert ours.source.endswith(after)
            assert "exercises.check_" in after
            assert len(ours.source) > len(before) + len(after) + 8
        elif ours.cell_type == "code":
            assert theirs.source == ours.source
    assert blanks == (5 if source.name.startswith("10") else 1)
    assert "solutions/" not in "".join(cell.source for cell in cut.cells)


@pytest.fixture
def edition(tmp_path, monkeypatch):
    """A student edition, just made, of a copy of the lessons."""
    monkeypatch.setattr(student, "NOTEBOOKS", tmp_path / "notebooks")
    shutil.copytree(NOTEBOOKS, tmp_path / "notebooks")
    student.make(folder := tmp_path / "build" / "student")
    return folder


def test_the_student_edition_is_made_in_a_folder_of_its_own(edition, tmp_path):
    assert {path.stem for path in edition.glob("*.ipynb")} == {source.stem for source in LESSONS}
    for path in edition.glob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        assert not any(cell.outputs or cell.execution_count for cell in cells(notebook, "code"))
        for cell in cells(notebook, "markdown"):
            for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", cell.source):
                at = (edition / link).resolve()
                inside = at.relative_to(tmp_path)
                assert at.exists() or (ROOT / inside).exists(), f"{path.name}: {link}"


def test_what_a_student_has_written_survives_a_new_edition(edition, tmp_path, capsys):
    written, lesson = edition / LESSONS[0].with_suffix(".ipynb").name, tmp_path / "notebooks"
    mine = written.read_text(encoding="utf-8").replace(student.BLANK, "return 1  # mine")
    written.write_text(mine, encoding="utf-8")
    (lesson / "glossary.md").write_text("new", encoding="utf-8")
    changed = lesson / written.name
    text = changed.read_text(encoding="utf-8").replace("# 00", "# New 00")
    changed.write_text(text, encoding="utf-8")
    student.make(edition)
    assert written.read_text(encoding="utf-8") == mine
    assert "# New 00" in written.with_stem(f"{written.stem}_v2").read_text(encoding="utf-8")
    assert (edition / "glossary.md").read_text(encoding="utf-8") == "new"
    assert "Your copy stays as it is" in capsys.readouterr().out


@every_lesson
def test_few_outputs_are_ignored_and_each_says_why(source):
    prose, ignored = "", 0
    notebook = jupytext.read(source)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            prose = cell.source
        elif IGNORED in cell.metadata.get("tags", []):
            ignored += 1
            assert REASON.search(prose), f"no reason before:\n{cell.source}"
    assert ignored <= len(cells(notebook, "code")) / 5


@pytest.mark.parametrize("source", [s for s in LESSONS if not s.name.startswith("00")], ids=name)
def test_a_lesson_ends_with_summary_and_references(source):
    prose = "\n".join(cell.source for cell in cells(jupytext.read(source), "markdown"))
    headings = re.findall(r"^#+ (.*)", prose, flags=re.MULTILINE)
    for heading in ("Summary", "References"):
        assert any(heading in line for line in headings)


NOISY = """
from IPython.display import HTML, display
import random
display(HTML(f'<img alt="A dot." src="data:image/png;base64,{random.random()}" width="640">'))
print(f"≈ {random.random():.3f} of 3, ≈{random.randint(1000, 9999):,}")
print(f"≈ -1e-{random.randint(1, 9)}")
"""


@pytest.mark.parametrize(
    ("was", "is_now", "outcome"),
    [("3, ≈", "3, ≈", "1 passed"), ("3, ≈", "4, ≈", "1 failed"), ("A dot", "No dot", "1 failed")],
)
def test_nbval_compares_all_but_pixels_and_approximate_numbers(tmp_path, was, is_now, outcome):
    shutil.copy(NOTEBOOKS / "conftest.py", tmp_path)
    shutil.copy(NOTEBOOKS / "nbval.cfg", tmp_path)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(NOISY)])
    NotebookClient(notebook, kernel_name="python3").execute()
    notebook.cells[0].source = NOISY.replace(was, is_now)
    nbformat.write(notebook, tmp_path / "noisy.ipynb")
    options = [
        "--nbval",
        "--nbval-current-env",
        "-p",
        "no:cacheprovider",
        "--override-ini=addopts=",
    ]
    command = [sys.executable, "-m", "pytest", *options, str(tmp_path / "noisy.ipynb")]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert outcome in result.stdout, result.stdout + result.stderr

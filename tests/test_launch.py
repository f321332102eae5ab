"""What `make lab` does to a reader's files, and what the set-up says."""

import ast
import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import lab
import pytest
import set_up

ROOT = Path(__file__).parents[1]
NAME = "02_kl_divergence.ipynb"


def write(path, *sources, outputs=()):
    """A notebook of these cells of code, the first one with these outputs."""
    cells = [{"cell_type": "code", "source": [source], "outputs": []} for source in sources]
    cells[0]["outputs"] = list(outputs)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}), encoding="utf-8")


def sources(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells]


def git(folder, *arguments):
    command = ["git", "-C", folder, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Course:
    """A teacher's repository of one lesson, and a student's clone of it."""

    def __init__(self, folder):
        self.teacher, self.student = folder / "teacher", folder / "the student's 课程"
        git(folder, "init", "--quiet", self.teacher)
        shutil.copy(ROOT / ".gitignore", self.teacher)
        self.publish("question", "exercise")
        git(folder, "clone", "--quiet", self.teacher, self.student)
        self.copies = self.student / "my_lessons"
        self.copy = self.copies / NAME

    def publish(self, *sources, outputs=()):
        write(self.teacher / "notebooks" / NAME, *sources, outputs=outputs)
        git(self.teacher, "add", "--all")
        git(self.teacher, "commit", "--quiet", "--message", "A lesson")

    def pull(self):
        git(self.student, "pull", "--quiet", "--ff-only")

    def start(self):
        """What `make lab` does before it starts its server; no tracked file may change."""
        lab.update(self.copies, self.student / "notebooks")
        assert git(self.student, "status", "--porcelain") == ""


@pytest.fixture
def course(tmp_path, monkeypatch):
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "A teacher")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "teacher@example.org")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    course = Course(tmp_path)
    course.start()
    return course


def test_a_student_starts_with_a_copy_of_each_lesson(course):
    assert sources(course.copy) == ["question", "exercise"]


def test_running_a_lesson_and_answering_it_changes_no_tracked_file(course):
    write(course.copy, "question", "answer", outputs=["a picture"])
    course.start()
    assert sources(course.copy) == ["question", "answer"]


def test_outputs_stay_until_the_lesson_changes(course):
    write(course.copy, "question", "exercise", "", outputs=["my run"])  # Lab adds an empty cell
    course.start()
    assert "my run" in course.copy.read_text(encoding="utf-8")
    course.publish("question", "exercise", outputs=["a new picture"])
    course.pull()
    course.start()
    assert "a new picture" in course.copy.read_text(encoding="utf-8")
    assert list(course.copies.glob("*.ipynb")) == [course.copy]


def test_answers_survive_the_pull_of_new_outputs_and_touched_and_reset_files(course):
    write(course.copy, "question", "answer")
    course.publish("question", "exercise", outputs=["a new picture"])
    course.pull()
    (course.student / "notebooks" / NAME).touch()
    git(course.student, "checkout", "notebooks")
    course.start()
    assert sources(course.copy) == ["question", "answer"]


def test_a_changed_lesson_is_laid_beside_the_answers_and_one_line_says_so(course, capsys):
    write(course.copy, "question", "answer")
    for lesson in ("a better question", "the best question"):
        course.publish(lesson, "exercise")
        course.pull()
        course.start()
        said = capsys.readouterr().out
        assert said.count("\n") == 1
        assert "02_kl_divergence_v2.ipynb" in said
        course.start()
        assert capsys.readouterr().out == ""
    assert sources(course.copy) == ["question", "answer"]
    assert sources(course.copies / "02_kl_divergence_v2.ipynb") == ["the best question", "exercise"]


def test_answers_in_the_lesson_laid_beside_survive_too(course):
    beside = course.copies / "02_kl_divergence_v2.ipynb"
    write(course.copy, "question", "answer")
    course.publish("a better question", "exercise")
    course.pull()
    course.start()
    write(beside, "a better question", "a better answer")
    course.publish("the best question", "exercise")
    course.pull()
    course.start()
    assert sources(course.copy) == ["question", "answer"]
    assert sources(beside) == ["a better question", "a better answer"]
    third = course.copies / "02_kl_divergence_v3.ipynb"
    assert sources(third) == ["the best question", "exercise"]


def test_a_lesson_that_nobody_changed_is_renewed(course):
    course.publish("a better question", "exercise")
    course.pull()
    course.start()
    assert sources(course.copy) == ["a better question", "exercise"]


def test_a_deleted_copy_comes_back(course):
    course.copy.unlink()
    course.start()
    assert sources(course.copy) == ["question", "exercise"]


def test_a_renamed_lesson_leaves_only_changed_copies_behind(course):
    def rename(old, new):
        git(course.teacher, "mv", f"notebooks/{old}", f"notebooks/{new}")
        git(course.teacher, "commit", "--quiet", "--message", "A number")
        course.pull()
        course.start()

    rename(NAME, "03.ipynb")
    assert [path.name for path in course.copies.glob("*.ipynb")] == ["03.ipynb"]
    write(course.copies / "03.ipynb", "question", "answer")
    rename("03.ipynb", "04.ipynb")
    assert sources(course.copies / "03.ipynb") == ["question", "answer"]
    assert sources(course.copies / "04.ipynb") == ["question", "exercise"]


@pytest.mark.parametrize("broken", ["", "<<<<<<< HEAD", "[]", '{"cells": [{}]}'])
def test_what_is_no_notebook_is_kept_as_it_is(course, broken):
    course.copy.write_text(broken)
    course.publish("a better question", "exercise")
    course.pull()
    course.start()
    assert course.copy.read_text() == broken


def test_any_other_file_is_kept_once_a_byte_of_it_has_changed(tmp_path):
    lesson, copy = tmp_path / "notebooks/glossary.md", tmp_path / "my_lessons/glossary.md"
    lesson.parent.mkdir()
    lesson.write_text("KL")
    lab.update(copy.parent, lesson.parent)
    copy.write_text("KL (my note)")
    lesson.write_text("KL divergence")
    lab.update(copy.parent, lesson.parent)
    assert copy.read_text() == "KL (my note)"
    assert (copy.parent / "glossary_v2.md").read_text() == "KL divergence"


def test_a_copy_stands_as_deep_as_its_lesson_so_that_links_lead_where_they_did():
    assert {pattern.split("/")[0] for pattern in lab.LESSONS} & {"src", "tools"} == set()
    (url,) = (option for option in lab.OPTIONS if "default_url" in option)
    assert url.endswith("/my_lessons/00_start_here.ipynb")
    assert "my_lessons/" in (ROOT / ".gitignore").read_text().splitlines()


def test_root_may_start_it_and_nobody_may_reach_it_from_elsewhere(monkeypatch):
    for user, expected in [(0, True), (1000, False)]:
        monkeypatch.setattr("os.geteuid", lambda user=user: user)
        assert ("--allow-root" in lab.options()) is expected
        assert "--ServerApp.ip=localhost" in lab.options()


def test_only_this_codespace_may_connect(monkeypatch):
    monkeypatch.setenv("CODESPACE_NAME", "fluffy-lamp-7x")
    monkeypatch.setenv("GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN", "app.github.dev")
    pattern = lab.options()[-1].split("=", 1)[1]
    assert re.match(pattern, "https://fluffy-lamp-7x-8888.app.github.dev")
    assert not re.match(pattern, "https://other-lamp-8888.app.github.dev")


class Pip:
    """Stands in for each process that the set-up starts; torch has the requirements it is given."""

    def __init__(self, *of_torch, version_status=0):
        self.commands, self.of_torch, self.version_status = [], of_torch, version_status

    def __call__(self, command, **options):
        self.commands.append(" ".join(command[1:]))
        report = {"install": [{"metadata": {"requires_dist": list(self.of_torch)}}]}
        status = self.version_status if "--version" in command else 0
        return subprocess.CompletedProcess(command, status, stdout=json.dumps(report))


@pytest.fixture
def set_up_with(tmp_path, monkeypatch, capsys):
    """Runs the set-up of a folder in which a virtual environment is -> what it said."""
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.touch()
    for name, value in {"ROOT": tmp_path, "VENV": tmp_path / ".venv", "PYTHON": python}.items():
        monkeypatch.setattr(set_up, name, value)
    monkeypatch.setattr("sys.platform", "linux")

    def set_up_with(pip):
        monkeypatch.setattr("subprocess.run", pip)
        set_up.main("lessons")
        return capsys.readouterr().out

    return set_up_with


def test_the_second_start_says_nothing_and_calls_nothing(set_up_with, tmp_path):
    assert "0.4 GB to download" in set_up_with(first := Pip())
    assert first.commands[-1].startswith("-m pip install --constraint")
    assert set_up_with(second := Pip()) == ""
    assert second.commands == []
    (tmp_path / "pyproject.toml").touch()
    assert set_up_with(third := Pip()) == ""
    assert third.commands == []


def test_a_changed_requirement_and_a_moved_folder_are_set_up_anew(set_up_with, tmp_path):
    set_up_with(Pip())
    with (tmp_path / "constraints.txt").open("a") as file:
        file.write("one-more==1.0\n")
    assert "Setting up" in set_up_with(Pip())
    (tmp_path / ".venv/lessons.done").write_text("elsewhere")
    assert "Setting up" in set_up_with(Pip())


def test_a_virtual_environment_without_pip_is_made_anew(set_up_with):
    set_up_with(pip := Pip(version_status=1))
    assert any(command.startswith("-m venv --clear") for command in pip.commands)


def test_an_interrupted_start_is_taken_up_again(set_up_with, tmp_path):
    def interrupt(command, **options):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        set_up_with(interrupt)
    assert not (tmp_path / ".venv/lessons.done").exists()
    assert "The set-up is done." in set_up_with(Pip())


@pytest.mark.parametrize(
    ("requirement", "large"),
    [('nvidia-cudnn-cu13==9.20.0.48; platform_system == "Linux"', True), ("sympy>=1.13.3", False)],
)
def test_gigabytes_are_announced_before_they_are_fetched(set_up_with, requirement, large):
    said = set_up_with(Pip("filelock", requirement))
    assert ("3 GB more to download" in said) is large
    assert said.index("Step 1") < said.find("3 GB more") < said.index("Step 2") or not large


def test_versions_are_not_fixed_for_a_python_that_is_newer_than_they_are(monkeypatch):
    assert set_up.pins()[0] == "--constraint"
    monkeypatch.setattr("sys.version_info", (3, 15, 0))
    assert set_up.pins() == []


def test_a_python_that_is_too_old_can_read_the_set_up_and_is_told(monkeypatch):
    ast.parse(Path(set_up.__file__).read_text(encoding="utf-8"), feature_version=(3, 7))
    monkeypatch.setattr("sys.version_info", (3, 9, 18))
    with pytest.raises(SystemExit, match=r"is Python 3\.9; the lessons need 3\.11 or newer"):
        set_up.refuse_what_cannot_work()


def test_debian_without_its_package_for_virtual_environments_is_told(monkeypatch):
    monkeypatch.setattr("set_up.find_spec", lambda name: None)
    with pytest.raises(SystemExit, match=r"sudo apt-get install python3\.\d+-venv"):
        set_up.refuse_what_cannot_work()


def test_the_set_up_knows_the_extras_and_the_oldest_python_of_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == f">={'.'.join(map(str, set_up.OLDEST))}"
    assert set_up.DOWNLOAD.keys() == set_up.DISK.keys() <= project["optional-dependencies"].keys()

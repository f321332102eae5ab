"""`make lab`'s script in a process of its own, by the user who runs the tests."""

import json
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from servers import end, free_port, private, wait_for

ROOT = Path(__file__).parents[2]
LESSON = "00_start_here.ipynb"
TOKEN = "a-token"  # whoever shows it in a header needs no cookie to save


@pytest.fixture
def course(tmp_path):
    """A folder with one lesson and the script that opens it."""
    course = tmp_path / "the course 课程"
    (course / "notebooks/tools").mkdir(parents=True)
    shutil.copy(ROOT / "notebooks" / LESSON, course / "notebooks")
    shutil.copy(ROOT / "notebooks/tools/lab.py", course / "notebooks/tools")
    return course


@pytest.fixture
def url(course, tmp_path):
    port = free_port()
    options = ["--no-browser", f"--port={port}", f"--IdentityProvider.token={TOKEN}"]
    command = [sys.executable, course / "notebooks/tools/lab.py", *options]
    with (
        (tmp_path / "log.txt").open("w") as log,
        subprocess.Popen(command, env=private(tmp_path), stdout=log, stderr=log) as process,
    ):
        try:
            wait_for(url := f"http://127.0.0.1:{port}", process, tmp_path)
            yield url
        finally:
            end(process)


def ask(url, **notebook):
    """What the server answers; a notebook is saved."""
    data = json.dumps(notebook).encode() if notebook else None
    who = {"Authorization": f"token {TOKEN}"}
    request = urllib.request.Request(url, data, who, method="PUT" if notebook else "GET")
    with urllib.request.urlopen(request, timeout=400) as answer:
        return answer.read().decode()


def test_lab_opens_on_lesson_00_without_a_question_and_saves_no_second_file(course, url):
    page = ask(url)  # where / leads to
    assert LESSON in page
    assert '"news": {"disabled": true}' in page
    address = f"{url}/api/contents/my_lessons/{LESSON}"
    content = json.loads(ask(address))["content"]
    content["cells"][0]["source"] = "my answer"
    ask(address, type="notebook", content=content)
    assert "my answer" in (course / "my_lessons" / LESSON).read_text(encoding="utf-8")
    assert (course / "notebooks" / LESSON).read_bytes() == (
        ROOT / "notebooks" / LESSON
    ).read_bytes()
    assert [path.name for path in course.rglob("*.md")] == []

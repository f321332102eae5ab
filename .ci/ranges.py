"""Tests at one end of the ranges in pyproject.toml: `python .ci/ranges.py oldest` (or `newest`).

Installs the lower ends on the oldest Python that is here, or the newest of everything on the
newest one, below `build/`, and runs there the unit tests and lessons 02 to 04.
"""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = [f"python3.{minor}" for minor in range(11, 30)]
OF_THE_REPOSITORY = ("browser", "test_house.py", "test_launch.py", "test_notebooks.py")


def lower_ends() -> list[str]:
    """The lowest version of each requirement, as pip's constraints: `numpy==2.0`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ranges = sum(project["optional-dependencies"].values(), project["dependencies"])
    return [re.sub(r"\[.*\]", "", r).replace(">=", "==") for r in ranges if ">=" in r]


def runs(python: str) -> bool:
    """Whether it is here; what a version manager puts on the PATH need not be."""
    return bool(shutil.which(python)) and not subprocess.run([python, "-c", ""]).returncode


def main(end: str) -> None:
    """Makes the environment and runs the tests."""
    venv, constraints = ROOT / "build" / end, ROOT / "build" / f"{end}.txt"
    python = next(filter(runs, PYTHONS if end == "oldest" else reversed(PYTHONS)))
    run(python, "-m", "venv", "--clear", venv)
    constraints.write_text("\n".join(lower_ends() if end == "oldest" else []), encoding="utf-8")
    run(venv / "bin/pip", "install", "--constraint", constraints, "--editable", ".[dev]")
    ignored = (f"--ignore=tests/{name}" for name in OF_THE_REPOSITORY)
    run(venv / "bin/pytest", "tests", *ignored, "-n", "2")
    lessons = sorted((ROOT / "notebooks").glob("0[234]_*.ipynb"))
    run(venv / "bin/pytest", "--nbval", "--nbval-current-env", *lessons)


def run(*command: str | Path) -> None:
    """Runs a command in the repository; ends with its status where it fails."""
    print("$", *command, flush=True)
    if status := subprocess.run(command, cwd=ROOT).returncode:
        sys.exit(status)


if __name__ == "__main__":
    main(sys.argv[1])

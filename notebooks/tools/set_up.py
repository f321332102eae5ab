"""Sets up .venv, once: `python3 notebooks/tools/set_up.py lessons` (or `demo`, or `dev`).

The standard library is enough for it. A Python that is too old must be able to read this file, for
here it is told what to do.
"""

import json
import subprocess
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from subprocess import DEVNULL, PIPE

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin/python"
OLDEST = (3, 11)  # Python of pyproject.toml
NEWEST_PINNED = (3, 14)  # the last Python for which the versions in constraints.txt were built
OLDEST_PIP = "25.1"  # the first one with a bar that moves while it installs
DOWNLOAD = {
    "lessons": 0.4,
    "demo": 0.4,
    "site": 0.5,
    "dev": 0.6,
}  # GB, with the CPU build of PyTorch
DISK = {"lessons": 1.7, "demo": 1.7, "site": 1.9, "dev": 2.1}
CUDA = """\
pip finds PyTorch only as the build for NVIDIA cards: 3 GB more to download, 5 GB more on disk.
The lessons need no card. For the CPU build stop now (Ctrl+C), look up the address of the CPU
packages (pytorch.org, "Get started", pip, CPU: it follows --index-url), and start again with
    export PIP_EXTRA_INDEX_URL=<that address>
"""
say = partial(print, flush=True)  # before what pip says
GO_ON = "The same command goes on where it stopped."


def main(extra):
    """Installs one set of pyproject.toml's extras; says nothing where all is there."""
    files = [ROOT / "pyproject.toml", ROOT / "constraints.txt"]
    wanted = "\n".join([str(ROOT), *(file.read_text(encoding="utf-8") for file in files)])
    done = VENV / f"{extra}.done"
    if PYTHON.exists() and done.exists() and done.read_text(encoding="utf-8") == wanted:
        return
    has_pip = PYTHON.exists() and run("-m", "pip", "--version", check=False, stdout=DEVNULL) == 0
    if not has_pip:
        refuse_what_cannot_work()
    say(
        f"Setting up .venv for {extra}, once and for some minutes: in all about "
        f"{DOWNLOAD[extra]} GB to download, {DISK[extra]} GB on disk."
    )
    say("Step 1 of 2: a virtual environment, and a pip that shows its progress.")
    if not has_pip:  # an interrupted start leaves one without
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
    run("-m", "pip", "install", "--quiet", f"pip>={OLDEST_PIP}")
    if sys.platform == "linux" and torch_needs_cuda():
        say(CUDA)
    say("Step 2 of 2: pip fetches and installs the packages.")
    run("-m", "pip", "install", *pins(), "--editable", f".[{extra}]")
    done.write_text(wanted, encoding="utf-8")
    say("The set-up is done.")


def refuse_what_cannot_work():
    """Ends with a sentence where this Python cannot make the environment."""
    version = "{}.{}".format(*sys.version_info)
    if sys.version_info < OLDEST:
        sys.exit(
            f"{sys.executable} is Python {version}; the lessons need {'.'.join(map(str, OLDEST))} "
            "or newer. If there is one, name it: make lab PYTHON=python3.12"
        )
    if find_spec("ensurepip") is None:
        sys.exit(
            f"Python {version} lacks what makes virtual environments. On Debian and Ubuntu: "
            f"sudo apt-get install python{version}-venv. Then start again."
        )


def torch_needs_cuda():
    """Whether pip would install the build of PyTorch that brings NVIDIA's libraries along."""
    command = ["-m", "pip", "install", "--dry-run", "--no-deps", "--quiet", "--report", "-"]
    result = subprocess.run([str(PYTHON), *command, *pins(), "torch"], stdout=PIPE)
    report = json.loads(result.stdout) if result.returncode == 0 else {"install": []}
    needed = (package["metadata"].get("requires_dist", []) for package in report["install"])
    return any("nvidia" in requirement for package in needed for requirement in package)


def pins():
    """The options that fix every version, where the versions fit this Python."""
    fit = sys.version_info[:2] <= NEWEST_PINNED
    return ["--constraint", str(ROOT / "constraints.txt")] if fit else []


def run(*arguments, check=True, **options):
    """Runs .venv's Python -> its exit status; pip's own message stands before that of a failure."""
    command = [str(PYTHON), *arguments]
    return subprocess.run(command, cwd=str(ROOT), check=check, **options).returncode


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except subprocess.CalledProcessError:
        sys.exit(f"The set-up has failed; the lines above say why. {GO_ON}")
    except KeyboardInterrupt:
        sys.exit(f"\nThe set-up was interrupted. {GO_ON}")

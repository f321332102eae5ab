"""Do the tests notice? Changes `trpo_lib` in one small place at a time and runs the module's tests.

    .venv/bin/python tests/mutants.py [--count 500] [--minutes 60] [--seed 0] [module ...]

A mutant that all of them pass is a survivor: a test is missing, or the change is none. Those that
were read and found to change nothing are in `equivalent_mutants.toml`, with the reason, and do not
count. Results go to `build/mutants.json`; the exit status is 0 from 98% on.

The known tools do not fit. mutmut leaves decorated functions alone, which all checkers are, and all
that is outside functions. Cosmic Ray and mutatest change no arguments, texts or statements, and
start Python, torch and pytest anew for every mutant.
"""

import argparse
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, zip_longest
from multiprocessing import get_context
from pathlib import Path

from mutations import Mutant, mutants

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "trpo_lib"
ENOUGH = 0.98
# What tests import and nobody changes: imported once, for all mutants.
PRELOADED = [
    "pytest", "hypothesis.extra.numpy", "pandas", "scipy.optimize", "scipy.stats", "sb3_contrib",
]  # fmt: skip

# The tests that must notice are tests/test_<module>.py, or these, and those of bad inputs.
TESTS = {
    "_checks": ["checks"], "environments": ["rollout"], "storage": ["training"],
    "notes": ["training"],
}  # fmt: skip
LESSONS = [path.stem for path in sorted((PACKAGE / "exercises").glob("lesson_*.py"))]
LESSON_TESTS = {f"exercises/{name}": ["-k", f"check_{name[-2:]}"] for name in LESSONS}
LESSON_TESTS["exercises/verdict"] = ["-k", "not explore"]
MODULES = [
    *LESSON_TESTS,
    "landscapes", "divergence", "tabular", "surrogate", "advantage", "solvers", "fisher",
    "policies", "environments", "rollout", "batch", "scaling", "storage", "trpo", "notes",
    "training", "baselines", "sweep", "_checks",
]  # fmt: skip


def tests_of(module: str) -> list[str]:
    """What pytest is asked to run for a module."""
    if module in LESSON_TESTS:
        return ["tests/test_exercises.py", *LESSON_TESTS[module]]
    own = [f"tests/test_{name}.py" for name in TESTS.get(module, [module])]
    return own + sorted(f"tests/{path.name}" for path in ROOT.glob("tests/test_bad_inputs*.py"))


def source_of(module: str) -> str:
    """A module's source as it stands."""
    return (PACKAGE / f"{module}.py").read_text(encoding="utf-8")


def run(mutant: Mutant, limit: float | None = None) -> tuple[str, str]:
    """Runs the tests of a mutant's module on a copy of the package.

    Says whether it was caught, survived or was endless, and what pytest said.
    """
    code, said = run_tests(tests_of(mutant.module), mutant.module, mutant.source, limit)
    return {None: "endless", 0: "survived"}.get(code, "caught"), said


def run_tests(
    tests: list[str], module: str, source: str, limit: float | None = None
) -> tuple[int | None, str]:
    """Runs tests on a copy of the package in which a module has another source.

    Returns pytest's exit status, None if it was endless, and what it said.
    """
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(PACKAGE, Path(folder) / "trpo_lib", ignore=lambda *_: ["__pycache__"])
        (Path(folder) / "trpo_lib" / f"{module}.py").write_text(source, "utf-8")
        context = get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        process = context.Process(target=_test, args=(tests, folder))
        process.start()
        process.join(limit)
        if process.is_alive():
            os.killpg(process.pid, signal.SIGKILL)
            process.join()
            return None, ""
        return process.exitcode, (Path(folder) / "output").read_text("utf-8")


def _test(tests: list[str], folder: str) -> None:
    """In a process of its own: pytest on the package in the folder."""
    os.setsid()  # its children end with it
    resource.setrlimit(resource.RLIMIT_DATA, (2**32, 2**32))  # an endless loop may also fill memory
    os.chdir(ROOT)
    os.environ |= {"PYTHONPATH": folder, "PYTHONDONTWRITEBYTECODE": "1"}
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # they take longer than most tests
    sys.path.insert(0, folder)
    sys.dont_write_bytecode = True
    with open(Path(folder) / "output", "w") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
        import pytest

        options = ["-x", "-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestWarning"]
        status = pytest.main([*tests, *options])
    os._exit(int(status))


def limit_of(module: str) -> float:
    """The seconds after which a mutant hangs: ten times what the module itself takes, and a minute.

    Raises ``RuntimeError`` where the module itself fails its tests.
    """
    start = time.monotonic()
    outcome, said = run(Mutant(module, 0, "", "", source_of(module)))
    if outcome != "survived":
        raise RuntimeError(f"the tests of {module} fail before anything is changed:\n{said}")
    return 10 * (time.monotonic() - start) + 60


def sample(modules: list[str], count: int, seed: int) -> list[Mutant]:
    """Mutants of all modules in turn, each module's in random order, the known equals left out."""
    known = {(row["module"], row["was"], row.get("now")) for row in equivalents()}
    groups = []
    for module in modules:
        found = mutants(module, source_of(module))
        found = [m for m in found if not known & {(module, m.was, m.now), (module, m.was, None)}]
        groups.append(random.Random(f"{seed} {module}").sample(found, len(found)))
    return [m for m in chain.from_iterable(zip_longest(*groups)) if m][:count]


def equivalents() -> list[dict]:
    """The mutants that change nothing: module, was, now (any, where it is missing), why."""
    path = Path(__file__).with_name("equivalent_mutants.toml")
    return tomllib.loads(path.read_text(encoding="utf-8")).get("mutant", [])


def main() -> int:
    """Runs a sample, two at a time, and says what survived."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", metavar="module", default=MODULES)
    parser.add_argument("--count", type=int, default=500, help="mutants at most")
    parser.add_argument("--minutes", type=float, default=60, help="no mutant starts later")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    args = parser.parse_args()
    end = time.monotonic() + 60 * args.minutes
    with ThreadPoolExecutor(2) as pool:
        limits = dict(zip(args.modules, pool.map(limit_of, args.modules), strict=True))

        def judge(mutant: Mutant) -> dict:
            late = time.monotonic() > end
            row = {key: getattr(mutant, key) for key in ("module", "line", "was", "now")}
            row["outcome"] = "not run" if late else run(mutant, limits[mutant.module])[0]
            if row["outcome"] == "survived":
                print(diff(row), flush=True)
            return row

        rows = list(pool.map(judge, sample(args.modules, args.count, args.seed)))
    return conclude(rows)


def diff(row: dict) -> str:
    """A mutant for a reader."""
    was, now = (row[key].replace("\n", "\n    ") for key in ("was", "now"))
    return f"trpo_lib/{row['module']}.py:{row['line']}\n  - {was}\n  + {now}"


def conclude(rows: list[dict]) -> int:
    """Writes and prints the result -> the exit status."""
    counts = Counter(row["outcome"] for row in rows)
    caught = counts["caught"] + counts["endless"]
    score = caught / max(caught + counts["survived"], 1)
    result = {"score": score, "counts": counts, "mutants": rows}
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build" / "mutants.json").write_text(json.dumps(result, indent=1), "utf-8")
    said = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    print(f"{score:.1%} of {caught + counts['survived']} mutants noticed ({said})")
    return int(score < ENOUGH)


if __name__ == "__main__":
    sys.exit(main())

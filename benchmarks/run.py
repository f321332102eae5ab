"""Runs the benchmarks, each part in a process of its own, and writes results.json and results.md.

Parts that are not run keep the results they have. results.md is drawn from results.json alone.
"""

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
JSON, MARKDOWN = HERE / "results.json", HERE / "results.md"
# Name in results.json -> the module that measures and draws it; in the table's order.
PARTS = {
    "solve": "solve",
    "reliability": "reliability",
    "fresh": "fresh",
    "update": "update",
    "throughput": "throughput",
    "fisher_product": "fisher_product",
    "growth": "growth",
    "live": "live",
    "baselines": "baselines",
    "sweep": "sweep",
}
PACKAGES = ("torch", "gymnasium", "numpy", "scipy", "stable-baselines3", "sb3-contrib")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def circumstances() -> dict:
    """What a figure depends on besides the code; nothing that names this machine."""
    describe = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    git = subprocess.run(describe, cwd=HERE, capture_output=True, text=True)
    return {
        "commit": git.stdout.strip() or "unknown",
        "cpu": f"{cpu_model()}, {os.cpu_count()} cores; one thread used",
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
    }


def cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def run_part(module: str, quick: bool) -> dict:
    """One part in its own process -> what it measured."""
    command = [sys.executable, str(HERE / f"{module}.py"), *["--quick"] * quick]
    done = subprocess.run(command, stdout=subprocess.PIPE, env=os.environ | ONE_THREAD, check=True)
    return json.loads(done.stdout)


def measure(arguments: argparse.Namespace) -> Iterator[tuple[str, dict]]:
    """The parts asked for, one after the other: name and what it measured."""
    for name in arguments.parts or PARTS:
        yield name, run_part(PARTS[name], arguments.quick)


def render(results: dict) -> str:
    """The Markdown: a summary, every part's table, and what it was measured with."""
    summary, sections = [], []
    for name, module in PARTS.items():
        if name in results:
            part, data = importlib.import_module(module), results[name]["data"]
            summary += part.summary(data)
            sections.append(f"## {part.TITLE}\n\n{part.table(data)}")
    table = importlib.import_module("common").markdown(["figure", "measured"], summary)
    head = "# Benchmarks\n\nWritten by `make bench`; every figure is in `results.json` too."
    return "\n\n".join([head, table, *sections, f"## Measured with\n\n{origins(results)}\n"])


def origins(results: dict) -> str:
    """One line per distinct circumstances, with the parts that they hold for."""
    lines: dict[str, list[str]] = {}
    for name, result in results.items():
        facts = ", ".join(f"{key} {value}" for key, value in result["with"].items())
        lines.setdefault(facts, []).append(f"{name} (`{result['command']}`)")
    return "\n".join(f"* {', '.join(names)}: {facts}" for facts, names in lines.items())


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"any of {', '.join(PARTS)}; none: all of them")
    parser.add_argument(
        "--quick", action="store_true", help="tiny sizes, shown and not written: does it all work?"
    )
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"parts must be among {list(PARTS)}, got {sorted(unknown)}")
    return arguments


def main() -> None:
    arguments, facts = parse(), circumstances()
    command = " ".join(["python", "benchmarks/run.py", *sys.argv[1:]])
    stored = {} if arguments.quick or not JSON.exists() else json.loads(JSON.read_text())
    results = {name: stored[name] for name in PARTS if name in stored}
    for name, data in measure(arguments):
        results[name] = {"command": command, "with": facts, "data": data}
        if not arguments.quick:  # now: what comes later may fail
            JSON.write_text(json.dumps(results, indent=1) + "\n")
    text = render(results)
    if not arguments.quick:
        MARKDOWN.write_text(text)
    print(text)


if __name__ == "__main__":
    main()

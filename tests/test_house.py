"""What holds for the repository: who imports whom, sizes, and files that must agree."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote

import jupytext
import pytest
import yaml
from markdown_it import MarkdownIt
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "trpo_lib"
TRPO_PATH_BUDGET = 940  # non-blank lines, docstrings included
MAX_FUNCTION_LINES = 40

# The architecture: which module may import which. `_checks` is open to all.
BELOW_TRPO = [
    "divergence",
    "surrogate",
    "advantage",
    "solvers",
    "jacobian",
    "fisher",
    "policies",
    "rollout",
    "batch",
]
TRPO_PATH = [*BELOW_TRPO, "trpo", "training"]
NUMERICAL = ["landscapes", "tabular", *TRPO_PATH, "baselines", "sweep"]
MAY_IMPORT = {
    "__init__": [],
    "_checks": [],
    "landscapes": [],
    "divergence": [],
    "tabular": ["divergence"],
    "surrogate": [],
    "advantage": [],
    "solvers": [],
    "adam": [],
    "policies": [],
    "environments": [],
    "storage": [],
    "connection": [],
    "scaling": [],
    "jacobian": ["policies", "scaling"],
    "fisher": ["divergence", "solvers", "jacobian"],
    "rollout": ["policies", "environments"],
    "batch": ["rollout", "advantage"],
    "trpo": BELOW_TRPO,
    "notes": ["batch"],
    "training": [*BELOW_TRPO, "trpo", "environments", "storage", "scaling", "notes", "adam"],
    "baselines": [*BELOW_TRPO, "trpo", "adam"],
    "rendering": ["policies", "environments"],
    "sweep": ["training", "storage"],
    "exercises": NUMERICAL,
    "plotting": [],
    "widgets": ["plotting", "rendering"],
}
# Only these draw or show; PIL is matplotlib's own writer of pictures, contourpy finds its contours.
MAY_DISPLAY = {
    "plotting": {"matplotlib", "numpy", "IPython", "PIL", "contourpy"},
    "widgets": {"matplotlib", "numpy", "IPython", "PIL", "anywidget", "traitlets"},
}
DISPLAY = {"matplotlib", "IPython", "PIL", "contourpy", "ipywidgets", "anywidget", "tqdm"}

# A requirement has the same name on conda-forge, but for these.
CONDA_NAMES = {
    "torch": "pytorch-cpu",
    "gymnasium[classic-control]": "gymnasium-classic_control",
    "gymnasium[mujoco]": "gymnasium-mujoco",
}

MODULES = sorted(PACKAGE.rglob("*.py"))
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
README = ROOT / "README.md"

every_module = pytest.mark.parametrize(
    "path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix()
)


def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path):
    """Dotted names of all that a module imports; `from a import b` gives a.b."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "trpo_lib" if node.level else ""
            prefix = ".".join(filter(None, [base, node.module]))
            yield from (f"{prefix}.{alias.name}" for alias in node.names)


def row(path):
    """A module's row in the table: its name, or that of the package it is in."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def siblings(path):
    inside = {name.split(".")[1] for name in imported(path) if name.startswith("trpo_lib.")}
    return inside - {row(path)}


def libraries(path):
    tops = {name.split(".")[0] for name in imported(path)}
    return tops - {"trpo_lib"} - sys.stdlib_module_names


def public(body):
    """Public functions and classes of a module's or a class's body, methods included."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body)


@every_module
def test_a_module_is_in_the_table_and_imports_only_what_the_table_allows(path):
    assert row(path) in MAY_IMPORT, "give the new module a row in the table"
    assert siblings(path) <= {*MAY_IMPORT[row(path)], "_checks"}


def test_each_row_of_the_table_is_above_what_it_imports():
    rows = list(MAY_IMPORT)
    for row, allowed in MAY_IMPORT.items():
        assert all(rows.index(name) < rows.index(row) for name in allowed)


@every_module
def test_only_plotting_and_widgets_import_display_libraries(path):
    if row(path) in MAY_DISPLAY:
        assert libraries(path) <= MAY_DISPLAY[row(path)]
    else:
        assert libraries(path).isdisjoint(DISPLAY)


@every_module
def test_everything_public_has_a_docstring(path):
    module = tree(path)
    assert ast.get_docstring(module)
    assert [node.name for node in public(module.body) if not ast.get_docstring(node)] == []


@every_module
def test_no_function_is_long(path):
    functions = [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef)]
    lengths = {node.name: node.end_lineno - node.lineno + 1 for node in functions}
    assert {name: n for name, n in lengths.items() if n > MAX_FUNCTION_LINES} == {}


@every_module
def test_the_package_neither_prints_nor_asserts(path):
    nodes = list(ast.walk(tree(path)))
    assert not any(isinstance(node, ast.Assert) for node in nodes)
    assert not any(isinstance(node, ast.Name) and node.id == "print" for node in nodes)


def test_the_trpo_path_can_be_read_in_one_sitting():
    texts = [(PACKAGE / f"{name}.py").read_text(encoding="utf-8") for name in TRPO_PATH]
    count = sum(bool(line.strip()) for text in texts for line in text.splitlines())
    assert count <= TRPO_PATH_BUDGET


def requirements(*extras):
    project = PYPROJECT["project"]
    found = list(project["dependencies"])
    for extra in extras:
        found += project["optional-dependencies"][extra]
    return [r for r in map(Requirement, found) if r.name != project["name"]]


def conda_ranges(file):
    """Names and ranges of a conda environment, and what pip installs in it."""
    environment = yaml.safe_load((ROOT / file).read_text(encoding="utf-8"))
    assert environment["name"] == "trpo"
    assert set(environment["channels"]) <= {"conda-forge", "nodefaults"}
    entries = environment["dependencies"]
    pip = [entry["pip"] for entry in entries if isinstance(entry, dict)]
    named = [entry for entry in entries if isinstance(entry, str)]
    return dict(re.fullmatch(r"([\w-]+)(.*)", entry).groups() for entry in named), pip


def test_the_conda_environments_have_the_ranges_of_pyproject():
    expected = {}
    for requirement in requirements("lessons"):
        key = requirement.name + (f"[{','.join(requirement.extras)}]" * bool(requirement.extras))
        expected[CONDA_NAMES.get(key, key)] = str(requirement.specifier)
    python = PYPROJECT["project"]["requires-python"]
    assert conda_ranges("environment.yml") == (
        {**expected, "python": python, "pip": ""},
        [["-e ."]],
    )
    binder, pip = conda_ranges(".binder/environment.yml")
    assert SpecifierSet(python).contains(binder["python"].removeprefix("="))
    assert {**binder, "python": ""} == {**expected, "python": ""}
    assert pip == []
    assert os.access(ROOT / ".binder/postBuild", os.X_OK)


def installed_with(extra):
    """The distributions that ``pip install trpo-lib[extra]`` brings."""
    seen, todo = set(), [("trpo-lib", extra)]
    while todo:
        if (pair := todo.pop()) not in seen:
            seen.add(pair)
            for need in map(Requirement, metadata.requires(pair[0]) or []):
                if need.marker is None or need.marker.evaluate({"extra": pair[1]}):
                    name = canonicalize_name(need.name)
                    todo += [(name, more) for more in need.extras | {""}]
    return {name for name, _ in seen}


def files(tool):
    """Of a module in notebooks/tools or of a package there; none for other names."""
    folder = ROOT / "notebooks/tools"
    return [*folder.glob(f"{tool}.py"), *folder.glob(f"{tool}/**/*.py")]


@pytest.mark.parametrize(
    ("tool", "extra"),
    [("lab", "lessons"), ("student", "lessons"), ("demo", "demo"), ("make_site", "site")],
)
def test_a_tool_imports_only_what_its_target_sets_up(tool, extra):
    named, todo = set(), {tool}
    while todo:
        named |= todo
        todo = {name for t in todo for path in files(t) for name in libraries(path)} - named
    provided, brought = metadata.packages_distributions(), installed_with(extra)
    for name in named:
        if not files(name):
            assert {canonicalize_name(package) for package in provided[name]} & brought, name


def test_binder_reads_an_exact_python():
    entries = yaml.safe_load((ROOT / ".binder/environment.yml").read_text())["dependencies"]
    pattern = r"python\s*=+\s*([\d.]*)"  # repo2docker's own; without a match it takes Python 3.10
    (version,) = filter(None, (re.match(pattern, entry) for entry in entries))
    assert re.fullmatch(r"3\.\d+", version[1])


def test_the_devcontainer_sets_itself_up_with_the_projects_own_command():
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    image, version = container["image"].split(":")
    assert image == "python"
    assert SpecifierSet(PYPROJECT["project"]["requires-python"]).contains(version)
    assert container["postCreateCommand"] == "make set-up-lessons"
    assert container["forwardPorts"] == [8888]


def test_constraints_pin_every_requirement_inside_its_range():
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pins = dict(line.split("==") for line in text.splitlines())
    pins = {canonicalize_name(name): version for name, version in pins.items()}
    for requirement in requirements("lessons", "demo", "dev"):
        version = pins[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement} against {version}"
    assert not any("+" in version for version in pins.values())


def test_every_pin_can_be_installed_on_the_oldest_python_of_the_range():
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    (oldest,) = SpecifierSet(PYPROJECT["project"]["requires-python"])
    for pin in map(Requirement, text.splitlines()):
        distribution = metadata.distribution(pin.name)
        assert pin.specifier.contains(distribution.version), f"{pin} is not what is installed"
        allowed = SpecifierSet(distribution.metadata.get("Requires-Python", ""))
        assert allowed.contains(f"{oldest.version}.0"), f"{pin} needs Python {allowed}"


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("vendor.github-workflows", ".github/workflows/ci.yml"),
        ("vendor.citation-file-format", "CITATION.cff"),
    ],
)
def test_a_file_follows_its_published_schema(schema, file):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, file]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_workflow_does_nothing_but_call_ci_run_and_both_ends_of_the_ranges():
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    ran = []
    for job in workflow["jobs"].values():
        ran += [step["run"] for step in job["steps"] if "run" in step]
        used = [step["uses"].split("@")[0] for step in job["steps"] if "uses" in step]
        assert used == ["actions/checkout", "actions/setup-python"]
    assert ran == [".ci/run", "make oldest", "make newest"]


def test_ci_runs_the_test_command_of_the_readme():
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    assert script.read_text(encoding="utf-8").splitlines()[-1] == "make test"


def tracked():
    """Every file that git tracks or would track."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if result.returncode:
        pytest.skip("not a git checkout")
    return [path for name in result.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_file_names_a_place_outside_the_repository():
    outside = ["/" + "work/", ".." + "/shared"]  # in halves, for this file is read too
    for path in tracked():
        text = path.read_text(encoding="utf-8", errors="ignore")
        assert not any(place in text for place in outside), path


PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "notebooks/src").glob("**/*.md")),
]
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())


def markdown(page):
    """The page's Markdown, and the folder from which its links count."""
    if page.parent == ROOT:
        return page.read_text(encoding="utf-8"), ROOT
    prose = [c.source for c in jupytext.read(page).cells if c.cell_type == "markdown"]
    folder = ROOT / "notebooks" / page.parent.relative_to(ROOT / "notebooks/src")
    return "\n\n".join(prose), folder


def tokens(text):
    for token in MarkdownIt().enable("table").parse(text):
        yield token
        yield from token.children or []


def links(text):
    """Targets of links and pictures, those in HTML and in mermaid's boxes too."""
    for token in tokens(text):
        if token.type in ("link_open", "image"):
            yield token.attrs.get("href") or token.attrs.get("src")
        elif token.type.startswith("html"):
            yield from re.findall(r'(?:href|src)="([^"]*)"', token.content)
        elif token.type == "fence" and token.info == "mermaid":
            yield from re.findall(r'^\s*click \w+ (?:href )?"([^"]*)"', token.content, re.MULTILINE)


@every_page
def test_every_relative_link_leads_to_a_file(page):
    text, folder = markdown(page)
    for link in links(text):
        target = unquote(link.split("#")[0])
        if target and not re.match(r"[a-z][a-z0-9+.-]*:", target):
            assert (folder / target).exists(), link


@every_page
def test_every_picture_on_a_page_has_an_alt_text(page):
    text, _ = markdown(page)
    for token in tokens(text):
        if token.type == "image":
            assert token.content.strip(), token.attrs["src"]
        elif token.type.startswith("html"):
            for tag in re.findall(r"<img\b[^>]*>", token.content):
                assert re.search(r'\balt="[^"]+"', tag), tag


def commands(page):
    """The targets of every `make ...` that stands in the page's code."""
    for token in tokens(page.read_text(encoding="utf-8")):
        if token.type in ("code_inline", "fence", "code_block"):
            yield from re.findall(r"\bmake (?:--?[\w-]+ )*([a-z]+)", token.content)


def test_the_commands_on_the_pages_are_targets_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(" ".join(re.findall(r"^([a-z ]+):", makefile, flags=re.MULTILINE)).split())
    assert {"lab", "test"} <= set(commands(README))
    assert {*commands(README), *commands(ROOT / "CONTRIBUTING.md")} <= targets

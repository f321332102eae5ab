# Every target sets up .venv by itself, and nothing is done twice.
PYTHON ?= python3
BIN := .venv/bin

LESSONS := $(wildcard notebooks/src/*.md notebooks/src/solutions/*.md)
NOTEBOOKS := $(LESSONS:notebooks/src/%.md=notebooks/%.ipynb)

.PHONY: lab demo test oldest newest mutants rounding notebooks student site figures bench

lab: set-up-lessons
	$(BIN)/python notebooks/tools/lab.py

# TODAY="02 05" names lessons that run ahead: their pages open ready.
demo: set-up-demo
	$(BIN)/python notebooks/tools/demo.py $(TODAY:%=--today=%)

test: set-up-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pytest tests --ignore=tests/browser -n 2 --cov=trpo_lib --cov-report=term-missing:skip-covered
	$(BIN)/pytest notebooks --nbval --nbval-current-env --nbval-cell-timeout=600 -n 2 --dist loadscope
	$(BIN)/pytest tests/browser -n 2 --dist loadfile

# Both ends of the ranges in pyproject.toml, each in an environment of its own below build/.
oldest newest:
	$(PYTHON) .ci/ranges.py $@

# Hundreds of small mistakes put into the package: does a test notice each?
mutants: set-up-dev
	$(BIN)/python tests/mutants.py

# The lessons as on three other processors: does each expectation still hold?
rounding: set-up-dev
	$(BIN)/python tests/rounding.py

notebooks: $(NOTEBOOKS)

notebooks/%.ipynb: notebooks/src/%.md | set-up-dev
	$(BIN)/python notebooks/tools/build.py $< $@

# The lessons without outputs and answers, with blanks to fill, below build/student/.
student: set-up-lessons
	$(BIN)/python notebooks/tools/student.py build/student

# The course as plain pages, below build/site/: any browser opens them, with no network.
site: set-up-site
	$(BIN)/python notebooks/tools/make_site.py build/site

figures: set-up-dev
	$(BIN)/python figs/draw.py

bench: set-up-dev
	$(BIN)/python benchmarks/run.py

# One environment, three sizes: what the lessons need, the demo on top, and what developing needs.
set-up-%:
	@$(PYTHON) notebooks/tools/set_up.py $*

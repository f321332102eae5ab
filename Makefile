# Every target sets up .venv by itself, and nothing is done twice.
PYTHON ?= python3
BIN := .venv/bin

LESSONS := $(wildcard notebooks/src/*.md notebooks/src/solutions/*.md)
NOTEBOOKS := $(LESSONS:notebooks/src/%.md=notebooks/%.ipynb)

.PHONY: lab demo test notebooks figures bench
.SECONDARY:

lab: .venv/lessons.done
	$(BIN)/jupyter lab --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb \
		--ServerApp.kernel_websocket_connection_class=trpo_lib.connection.PromptConnection

demo: .venv/demo.done
	$(BIN)/python notebooks/tools/demo.py

test: .venv/dev.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pytest tests --ignore=tests/browser -n 2 --cov=trpo_lib --cov-report=term-missing:skip-covered
	$(BIN)/pytest notebooks --nbval --nbval-current-env --nbval-cell-timeout=120 -n 2 --dist loadscope
	$(BIN)/pytest tests/browser

notebooks: $(NOTEBOOKS)

notebooks/%.ipynb: notebooks/src/%.md | .venv/dev.done
	$(BIN)/python notebooks/build.py $< $@

figures: .venv/dev.done
	$(BIN)/python figs/draw.py

bench: .venv/dev.done
	$(BIN)/python benchmarks/run.py

# One environment, three sizes: what the lessons need, the demo on top, and what developing needs.
.venv/%.done: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[$*]'
	touch $@

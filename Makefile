# `make` or `make help` lists the targets. The first target that needs it installs everything into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export OMP_NUM_THREADS ?= 1
# Without compiled modules on the disk, every process compiles ASTRO, torch and vLLM when it starts.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo page results results-3 ablations test test-real check format audit clean

help: ## list the targets
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

setup: $(STAMP) ## install the locked CPU set and ASTRO into .venv

$(STAMP): requirements/cpu.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "ASTRO needs Python 3.11 or newer; set PYTHON=/path/to/python3.11 (the lock was made on 3.11)"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-deps --no-compile -r requirements/cpu.txt || { \
	  echo; echo "If pip did not find torch 2.13.0+cpu: PyPI does not carry PyTorch's CPU wheel. Set PIP_EXTRA_INDEX_URL to the CPU"; \
	  echo "index given on pytorch.org (Get Started > Stable > Linux > Pip > Python > CPU), then run make again."; exit 1; }
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

demo: $(STAMP) ## the whole pipeline on the embedded model: search, traces, data sets, SFT, GRPO, evaluation
	$(BIN)/astro run configs/tiny.yaml name=demo problems.limit=200

page: ## check and build the page of astro view from web/ (needs Node)
	cd web && npm ci --ignore-scripts --no-audit --no-fund && npm run --silent check && npm run --silent build

results: $(STAMP) ## docs/results/one-seed: base, Direct and ASTRO, after SFT and GRPO, on mazes and Countdown
	$(BIN)/python pipelines/results.py

results-3: $(STAMP) ## docs/results from three seeds
	$(BIN)/python pipelines/results.py --seeds 3

ablations: $(STAMP) ## docs/results/ablations.md: variants of the traces and their effect
	$(BIN)/python pipelines/ablations.py

test: $(STAMP) ## all tests, including those with the real engine
	$(BIN)/python -m pytest -n auto --maxprocesses 2 --dist loadfile --no-loadscope-reorder -m "not real"

test-real: $(STAMP) ## SFT, GRPO and evaluation of a chat model: ASTRO_REAL_MODEL=FOLDER
	$(BIN)/python -m pytest -m real tests/real

check: $(STAMP) ## check lint, format, types, import order, dead and duplicate code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture
	$(BIN)/python -m tools.duplicates astro pipelines benchmarks tools

audit: $(STAMP) ## licences (docs/licences.md) and known vulnerabilities of the lock; says so when offline
	$(BIN)/python -m tools.audit

format: $(STAMP) ## apply ruff's fixes and formatting
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## remove runs and caches, not .venv
	rm -rf runs build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

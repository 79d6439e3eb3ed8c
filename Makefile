# Two commands do all: `make demo` and `make test`. Each sets up what it needs in .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TESTS ?= tests
# The long runs mostly wait, for leases and processes that end: more of them at once than there are processors.
LONG ?= 6
BENCH ?= full
# Processes that start by the hundred read what was compiled once, also where a container forbids Python to write that.
unexport PYTHONDONTWRITEBYTECODE
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url

.PHONY: help demo test fast test-all chaos lint format docs bench lock clean
help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(BIN)/.run: requirements/run.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "Aftercare needs Python 3.11 to 3.13; $$($(PYTHON) --version) found. Try: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
	  || { echo "python3 -m venv failed: install your system's venv package (Debian: apt install python3-venv)" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(BIN)/.dev: requirements/dev.lock $(BIN)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@touch $@

demo: $(BIN)/.run  ## six weeks of two sample clinics in under a minute, and the console
	@if [ -t 0 ] && [ -t 1 ]; then $(BIN)/aftercare demo; else $(BIN)/aftercare demo --exit; fi

test: lint fast  ## lint, types, import contracts and all fast tests

fast: $(BIN)/.dev
	$(BIN)/python -m pytest -n auto --dist loadgroup -m "not long" $(TESTS)

test-all: test  ## everything that `test` does, and the long runs
	$(BIN)/python -m pytest -n $(LONG) --dist loadgroup -m long $(TESTS)

chaos: $(BIN)/.dev  ## kill engines and workers, and count at the providers what came twice or was lost
	@$(BIN)/python -m tests.chaos

lint: $(BIN)/.dev  ## ruff, mypy and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(BIN)/.dev  ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(BIN)/.dev  ## make the generated pages and pictures of the documentation
	$(BIN)/python -m tests.repo.generate
	$(BIN)/python -m tests.browser.console.pictures

$(BIN)/.bench: requirements/bench.lock $(BIN)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.lock
	@touch $@

bench: $(BIN)/.bench  ## measure everything beside its peers (BENCH=quick: in five minutes)
	$(BIN)/python -m benchmarks --size $(BENCH)

lock:  ## lock the dependencies anew
	@test -x .venv-lock/bin/uv || { $(PYTHON) -m venv .venv-lock && .venv-lock/bin/pip install --quiet uv; }
	.venv-lock/bin/uv pip compile $(LOCK) --group build -o requirements/run.lock pyproject.toml
	.venv-lock/bin/uv pip compile $(LOCK) --group build --group dev -c requirements/run.lock -o requirements/dev.lock pyproject.toml
	.venv-lock/bin/uv pip compile $(LOCK) --extra bench --group build -c requirements/run.lock -o requirements/bench.lock pyproject.toml

clean:  ## remove what the targets above made
	rm -rf $(VENV) demo var .mypy_cache .ruff_cache .pytest_cache .hypothesis

PYTHON ?= python3
BIN := .venv/bin
ALONE := $(patsubst %,tests/reliability/test_%.py,faults kill_points outages replicas rolling)
# The longest first, so that no worker is left with one of them when the others have nothing to do any more.
LONG := tests/reliability tests/e2e
FOLDERS := $(LONG) $(filter-out $(LONG) %/__pycache__,$(patsubst %/,%,$(sort $(wildcard tests/*/))))

.PHONY: help install run test together check format lock

help:  ## show what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: .venv/installed  ## make the virtual environment with everything pinned

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("mailwright: Python 3.11 or newer is needed") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

run: install  ## run the whole system here and provision a first account
	@$(BIN)/python -m mailwright up --demo --day-seconds 2

check: install  ## lint, type-check and check the import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: install  ## everything CI runs: the checks, and every test on real engines
	@$(MAKE) --no-print-directory -j 2 check together
	$(BIN)/pytest $(ALONE) --durations 15

together: install
	$(BIN)/pytest $(FOLDERS) -n 3 --dist loadfile --no-loadscope-reorder $(addprefix --ignore=,$(ALONE)) --durations 25

format: install  ## rewrite the code in the project's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: install  ## pin the newest allowed versions, by hash
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		pyproject.toml --extra embedded --group dev -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		pyproject.toml -c requirements.lock -o deploy/docker/requirements.lock

# Everything starts here: each target first sets up what is missing. `make help` lists them.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
SETTINGS := $(BIN)/synfinance-settings
ENV ?=
A ?=
B ?=
KEY ?=
SECONDS ?=
ENVIRONMENTS := development staging production test
PYTEST_ARGS ?=
SEED ?=
WORLD ?=
REF ?=

.DEFAULT_GOAL := help
.PHONY: help setup validate $(ENVIRONMENTS:%=validate-%) show explain diff test test-all lint types schema reference fuzz \
	examples bench bench-quick bench-against misconfig soak clean

help: ## list the targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name text; do \
	  printf '  %-14s %s\n' "$$name" "$$text"; done

setup: .venv/installed ## create .venv and install the package with its tools

.venv/installed: setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=...") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || { echo "making .venv" >&2; $(PYTHON) -m venv .venv; }
	@echo "installing the package and its tools into .venv: once, a minute or two" >&2
	@$(BIN)/python -m pip install --disable-pip-version-check --editable '.[dev]' >&2
	@echo "installed" >&2
	@touch $@

validate: setup ## validate all environments from their layers, or ENV=production alone
	@$(SETTINGS) validate --placeholders $(if $(ENV),--env $(ENV),--all)

$(ENVIRONMENTS:%=validate-%): validate-%: setup
	@$(SETTINGS) validate --placeholders --env $*

show: setup ## print the settings in force, or those of ENV=production
	@$(SETTINGS) show --placeholders $(if $(ENV),--env $(ENV))

explain: setup ## say where KEY=server.port comes from, for ENV=production too
	@$(SETTINGS) explain --placeholders $(if $(ENV),--env $(ENV)) $(KEY)

diff: setup ## compare two environments: A=staging B=production; without them, all at once
	@$(SETTINGS) diff $(if $(A)$(B),$(A) $(B),--matrix)

test: setup ## run the tests, but for those marked long
	@echo "the tests but for the long ones: three to four minutes on two processors" >&2
	@$(BIN)/python -m pytest -m 'not long' -n auto --dist worksteal $(PYTEST_ARGS)

test-all: setup ## run all tests
	@echo "all tests, the long ones too: half an hour or more on two processors" >&2
	@$(BIN)/python -m pytest -n auto --dist worksteal $(PYTEST_ARGS)

lint: setup ## check the style of the code
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: setup ## check the types of the package
	@$(BIN)/mypy

schema: setup ## check that settings/schema.json is current
	@$(SETTINGS) schema --check

reference: setup ## check that what is written from the models is current
	@$(BIN)/python docs/reference.py --check

examples: setup ## start every program of examples/, edit its settings while it is asked, and end it
	@$(BIN)/python -m pytest -q tests/examples $(PYTEST_ARGS)

fuzz: setup ## give the readers random inputs for a minute, or SECONDS=30; the same ones again with SEED=7
	@$(BIN)/python fuzz/fuzz.py --seconds $(or $(SECONDS),60) $(if $(SEED),--seed $(SEED))

bench: setup ## measure beside the floor and other libraries, and write docs/performance.md: ten minutes
	@$(BIN)/python benchmarks/bench.py --write

bench-quick: setup ## run every row of the benchmark once, to see that it runs
	@$(BIN)/python benchmarks/bench.py --quick

bench-against: setup ## measure beside another commit of this repository: REF=main
	@$(BIN)/python benchmarks/bench.py --against $(or $(REF),HEAD)

misconfig: setup ## inject mistakes into the layers and measure how they are told, or those of SEED=7; with WORLD=1 by probes too
	@$(BIN)/python benchmarks/misconfig/misconfig.py $(if $(WORLD),--world) $(if $(SEED),--seed $(SEED))

soak: setup ## let a watched project live through six minutes of edits, or SECONDS=60
	@$(BIN)/python benchmarks/soak.py $(if $(SECONDS),--seconds $(SECONDS))

clean: ## remove what the targets made
	@rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis fuzz/found

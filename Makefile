# Everything a newcomer needs; each target makes the virtual environment and installs what it lacks.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: demo test check bench packages clean

demo: $(INSTALLED)  ## see it work
	$(BIN)/certify demo

test: $(INSTALLED) packages  ## every test, real servers included
	$(BIN)/python -m pytest -n auto

check: $(INSTALLED)  ## style, types, architecture, dead code
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture

bench: $(INSTALLED) packages  ## throughput, memory and latencies, beside a peer
	$(BIN)/python -m benchmarks

packages:
	tools/system-packages pebble nginx-light openssl faketime

$(INSTALLED): pyproject.toml
	tools/make-venv "$(PYTHON)" "$(VENV)"
	touch $@

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

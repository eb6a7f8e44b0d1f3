# Everything a newcomer needs; each target makes the virtual environment and installs what it lacks.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What the Windows lab (tests/windows/lab) is built from.
WINDOWS := wine wine64 gcc-mingw-w64-x86-64 libpython3.11-stdlib iproute2 util-linux
INSTALLED := $(VENV)/.installed
KERBEROS := $(VENV)/.kerberos

.PHONY: demo test test-windows check bench campaign packages clean

demo: $(INSTALLED)  ## see it work
	$(BIN)/certify demo

test: $(INSTALLED) $(KERBEROS) packages  ## every test, real servers included
	$(BIN)/python -m pytest -n auto

test-windows: $(INSTALLED) packages  ## what runs on a Windows Python, under Wine, alone
	$(BIN)/python -m pytest -n auto tests/windows

check: $(INSTALLED)  ## style, types, architecture, dead code
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture

bench: $(INSTALLED) packages  ## throughput, memory and latencies, beside a peer
	$(BIN)/python -m benchmarks

campaign: $(INSTALLED) packages  ## what becomes of 208 damaged databases, beside the usual recipes by hand
	$(BIN)/python -m benchmarks.campaign

packages:
	tools/system-packages sqlite3 clamav-daemon nftables pebble nginx-light openssl faketime curl systemd krb5-kdc krb5-admin-server krb5-user $(WINDOWS)

$(INSTALLED): pyproject.toml
	tools/make-venv "$(PYTHON)" "$(VENV)"
	touch $@

# GSSAPI's binding comes as source alone.
$(KERBEROS): $(INSTALLED)
	tools/system-packages gcc libc6-dev libkrb5-dev
	$(BIN)/pip install --quiet --disable-pip-version-check --group kerberos
	touch $@

clean:
	rm -rf $(VENV) .cache build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

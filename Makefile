# Everything stays inside this folder: the environment in .venv, what pip downloads in .cache.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --cache-dir .cache/pip install --quiet

.PHONY: demo test test-all check docs clean

demo: .venv/demo
	$(BIN)/mlp train configs/xor-sigmoid.yaml

test: check
	$(BIN)/python -m pytest -n auto --durations 10

test-all: check
	$(BIN)/python -m pytest -n auto --durations 10 -m 'full or not full'

check: .venv/test
	$(BIN)/ruff check --cache-dir .cache/ruff .
	$(BIN)/ruff format --check --cache-dir .cache/ruff .
	$(BIN)/mypy --cache-dir .cache/mypy

docs: .venv/demo
	$(BIN)/python docs/make_findings.py
	$(BIN)/python docs/make_choices.py

.venv/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "mlp needs Python 3.11 or later; say which: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv .venv
	touch $@

.venv/demo: .venv/python pyproject.toml
	$(PIP) --editable '.[native]'
	touch $@

.venv/test: .venv/python pyproject.toml
	$(PIP) --editable '.[test]'
	touch $@ .venv/demo

clean:
	rm -rf .venv .cache .hypothesis build dist *.egg-info

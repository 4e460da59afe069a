# polyannot: `make demo` shows it, `make test` proves it. PORT and POLYANNOT_HOME are honoured.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo up test check pytest soak docs screenshots browser clean

demo: $(VENV)/installed
	@$(BIN)/python manage.py demo

up: $(VENV)/installed
	@$(BIN)/python manage.py up

test: check pytest

check: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy .

# Two processes, each with servers of its own; a file of tests stays in one of them.
pytest: $(VENV)/installed-dev browser
	$(BIN)/python -m pytest -m "not soak" -n 2 --dist loadfile

# Proofs that take long.
soak: $(VENV)/installed-dev browser
	$(BIN)/python -m pytest -m soak

# Builds the documentation into docs/built.
docs: $(VENV)/installed-dev
	$(BIN)/python -m sphinx -q -W -b html docs docs/built

# Fills docs/images.
screenshots: $(VENV)/installed-dev browser
	$(BIN)/python -m tools.screenshots

# The tests drive Debian's Chromium, or the one that CHROMIUM names.
browser:
	@tools/find-chromium

# What people stored (POLYANNOT_HOME) stays.
clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "polyannot needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) --version 2>&1 || true)."; \
	  echo "Name another one:  make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "Python's module venv is missing (on Debian: apt install python3-venv)."; exit 1; }
	@touch $@

$(VENV)/installed: $(VENV)/made pyproject.toml constraints.txt
	@echo "Installing polyannot into $(VENV) ..."
	@$(PIP) -e '.[web,ml,corpora,layout]'
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	@echo "Installing what the tests need into $(VENV) ..."
	@$(PIP) -e '.[web,ml,corpora,layout,dev]'
	@touch $@

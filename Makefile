# Two commands do all the set-up: `make demo` and `make test`. Each makes its own virtual environment.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Python 3.13 dropped a symbol that durable_rules names; this gives it its new name when it is built.
export CPPFLAGS := $(CPPFLAGS) -DPyEval_CallObject=PyObject_CallObject

.PHONY: demo test check docs bench clean

demo: $(VENV)/.installed
	$(BIN)/nephroline replay scenarios/pjnh-2015-case-1.yaml scenarios/pjnh-2015-case-2.yaml
	$(BIN)/nephroline consult scenarios/pjnh-2015-case-1.yaml --at "10 mo"
	$(BIN)/nephroline report scenarios/pjnh-2015-case-1.yaml scenarios/pjnh-2015-case-2.yaml --out report.html

test: $(VENV)/.tested
	$(BIN)/python -m pytest -q --numprocesses auto

# All that the gate runs after the two commands above.
check: $(VENV)/.developed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports
	$(BIN)/nephroline check
	$(BIN)/nephroline check scenarios
	$(BIN)/nephroline replay --quiet
	LAW_EXAMPLES=20 $(BIN)/python -m pytest -q --numprocesses auto --cov --cov-report=term

# Write what is generated from the code: JSON Schemas, the list of features, the command reference.
docs: $(VENV)/.developed
	$(BIN)/python docs/generate.py

bench: $(VENV)/.tested
	$(BIN)/python -m pytest benchmarks/bench_consult.py -o addopts=--import-mode=importlib -o python_functions="bench_*" -o python_files="bench_*.py" --benchmark-columns=median,iqr,rounds

clean:
	rm -rf $(VENV) build dist report.html .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Nephroline needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Say which to use: make PYTHON=python3.12 ...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml
	@command -v cc >/dev/null || command -v gcc >/dev/null || { echo "durable_rules is built from source: install a C compiler (Debian: apt install build-essential python3-dev)"; exit 1; }
	$(BIN)/python -m pip install --quiet --editable ".[report]"
	touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --editable ".[report,pdf,graph]" --group test
	touch $@

$(VENV)/.developed: $(VENV)/.tested
	$(BIN)/python -m pip install --quiet --group dev
	touch $@

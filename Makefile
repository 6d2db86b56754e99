# Two commands do all the set-up: `make demo` and `make test`. Each makes its own virtual environment, with
# exactly the packages of the locks.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# The locks go by the Python of the environment that is there, else by the one that will make it.
VERSION := $(shell $(or $(wildcard $(BIN)/python),$(PYTHON)) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
# Pythons that Nephroline has been run on. The locks hold for all of them, with a marker where one differs.
PYTHONS := 3.11 3.12 3.13
LOCK := $(if $(filter $(VERSION),$(PYTHONS)),locks,none)
PIP := $(BIN)/python -m pip --disable-pip-version-check
LOCKED := $(PIP) install --quiet --require-hashes --no-deps --no-build-isolation
# What a lock holds; for a Python without it, what is named beside it.
PACKAGES = $(if $(wildcard $(LOCK)/$(1).txt),$(LOCKED) -r $(LOCK)/$(1).txt,$(PIP) install --quiet $(2))
WITH_EXTRAS := .[report,pdf,graph,serve,postgres,cohort]
# Python 3.13 dropped a symbol that durable_rules names; this gives it its new name when it is built.
export CPPFLAGS := $(CPPFLAGS) -DPyEval_CallObject=PyObject_CallObject

.PHONY: demo test measured laws covered mutants engine-mutants fhir spark newest pythons check docs lock bench clean

demo: $(VENV)/.installed
	$(BIN)/nephroline replay scenarios/pjnh-2015-case-1.yaml scenarios/pjnh-2015-case-2.yaml
	$(BIN)/nephroline consult scenarios/pjnh-2015-case-1.yaml --at "10 mo"
	$(BIN)/nephroline report scenarios/pjnh-2015-case-1.yaml scenarios/pjnh-2015-case-2.yaml --out report.html
	@echo 'The same as a page: $(BIN)/nephroline serve, then open http://127.0.0.1:8000/'

test: $(VENV)/.tested
	$(BIN)/python -m pytest -q --numprocesses auto $(TESTS)

# As in the gate: the lines that they run are counted, and nothing may be left out.
measured: TESTS := --nothing-skipped --cov --cov-report=term
measured: test

# The long walks, and the laws over many more charts than the gate has time for; and that the charts of law 14 notice each block.
laws: $(VENV)/.tested
	$(BIN)/python -m pytest -q --numprocesses auto --thorough -m thorough tests
	$(BIN)/python -m pytest -q --numprocesses auto --thorough tests/test_scenarios.py
	LAW_EXAMPLES=400 $(BIN)/python -m pytest -q --numprocesses auto tests/laws
	$(BIN)/python tests/laws/forbidden.py --count 100000 --seed 14
	$(BIN)/python tests/laws/forbidden.py --deletions --count 20000 --seed 15

# Which clauses no scenario decides both ways, and whether their file says why; minutes.
covered: $(VENV)/.tested
	$(BIN)/python tests/support/covered.py

# Slips in the rules that neither scenarios nor tables notice: two thousand, drawn by a seed; hours.
mutants: $(VENV)/.tested
	$(BIN)/python tests/support/score.py --count 2000 --seed 14 --log mutants.jsonl

# Slips in the engine that neither chapters nor laws notice: a thousand, made by cosmic-ray and drawn by a seed; hours.
engine-mutants: $(VENV)/.mutated
	$(BIN)/python tests/support/engine_mutants.py --count 1000 --seed 20 --log engine-mutants.jsonl

# What is written as FHIR, by validators from npm that know nothing of ours; and the official examples, read.
fhir: $(VENV)/.tested
	cd tests/interop/node && npm ci --ignore-scripts --no-audit --no-fund --silent
	$(BIN)/python tests/interop/validating.py

# The batch function of cohorts in a real Spark session on this machine, which needs Java 17.
spark: $(VENV)/.sparked
	$(BIN)/python -m pytest -q tests/spark

# Tests of each part with the newest release of everything: they tell what will break, and fail nothing.
NEWEST := tests/catalogue tests/backends tests/spec
newest:
	$(MAKE) --no-print-directory VENV=.venv-newest LOCK=none TESTS="$(NEWEST)" test || echo "newest releases: FAILED (the locks hold what works)"

# The two commands on every Python of PYTHONS that is on this machine, each in its own environment.
pythons:
	@for version in $(PYTHONS); do \
	  if ! python$$version -c '' 2>/dev/null; then echo "python$$version: not on this machine"; continue; fi; \
	  $(MAKE) --no-print-directory PYTHON=python$$version VENV=.venv-$$version demo test || exit 1; \
	done

# All that the gate runs beside the two commands above.
check: $(VENV)/.developed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports
	$(BIN)/nephroline check
	$(BIN)/nephroline check scenarios

# Write what is generated from the code: JSON Schemas, the list of features, the command reference.
docs: $(VENV)/.developed
	$(BIN)/python docs/generate.py

bench: $(VENV)/.tested
	$(BIN)/python -m pytest benchmarks/bench_consult.py -o addopts=--import-mode=importlib -o python_functions="bench_*" -o python_files="bench_*.py" --benchmark-columns=median,iqr,rounds

# Renew the locks: the newest releases that the bounds of pyproject.toml admit, with their hashes.
# Without Spark, which is large: `make spark` alone needs it.
EXTRAS := $(foreach extra,serve postgres report pdf graph cohort,--extra $(extra))
COMPILE = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate pyproject.toml
lock: $(VENV)/.developed
	mkdir -p locks
	$(COMPILE) --upgrade $(EXTRAS) --group dev -o locks/dev.txt
	$(COMPILE) --constraint locks/dev.txt $(EXTRAS) --group test -o locks/test.txt
	$(COMPILE) --constraint locks/dev.txt --extra spark -o locks/spark.txt
	$(COMPILE) --constraint locks/dev.txt --extra report --extra serve -o locks/demo.txt
	$(subst pyproject.toml,,$(COMPILE)) --constraint locks/dev.txt --group tools -o locks/tools.txt
	$(subst pyproject.toml,,$(COMPILE)) --constraint locks/dev.txt --group mutants -o locks/mutants.txt

# An environment that was left half-made is made anew.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit("Nephroline needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Say which to use: make PYTHON=python3.12 ...") if sys.version_info < (3, 11) else None'
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "no environment could be made (Debian: apt install python3-venv)"; exit 1; }
	touch $@

# A Python for which the locks were not made gets the newest releases, and is told so.
# A wheel of durable_rules from a cache may have been built for another Python or without the flag above.
$(VENV)/.installed: $(VENV)/.made pyproject.toml $(wildcard $(LOCK)/*.txt)
	@command -v cc >/dev/null || command -v gcc >/dev/null || { echo "durable_rules is built from source: install a C compiler (Debian: apt install build-essential python3-dev)"; exit 1; }
ifneq ($(wildcard $(LOCK)/demo.txt),)
	$(LOCKED) -r $(LOCK)/tools.txt
	$(LOCKED) --no-cache-dir -r $(LOCK)/demo.txt
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
else
	@echo "not locked for Python $(VERSION): the newest releases are installed"
	$(PIP) install --quiet --upgrade "pip>=25.1"
	$(PIP) install --quiet --no-cache-dir --editable ".[report,serve]"
endif
	touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(call PACKAGES,test,--editable "$(WITH_EXTRAS)" --group test)
	touch $@

$(VENV)/.sparked: $(VENV)/.tested
	$(call PACKAGES,spark,--editable ".[spark]")
	touch $@

$(VENV)/.mutated: $(VENV)/.tested
	$(call PACKAGES,mutants,--group mutants)
	touch $@

$(VENV)/.developed: $(VENV)/.tested
	$(call PACKAGES,dev,--group dev)
	touch $@

clean:
	rm -rf $(VENV) .venv-newest $(PYTHONS:%=.venv-%) build dist report.html .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage

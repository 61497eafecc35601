# The two to know: `make run` gives a running daemon, `make test` runs all quick tests.

VENV = .venv
BIN = $(VENV)/bin
PYTEST = $(BIN)/pytest -n 2

.PHONY: run test check lint docs bench bench-micro irctest fuzz crash cuts files clean

run: $(VENV)/for-running
	$(BIN)/python -m chatd run --config etc/chatd.ini

test: $(VENV)/for-testing
	$(PYTEST) -m "not slow"

check: lint test

lint: $(VENV)/for-testing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m chatd.reference --check

docs: $(VENV)/for-testing
	$(BIN)/python -m chatd.reference

# QUICK=1: a first look, in less than two minutes. TARGETS='P1 P5': only these.
bench: $(VENV)/for-benchmarks
	$(BIN)/python -m bench $(if $(QUICK),--quick) $(TARGETS)

bench-micro: $(VENV)/for-benchmarks
	$(BIN)/pytest bench/micro

irctest: $(VENV)/for-testing
	$(BIN)/python tests/irctest/run.py $(or $(IRCTEST),--help)

fuzz: $(VENV)/for-testing
	CHATD_FUZZ_SECONDS=600 $(PYTEST) -k fuzz

crash: $(VENV)/for-testing
	CHATD_CRASH_ROUNDS=200 $(BIN)/pytest tests/test_crash.py

cuts: $(VENV)/for-testing
	CHATD_CUTS=1000 $(BIN)/pytest -s tests/test_cuts.py

# FOLDER=path: on the disk that the files are to be on, while they go to and fro.
files: $(VENV)/for-testing
	CHATD_FILE=1000 CHATD_FILE_CUTS=20 CHATD_FILE_KILLS=3 CHATD_FILES=100 $(BIN)/pytest -s \
		$(if $(FOLDER),--basetemp=$(FOLDER)) tests/clients/test_long_files.py tests/test_many_files.py

$(VENV)/for-running: setup.cfg pyproject.toml
	python3 -m venv $(VENV)
	$(BIN)/pip install --quiet --editable .
	touch $@

$(VENV)/for-testing: setup.cfg pyproject.toml
	python3 -m venv $(VENV)
	$(BIN)/pip install --quiet --editable '.[test]'
	touch $@

$(VENV)/for-benchmarks: setup.cfg pyproject.toml
	python3 -m venv $(VENV)
	$(BIN)/pip install --quiet --editable '.[benchmarks]'
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info
	$(MAKE) --silent --directory bench/load clean

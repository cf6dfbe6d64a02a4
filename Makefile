# idletalk: `make demo` and `make test` do all set-up on a fresh clone.
.DELETE_ON_ERROR:
.PHONY: demo test lint lint-rust lint-python bench setup docs site lab clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo/out.idletalk
RUST_FILES := $(shell find rust -name '*.rs' -o -name Cargo.toml) Cargo.toml Cargo.lock

## set up a virtual environment in the checkout and build the Rust core
setup: $(VENV)/.built

$(VENV)/.installed: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "idletalk needs Python 3.11 or newer: install python3 (Debian: apt-get install python3 python3-venv), or name one with PYTHON=..."; exit 1; }
	@command -v cargo >/dev/null || { echo "idletalk needs a Rust toolchain (cargo): install one with rustup, https://rustup.rs"; exit 1; }
	@command -v cc >/dev/null || { echo "idletalk needs a C compiler (cc): install one (Debian: apt-get install gcc)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "idletalk needs Python's venv: install it (Debian: apt-get install python3-venv)"; exit 1; }
	@echo "setting up $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check pip==26.3
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --requirement requirements.lock
	@touch $@

$(VENV)/.built: $(VENV)/.installed $(RUST_FILES) pyproject.toml
	@echo "building the Rust core"
	@VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/maturin develop --release --locked --quiet >$(VENV)/build.log 2>&1 || { cat $(VENV)/build.log; exit 1; }
	@$(BIN)/python -m compileall -q python/idletalk
	@touch $@

## analyse the demo capture and print the conclusions
demo: setup
	@$(BIN)/idletalk analyze demo/*.pcap.gz --lab demo/lab.toml --lookups lab --out $(DEMO) --force

## all tests; those that need other people's captures, root or tshark skip with a reason where these are missing
test: setup
	@cargo test --quiet --release --locked --workspace --tests
	@$(BIN)/pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

lint: lint-rust lint-python

lint-rust: setup
	@cargo fmt --check
	@cargo clippy --quiet --release --locked --workspace --all-targets -- -D warnings

lint-python: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/basedpyright --project pyproject.toml --level error
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m tools.docs --check
	@$(BIN)/mkdocs build --strict --quiet

## the documents that are generated from the code
docs: setup
	@$(BIN)/python -m tools.docs

## the documents as pages: build/site/index.html
site: docs
	@$(BIN)/mkdocs build --strict --quiet

$(VENV)/.bench: bench/requirements.txt $(VENV)/.installed
	@$(BIN)/pip install --quiet --disable-pip-version-check numpy
	@$(BIN)/pip install --quiet --disable-pip-version-check --requirement $< || echo "nfstream cannot be installed here: its row will say so"
	@touch $@

## compare the speed with other programs on made captures; BENCH="--large --memory" for all
bench: setup $(VENV)/.bench
	@$(BIN)/python -m bench $(BENCH)

## a run of the lab (root, Linux): the demo capture anew, with its truth, into lab/out; LAB="--seed 7 --minutes 3" for another
LAB ?= --seed 1 --minutes 3.5 --rounds 5 --start 2026-11-23T16:05:00+00:00
lab: setup
	@$(BIN)/python -m lab run $(LAB) --out lab/out

clean:
	rm -rf $(VENV) target $(DEMO)

# The few commands of the README and of CI. A fresh machine needs a Rust toolchain, Python 3.10+ and a C compiler;
# Python packages go into .venv, in this folder.
#
# Cargo is called without -p on purpose: every command then resolves the same features, so that the demo, the tests and
# development share one build of the dependencies in one target directory. With -p, cargo compiles Burn a second time.

.DEFAULT_GOAL := help
.NOTPARALLEL:

CARGO ?= cargo
PYTHON ?= python3
TARGET := $(or $(CARGO_TARGET_DIR),target)
VENV_PYTHON := .venv/bin/python

# Set on the command line only: some shells export a PROMPT of their own.
ifneq ($(origin PROMPT),command line)
PROMPT := a person walks forward and waves
endif
export PROMPT

.PHONY: help demo test test-rust test-python test-viewer test-torch lint bench docs nano nano-evaluate

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | awk -F ':.*## ' '{ printf "make %-14s %s\n", $$1, $$2 }'

demo: ## make a motion from a sentence, into out/ (PROMPT="a person jumps" SEED=7)
	$(CARGO) run --locked --example demo -- "$$PROMPT" $(SEED)

test: test-rust test-python test-viewer ## all tests

test-rust: ## unit, golden and documentation tests
	$(CARGO) test --locked --workspace --no-fail-fast

test-python: .venv/.ready ## the Python package, and what Python sees of our files
	$(CARGO) build --locked --workspace --lib --examples
	$(VENV_PYTHON) tests/python/install.py "$(TARGET)"
	$(VENV_PYTHON) -m pytest -q tests/python --artifacts "$(TARGET)"

test-viewer: ## the HTML player, in a headless Chromium where there is one
	tests/viewer/browser.sh
	CARGO="$(CARGO)" PYTHON="$(PYTHON)" tests/viewer/run.sh

test-torch: .venv/.torch ## PyTorch reads our checkpoints and motions (downloads PyTorch, some hundred MB)
	$(CARGO) test --locked --workspace --test interop
	$(VENV_PYTHON) -m pytest -q tests/python/test_torch.py --artifacts "$(TARGET)"

lint: ## format, clippy and documentation, without a warning
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps

bench: ## benchmarks, optimised as a release (FILTER=name for some of them)
	$(CARGO) bench --locked -p vimogen-bench -- $(FILTER)

docs: ## the API reference, and the book if mdbook is installed
	$(CARGO) doc --locked --workspace --no-deps
	@if command -v mdbook >/dev/null; then mdbook build docs; fi
	@echo "open $(TARGET)/doc/vimogen_core/index.html"

nano: ## train the built-in model, by default into vimogen-core/assets/nano; run it again to resume (ARGS="--out DIR")
	MIMALLOC_PURGE_DELAY=-1 $(CARGO) run --locked --example train_nano -- train $(ARGS)
	$(CARGO) run --locked --example train_nano -- export $(ARGS)

nano-evaluate: ## the built-in model's scores, as in its model card
	$(CARGO) run --locked --example train_nano -- evaluate $(ARGS)

.venv/.ready: tests/python/requirements.txt tests/python/venv.sh
	PYTHON="$(PYTHON)" tests/python/venv.sh

.venv/.torch: .venv/.ready
	$(VENV_PYTHON) -m pip install --quiet torch
	touch $@

# One verb per line of work; `make` alone lists them. Everything runs in .venv, which is made from the lock file at the first use.
PYTHON ?= python3
PORT ?=
ARGS ?=
BIN := .venv/bin
READY := .venv/ready

.PHONY: help install check test test-llm accuracy faults faults-long demo up bench incidents docs lock clean
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

install: $(READY) ## make .venv from the lock file

$(READY): requirements/dev.txt requirements/uv.txt requirements/install pyproject.toml
	@requirements/install dev $(PYTHON)
	@touch $@

demo: $(READY) ## start everything, run a recorded incident through it, print the report, stop
	@$(BIN)/faultmaven demo $(ARGS)

up: $(READY) ## run everything on this machine until Ctrl-C (PORT=8000)
	@$(BIN)/faultmaven up $(if $(PORT),--port $(PORT)) $(ARGS)

test: $(READY) ## all tests, on real servers that are started for it (ARGS=tests/unit for some)
	@$(BIN)/python -m pytest $(ARGS)

test-llm: $(READY) .venv-llm/ready ## talk to a real small language model, served on this machine (llama.cpp is built once, some minutes)
	@FM_TEST_LLM=.venv-llm/bin/python $(BIN)/python -m pytest tests/test_llm_real $(ARGS)

.venv-llm/ready: requirements/llm.txt requirements/install-llm
	@requirements/install-llm $(PYTHON)

check: $(READY) ## lint, format, types, direction of dependencies, lock files
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo "run: $(BIN)/ruff format ."; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python requirements/check.py

faults: $(READY) ## break the real servers and processes in every known way; count every job (ARGS='--seed N --only CASE')
	@$(BIN)/python -m faults $(ARGS)

faults-long: $(READY) ## the same with longer faults, every await point, and JOBS=100000 small jobs under kills; takes hours
	@$(BIN)/python -m faults --long --jobs $(or $(JOBS),100000) $(ARGS)

bench: $(READY) ## measure speed on this machine
	@$(BIN)/python -m bench $(ARGS)

accuracy: $(READY) ## quality of every stage on the data of an evaluation kit, beside its goals (ARGS='pii secrets', FM_EVAL=...)
	@$(BIN)/python -m bench.accuracy $(ARGS)

incidents: $(READY) ## run the incidents of a folder through the running pipeline and score the answers (DIR=...)
	@test -n "$(DIR)" || { echo "error: name the folder of the incidents: make incidents DIR=..."; exit 2; }
	@$(BIN)/python -m bench.incidents "$(DIR)" $(ARGS)

docs: $(READY) ## write what is generated from code: JSON Schemas, AsyncAPI, topology
	@$(BIN)/faultmaven contracts export
	@$(BIN)/python -m faultmaven_events.consumers.process.config.lint.page docs/config-rules.md
	@$(BIN)/python -m faultmaven_events.consumers.reason.offline.catalogue docs/cause-rules.md

lock: $(READY) ## lock versions and hashes anew after a change in pyproject.toml
	@requirements/lock $(BIN)/uv

clean: ## remove .venv and caches; what was handed in (.faultmaven) stays
	@rm -rf .venv .venv-llm .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# Every target builds the environment it needs. `make help` lists them.
SHELL := /bin/bash
VENV  ?= .venv
BIN   := $(VENV)/bin
ARGS  ?=
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.PHONY: help demo up test fuzz kills check format bench pictures prove lock clean env dev-env system-packages

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 16

demo: $(VENV)/.demo ## the story on real orders, then a console to look around in (ARGS="--once --json FILE" to play it headless)
	$(BIN)/piepowder demo $(ARGS)

up: $(VENV)/.demo ## gateway, console and database for your own marketplace (ARGS="--config FILE")
	$(BIN)/piepowder up $(ARGS)

test: $(VENV)/.dev ## every test (ARGS="-k name" to choose)
	$(BIN)/python -m tools.system_packages test
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

fuzz: $(VENV)/.dev ## a million generated calls against the separately written oracle
	PIEPOWDER_TRIPLES=$(or $(TRIPLES),1000000) $(BIN)/python -m pytest tests/oracle $(ARGS)

kills: $(VENV)/.dev ## two hundred kill -9 under load; every answer must be on the ledger
	PIEPOWDER_KILLS=$(or $(KILLS),200) $(BIN)/python -m pytest tests/kills $(ARGS)

check: $(VENV)/.dev ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy src tests benchmarks proof tools
	$(BIN)/lint-imports

format: $(VENV)/.dev ## rewrite the code in house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.dev ## gateway beside nginx and nginx + Lua; writes bench/results/latest.json
	$(BIN)/python -m tools.system_packages bench
	$(BIN)/python -m benchmarks.run $(ARGS)

pictures: $(VENV)/.dev ## the README's pictures anew, of a running `make demo`
	$(BIN)/python -m tools.system_packages test
	$(BIN)/python -m tools.screenshots $(ARGS)

prove: $(VENV)/.dev ## measure what a part must reach: make prove PART=2 (FULL=1 for the long amounts)
	$(BIN)/python -m tools.system_packages test
	$(BIN)/python -m tools.system_packages bench
	$(BIN)/python -m proof.run --part $(or $(PART),1) $(if $(FULL),--full) $(ARGS)

lock: $(VENV)/.dev ## resolve the dependencies anew
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --extra demo -o requirements/demo.lock pyproject.toml
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --extra demo --extra dev -o requirements/dev.lock pyproject.toml

clean: ## remove the environment and caches (data folders stay)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist

$(VENV)/.made:
	./tools/make-environment $(VENV)
	@touch $@

$(VENV)/.demo: $(VENV)/.made requirements/demo.lock pyproject.toml
	$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements/demo.lock
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.made requirements/dev.lock pyproject.toml
	$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements/dev.lock
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps -e .
	@touch $@ $(VENV)/.demo

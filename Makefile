# Everything that one does with the project, by its usual names. Nothing needs to be installed or activated first.
PYTHON ?= python3
ENGINES ?= light
ARGS ?=
MANAGE := $(PYTHON) manage.py

.DEFAULT_GOAL := help
.PHONY: up demo test test-all lint format help clean

up: ## Start the whole system (ENGINES=full: Apache Kafka and Neo4j; ARGS="--detach": in the background)
	@exec $(MANAGE) up --engines $(ENGINES) $(ARGS)

demo: ## Load the network of Les Misérables through the gateway and show who should know whom
	@exec $(MANAGE) demo $(ARGS)

test: ## Run every test, on the full engines (contract and smoke on the light ones too)
	@exec $(MANAGE) python tests/run.py $(ARGS)

test-all: ## Run every test on the full engines, and again on the light ones
	@exec $(MANAGE) python tests/run.py --all $(ARGS)

lint: ## Check format, lint, types, imports, deployment settings, migrations
	@exec $(MANAGE) python tests/lint.py

format: ## Format the code and mend what ruff can mend
	@exec $(MANAGE) python tests/lint.py --fix

clean: ## Remove caches; data (.data) and packages (.venv) stay
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -path ./.venv -prune -o -path ./.data -prune -o -name __pycache__ -type d -print0 | xargs -0 rm -rf

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

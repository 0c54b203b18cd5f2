PYTHON ?= .venv/bin/python

.PHONY: help setup format lint types contracts test check
help: ## Show this help
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  \1\t\2/' | expand -t 14

setup: ## Make a virtual environment with everything that development needs
	python3 -m venv .venv
	$(PYTHON) -m pip install --quiet --editable '.[dev]'

format: ## Format the code
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .

lint: ## Check format and lint rules
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .

types: ## Check types, strictly
	$(PYTHON) -m mypy

contracts: ## Check that imports point downwards
	$(dir $(PYTHON))lint-imports

test: ## Run the tests
	$(PYTHON) -m pytest --quiet --numprocesses 2

check: lint types contracts test ## Everything that a change must pass

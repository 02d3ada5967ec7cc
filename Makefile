# Everything a developer does. Each target makes the virtual environment from the lock if it must.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard contest/translations/*/LC_MESSAGES/messages.po))
PORT ?=
DATA ?= demo-data

.PHONY: help demo test lint format lock messages bench doctor clean

help: ## Say what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(STAMP): requirements/dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Contest needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

%.mo: %.po $(STAMP)
	$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

demo: $(STAMP) $(CATALOGUES) ## Run everything on embedded services, with a filled bilingual contest
	$(BIN)/contest demo $(if $(PORT),--port $(PORT)) --data "$(DATA)"

test: $(STAMP) $(CATALOGUES) ## Run every test, browsers included
	$(BIN)/python scripts/chromium.py
# In the order of the folders, the browsers' first: by number of tests, few long ones would come last and alone.
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(STAMP) $(CATALOGUES) ## Check style, types, layers, templates and texts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint contest/templates --lint --quiet
	$(BIN)/python scripts/check_messages.py
	$(BIN)/python scripts/vendor.py --check

format: $(STAMP) ## Put code and templates into the house's form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(STAMP) ## Lock the requirements anew, with hashes
	scripts/lock.sh --upgrade

messages: $(STAMP) ## Collect texts for translation
	$(BIN)/python scripts/messages.py

bench: $(STAMP) ## Measure what we claim
	$(BIN)/python benchmarks/tally.py
	$(BIN)/python benchmarks/pages.py
	$(BIN)/python benchmarks/previews.py
	$(BIN)/python benchmarks/scoring.py
	$(BIN)/python benchmarks/scoring_coverage.py

doctor: $(STAMP) ## Test each dependency of a running installation by use
	$(BIN)/contest doctor

clean: ## Remove what can be made again
	rm -rf .venv demo-data .pytest_cache .mypy_cache .ruff_cache

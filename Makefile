# Each target sets up what it needs: `make ask Q="…"` on a new machine creates the virtual environment, installs the locked
# packages, builds the index and answers. Later runs skip what is up to date.

PYTHON ?= python3
VENV   ?= .venv
PAGES  ?= index/pages
Q      ?= How does DiskGNN keep accuracy while training out of core?
WORKERS ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2)
export Q PAGES

BIN   := $(VENV)/bin
# Each value of PAGES has its own index folder.
INDEX := index/chroma$(if $(filter-out index/pages,$(PAGES)),-$(firstword $(shell printf '%s' '$(subst ','\'',$(PAGES))' | cksum)))
# HOST, PORT and AUTH are read only from the command line of make: many shells set HOST.
typed  = $(findstring command line,$(origin $(1)))
FILES := $(foreach page,$(PAGES),$(wildcard $(page)) $(wildcard $(page)/*))
BASE  := $(VENV)/.base
DEV   := $(VENV)/.dev
PIP   := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pip --disable-pip-version-check install --quiet

.DEFAULT_GOAL := help
.PHONY: help ask ui index test quick soak check docs eval gate bench format lock clean

help: ## show this help
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16
	@echo '  Q="…" is the question, PAGES="…" the files to index (default index/pages), PYTHON=… the interpreter,'
	@echo '  ARGS="…" further options of the command. HOST=… PORT=… AUTH=… configure make ui (see qa ui --help).'

ask: $(INDEX)/.made ## answer a question: make ask Q="Which papers prune language models?"
	@$(BIN)/qa ask --index $(INDEX) -- "$$Q" || [ $$? -eq 3 ]

ui: $(INDEX)/.made ## open the page in a browser: make ui PORT=9000 ARGS="--no-model"
	@$(BIN)/qa ui --index $(INDEX) $(if $(call typed,HOST),--host "$$HOST") $(if $(call typed,PORT),--port "$$PORT") \
		$(if $(call typed,AUTH),--auth "$$AUTH") $(ARGS)

index: $(BASE) ## index the pages: make index PAGES=my-pages
	@$(BIN)/qa index --index $(INDEX) --replace $$PAGES && touch $(INDEX)/.made

$(INDEX)/.made: $(FILES) | $(BASE)
	@$(BIN)/qa index --index $(INDEX) --replace $$PAGES >&2 && touch $@

test: $(DEV) ## run all tests, one process per core, and print the branch coverage
	@$(BIN)/python -m pytest -n $(WORKERS) --cov --cov-report=term:skip-covered $(ARGS)

quick: $(DEV) ## run the tests that need neither a browser nor a server (under two minutes)
	@$(BIN)/python -m pytest -n $(WORKERS) -m "not browser and not server and not kill and not slow and not soak" $(ARGS)

soak: $(DEV) ## run the long tests: attacks, floods, kills at many moments
	@$(BIN)/python -m pytest -m soak $(ARGS)

check: $(DEV) ## check format, lint, types and the import contract
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/lint-imports --no-logo && $(BIN)/pyright

docs: $(DEV) ## build the documentation into site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

eval: $(INDEX)/.made ## score the answers to the development questions: make eval ARGS="--split test --report report"
	@$(BIN)/python evals/run.py --index $(INDEX) $(ARGS)

gate: $(INDEX)/.made ## fail if a score is below its floor or the committed results
	@$(BIN)/python evals/run.py --index $(INDEX) --check-regression
	@$(BIN)/python evals/run.py --index $(INDEX) --check-regression --mode replay
	@$(BIN)/python -m qa.evals.runs.statements --index $(INDEX) --check-regression

SHARED ?= ../shared
bench: $(DEV) $(INDEX)/.made ## measure speed, load, growth to 87,000 papers and other libraries (one to two hours)
	@mkdir -p benchmarks/results
	$(BIN)/python benchmarks/speed.py --pages $(SHARED)/corpus --json benchmarks/results/speed.json
	$(BIN)/python benchmarks/page_start.py --index $(INDEX)
	$(BIN)/python benchmarks/load.py --index $(INDEX) --json benchmarks/results/load.json
	$(BIN)/python benchmarks/rivals.py --pages $(SHARED)/corpus --weights $(SHARED)/models/bench --json benchmarks/results/rivals.json
	$(BIN)/python benchmarks/growth.py --papers $(SHARED)/datasets/papers-87k.jsonl.gz --json benchmarks/results/growth.json --plots benchmarks

format: $(DEV) ## format the code
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

lock: $(DEV) ## pin the newest allowed packages
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --extra dev --extra docs pyproject.toml -o requirements-dev.lock

clean: ## remove the virtual environment, the built indexes and the documentation
	rm -rf $(VENV) index/chroma* site

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) was not found. Install Python 3.11 to 3.14, or name one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' || { echo "make: $(PYTHON) is $$($(PYTHON) -V 2>&1), but 3.11 to 3.14 is needed. Name another: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "make: this Python cannot make virtual environments. Install them (Debian, Ubuntu: apt install python3-venv), then run make again." >&2; exit 1; }
	@echo "Creating the virtual environment in $(VENV) …" >&2
	@$(PYTHON) -m venv $(VENV)

$(BASE): requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing the packages (once, a minute or two) …" >&2
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps -e .
	@touch $@

$(DEV): requirements-dev.lock pyproject.toml | $(BIN)/python
	@echo "Installing the development packages (once, a minute or two) …" >&2
	@$(PIP) --require-hashes -r requirements-dev.lock
	@$(PIP) --no-deps -e .
	@touch $@ $(BASE)

# One command sets up what it needs: `make ask Q="…"` on a fresh machine makes the environment, installs the locked
# packages, builds the index on first use and answers. Second runs set up nothing.

PYTHON ?= python3
VENV   ?= .venv
PAGES  ?= index/pages
Q      ?= How does DiskGNN keep accuracy while training out of core?
export Q PAGES

BIN   := $(VENV)/bin
# Each value of PAGES has an index folder of its own.
INDEX := index/chroma$(if $(filter-out index/pages,$(PAGES)),-$(firstword $(shell printf '%s' '$(subst ','\'',$(PAGES))' | cksum)))
# HOST, PORT and AUTH count where they were typed after make alone: many a shell has a HOST of its own.
typed  = $(findstring command line,$(origin $(1)))
FILES := $(foreach page,$(PAGES),$(wildcard $(page)) $(wildcard $(page)/*))
BASE  := $(VENV)/.base
DEV   := $(VENV)/.dev
PIP   := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pip --disable-pip-version-check install --quiet

.DEFAULT_GOAL := help
.PHONY: help ask ui index test check eval gate bench format lock clean

help: ## show this help
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16
	@echo '  Q="…" is the question, PAGES="…" the pages (default index/pages), PYTHON=… the interpreter.'
	@echo '  HOST=… PORT=… AUTH=… say where the page answers, and the file of accounts (see qa ui --help).'

ask: $(INDEX)/.made ## answer a question: make ask Q="Which papers prune language models?"
	@$(BIN)/qa ask --index $(INDEX) -- "$$Q" || [ $$? -eq 3 ]

ui: $(INDEX)/.made ## open the page: make ui PORT=9000, with ARGS="--no-model" and the like
	@$(BIN)/qa ui --index $(INDEX) $(if $(call typed,HOST),--host "$$HOST") $(if $(call typed,PORT),--port "$$PORT") \
		$(if $(call typed,AUTH),--auth "$$AUTH") $(ARGS)

index: $(BASE) ## index the pages: make index PAGES=my-pages
	@$(BIN)/qa index --index $(INDEX) --replace $$PAGES && touch $(INDEX)/.made

$(INDEX)/.made: $(FILES) | $(BASE)
	@$(BIN)/qa index --index $(INDEX) --replace $$PAGES >&2 && touch $@

test: $(DEV) ## run the tests
	@$(BIN)/python -m pytest

check: $(DEV) ## check format, lint and types
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/pyright

eval: $(INDEX)/.made ## measure answers on the development questions; ARGS="--split test --report report" and the like
	@$(BIN)/python evals/run.py --index $(INDEX) $(ARGS)

gate: $(INDEX)/.made ## fail where a score fell below its floor or the committed rows
	@$(BIN)/python evals/run.py --index $(INDEX) --gate
	@$(BIN)/python evals/run.py --index $(INDEX) --gate --mode replay
	@$(BIN)/python -m qa.evals.runs.statements --index $(INDEX) --gate

SHARED ?= ../shared
bench: $(DEV) $(INDEX)/.made ## measure speed, load, growth to 87,000 papers and rivals: one to two hours on a quiet machine
	@mkdir -p benchmarks/results
	$(BIN)/python benchmarks/speed.py --pages $(SHARED)/corpus --json benchmarks/results/speed.json
	$(BIN)/python benchmarks/page_start.py --index $(INDEX)
	$(BIN)/python benchmarks/load.py --index $(INDEX) --json benchmarks/results/load.json
	$(BIN)/python benchmarks/rivals.py --pages $(SHARED)/corpus --weights $(SHARED)/models/bench --json benchmarks/results/rivals.json
	$(BIN)/python benchmarks/growth.py --papers $(SHARED)/datasets/papers-87k.jsonl.gz --json benchmarks/results/growth.json --plots benchmarks

format: $(DEV) ## format the code
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

lock: ## pin the newest allowed packages (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --extra dev pyproject.toml -o requirements-dev.lock

clean: ## remove the environment and the built indexes
	rm -rf $(VENV) index/chroma*

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) was not found. Install Python 3.11 to 3.14, or name one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' || { echo "make: $(PYTHON) is $$($(PYTHON) -V 2>&1), but 3.11 to 3.14 is needed. Name another: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "make: this Python cannot make virtual environments. Install them (Debian, Ubuntu: apt install python3-venv), then run make again." >&2; exit 1; }
	@echo "Making the environment in $(VENV) …" >&2
	@$(PYTHON) -m venv $(VENV)

$(BASE): requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing the packages (a minute or two, once) …" >&2
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps -e .
	@touch $@

$(DEV): requirements-dev.lock pyproject.toml | $(BIN)/python
	@echo "Installing the packages for development (a minute or two, once) …" >&2
	@$(PIP) --require-hashes -r requirements-dev.lock
	@$(PIP) --no-deps -e .
	@touch $@ $(BASE)

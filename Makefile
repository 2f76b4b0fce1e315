# Everything a developer does with PayFlow. `make` alone lists it.
# Works with GNU make 3.81 and newer.

VENV  := .venv
BIN   := $(VENV)/bin
STAMP := $(VENV)/.installed

# PYTHON=/path/to/python3 says which one to use; else the first of these that is new enough.
PYTHON  ?=
PYTHONS := $(if $(PYTHON),$(PYTHON),python3 python3.11 python3.12 python3.13 python3.14)

# Two files at a time: much of what tests do is wait. ARGS="-n 0" runs one after another.
PYTEST := $(BIN)/pytest -q -n 2 --dist loadfile

# Passed on to the command of a target: make run ARGS="--port 3001", make unit ARGS="-k ledger".
ARGS ?=

.DEFAULT_GOAL := help
.NOTPARALLEL:

##@ Working with PayFlow

.PHONY: help
help: ## List these targets
	@awk 'BEGIN { FS = ":[^#]*## " } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:[^#]*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: install
install: $(STAMP) ## Install PayFlow and its tools into .venv

# To the shell that make starts, and that becomes payflow, make is the parent.
.PHONY: run
run: $(STAMP) ## Start PayFlow with a database and a demo partner; ARGS="--port N --data-dir DIR"
	@exec $(BIN)/payflow dev --parent=$$PPID $(ARGS)

.PHONY: verify
verify: $(STAMP) ## Prove the books of a database
	@exec $(BIN)/payflow verify $(ARGS)

.PHONY: bench
bench: $(STAMP) ## Measure the project's figures
	@exec $(BIN)/payflow bench $(ARGS)

##@ Checking it

.PHONY: test
test: format-check lint types architecture pins unit integration ## All of the below, in this order, up to the first failure

.PHONY: format-check
format-check: $(STAMP) ## Is every file formatted? (make format does it)
	@echo "== format-check"
	@$(BIN)/ruff format --check .

.PHONY: lint
lint: $(STAMP) ## Lint
	@echo "== lint"
	@$(BIN)/ruff check .

.PHONY: types
types: $(STAMP) ## Check the types
	@echo "== types"
	@$(BIN)/mypy

.PHONY: architecture
architecture: $(STAMP) ## Check which package imports which
	@echo "== architecture"
	@$(BIN)/lint-imports --no-logo

.PHONY: pins
pins: $(STAMP) ## Is every dependency pinned? (make lock does it)
	@echo "== pins"
	@$(BIN)/python -m pip check

.PHONY: unit
unit: $(STAMP) ## Run the unit tests; ARGS="-k NAME"
	@echo "== unit"
	@$(PYTEST) tests/unit $(ARGS)

.PHONY: integration
integration: $(STAMP) ## Run the tests that start a real PostgreSQL; ARGS="-k NAME"
	@echo "== integration"
	@$(PYTEST) tests/integration $(ARGS)

.PHONY: mutants
mutants: $(STAMP) ## Show that each rule of the ledger is tested: break one after another (about ten minutes)
	@$(BIN)/python -m tests.mutation $(ARGS)

##@ Keeping it in order

.PHONY: format
format: $(STAMP) ## Format every file and sort its imports
	@$(BIN)/ruff check --quiet --select I --fix-only .
	@$(BIN)/ruff format .

# Only the registry itself is asked: a local mirror or folder would leave out other platforms' hashes.
.PHONY: lock
lock: $(STAMP) ## Pin the dependencies of pyproject.toml in requirements.txt; ARGS=--upgrade for newer ones
	@env -u PIP_FIND_LINKS -u PIP_EXTRA_INDEX_URL PIP_CONFIG_FILE=/dev/null \
	  CUSTOM_COMPILE_COMMAND="make lock" \
	  $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras \
	  --extra dev --build-deps-for editable \
	  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
	  --output-file requirements.txt $(ARGS) pyproject.toml
	@echo "requirements.txt is up to date; make install installs it"

.PHONY: clean
clean: ## Remove .venv, what was built and every cache
	rm -rf $(VENV) build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A Python that cannot give a new environment its pip (Debian ships that part apart) lends its own.
$(STAMP): pyproject.toml requirements.txt
	@set -e; \
	recent='import sys; sys.exit(sys.version_info < (3, 11))'; \
	if ! $(BIN)/python -c "$$recent" 2>/dev/null; then \
	  found=; python=; \
	  for each in $(PYTHONS); do \
	    version=$$("$$each" -c 'import platform; print(platform.python_version())' 2>/dev/null) || continue; \
	    found="$$found $$version"; \
	    if "$$each" -c "$$recent"; then python=$$each; break; fi; \
	  done; \
	  if [ -z "$$python" ]; then \
	    echo "PayFlow needs Python 3.11 or newer; found:$${found:- none}." >&2; \
	    echo "Install one, or say where it is: make install PYTHON=/path/to/python3" >&2; \
	    exit 1; \
	  fi; \
	  echo "Making $(VENV) with Python $$version"; \
	  "$$python" -m venv --clear --without-pip $(VENV); \
	  $(BIN)/python -m ensurepip >/dev/null 2>&1 \
	    || "$$python" -m pip --python $(BIN)/python install --quiet --require-hashes -r requirements.txt; \
	fi; \
	echo "Installing into $(VENV)"; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .; \
	touch $@

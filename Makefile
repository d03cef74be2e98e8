PYTHON ?= python3
VENV := .venv
TARGET_VENV := .venv-target
DOCS_VENV := .venv-docs
BIN := $(VENV)/bin
PIP := -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: help demo test check docs dist integration soak fuzz bench format clean
.DELETE_ON_ERROR:

help: ## List the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

demo: $(VENV)/installed $(TARGET_VENV)/installed ## Run the tap on the simulator, load with target-jsonl and compare record counts
	@$(BIN)/python scripts/demo.py --config sample_config.json \
		--target $(TARGET_VENV)/bin/target-jsonl --output demo

test: $(VENV)/installed $(TARGET_VENV)/installed ## Run the test suite
	@$(BIN)/python -m pytest --numprocesses auto --dist worksteal

check: $(VENV)/installed ## Check lint rules, formatting, types, import contracts and workflows
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/zizmor --quiet --offline --no-progress --persona pedantic .github

soak: $(VENV)/installed $(TARGET_VENV)/installed ## Run all faults in all places, hundreds of kills and long property tests (one hour)
	@SOAK=1 $(BIN)/python -m pytest --numprocesses auto --dist worksteal \
		tests/test_faults.py tests/test_kills.py tests/test_casting.py tests/test_dates.py tests/test_json_paths.py

fuzz: $(VENV)/installed ## Fuzz the code that reads responses and settings (40 minutes, installs atheris)
	@$(BIN)/python $(PIP) atheris
	@for target in numbers values times report envelope page codes days windows find macros pages repair ranges; do \
		$(BIN)/python tests/fuzz.py $$target || exit 1; done

integration: $(VENV)/installed ## Run the commands of the docs, load into real targets, run Meltano and dbt, share a budget (20 minutes)
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null \
		|| apt-get install --yes postgresql || echo "Postgres is not installed: its tests are skipped."
	@command -v redis-server >/dev/null || apt-get install --yes redis-server \
		|| echo "Redis is not installed: its tests are skipped."
	@INTEGRATION=1 $(BIN)/python -m pytest tests/integration

dist: $(VENV)/installed ## Build wheel and sdist into dist/ and check them
	@rm -rf dist
	@$(BIN)/python -m hatchling build -t sdist -t wheel
	@$(BIN)/python -m twine check --strict dist/*

docs: $(DOCS_VENV)/installed ## Build the documentation into site/ and fail on warnings
	@NO_MKDOCS_2_WARNING=1 $(DOCS_VENV)/bin/mkdocs build --quiet --strict
	@echo "site/: $$(find site -name index.html | wc -l) pages"

bench: $(VENV)/installed ## Compare speed and memory with a plain SDK tap (ten minutes)
	@$(BIN)/python benchmarks/run.py

format: $(VENV)/installed ## Format the code and apply lint fixes
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean: ## Remove the files that the other commands create
	rm -rf $(VENV) $(TARGET_VENV) $(DOCS_VENV) .venv-integration demo dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis .fuzz

$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
		|| { echo "Python 3.10 or later is required. Run: make PYTHON=python3.12 ..."; exit 1; }
	@echo "Installing into $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python $(PIP) --upgrade pip
	@# An installation under the former name shares files with the current one.
	@$(BIN)/python -m pip uninstall -qq --yes --disable-pip-version-check tap-tiktok-ads
	@$(BIN)/python $(PIP) --editable . --group test --group check
	@touch $@

# target-jsonl pins old versions of the tap's dependencies, so it needs a separate environment.
$(TARGET_VENV)/installed:
	@echo "Installing target-jsonl into $(TARGET_VENV) ..."
	@$(PYTHON) -m venv $(TARGET_VENV)
	@$(TARGET_VENV)/bin/python $(PIP) --upgrade pip
	@$(TARGET_VENV)/bin/python -m pip install --quiet --disable-pip-version-check target-jsonl==0.1.4
	@touch $@

$(DOCS_VENV)/installed: pyproject.toml constraints.txt
	@echo "Installing into $(DOCS_VENV) ..."
	@$(PYTHON) -m venv $(DOCS_VENV)
	@$(DOCS_VENV)/bin/python $(PIP) --upgrade pip
	@$(DOCS_VENV)/bin/python $(PIP) --group docs
	@touch $@

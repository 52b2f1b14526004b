# Everything a person types. The first run of any target prepares .venv; later runs start at once.
# Needs: Python >= 3.11, pip, make. No root, no system package, no GPU.

PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11,\
	$(if $(shell $(name) -c 'import sys; print(sys.version_info >= (3, 11) or "")' 2>/dev/null),$(name))))
VENV := .venv
BIN := $(VENV)/bin
UV := .tools/bin/uv
RUNTIME := $(VENV)/.runtime-installed
DEVELOPMENT := $(VENV)/.development-installed
TEST_MODELS := whisper-tiny.en smollm2-135m-instruct

export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo serve test check crash fuzz bench lock clean install install-dev test-models soak

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name text; do \
		printf '  make %-12s %s\n' "$$name" "$$text"; done

demo: $(RUNTIME) ## watch the sample videos turn into grades (embedded models, nothing else needed)
	@$(BIN)/introeval demo $(ARGS)

serve: $(RUNTIME) ## run the daemon on embedded models
	@$(BIN)/introeval serve --pull $(ARGS)

# Three at a time (some wait for children), whole files each, in the order of the folders: the long ones are not left for the end.
test: $(DEVELOPMENT) test-models ## run the tests
	@$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(DEVELOPMENT) ## lint, format, types, layers, sizes, packaging, diagrams
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/pytest -q tests/packaging tests/docs

crash: $(DEVELOPMENT) ## crashes and power cuts in full (long; root and nbdkit)
	@$(BIN)/python -m tests.crash $(ARGS)
	@$(BIN)/python -m tests.powercut --full

fuzz: $(DEVELOPMENT) ## 10,000 broken recordings through probe and extraction (long); ARGS="--replay N" for one
	@$(BIN)/python -m tests.hostile --fuzz 10000 $(ARGS)

bench: $(DEVELOPMENT) ## measure the phases against one student at a time
	@$(BIN)/python -m benchmarks $(ARGS)

soak: $(DEVELOPMENT) ## a million seeds of the simulator (hours; ARGS="--seeds N" for fewer)
	@$(BIN)/python -m tests.simulator --seeds 1000000 $(ARGS)

install: $(RUNTIME) ## prepare .venv to run introeval

install-dev: $(DEVELOPMENT) ## prepare .venv to work on introeval

test-models: $(DEVELOPMENT)
	@$(BIN)/introeval models pull $(TEST_MODELS)

lock: $(DEVELOPMENT) ## renew the lock files from pyproject.toml
	@test -x $(UV) || { echo "make lock needs uv, which could not be installed"; exit 1; }
	$(UV) pip compile --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
		$(LOCK_ARGS) pyproject.toml -o requirements.lock
	$(UV) pip compile --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
		$(LOCK_ARGS) pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock

clean: ## remove what these targets made here (not the weights, not the state)
	rm -rf $(VENV) .tools dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# uv is fast and brings its own way to make a virtual environment (Debian's Python may lack ensurepip); `--target`
# is the one kind of install that every pip permits. Without uv the fallback is venv and pip.
$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "introeval needs Python 3.11 or newer; on Debian: apt install python3 python3-pip"; exit 1; }
	@echo "Preparing $(VENV) (once)"
	@test -x $(UV) || $(PYTHON) -m pip install --quiet --target .tools uv || pip install --quiet --target .tools uv \
		|| echo "uv could not be installed; going on with venv and pip, which is slower"
	@if test -x $(UV); then $(UV) venv --quiet --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV); \
	else $(PYTHON) -m venv $(VENV); fi

$(RUNTIME): $(BIN)/python requirements.lock pyproject.toml
	@$(call install_lock,requirements.lock)
	@touch $@

$(DEVELOPMENT): $(BIN)/python requirements-dev.lock pyproject.toml
	@$(call install_lock,requirements-dev.lock)
	@touch $@ $(RUNTIME)

# The build backend is no runtime dependency and its wheels are small; it is fetched into the build's own environment.
define install_lock
	if test -x $(UV); then \
		$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r $(1) && \
		$(UV) pip install --quiet --python $(BIN)/python --no-deps -e .; \
	else \
		$(BIN)/python -m pip install --quiet --require-hashes -r $(1) && \
		$(BIN)/python -m pip install --quiet --no-deps -e .; \
	fi
endef

# What each target does: `make help`.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
SITE   := _build/html

# These matrices are small: several processes with several BLAS threads each
# fight over the cores and run many times slower than with one thread each.
export OPENBLAS_NUM_THREADS ?= 1
export OMP_NUM_THREADS ?= 1

# MNIST that is already at hand; where it is not, nnlib downloads it once.
ifeq ($(NNLIB_DATA),)
  ifneq ($(wildcard ../shared/mnist/train-images-idx3-ubyte.gz),)
    export NNLIB_DATA := $(abspath ../shared/mnist)
  endif
endif

.DEFAULT_GOAL := help
.PHONY: help install book serve lab test lint notebooks bench lock clean

help: ## say what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | \
	  awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(VENV)/.installed: requirements.txt pyproject.toml
	@echo "==> Making the virtual environment in $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed; name one with PYTHON=..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "==> Installing the packages of requirements.txt (a minute or two)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --no-deps --no-build-isolation -e .
	@touch $@

install: $(VENV)/.installed ## make the virtual environment and install into it

lock: $(VENV)/.installed ## compile requirements.txt from pyproject.toml
	$(BIN)/uv pip compile --universal --python-version 3.11 --fork-strategy fewest \
	  --all-extras --no-emit-index-url --no-emit-find-links --quiet \
	  --custom-compile-command "make lock" -o requirements.txt pyproject.toml

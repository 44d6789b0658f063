# What each target does: `make help`.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
SITE   := _build/html
PORT   ?= 8000

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
FORCE:
.PHONY: FORCE help install book serve lab test lint notebooks bench claims elsewhere \
  lock clean

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

NOTEBOOKS    := $(wildcard book/*.ipynb)
PYTHON_FILES := nnlib tests benchmarks book/_ext

# All that a page can depend on: folders too, whose time tells of a file that went.
BOOK_SOURCES := _config.yml _toc.yml $(shell find book/. nnlib/. \
  -name __pycache__ -prune -o -name .ipynb_checkpoints -prune -o -print)

# The data set in use is a source like the others; its name changes this file.
_build/.data: FORCE
	@mkdir -p _build
	@echo '$(NNLIB_DATA)' | cmp -s - $@ || echo '$(NNLIB_DATA)' > $@

# Always the whole book: with --all a warning of yesterday's page fails today's build,
# and a changed stylesheet arrives. What takes time, running the notebooks, is cached.
$(SITE)/.built: $(VENV)/.installed _build/.data $(BOOK_SOURCES)
	@echo "==> Building the book (the first time runs every notebook)"
	@rm -rf $(SITE)  # pages and scripts that the book no longer has would stay
	@$(BIN)/jupyter-book build -q -W -n --keep-going --all .
	@touch $@

book: $(SITE)/.built ## build the book and say where it is
	@echo "The book is in $(SITE)/index.html"

serve: book ## show the book at http://127.0.0.1:8000
	@echo "The book is at http://127.0.0.1:$(PORT) (Ctrl+C ends)"
	@$(BIN)/python -m http.server --bind 127.0.0.1 --directory $(SITE) $(PORT)

lab: install ## open the notebooks in JupyterLab
	$(BIN)/jupyter-lab --notebook-dir=book

lint: install ## check format, style, types and the form of the notebooks
	@echo "==> Checking format, style, types and the form of the notebooks"
	@$(BIN)/ruff format --check $(PYTHON_FILES)
	@$(BIN)/ruff format --check --line-length 78 $(NOTEBOOKS)
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python book/_ext/committed_form.py --check

# Three processes, as each often waits for a browser; a file's tests stay together.
# A process that crashes fails the run: put in its place, another would wait for ever.
test: lint book ## run all that CI runs
	@echo "==> Running the tests: the library, every notebook, the site in a browser"
	@$(BIN)/python -m pytest --nbval --nbval-current-env --nbval-cell-timeout 120 \
	  -n 3 --dist loadfile --max-worker-restart 0

bench: install ## measure nnlib against others, and against its committed ratios
	@$(BIN)/python -c 'import torch' 2>/dev/null || \
	  { echo "==> Installing PyTorch, which nothing else here needs"; \
	    $(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0; }
	@$(BIN)/python benchmarks/epoch.py

claims: install ## measure anew what the chapter on MNIST claims (15 minutes)
	@$(BIN)/python benchmarks/claims.py

elsewhere: install ## run the notebooks as other processors round (20 minutes)
	@$(BIN)/python benchmarks/elsewhere.py

notebooks: install ## run the notebooks and bring them into their committed form
	@$(BIN)/ruff format --quiet --line-length 78 $(NOTEBOOKS)
	$(BIN)/python book/_ext/committed_form.py

clean: ## remove all that was built; the virtual environment stays
	rm -rf _build build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find book nnlib tests benchmarks -name __pycache__ -prune -exec rm -rf {} +
	find book -name .ipynb_checkpoints -prune -exec rm -rf {} +

lock: $(VENV)/.installed ## compile requirements.txt from pyproject.toml
	$(BIN)/uv pip compile --universal --python-version 3.11 --fork-strategy fewest \
	  --all-extras --no-emit-index-url --no-emit-find-links --quiet \
	  --custom-compile-command "make lock" -o requirements.txt pyproject.toml

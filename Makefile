# make run · make test · make check · make bench
# PYTHON: the interpreter to build with. TORCH_INDEX: a pip index for torch alone (see README).
PYTHON ?= python3.11
PORT ?= 8501
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test check bench
.DELETE_ON_ERROR:

run: $(VENV)/.run
	$(BIN)/streamlit run app.py --server.port $(PORT)

test: $(VENV)/.dev
	chromium="$$($(BIN)/python tests/browser/find_chromium.py)" && CHROMIUM="$$chromium" $(BIN)/python -m pytest

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports
	$(MAKE) test

# They take the path of data that must not be given away.
NEED_DATA := $(addprefix benchmarks/,ml1m.py accuracy.py guide_comparison.py)

bench: $(VENV)/.dev
	@for file in $(filter-out $(NEED_DATA),$(wildcard benchmarks/*.py)); do echo "$$file"; PYTHONPATH=. $(BIN)/python "$$file" || exit 1; done

$(VENV)/bin/pip:
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON). Type: apt-get install python3.11 (or: make $(MAKECMDGOALS) PYTHON=python3)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "$(PYTHON) is not Python 3.11. Type: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python lacks its venv module. Type: apt-get install python3.11-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# torch first and by its version, so that pip looks for the small build where TORCH_INDEX says.
$(VENV)/.run: requirements.txt | $(VENV)/bin/pip
	$(BIN)/pip install --disable-pip-version-check $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) $$(grep '^torch==' requirements.txt)
	$(BIN)/pip install --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m hrnn.warm_up
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.run
	$(BIN)/pip install --disable-pip-version-check -r requirements-dev.txt
	@touch $@


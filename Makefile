# What a person needs is python3 (3.11 or newer), pip, a C++ compiler and make; everything else is set up here.
#
#   make demo     trains a classifier of handwritten digits
#   make test     runs every test
#   make check    runs the checks of the house style (make lint) and the seeded faults (make faults)
#   make kills    kills 50 fits at random moments and resumes them
#   make sanitize runs the kernels' tests under the address sanitizer
#   make fuzz     calls every function at random, CASES=1000000 times
#   make scores   judges every claim and every implementation of the corpora, and prints the scores
#   make docs     writes the pages on the mathematics anew, every derivation in them computed
#   make wheel    builds the wheel
#   make bench    measures against the peers; make bench QUESTION=linear_head asks one question

PYTHON ?= python3
BIN := .venv/bin
NATIVE := $(wildcard native/*.cpp native/*.hpp)
READY := .venv/ready
MEASURABLE := .venv/measurable
INSTALLED := .venv/installed
# How many tests run at a time.
WORKERS ?= $(shell nproc 2>/dev/null || echo 2)
QUESTION ?= import_time wrong_target loss_and_gradient linear_head tensors training_step logistic_regression fit_memory
# How many random calls make fuzz makes.
CASES ?= 1000000

.PHONY: demo test check lint faults kills sanitize fuzz scores docs wheel bench arm format clean

demo: $(INSTALLED)
	$(BIN)/chainrule train digits --hidden 128 --output build/digits.safetensors

test: $(READY)
	@command -v chromedriver >/dev/null || echo "no browser: the report's tests in one are skipped (Debian: apt-get install chromium chromium-driver)"
	$(BIN)/python -m pytest -n $(WORKERS)

check: lint faults

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/clang-format --dry-run -Werror $(NATIVE)
	$(BIN)/python tools/check_sizes.py
	$(BIN)/python tools/check_formula_tags.py
	$(BIN)/python tools/check_public_lists.py
	$(BIN)/python tools/check_sources.py
	$(BIN)/python -m pytest tests/test_import.py

faults: $(READY)
	$(BIN)/python tests/faults.py

kills: $(READY)
	$(BIN)/python tests/kills.py

sanitize: $(READY)
	$(BIN)/python tests/sanitize.py

fuzz: $(READY)
	$(BIN)/python tests/fuzz.py --cases $(CASES) --processes $(WORKERS)

scores: $(READY)
	$(BIN)/python tests/check/scores.py

docs: $(READY)
	$(BIN)/python tools/write_mathematics.py

bench: $(MEASURABLE)
	for question in $(QUESTION); do $(BIN)/python benchmarks/$$question.py || exit 1; done

wheel: .venv/made
	$(BIN)/pip --quiet --disable-pip-version-check wheel --no-deps --wheel-dir dist .

arm:
	sh native/check_arm.sh

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(NATIVE)

clean:
	rm -rf .venv build dist

# An environment, the package for use, the package for development: each once, and again when its inputs change.
.venv/made:
	$(PYTHON) -m venv .venv || { $(PYTHON) -m pip install --quiet virtualenv && $(PYTHON) -m virtualenv --quiet .venv; }
	touch $@

$(INSTALLED): .venv/made pyproject.toml CMakeLists.txt $(NATIVE)
	mkdir -p build
	$(BIN)/pip --quiet --disable-pip-version-check install scikit-build-core nanobind cmake ninja
	$(BIN)/pip --disable-pip-version-check install --quiet --no-build-isolation --editable .
	touch $@

$(MEASURABLE): $(READY)
	$(BIN)/pip --quiet --disable-pip-version-check install --no-build-isolation --editable '.[bench]'
	touch $@

$(READY): $(INSTALLED)
	$(BIN)/pip --quiet --disable-pip-version-check install --no-build-isolation --editable '.[dev]'
	@# once more, now that JAX is there: its headers bring the kernels into XLA
	$(BIN)/pip --quiet --disable-pip-version-check install --no-build-isolation --no-deps --editable .
	touch $@

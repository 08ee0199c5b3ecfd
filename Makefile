# The doors of this house. `make` alone lists them.
#
# A machine needs Python 3.11 or newer with venv, make, and git; all else goes into
# .venv, from lock files with hashes. `make PYTHON=/path/to/python3.12` names the Python.

.DEFAULT_GOAL := help
.PHONY: help install demo test long pythons latest lint bench figures herd docs goldens diagrams pictures manual \
	interop interop-plugins interop-engines interop-heavy wheel soak mutants changelog lock clean

PYTHON ?=
PYTHONS := $(if $(PYTHON),$(PYTHON),python3 python3.13 python3.12 python3.11)
SUITABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
READY := .venv/.installed
RUN := .venv/bin/python -m
# As pip does, uv trusts whom this machine trusts.
UV := .venv/bin/uv --quiet --system-certs
# uv finds no venv but this one, whichever is active in the caller's shell.
UV_INSTALL := $(UV) pip install --python .venv/bin/python
PIP_INSTALL := $(RUN) pip install --quiet --disable-pip-version-check

# `make test` is for each change: six minutes on two cores. It leaves long tests out, and of others it
# runs some cases (tests/support_long.py); `make long` runs these, and what is traced for the gate of
# the adapters. The CI runs both.
#
# The core and the driver answer for their own coverage. Tracing makes a walk three times as long:
# only what the gates count is traced, and by those tests alone that suffice.
KIT := $(patsubst %,tests/testing/test_%.py,laws dialects theorem promise recordings scope) tests/diagrams
# The faces, each on its loop or on none, and what the rest of the packages are for.
LOOPS := $(patsubst %,tests/%,trio faces asyncio blocking threads fleet)
ROOMS := $(LOOPS) $(patsubst %,tests/%,lookup inspect store audio speech wyoming batch load doctor telemetry server cli) \
	$(patsubst %,tests/testing/test_%.py,background patient_clock pytest_plugin)
# What starts the command, a browser, a sound server and other programs, and waits for them.
PROGRAMS := $(patsubst %,tests/e2e/test_%.py,inspector inspect_command microphone batch cli_demo cli_mic cli_resume cli_stream load out_file shipped spin token_file)
# Whole sessions in virtual time: they wait for nothing, so they do not wait behind the real sockets.
FAULTS := $(patsubst %,tests/e2e/test_%.py,every_fault heard)
APART := $(patsubst %,tests/%,core dialects driver properties e2e docs testing interop) $(ROOMS) $(KIT)
COVERAGE_OF_CORE := 100
COVERAGE_OF_DRIVER := 100
COVERAGE_OF_ADAPTERS := 95
OUT := build/test
comma := ,
# The driver has a gate of its own, and the plug-ins run in their frameworks (make interop-plugins),
# as the engine of Ray does (make interop-engines).
ELSEWHERE := adapters/openline_driver/*,adapters/openline_livekit/*,adapters/openline_pipecat/*,adapters/openline_fleet/engines/ray.py

# What `make test` and `make long` run side by side, the longest first. At each moment there are two
# checks more than there are cores, because real sockets, programs and the pages of the documentation
# wait for a real clock half of the time; their limits are far above what the load of the others costs.
CHECKS := programs sockets core rooms mypy loops house kit docs searches properties faults
LONG := long-rooms long-sockets long-programs long-searches long-docs long-house long-kit long-properties long-core \
	pyright long-faults
.PHONY: $(CHECKS:%=check-%) $(LONG:%=check-%)
CORES := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
AT_ONCE ?= $(shell expr $(CORES) + 2)
# What is too long for each change: marked by tests/conftest.py, or with examples of hypothesis.
MARKED := -m 'long or longer or hypothesis'

# The tests make and remove twenty thousand files, and sync many: on a disk they wait for it longer
# than they compute. So their folders are in memory, where the system has 4 GB for that.
MEMORY := $(shell df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 4000000 {print "/dev/shm"}')
SCRATCH := $(if $(MEMORY),$(MEMORY),/tmp)/openline-$(shell id -u)-$(firstword $(shell echo $(CURDIR) | cksum))

tests = $(RUN) pytest $(1)
ignoring = $(patsubst %,--ignore=%,$(1))
traced = COVERAGE_FILE=$(OUT)/$(1) $(RUN) coverage run --source=$(2) -m pytest $(3)
fail = { echo "make: $(1)" >&2; exit 1; }

# A venv knows the path that it was made at: one that was moved or copied is made anew.
ifneq ($(shell cat $(READY) 2>/dev/null),$(CURDIR))
.PHONY: $(READY)
endif

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' Makefile

install: $(READY) ## Set up .venv from the lock files (the others do so themselves)
	@echo "ready: .venv"

demo: $(READY) ## Speech, a server that fails, and a line that holds: see it work
	@.venv/bin/openline demo

test: $(READY) ## Lint, types, the tests, and the coverage of the core: for each change
	@rm -rf $(OUT) && mkdir -p $(OUT)/logs
	@$(style) || $(call fail,ruff found something)
	@echo "== side by side: $(CHECKS)"
	@$(side_by_side) $(CHECKS:%=check-%) || \
		$(call fail,a test failed$(comma) or mypy found something)
	@echo "== coverage of the core by its own tests: $(COVERAGE_OF_CORE) %"; \
	export COVERAGE_FILE=$(OUT)/core; $(RUN) coverage combine --quiet && \
	$(RUN) coverage report --include='core/*' --precision=1 \
		--fail-under=$(COVERAGE_OF_CORE) \
		|| $(call fail,the core is not covered by its own tests)
	@echo "== coverage of the driver by its own tests: $(COVERAGE_OF_DRIVER) %"; \
	export COVERAGE_FILE=$(OUT)/driver; $(RUN) coverage combine --quiet && \
	$(RUN) coverage report --precision=1 --fail-under=$(COVERAGE_OF_DRIVER) \
		|| $(call fail,the driver is not covered by its own tests)
	@rm -rf $(SCRATCH); echo "make: all is well"

long: $(READY) ## What `make test` leaves out: long tests, all examples, pyright, the adapters' coverage
	@rm -rf $(OUT) && mkdir -p $(OUT)/logs
	@echo "== side by side: $(LONG)"
	@$(side_by_side) $(LONG:%=check-%) || $(call fail,a test failed$(comma) or pyright found something)
	@echo "== coverage of the adapters and the kit: $(COVERAGE_OF_ADAPTERS) %"; \
	export COVERAGE_FILE=$(OUT)/rest; $(RUN) coverage combine --quiet && \
	$(RUN) coverage report --omit='$(ELSEWHERE)' --precision=1 \
		--fail-under=$(COVERAGE_OF_ADAPTERS) \
		|| $(call fail,the adapters are not covered)
	@rm -rf $(SCRATCH); echo "make: all is well"

# Some containers have Python keep no bytecode. Then each of the thousand commands that the tests start
# would compile anew all that it imports, which is half of its time.
test long pythons: export PYTHONDONTWRITEBYTECODE :=
long: export OPENLINE_PROFILE := long
side_by_side = rm -rf $(SCRATCH) && mkdir -p -m 700 $(SCRATCH) && TMPDIR=$(SCRATCH) \
	$(MAKE) --no-print-directory --keep-going --jobs=$(AT_ONCE)
# One of the checks: what it says is told in one piece, once it is over.
check = begun=$$(date +%s); { $(2); } > $(OUT)/logs/$(1) 2>&1; status=$$?; \
	echo "== $(1), $$(($$(date +%s) - begun)) s" | cat - $(OUT)/logs/$(1); exit $$status

# The tests of each; the long ones are some of them.
sockets := tests/e2e $(call ignoring,$(FAULTS) $(PROGRAMS))
searches := tests/testing $(call ignoring,$(KIT) $(ROOMS))
house := tests $(call ignoring,$(APART))
traced_kit = $(call traced,rest,adapters/openline_testing$(comma)diagrams/openline_diagrams,$(KIT))

check-sockets:
	@$(call check,sockets,$(call tests,$(sockets)))
check-programs:
	@$(call check,programs,$(call tests,$(PROGRAMS)))
check-faults:
	@$(call check,faults,$(call tests,$(FAULTS)))
check-docs:
	@$(call check,docs,$(call tests,tests/docs))
check-core:
	@$(call check,core,$(call traced,core,core/openline,tests/core tests/dialects); core=$$?; \
		$(call traced,driver,adapters/openline_driver,tests/driver) && [ $$core = 0 ])
check-loops:
	@$(call check,loops,$(call tests,$(LOOPS)))
check-rooms:
	@$(call check,rooms,$(call tests,$(filter-out $(LOOPS),$(ROOMS))))
check-kit:
	@$(call check,kit,$(call tests,$(KIT)))
check-searches:
	@$(call check,searches,$(call tests,$(searches)))
check-properties:
	@$(call check,properties,$(call tests,tests/properties))
check-house:
	@$(call check,house,$(call tests,$(house)))
check-mypy:
	@$(call check,mypy,$(RUN) mypy)
check-pyright:
	@$(call check,pyright,$(RUN) pyright --pythonpath .venv/bin/python)

# The gate counts all tests of the rooms and of the kit, so they run whole.
check-long-rooms:
	@$(call check,long-rooms,$(call traced,rest,adapters,$(ROOMS)))
check-long-kit:
	@$(call check,long-kit,$(traced_kit))
check-long-sockets:
	@$(call check,long-sockets,$(call tests,$(sockets) $(MARKED)))
check-long-programs:
	@$(call check,long-programs,$(call tests,$(PROGRAMS) $(MARKED)))
check-long-faults:
	@$(call check,long-faults,$(call tests,$(FAULTS) $(MARKED)))
check-long-docs:
	@$(call check,long-docs,$(call tests,tests/docs $(MARKED)))
check-long-core:
	@$(call check,long-core,$(call tests,tests/core tests/dialects tests/driver $(MARKED)))
check-long-searches:
	@$(call check,long-searches,$(call tests,$(searches) $(MARKED)))
check-long-properties:
	@$(call check,long-properties,$(call tests,tests/properties $(MARKED)))
check-long-house:
	@$(call check,long-house,$(call tests,$(house) $(MARKED)))

pythons: $(READY) ## Run the tests on each other Python that is here: 3.11 to 3.13
	@$(RUN) tools.pythons

# What was released since the lock file was written may break what is here: this finds it first.
NEWEST := build/latest
FACES := $(patsubst %,tests/%,core lookup inspect driver store audio trio faces asyncio blocking threads speech wyoming fleet batch load doctor telemetry server cli diagrams)

latest: $(READY) ## Install the newest of everything, and run the tests of the core and the faces
	@rm -rf $(NEWEST) && mkdir -p build && .venv/bin/python -m venv $(NEWEST)
	@$(UV) pip install --python $(NEWEST)/bin/python --upgrade --group dev -e '.[all]' || \
		$(call fail,the newest of everything cannot be installed together)
	@$(UV) pip freeze --python $(NEWEST)/bin/python | \
		grep -E '^(trio|trio-websocket|msgspec|python-statemachine|numpy|rich|pytest)='
	@OPENLINE_PROFILE=long $(NEWEST)/bin/python -m pytest $(FACES) || $(call fail,a test fails with the newest of everything)

# The clients come from PyPI, so this is no part of the tests.
interop: $(READY) ## Let the makers' own clients stream speech to our backend, in each one's dialect
	@[ -x .venv-interop/bin/python ] || .venv/bin/python -m venv .venv-interop
	@$(UV) pip install --python .venv-interop/bin/python -r tests/interop/requirements.txt || \
		$(call fail,the makers\' clients cannot be installed)
	@$(RUN) pytest tests/interop || $(call fail,a client does not get its words)

# Also from PyPI: Pipecat and LiveKit's agents are 650 MB.
interop-plugins: $(READY) ## Run our plug-ins in the voice frameworks that they are for
	@[ -x .venv-interop-plugins/bin/python ] || .venv/bin/python -m venv .venv-interop-plugins
	@$(UV) pip install --python .venv-interop-plugins/bin/python -e '.[livekit,pipecat]' \
		-r tests/interop/requirements-plugins.txt || $(call fail,the frameworks cannot be installed)
	@$(RUN) pytest tests/interop/plugins || $(call fail,a plug-in does not do its work)

# Also from PyPI: Ray and Locust are 285 MB.
interop-engines: $(READY) ## Run batches on Ray, and lose workers
	@[ -x .venv-interop-engines/bin/python ] || .venv/bin/python -m venv .venv-interop-engines
	@$(UV) pip install --python .venv-interop-engines/bin/python -e '.[ray,cli,testing]' \
		-r tests/interop/requirements-engines.txt || $(call fail,Ray or Locust cannot be installed)
	@.venv-interop-engines/bin/python -m pytest tests/interop/engines || \
		$(call fail,an engine does not do its work)

# Also from PyPI: 2.5 GB with a torch for CPUs. They recognise speech, so they are slow, and go last.
interop-heavy: $(READY) ## Stream speech to real servers of three makers, and break the line
	@.venv/bin/python tests/interop/heavy/install.py .venv-interop-heavy tests/interop/requirements-heavy.txt
	@nice $(RUN) pytest -rs tests/interop/heavy || $(call fail,a real server contradicts us)

wheel: $(READY) ## Build the wheel and the sdist: dist/
	@rm -rf dist && $(RUN) hatchling build

manual: $(READY) ## Write the manual page of the command anew
	@$(RUN) openline_cli.manual >adapters/openline_cli/data/openline.1

lint: $(READY) ## Check style and types: ruff, mypy, pyright
	@mkdir -p $(OUT)/logs
	@$(style) || $(call fail,ruff found something)
	@$(side_by_side) check-mypy check-pyright || $(call fail,mypy or pyright found something)

bench: $(READY) ## Measure openline beside its peers, a rung for each size of work
	@$(RUN) bench

figures: $(READY) ## Measure, and write the figures, the picture and the tables of the README
	@$(RUN) bench --write

herd: $(READY) ## Play 100,000 clients that lose their backend, and draw it for the docs
	@$(RUN) bench.herd --write

docs: $(READY) ## Build the site: build/docs/index.html
	@$(RUN) sphinx --fail-on-warning --nitpicky --quiet -d build/docs.read docs build/docs
	@echo "build/docs/index.html"

# The demo is not the same twice, so nothing holds these to the command but our eyes.
pictures: $(READY) ## Take the site's pictures of the command and the inspector anew (needs tmux, chromium)
	@.venv/bin/python docs/terminal.py
	@.venv/bin/python docs/screenshots.py

diagrams: $(READY) ## Draw the machine anew: pictures, tables, contracts
	@.venv/bin/python diagrams/draw.py

# All that a change of a row, a wait or a word of the core makes stale: none is written by hand.
GOLDENS := tests/journals diagrams ':!*.py'

goldens: $(READY) ## Record and draw anew all that the tests compare, and show what changed
	@.venv/bin/python tests/journals/record.py
	@.venv/bin/python diagrams/draw.py
	@git --no-pager diff --stat -- $(GOLDENS)
	@git ls-files --others --exclude-standard -- $(GOLDENS)
	@git diff --quiet -- $(GOLDENS) && echo "make: nothing has changed" || \
		echo "make: look at it (git diff) before you commit it"

# More schedules, more seeds, more runs on real sockets than a test can wait for.
SCHEDULES ?= 1000000
SEED ?= 1000000
RUNS ?= 100
HOURS ?= 100
INPUTS ?= 1000000
TRANSCRIPTS ?= 1000000
KILLS ?= 50
PLAYS ?= 20000
PROFILE ?= soak

soak: $(READY) ## Search longer: SCHEDULES=1000000 SEED=1000000 RUNS=100 HOURS=100 INPUTS=1000000 TRANSCRIPTS=1000000 KILLS=50 PLAYS=20000
	@$(RUN) tests.properties.test_theorem \
		--schedules $(SCHEDULES) --seed $(SEED) || $(call fail,the theorem does not hold)
	@$(RUN) tests.testing.plays --plays $(PLAYS) --seed $(SEED) \
		|| $(call fail,a dialect breaks its promise)
	@$(RUN) tests.properties.test_malformed --inputs $(INPUTS) --seed $(SEED) \
		|| $(call fail,a message broke the core)
	@$(RUN) tests.cli.transcripts --count $(TRANSCRIPTS) --seed $(SEED) \
		|| $(call fail,a transcript did not come back from its file)
	@$(RUN) tests.simulation --hours $(HOURS) --seed $(SEED) \
		|| $(call fail,the session driver broke a promise)
	@OPENLINE_PROFILE=$(PROFILE) $(RUN) pytest tests/properties tests/testing || $(call fail,a property does not hold)
	@OPENLINE_PROFILE=long OPENLINE_RUNS=$(RUNS) OPENLINE_FIRST_SEED=$(SEED) $(RUN) pytest tests/e2e/test_nothing_lost.py \
		|| $(call fail,something was lost)
	@OPENLINE_PROFILE=long OPENLINE_KILLS=$(KILLS) $(RUN) pytest tests/e2e/test_out_file.py \
		|| $(call fail,a transcript was lost)
	@echo "make: the soak found nothing"

# Modules by name, all of the core if none is given; how many processes; how many mutants, and the seed
# that draws them.
ONLY ?=
JOBS ?= 2
SAMPLE ?=
DRAW ?= 1

mutants: $(READY) ## Break the core in thousands of small ways, each to be noticed: ONLY= JOBS=2 SAMPLE= DRAW=1
	@$(if $(ONLY),,nice -n 15 $(RUN) tools.mutants.fault_trials \
		|| $(call fail,a fault of the reference client is not found))
	@nice -n 15 $(RUN) tools.mutants --jobs $(JOBS) \
		$(if $(SAMPLE),--sample $(SAMPLE) --draw $(DRAW)) \
		$(if $(ONLY),--only $(ONLY)) || $(call fail,a mutant survives that is not listed)

changelog: $(READY) ## Print what changes/ adds to the changelog
	@.venv/bin/towncrier build --draft

lock: $(READY) ## Write both lock files anew; `make lock UPGRADE=--upgrade` moves the pins
	@echo uv | $(UV) pip compile - --no-header --no-annotate --generate-hashes \
		$(UPGRADE) --output-file uv.txt
	@$(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-header \
		--extra all --group dev $(UPGRADE) pyproject.toml --output-file requirements.txt
	@if grep -n '://\|^-' uv.txt requirements.txt; then \
		$(call fail,a lock file names a place on this machine or network: unset it and lock again); fi

clean: ## Remove all that make made, .venv too
	@rm -rf .venv .venv-interop .venv-interop-plugins .venv-interop-engines .venv-interop-heavy build dist .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

style = .venv/bin/ruff check --quiet . && .venv/bin/ruff format --check --quiet --diff .

# The stamp is written last: an install that was cut short is done again.
$(READY): pyproject.toml requirements.txt uv.txt
	@python=; for each in $(PYTHONS); do \
		if "$$each" -c '$(SUITABLE)' 2>/dev/null; then python=$$each; break; fi; done; \
	[ -n "$$python" ] || $(call fail,no Python 3.11 or newer with venv among: $(PYTHONS) \
		(Debian: apt-get install python3-venv)); \
	echo "setting up .venv with $$("$$python" -V)"; set -e; \
	[ "$$(cat $@ 2>/dev/null)" = "$(CURDIR)" ] || rm -rf .venv; \
	"$$python" -m venv .venv; \
	if $(PIP_INSTALL) --require-hashes -r uv.txt 2>$(READY).log && \
		$(UV_INSTALL) --require-hashes -r requirements.txt 2>>$(READY).log; then \
		$(UV_INSTALL) --no-deps --no-build-isolation -e .; \
	else \
		echo "uv cannot install here (see $(READY).log); pip does, more slowly"; \
		$(PIP_INSTALL) --require-hashes -r requirements.txt; \
		$(PIP_INSTALL) --no-deps --no-build-isolation -e .; \
	fi; \
	echo "$(CURDIR)" >$@

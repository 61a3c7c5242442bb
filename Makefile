# Needs a Python of 3.11 or later and make; everything else is fetched into .venv.
#   make run                      the whole site on http://127.0.0.1:8000
#   make run PORT=9000 DATA_DIR=/srv/stocksite
#   make test ARGS="tests/core -k money"
# Any setting of .env.example can be given the same way: make run REPLAY_SPEED=60

VENV := .venv
PY := $(VENV)/bin/python
WORKERS ?= auto
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run backup restore test check lint format types imports migrations migrate migration downgrade postman journeys bench bench-forecast install install-dev lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: install ## start the site with its own PostgreSQL and Valkey (PORT=, DATA_DIR=)
	@exec $(PY) -m stocksite.embedded

backup: install ## back up a site that `make run` runs (FILE=, DATA_DIR=)
	@$(PY) -m stocksite.embedded.backup save "$(FILE)"

restore: install ## make a new data folder from a backup (FILE=, DATA_DIR=)
	@$(PY) -m stocksite.embedded.backup restore "$(FILE)"

test: install-dev ## run every test but the browser journeys (ARGS= goes to pytest)
	$(PY) -m pytest -n $(WORKERS) --dist loadgroup -m "not e2e" $(ARGS)

check: lint types imports migrations test journeys ## what CI runs: lint, types, contracts, migrations, tests, journeys

lint: install-dev ## formatting and lint, without changing anything
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .

format: install-dev ## format the code and fix what ruff can fix
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

types: install-dev ## mypy
	$(PY) -m mypy

imports: install-dev ## the import contracts between the rooms
	$(VENV)/bin/lint-imports

migrations: install-dev ## migrate an empty database, then compare it with the models
	$(PY) -m tests.servers sh -c '$(PY) -m flask --app wsgi db upgrade && $(PY) -m flask --app wsgi db check'

migrate: install ## bring the database up to date (the site's that runs here, or DATABASE_URL)
	@. ./startup && flask db upgrade && flask db current

migration: install ## write a migration from what the models say (m="what it does")
	@test -n "$(m)" || { echo 'Say what it does: make migration m="orders may expire"' >&2; exit 1; }
	@. ./startup && flask db migrate -m "$(m)"

downgrade: install ## take the newest migration back (its data goes with it)
	@. ./startup && flask db downgrade && flask db current

postman: install ## write docs/stocksite.postman_collection.json anew
	@$(PY) -m flask --app wsgi postman --out docs/stocksite.postman_collection.json

journeys: install-dev ## the browser journeys, where there is a Chromium
	$(PY) -m pytest -m e2e -rs $(ARGS)

bench: install ## the benchmarks, on throw-away servers
	$(PY) -m tests.servers --durable $(PY) -m benchmarks $(ARGS)

# One thread: the figures are of one core, and a threaded BLAS would fight over the others.
bench-forecast: install ## are forecasts calibrated, on stocks no model was trained on? (ARGS="speed sample panel")
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-bench.txt
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(PY) -m tests.servers --durable $(PY) -m benchmarks.forecast $(ARGS)

# A stamp holds the checksum of the lock that was installed, so a change of branch installs once
# and an unchanged lock costs nothing. The stamp is written last: an interrupted install is redone.
install: $(PY)
	@want=$$(cksum < requirements.txt); \
	if [ "$$want" != "$$(cat $(VENV)/.runtime-lock 2>/dev/null)" ]; then \
	  echo "Installing what stocksite needs into $(VENV) (once; a minute or so) ..."; \
	  { $(PY) -m pip --version >/dev/null 2>&1 || $(PY) -m ensurepip >/dev/null; } && \
	  $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt </dev/null && \
	  echo "$$want" > $(VENV)/.runtime-lock || { \
	    echo "The packages could not be installed (see above). Check the connection to the package index and run make again; Alpine and other musl systems need the Docker image instead." >&2; exit 1; }; \
	fi

install-dev: install
	@want=$$(cat requirements.txt requirements-dev.txt | cksum); \
	if [ "$$want" != "$$(cat $(VENV)/.dev-lock 2>/dev/null)" ]; then \
	  echo "Installing the development tools into $(VENV) (once) ..."; \
	  $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt -r requirements-dev.txt </dev/null && \
	  echo "$$want" > $(VENV)/.dev-lock || { \
	    echo "The development tools could not be installed (see above)." >&2; exit 1; }; \
	fi

# The first Python that runs and is new enough; PYTHON=... decides otherwise. Asked from /, so that
# .python-version, which is Heroku's, does not make pyenv or uv insist on a version.
$(PY):
	@for python in "$(PYTHON)" python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do \
	  [ -n "$$python" ] || continue; \
	  case "$$python" in ./*|../*) python=$$PWD/$$python ;; esac; \
	  found=$$(cd / && "$$python" -c 'import sys; print(sys.executable); sys.exit(sys.version_info < (3, 11))' 2>/dev/null) && break; \
	  found=; [ -z "$(PYTHON)" ] || break; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "stocksite needs Python 3.11 or later and found none ($$(cd / && "$${python:-python3}" --version 2>&1)): install one, or name it: make run PYTHON=/path/to/python3.12" >&2; exit 1; fi; \
	if ! "$$found" -c 'import venv, ensurepip' 2>/dev/null; then \
	  echo "$$found lacks the venv module: install it (on Debian and Ubuntu: apt install python3-venv) and run make again." >&2; exit 1; fi; \
	echo "Making $(VENV) with $$("$$found" --version) ..."; \
	"$$found" -m venv --clear $(VENV)

# Keeps the versions there are; UPGRADE=1 moves every one to the newest that fits.
lock: install-dev ## resolve requirements*.in into the pinned, hashed requirements*.txt (UPGRADE=1 to move versions)
	$(PY) -m pip install --quiet --disable-pip-version-check uv
	for name in requirements requirements-dev; do \
	  $(PY) -m uv --no-config pip compile $$name.in -o $$name.txt --quiet $(if $(UPGRADE),--upgrade) --universal \
	    --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" || exit 1; \
	done

clean: ## remove caches (keeps .venv and the data folder)
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage test-artifacts build dist
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

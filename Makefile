# Every target first sets up what it needs; if nothing is missing, that takes about a second.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help setup environment demo test test-fast coverage rehearse rehearse-containers check drill bench up down airflow \
	airflow-environment compiler env preflight lock clean

# If this is set, as in many images, every command compiles all its imports again, which takes seconds.
export PYTHONDONTWRITEBYTECODE :=

ARGS ?=
UV_HOME := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/pinlake/uv
UV := $(or $(shell command -v uv 2>/dev/null),$(UV_HOME)/bin/uv)
RUN := "$(UV)" run --no-sync

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-20s %s\n", $$1, $$2}' Makefile
	@echo '  make demo ARGS="--keep --json" passes arguments; so do test, drill and bench'

setup: environment ## find Java; install uv, the locked environment and the jars
	@$(RUN) pinlake jars >&2

# Standard output belongs to the command of the target, so the set-up prints to standard error.
environment: $(UV)
	@"$(UV)" sync --locked --inexact $(if $(wildcard .venv),--quiet) >&2

$(UV_HOME)/bin/uv:
	@{ \
	python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo 'error: Python 3.11 or newer is missing. Install it (Debian: apt install python3).'; exit 1; }; \
	rm -rf "$(UV_HOME)"; \
	python3 -m venv "$(UV_HOME)" \
		|| { rm -rf "$(UV_HOME)"; \
			echo 'error: python3 cannot make virtual environments. Debian: apt install python3-venv.'; exit 1; }; \
	"$(UV_HOME)/bin/python" -m pip install --quiet --disable-pip-version-check uv; \
	} >&2

demo: setup ## send the sample pins through both lanes and print what arrived
	@$(RUN) pinlake demo $(ARGS)

test-fast: setup compiler airflow-environment ## run the tests that need neither Spark nor a server
	@$(RUN) pytest tests/unit $(ARGS)

test: setup compiler airflow-environment ## run every test but the rehearsals, on real servers
	@$(RUN) pytest --durations=20 $(ARGS)

coverage: setup compiler airflow-environment ## run every test but the rehearsals and print the branch coverage of each package
	@$(RUN) pytest --cov --cov-report= $(ARGS)
	@for room in foundation ingestion lakehouse/{delta,quality,pipelines,serving,query,operations,observability} pinlake; do \
		printf '%s %s %%\n' "$$room" "$$($(RUN) coverage report --include="$$room/*" --format=total)"; done

rehearse: setup airflow-environment ## run the tests that take minutes: Airflow, a Spark cluster, hundreds of commits
	@$(RUN) pytest --numprocesses=0 tests/rehearsal $(ARGS)

rehearse-containers: environment ## build, start, upgrade, back up and restore the containers, on an engine
	@$(RUN) python -m container_rehearsal $(ARGS)

check: environment ## lint, formatting, types, and the dependency rules
	@$(RUN) ruff check
	@$(RUN) ruff format --check
	@$(RUN) mypy
	@$(RUN) lint-imports
	@$(RUN) hadolint Dockerfile
	@$(RUN) check-jsonschema --quiet --builtin-schema vendor.compose-spec docker-compose.yml

drill: setup ## kill processes under load, then check that nothing is lost
	@$(RUN) python -m drill $(ARGS)

bench: setup ## measure every step (rows/s, MB/s, latency), beside a pipeline without Spark; ARGS=--full: hours
	@$(RUN) python -m benchmarks $(ARGS)

up: setup ## start Kafka, the object store and Postgres, and leave them running
	@$(RUN) pinlake up $(ARGS)

down: environment ## stop them; their data stays
	@$(RUN) pinlake down

airflow: setup airflow-environment ## start Airflow, which runs the batch lane every day, and the servers
	@$(RUN) pinlake airflow up $(ARGS)

env: ## write .env with generated secrets for docker compose
	@scripts/write_env.sh

preflight: ## find problems that would stop docker compose: engine, secrets, ports, memory, disk
	@scripts/check_host.sh

# 1.2 GB, which only these targets need.
airflow-environment: $(UV)
	@"$(UV)" sync --locked --inexact --quiet --group airflow >&2

# A test builds our own jars with it; no command needs it.
compiler: environment
	@$(RUN) pinlake jars compiler >&2

lock: $(UV) ## lock packages and jars again (needs Maven)
	@"$(UV)" lock
	@"$(UV)" sync --locked --inexact --quiet
	@$(RUN) python scripts/lock_jars.py

clean: ## stop the servers and remove .pinlake with their data, and the tools' caches
	@if [ -d .venv ] && [ -d .pinlake ]; then export PINLAKE_HOME=.pinlake; \
		$(RUN) pinlake airflow down; $(RUN) pinlake down; fi
	@rm -rf .pinlake .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# Likeness: what can be done here. `make help` lists it; `make run` is the whole product on this machine.
#
# Needs Python 3.11 or newer and make. What else is missing (uv, Node.js, nats-server; for the tests Chromium and a TPM
# in software) is fetched by .ci/*.sh. A step runs when its inputs are newer than its result, so a second call starts at
# once, offline.
# `make test ONLY=tests/rules` and `make bench ONLY=bench/bench_seal.py` take a part; PYTEST=... passes options to pytest.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:

# Tools that .ci/*.sh put into .build/bin, and the folders of servers, which Debian leaves out of a user's PATH.
export PATH := $(CURDIR)/.build/bin:$(PATH):/usr/local/sbin:/usr/sbin
# Python comes from this machine: uv would look for one on a host that not everybody reaches.
export UV_PYTHON_DOWNLOADS := never
# onnxruntime from 1.29 on reports its use to its maker unless it is told not to.
export ORT_DISABLE_TELEMETRY := 1

WEB := gateway/web
PYTHON_ROOMS := schemas gateway worker edge_export tests bench
GPU_PYTHON ?= .venv-gpu/bin/python

.DEFAULT_GOAL := help

##@ Use

.PHONY: run
run: .venv/.run .build/web/.made .build/edge/manifest.json | nats-server ## Everything on this machine: nats-server, gateway, one worker
	exec .venv/bin/likeness up

##@ Check

.PHONY: test
test: .venv/.dev .build/web/.made .build/edge/manifest.json | nats-server chromium swtpm ## All tests that need neither torch nor a GPU
	@echo '==> npm test'
	npm --prefix $(WEB) test
	@echo '==> pytest'
	.venv/bin/python -m pytest --ignore=tests/export -m 'not gpu and not export' $(PYTEST) $(ONLY)

.PHONY: test-export
test-export: .venv-export/.core ## Tests of edge_export that need torch
	.venv-export/bin/python -m pytest tests/export $(PYTEST)

.PHONY: test-gpu
test-gpu: $(if $(filter .venv-gpu/%,$(GPU_PYTHON)),.venv-gpu/.made) ## Tests that need CUDA (GPU_PYTHON: an environment of your own)
	$(GPU_PYTHON) -m pytest tests/gpu $(PYTEST)

.PHONY: lint
lint: .venv/.dev ## Style: ruff
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

.PHONY: types
types: .venv/.dev $(WEB)/node_modules/.made ## Types: mypy strict, tsc
	.venv/bin/mypy $(wildcard $(PYTHON_ROOMS))
	npm --prefix $(WEB) run types

.PHONY: bench
bench: .venv/.dev .build/web/.made .build/edge/manifest.json | nats-server chromium swtpm ## Measurements, one question per file
	.venv/bin/python -m pytest $(PYTEST) $(or $(ONLY),bench)

##@ Make

.PHONY: edge
edge: .build/edge/manifest.json ## The browser's models, into .build/edge

.PHONY: web
web: .build/web/.made ## The page, into .build/web

.PHONY: export-env
export-env: .venv-export/.full ## .venv-export with diffusers and optimum, to make bundles from their pipelines

.PHONY: lock
lock: | uv ## Remake .locks/ (LOCK="--upgrade" for newer versions)
	@echo '==> locks'
	.ci/lock.sh

.PHONY: format
format: .venv/.dev ## Let ruff lay out and mend what it can
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

.PHONY: clean
clean: ## Remove all that was made here (downloads in .cache stay)
	rm -rf .build .venv .venv-export .venv-gpu $(WEB)/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks

.PHONY: help
help: ## This list
	@awk 'BEGIN { FS = ":.*## " } /^##@ / { printf "\n%s\n", substr($$0, 5) } /^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

# --- environments ---------------------------------------------------------------------------------------------------

new_venv = test -x $(1)/bin/python || uv venv --python "$$(.ci/python.sh -c 'import sys; print(sys.executable)')" $(1)
install = uv pip install --python $(1)/bin/python --require-hashes $(addprefix -r .locks/,$(2))
# The project itself, editable: its command `likeness` then runs the files in this folder.
install_project = uv pip install --quiet --python .venv/bin/python --no-deps --build-constraints .locks/build.txt --editable .

.venv/.run: pyproject.toml .locks/gateway.txt .locks/worker.txt .locks/edge.txt .locks/build.txt | uv
	@echo '==> .venv: gateway, worker, edge_export'
	@$(call new_venv,.venv)
	@$(call install,.venv,gateway.txt worker.txt edge.txt)
	@$(install_project)
	@touch $@

.venv/.dev: .venv/.run .locks/dev.txt
	@echo '==> .venv: tests and checks'
	@$(call install,.venv,dev.txt)
	@touch $@

.venv-export/.core: .locks/export-core.txt .locks/test.txt .ci/export-env.sh | uv
	@echo '==> .venv-export: torch'
	@.ci/export-env.sh core
	@touch $@

.venv-export/.full: .locks/export.txt .venv-export/.core | uv
	@echo '==> .venv-export: diffusers, optimum'
	@.ci/export-env.sh full
	@touch $@

.venv-gpu/.made: .locks/worker-gpu.txt .locks/test.txt | uv
	@echo '==> .venv-gpu: onnxruntime-gpu'
	@$(call new_venv,.venv-gpu)
	@$(call install,.venv-gpu,worker-gpu.txt test.txt)
	@touch $@

$(WEB)/node_modules/.made: $(WEB)/package.json $(WEB)/package-lock.json | node
	@echo '==> npm ci in $(WEB)'
	@npm --prefix $(WEB) ci --no-fund --no-audit
	@touch $@

# --- what is built --------------------------------------------------------------------------------------------------

WEB_SOURCES := $(shell find $(WEB) -name node_modules -prune -o -type f -print 2>/dev/null) schemas/spec/threat-model.md
EDGE_SOURCES := $(wildcard edge_export/*.py edge_export/*.json edge_export/references/*.json) schemas/bundle_manifest.py

# The models first: the build writes compressed twins beside them.
.build/web/.made: $(WEB_SOURCES) $(WEB)/node_modules/.made .build/edge/manifest.json
	@echo '==> the page'
	npm --prefix $(WEB) run build
	@touch $@

.build/edge/manifest.json: $(EDGE_SOURCES) | .venv/.run node
	@echo '==> the browser models'
	.venv/bin/python -m edge_export edge
	@touch $@

# --- tools of the machine: looked for on each call, fetched once ------------------------------------------------------

.PHONY: uv node nats-server chromium swtpm
uv:
	@.ci/uv.sh
node: | uv
	@.ci/node.sh
nats-server:
	@.ci/debian.sh nats-server nats-server
chromium:
	@.ci/debian.sh chromium chromium chromium-browser google-chrome
swtpm:
	@.ci/debian.sh swtpm swtpm
	@.ci/debian.sh tpm2-tools tpm2

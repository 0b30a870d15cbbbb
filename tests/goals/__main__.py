"""Print the table: `make docs`."""

import sys

import anyio

from conftest import VirtualTimeLoop

from .table import table

sys.stdout.write(anyio.run(table, backend_options={"loop_factory": VirtualTimeLoop}))

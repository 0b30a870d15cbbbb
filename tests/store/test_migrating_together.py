"""Several processes start at once on a database that has no tables yet."""

import subprocess
import sys

import anyio
import asyncpg  # type: ignore[import-untyped] # it has no types

from databases import new_database

PROCESSES = 3
MIGRATE = """
import sys, anyio
from flodesk_mcp.store.database import Database

async def migrate():
    database = Database(sys.argv[1])
    sys.stdin.readline()
    await database.migrate()
    await database.aclose()

print("ready", flush=True)
anyio.run(migrate)
"""


def test_three_processes_that_start_at_once_on_an_empty_postgresql_migrate_it_once(postgresql: str) -> None:
    url = anyio.run(new_database, postgresql)
    started = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATE, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        for _ in range(PROCESSES)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    said = [process.communicate("\n", timeout=120)[1] for process in started]
    assert [process.returncode for process in started] == [0] * PROCESSES, said
    assert said == [""] * PROCESSES
    assert anyio.run(_heads, url) == 1


async def _heads(url: str) -> int:
    connection = await asyncpg.connect(url)
    heads: int = await connection.fetchval("SELECT count(*) FROM alembic_version")
    await connection.close()
    return heads

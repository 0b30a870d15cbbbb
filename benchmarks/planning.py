"""Planning an import of many against a mirror of many, beside reading the same file and one INSERT per row.

Run with `python -m benchmarks.planning [PEOPLE]`: it prints how often the second fits into the first, and what memory
the first takes above an idle process.
"""

import csv
import sqlite3
import sys
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import anyio

from flodesk_mcp.audience.audience import Audience
from flodesk_mcp.audience.files import open_file
from flodesk_mcp.audience.storage import LocalStorage
from flodesk_mcp.audience.tables import mirrors
from flodesk_mcp.audience.writing import put_people
from flodesk_mcp.flodesk import ApiKey, FlodeskClient, open_http
from flodesk_mcp.flodesk.plain import PlainSubscriber
from flodesk_mcp.quota import WindowQuota
from flodesk_mcp.sandbox import SANDBOX_API_KEY, Account, Sandbox
from flodesk_mcp.sandbox.account import CustomField

PEOPLE = 200_000
HEADINGS = ["Email", "First name", "Last name", "City"]


class Took(NamedTuple):
    """Seconds by the clock, and of the processor: on a busy machine the second tells more."""

    seconds: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s ({self.cpu:.2f} s of the processor)"


def _names(number: int) -> tuple[str, str]:
    return f"First{number % 900}", f"Last{number % 7_000}"


def write_list(path: Path, number: int) -> None:
    """Write a list of people."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADINGS)
        writer.writerows(
            [f"p{n}@example.com", f"First{n % 900}", f"Last{n % 7_000}", f"City {n % 300}"] for n in range(number)
        )


def measure_reading(path: Path, folder: Path) -> Took:
    """Return the time of reading a list and inserting each row by itself."""
    began, cpu = time.perf_counter(), time.process_time()
    with sqlite3.connect(folder / "plain.sqlite3") as database, path.open(newline="") as file:
        database.execute("CREATE TABLE rows (email TEXT PRIMARY KEY, first_name TEXT, last_name TEXT, city TEXT)")
        rows = csv.reader(file)
        next(rows)
        for row in rows:
            database.execute("INSERT INTO rows VALUES (?, ?, ?, ?)", row)
    database.close()
    return Took(time.perf_counter() - began, time.process_time() - cpu)


async def fill_mirror(audience: Audience, number: int) -> None:
    """Put people into the mirror, half of them as the list has them."""
    for first in range(0, number, 5_000):
        found = [_person(n) for n in range(first, min(first + 5_000, number))]
        async with audience.mirror.rows.writing() as work:
            await put_people(work, found, 0.0, reading=1)
    now = time.time()
    async with audience.mirror.rows.writing() as work:
        await work.put(mirrors, [{"checked_at": now, "whole_at": now, "used_at": now, "removed": 0}])


def _person(number: int) -> PlainSubscriber:
    return PlainSubscriber(
        id=f"{number:024x}",
        email=f"p{number}@example.com",
        first_name=f"First{number % 900}",
        last_name=f"Last{number % 7_000}",
        status="active",
        custom_fields={"city": f"City {number % 300}"} if number % 2 else {},
    )


def memory() -> int:
    """Return the megabytes that this process has in memory."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // 1024


async def main(number: int) -> None:
    """Measure both, and print what came out."""
    account = Account(custom_fields={"city": CustomField("city", "City")})
    sandbox = Sandbox({SANDBOX_API_KEY: account})
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_list(folder / "list.csv", number)
        plain = measure_reading(folder / "list.csv", folder)
        async with open_http(sandbox.transport()) as http, anyio.create_task_group() as tasks:
            client = FlodeskClient(ApiKey(SANDBOX_API_KEY), http=http, quota=WindowQuota(100, 20))
            audience = Audience(client, LocalStorage(folder, "account"), spawn=tasks.start_soon)
            await fill_mirror(audience, number)
            before, most = memory(), 0

            async def watch() -> None:
                nonlocal most
                while True:
                    most = max(most, memory())
                    await anyio.sleep(0.05)

            tasks.start_soon(watch)
            began, cpu = time.perf_counter(), time.process_time()
            plan = await audience.plan_import(partial(open_file, folder / "list.csv"))
            took = Took(time.perf_counter() - began, time.process_time() - cpu)
            tasks.cancel_scope.cancel()
        await audience.aclose()
    if (plan.numbers["rows"], plan.numbers["unchanged"]) != (number, number // 2):
        raise SystemExit("the plan is wrong")
    print(f"planning {number:,} rows: {took}; reading and inserting: {plain}")
    print(
        f"times: {took.seconds / plain.seconds:.2f} by the clock, {took.cpu / plain.cpu:.2f} by what the processor did"
    )
    print(f"memory: {most - before} MB above the idle process")


if __name__ == "__main__":
    anyio.run(main, int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE)

"""Planning an import of many against a mirror of many, beside reading the same file and one INSERT per row.

And what memory a server takes above an idle one while it plans a million. `python -m benchmarks.planning` prints these
alone.
"""

import csv
import sqlite3
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import anyio

from benchmarks.measure import Measure
from benchmarks.processes import sandbox_address, stdio_server
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

__all__ = ["measure_memory", "measure_planning"]

PEOPLE = 200_000
MANY = 1_000_000
ROUNDS = 5
SLOWEST = 3.0
HEADINGS = ["Email", "First name", "Last name", "City"]


class Took(NamedTuple):
    """Seconds by the clock, and of the processor: on a busy machine the second tells more."""

    seconds: float
    cpu: float


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
    (folder / "plain.sqlite3").unlink()
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


async def measure_planning() -> list[Measure]:
    """Return how long planning takes, by the clock and of the processor."""
    account = Account(custom_fields={"city": CustomField("city", "City")})
    sandbox = Sandbox({SANDBOX_API_KEY: account})
    took: list[tuple[Took, Took]] = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_list(folder / "list.csv", PEOPLE)
        async with open_http(sandbox.transport()) as http:
            client = FlodeskClient(ApiKey(SANDBOX_API_KEY), http=http, quota=WindowQuota(100, 20))
            audience = Audience(client, LocalStorage(folder, "account"))
            await fill_mirror(audience, PEOPLE)
            for _ in range(ROUNDS):
                began, cpu = time.perf_counter(), time.process_time()
                plan = await audience.plan_import(partial(open_file, folder / "list.csv"))
                ours = Took(time.perf_counter() - began, time.process_time() - cpu)
                if (plan.numbers["rows"], plan.numbers["unchanged"]) != (PEOPLE, PEOPLE // 2):
                    raise SystemExit("the plan is wrong")
                took.append((ours, measure_reading(folder / "list.csv", folder)))
            await audience.aclose()
    what = f"Planning {PEOPLE:,} rows against {PEOPLE:,} people, beside reading and inserting them"
    return [
        Measure(what, "s", [(ours.seconds, plain.seconds) for ours, plain in took], bound=SLOWEST),
        Measure("The same, of the processor", "s", [(ours.cpu, plain.cpu) for ours, plain in took], bound=SLOWEST),
    ]


def measure_memory() -> list[Measure]:
    """Return what a server takes above an idle one while it plans very many rows, of what it may."""
    with sandbox_address() as address, TemporaryDirectory() as folder:
        settings = {
            "FLODESK_API_KEY": SANDBOX_API_KEY,
            "FLODESK_BASE_URL": address,
            "FLODESK_DATA_DIR": f"{folder}/data",
            "FLODESK_FOLDERS": folder,
        }
        write_list(Path(folder) / "list.csv", MANY)
        with stdio_server("flodesk_mcp", "--toolsets", "audience", environment=settings) as server:
            server.list_tools()
            server.call("search_flodesk_subscribers", limit=1)
            idle = server.resident_bytes()
            plan = server.called_again("plan_flodesk_import", "The plan is being made", file="list.csv")
            peak = server.peak_bytes()
    if plan["rows"] != MANY:
        raise SystemExit("the plan is wrong")
    above = (peak - idle) / 2**20
    return [
        Measure(f"Memory above an idle server while it plans {MANY:,} rows, of 60", "MiB", [(above, 60.0)], bound=1)
    ]


def main() -> None:
    """Measure, and print what came out."""
    for measure in [*measure_memory(), *anyio.run(measure_planning)]:
        print(f"{measure.name}: {measure.ours:.2f} {measure.unit}, {measure.baseline:.2f}, ratio {measure.ratio:.2f}")


if __name__ == "__main__":
    main()

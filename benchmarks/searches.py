"""Searches of a long list against the same SQL typed into sqlite3, and what a refresh costs against a whole reading."""

import sqlite3
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2

from benchmarks.large_flodesk import Pages
from benchmarks.measure import Measure
from flodesk_mcp.audience.audience import Audience
from flodesk_mcp.audience.conditions import Condition
from flodesk_mcp.audience.storage import LocalStorage
from flodesk_mcp.flodesk import ApiKey, FlodeskClient
from flodesk_mcp.quota import WindowQuota

__all__ = ["measure_searches"]

PEOPLE = 200_000
NEW = PEOPLE // 100
ROUNDS = 5
SLOWEST = 3.0
COSTLIEST = 0.02
UNREACHED = 1_000_000

SEARCHES = {
    Condition("email", "contains", "SON.1234"): "email_folded LIKE '%son.1234%'",
    Condition("last_name", "is", "Fámily7"): "last_name_folded = 'family7'",
    Condition("field2", "is", "value 3"): "json_extract(custom_folded, '$.field2') = 'value 3'",
    Condition("segment", "is", f"{2:024x}"): f"segments LIKE '%\"{2:024x}\"%'",
    Condition("status", "is", "bounced"): "status = 'bounced'",
}

PAGE = (
    "SELECT id, email, first_name, last_name, status, source, created_at, optin_ip, optin_timestamp, segments, "
    "custom_fields FROM people WHERE account = '' AND {} ORDER BY created_us DESC, id DESC LIMIT 20"
)
COUNT = "SELECT count(*) FROM people WHERE account = '' AND {}"


async def measure_searches() -> list[Measure]:
    """Return how long searches take, and how many requests a refresh with one in a hundred new people."""
    with TemporaryDirectory() as folder:
        storage = LocalStorage(Path(folder), "account")
        whole = await _read(storage, Pages(PEOPLE, newest=NEW))
        refresh = await _read(storage, Pages(PEOPLE))
        searches = await _searched(storage, Path(storage.place()))
        await storage.aclose()
    name = f"Requests of a refresh with 1 % new people, of those that reading {PEOPLE:,} takes"
    return [
        Measure(f"Search among {PEOPLE:,} people, against the same SQL in sqlite3", "ms", searches, bound=SLOWEST),
        Measure(name, "", [(refresh, whole)], bound=COSTLIEST),
    ]


async def _read(storage: LocalStorage, pages: Pages) -> int:
    """Refresh the mirror of a Flodesk; return how many requests that took."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(pages)) as http:
        await _audience(storage, http).mirror.refresh()
    return pages.requests


async def _searched(storage: LocalStorage, path: Path) -> list[tuple[float, float]]:
    """Return the milliseconds of each search, and of its SQL."""
    pairs = []
    connection = sqlite3.connect(path)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(Pages(1))) as http:
        audience = _audience(storage, http)
        for _ in range(ROUNDS):
            for condition, sql in SEARCHES.items():
                where = await audience.where([condition])
                began = time.perf_counter()
                found = await audience.search(where)
                ended = time.perf_counter()
                rows = connection.execute(PAGE.format(sql)).fetchall()
                (total,) = connection.execute(COUNT.format(sql)).fetchone()
                pairs.append(((ended - began) * 1000, (time.perf_counter() - ended) * 1000))
                if (total, [row[0] for row in rows]) != (found.total, [person.id for person in found.people]):
                    raise RuntimeError(f"Both found something else by {sql}: their times cannot be compared.")
    connection.close()
    return pairs


def _audience(storage: LocalStorage, http: httpx2.AsyncClient) -> Audience:
    return Audience(FlodeskClient(ApiKey("key"), http=http, quota=WindowQuota(UNREACHED)), storage)

"""An account that others change while its mirror is read, and that mirror."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import select

from flodesk.changing import Audience as Others
from flodesk.changing import Change, Flodesk
from flodesk_mcp.audience.audience import Audience
from flodesk_mcp.audience.storage import LocalStorage
from flodesk_mcp.audience.tables import readings
from flodesk_mcp.callers.background import Background
from flodesk_mcp.sandbox import SANDBOX_API_KEY, Account
from flodesk_mcp.sandbox.account import CustomField

__all__ = ["Clock", "Mirrored", "Others", "mirrored", "nothing"]


def nothing(_: Others) -> None:
    """Leave the account as it is."""


class Clock:
    """The time that mirrors go by."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        self.now += 0.001
        return self.now


class Mirrored:
    """A Flodesk of so many people, and the audience of it."""

    def __init__(self, flodesk: Flodesk, folder: Path | None, background: Background) -> None:
        self.background = background
        self.flodesk = flodesk
        self.clock = Clock()
        self.folder = folder
        self.audience = self.opened()

    def opened(self) -> Audience:
        """Return the audience as another process would open it."""
        return Audience(self.flodesk.client, LocalStorage(self.folder, "account"), self.clock, self.background.spawn)

    @property
    def account(self) -> Account:
        return self.flodesk.sandbox.accounts[SANDBOX_API_KEY]

    @property
    def requests(self) -> int:
        """How many requests reached Flodesk."""
        return len(self.flodesk.sandbox.requests)

    def add_custom_field(self, key: str, label: str) -> None:
        self.account.custom_fields[key] = CustomField(key, label)

    def change(self, *changes: Change) -> None:
        """Let one of these happen after each of the next answers."""
        self.flodesk.transport.changes = list(changes)

    async def people(self) -> dict[str, str | None]:
        """Return the status of everybody in the mirror."""
        return {person.id: person.status async for batch in self.audience.mirror.people() for person in batch}

    def truth(self) -> dict[str, str | None]:
        """Return the status of everybody in the account."""
        return {person.id: person.status for person in self.account.subscribers.values()}

    async def readings(self) -> list[dict[str, Any]]:
        """Return what is remembered of the whole readings, the first one first."""
        async with self.audience.mirror.rows.reading() as work:
            return [row._asdict() for row in await work.all(select(readings).order_by(readings.c.id))]


@asynccontextmanager
async def mirrored(
    people: int, folder: Path | None = None, requests_per_minute: int = 10_000
) -> AsyncIterator[Mirrored]:
    """Open an account of so many people with a mirror in `folder`, or in memory."""
    background = Background()
    opened = Mirrored(Flodesk(people, requests_per_minute), folder, background)
    try:
        async with background.running():
            yield opened
    finally:
        await opened.audience.aclose()

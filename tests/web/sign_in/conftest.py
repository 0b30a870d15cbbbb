"""A server that signs people in, a program that they connect, and what time does to both."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import httpx2
import pytest
from sqlalchemy import update

from flodesk_mcp.settings import load_settings
from flodesk_mcp.store import Database
from flodesk_mcp.store.models import AttemptRow, ClientRow, CodeRow, GrantTokenRow, SignInRow
from flodesk_mcp.web.settings import HostedSettings

from ..calls import Hosted
from .https import Secured, running_behind_https
from .program import PUBLIC_URL, Program
from .published import Published

PassTime = Callable[[int], Awaitable[None]]

TIMES = (
    (AttemptRow, ("at",)),
    (ClientRow, ("fresh_until", "expires_at")),
    (CodeRow, ("expires_at", "used_at")),
    (GrantTokenRow, ("expires_at", "used_at")),
    (SignInRow, ("expires_at",)),
)


@pytest.fixture
def published() -> Published:
    return Published()


@pytest.fixture
async def server(hosted: Hosted, encryption_key: str, published: Published) -> AsyncIterator[httpx2.AsyncClient]:
    async with hosted(documents=published.transport, auth="sign-in", public_url=PUBLIC_URL) as client:
        yield client


@pytest.fixture
async def program(server: httpx2.AsyncClient) -> Program:
    """A program that has registered."""
    made = Program(server)
    await made.register()
    return made


@pytest.fixture
def pass_time() -> PassTime:
    """Let seconds pass for all that is stored."""

    async def pass_time(seconds: int) -> None:
        database = Database(load_settings(HostedSettings).database_address)
        async with database.writing() as session:
            for table, names in TIMES:
                values: dict[str, Any] = {name: getattr(table, name) - seconds for name in names}
                await session.execute(update(table).values(**values))
        await database.aclose()

    return pass_time


@pytest.fixture(scope="session")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """A real process behind https."""
    with running_behind_https(tmp_path_factory.mktemp("https")) as running:
        yield running

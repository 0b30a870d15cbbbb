"""Several processes on one database: each step of a sign-in may reach another one."""

from collections.abc import AsyncIterator
from itertools import cycle

import anyio
import httpx2
import pytest

from ..calls import LIST_TOOLS, Hosted, segments_of
from .person import Person
from .program import PUBLIC_URL, Program, bearer

pytestmark = pytest.mark.anyio


class InTurns(httpx2.AsyncBaseTransport):
    """A load balancer."""

    def __init__(self, *servers: httpx2.AsyncClient) -> None:
        self._servers = cycle(server._transport for server in servers)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return await next(self._servers).handle_async_request(request)


@pytest.fixture
async def replicas(
    hosted: Hosted, encryption_key: str, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[httpx2.AsyncClient, httpx2.AsyncClient, httpx2.AsyncClient]]:
    """Two servers on one PostgreSQL, and a client to both in turns."""
    monkeypatch.setenv("FLODESK_DATABASE_URL", postgresql_url)
    settings = {"auth": "sign-in", "public_url": PUBLIC_URL}
    async with (
        hosted(**settings) as first,
        hosted(**settings) as second,
        httpx2.AsyncClient(transport=InTurns(first, second), base_url=PUBLIC_URL, headers=first.headers) as both,
    ):
        yield first, second, both


Replicas = tuple[httpx2.AsyncClient, httpx2.AsyncClient, httpx2.AsyncClient]


async def test_each_step_may_reach_another_process(replicas: Replicas) -> None:
    first, second, both = replicas
    program = Program(both)
    await program.register()
    tokens = await program.tokens()
    for server in (first, second):
        assert await segments_of(server, bearer(tokens)) == ["Friends of ann"]
    tokens = (await program.refresh(tokens["refresh_token"])).json()
    person = Person(both)
    answer = await person.submit(await person.open("/connected"), way="key", key="key-ann")
    page = await person.open(answer.headers["location"])
    await person.submit(page, way="cut")
    await anyio.sleep(1.1)
    for server in (first, second):
        answer = await server.post("/mcp", json=LIST_TOOLS, headers=bearer(tokens))
        assert answer.status_code == 401


async def test_two_processes_that_refresh_at_once_give_the_same_tokens(replicas: Replicas) -> None:
    _, _, both = replicas
    program = Program(both)
    await program.register()
    tokens = await program.tokens()
    answers: list[str] = []

    async def refresh() -> None:
        answer = await program.refresh(tokens["refresh_token"])
        answers.append(answer.json()["refresh_token"])

    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(refresh)
    assert len(answers) == 10
    assert len(set(answers)) == 1


async def test_of_many_exchanges_at_once_at_most_one_counts(replicas: Replicas) -> None:
    _, _, both = replicas
    program = Program(both)
    await program.register()
    code = await program.code()
    statuses: list[int] = []

    async def exchange() -> None:
        statuses.append((await program.exchange(code)).status_code)

    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(exchange)
    assert statuses.count(200) <= 1
    assert set(statuses) <= {200, 400}


async def test_two_who_bring_the_same_key_at_once_get_one_account(replicas: Replicas) -> None:
    first, second, both = replicas
    program = Program(both)
    await program.register()
    codes: list[str] = []

    async def connect(server: httpx2.AsyncClient) -> None:
        codes.append(await Program.code(program, Person(server)))

    async with anyio.create_task_group() as group:
        for server in (first, second) * 2:
            group.start_soon(connect, server)
    assert len(codes) == 4
    for code in codes:
        await program.exchange(code)
    person = Person(both)
    answer = await person.submit(await person.open("/connected"), way="key", key="key-ann")
    assert (await person.open(answer.headers["location"])).text.count("Cut off") == 4


async def test_guesses_are_counted_for_all_processes_together(replicas: Replicas) -> None:
    _, _, both = replicas
    program = Program(both)
    await program.register()
    person = Person(both)
    page = await person.open(program.authorization())
    statuses: list[int] = []

    async def guess(number: int) -> None:
        statuses.append((await person.submit(page, way="key", key=f"guess-{number}")).status_code)

    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(guess, number)
    assert sorted(statuses) == [400] * 10 + [429] * 10

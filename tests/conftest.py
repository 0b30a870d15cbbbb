"""Fixtures for all tests: an event loop on virtual time, where nothing waits for a real clock; PostgreSQL and Redis."""

import asyncio
import gc
import os
import selectors
from asyncio import Future
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from queue import Queue, SimpleQueue
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import aiosqlite.core
import anyio._backends._asyncio
import httpx2._transports.default
import pytest

import databases
from deploy.programs import NotInstalled, PostgreSql, Program, Redis, running
from ports import free_port

Server = TypeVar("Server", bound=Program)

pytest_plugins = ["telling"]

os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"  # no test looks into the keychain of a person


def pytest_collection_finish() -> None:
    """Spare the garbage collector what stays until the end: looking through it took a fifth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)


class _WatchedQueue(SimpleQueue[tuple["Future[Any] | None", Callable[[], Any]]]):
    """What the thread of a database is asked to do: while it works, virtual time stands still."""

    working: set["Future[Any]"] = set()  # noqa: RUF012 - of all threads

    def put_nowait(self, item: tuple["Future[Any] | None", Callable[[], Any]]) -> None:
        if (future := item[0]) is not None:
            self.working.add(future)
            future.add_done_callback(self.working.discard)
        super().put_nowait(item)


@cache
def _certificates(file: str | None, **settings: Any) -> Any:
    """Read the certificates of the web once: for each client anew, that takes longer than most tests."""
    return httpx2.create_ssl_context(**settings)


vars(httpx2._transports.default)["create_ssl_context"] = lambda **settings: _certificates(
    os.environ.get("SSL_CERT_FILE"), **settings
)
vars(aiosqlite.core)["SimpleQueue"] = _WatchedQueue


class _WatchedWork(Queue[Any]):
    """The same for threads that work for a call, such as one that reads a file."""

    def put_nowait(self, item: Any) -> None:
        if item is not None:
            _, _, _, future, _ = item
            _WatchedQueue.working.add(future)
            future.add_done_callback(_WatchedQueue.working.discard)
        super().put_nowait(item)


vars(anyio._backends._asyncio)["Queue"] = _WatchedWork


class _JumpingSelector(selectors.DefaultSelector):
    """Instead of sleeping until the next timer, move the loop's clock there."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.loop: asyncio.AbstractEventLoop | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            return super().select(5)  # only a thread can end this wait
        while not ready and timeout and any(future.get_loop() is self.loop for future in _WatchedQueue.working):
            ready = super().select(1)
        if not ready and timeout:
            self.now += timeout
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps over every wait, so that a minute of quota costs no time."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)
        self._jumping.loop = self

    def time(self) -> float:
        """Seconds of virtual time since the loop began."""
        return self._jumping.now


@pytest.fixture
def virtual_time() -> tuple[str, dict[str, Callable[[], Any]]]:
    """Asyncio on virtual time, for modules below a folder that works on real time."""
    return "asyncio", {"loop_factory": VirtualTimeLoop}


@pytest.fixture
def anyio_backend(
    virtual_time: tuple[str, dict[str, Callable[[], Any]]],
) -> tuple[str, dict[str, Callable[[], Any]]]:
    """Asyncio on virtual time; a test module that needs real sockets overrides this."""
    return virtual_time


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """A PostgreSQL server of the tests' own, on a free port of this machine."""
    with TemporaryDirectory(prefix="flodesk-postgresql-") as folder:
        Path(folder).chmod(0o755)  # it is another user
        server = _installed(PostgreSql, Path(folder), free_port())
        with running(server):
            yield server.url


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis that many tests use: each takes names that no other has."""
    server = _installed(Redis, tmp_path_factory.mktemp("redis"), free_port())
    with running(server):
        yield server.url


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[Redis]:
    """A Redis of this test's own, which it may restart."""
    server = _installed(Redis, tmp_path, free_port())
    with running(server):
        yield server


@pytest.fixture(scope="session")
def sqlite_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database without rows, to be copied."""
    path = tmp_path_factory.mktemp("tables") / "state.sqlite3"
    anyio.run(databases.made, f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_tables(postgresql: str) -> str:
    """The name of a PostgreSQL database without rows, to be copied."""
    url = anyio.run(databases.new_database, postgresql)
    anyio.run(databases.made, url)
    return url.rpartition("/")[2]


@pytest.fixture
def postgresql_url(postgresql: str, postgresql_tables: str) -> Iterator[str]:
    """The address of a PostgreSQL database without rows, for tests on real time."""
    url = anyio.run(databases.new_database, postgresql, postgresql_tables)
    yield url
    anyio.run(databases.drop, postgresql, url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database of either kind without rows, for tests on real time."""
    if request.param == "sqlite":
        return databases.new_file(tmp_path, request.getfixturevalue("sqlite_tables"))
    address: str = request.getfixturevalue("postgresql_url")
    return address


def _installed(program: Callable[..., Server], folder: Path, port: int) -> Server:
    """Return a server, or skip the test where the program is not there."""
    try:
        return program(folder, port)
    except NotInstalled as missing:
        pytest.skip(str(missing))

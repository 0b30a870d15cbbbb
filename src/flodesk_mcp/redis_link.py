"""A connection to the Redis that all replicas share: made again when it breaks, and nothing waits for it for long."""

import logging
import ssl
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import NoScriptError, RedisError, ResponseError

__all__ = [
    "AGAIN_AFTER_SECONDS",
    "PATIENCE_SECONDS",
    "TROUBLE",
    "Ask",
    "RedisLink",
    "RedisLost",
    "Word",
    "asked_facts",
    "asking",
    "connections",
    "evicts",
    "facts_of",
    "new_connection",
]

Word = str | bytes | int | float
Ask = Callable[..., Awaitable[Any]]
"""Sends the words of one command, and returns the answer."""

CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 3.0
AGAIN_AFTER_SECONDS = 0.25
PATIENCE_SECONDS = 5.0
"""A restart takes less. Who comes when Redis has been away for longer is told so at once."""

BEAT_SECONDS = 1.0
MOST_AT_ONCE = 500

TROUBLE = (RedisError, OSError, TimeoutError, ssl.SSLError)

logger = logging.getLogger(__name__)


class RedisLost(Exception):
    """Redis did not answer: it cannot be reached, or refused. With `in_doubt` what was asked may have been done."""

    def __init__(self, problem: str, *, in_doubt: bool = False) -> None:
        super().__init__(problem)
        self.in_doubt = in_doubt


@dataclass(eq=False)
class _Command:
    words: tuple[Word, ...]
    answered: anyio.Event = field(default_factory=anyio.Event)
    answer: Any = None
    was_said: bool = False


class RedisLink:
    """One connection. What is asked while an answer is awaited travels together, in order.

    `on_connect` introduces this process to the server before anything else is said, each time; `beat` is a command
    that is said every second.
    """

    def __init__(
        self,
        url: str,
        on_connect: Callable[[Ask], Awaitable[None]] | None = None,
        beat: tuple[Word, ...] = ("PING",),
    ) -> None:
        """Raise ValueError for an address that is none."""
        self._connections = connections(url)
        self._on_connect = on_connect
        self._beat = beat
        self._beat_at = 0.0
        self._waiting: deque[_Command] = deque()
        self._under_way: list[_Command] = []
        self._woken = anyio.Event()
        self._lost_at: float | None = None
        self._is_up = False
        self.problem = "it has not been reached yet"

    @property
    def is_up(self) -> bool:
        """Whether the connection stands."""
        return self._is_up

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the connection for as long as this is open."""
        async with anyio.create_task_group() as tasks:
            self._lost_at = anyio.current_time()
            tasks.start_soon(self._serve)
            try:
                yield
            finally:
                tasks.cancel_scope.cancel()

    async def ask(self, *words: Word, seconds: float = PATIENCE_SECONDS) -> Any:
        """Return the answer to a command, which waits up to `seconds` for a connection that is being made again.

        Raises RedisLost.
        """
        if self._lost_at is not None:
            seconds = min(seconds, self._lost_at + PATIENCE_SECONDS - anyio.current_time())
            if seconds <= 0:
                raise RedisLost(self.problem)
        command = self.post(*words)
        try:
            with anyio.fail_after(seconds):
                await command.answered.wait()
        except TimeoutError:
            # Also one that waits again, because the connection broke: a server that hangs does it when it goes on.
            raise RedisLost(self.problem or "it does not answer", in_doubt=command.was_said) from None
        finally:
            if command in self._waiting:
                self._waiting.remove(command)
        if isinstance(command.answer, Exception):
            raise RedisLost(str(command.answer)) from command.answer
        return command.answer

    def post(self, *words: Word) -> _Command:
        """Say a command as soon as possible, without waiting for its answer."""
        command = _Command(words)
        self._waiting.append(command)
        self._woken.set()
        return command

    async def _serve(self) -> None:
        while True:
            connection = new_connection(self._connections)
            try:
                with anyio.fail_after(CONNECT_SECONDS):
                    await connection.connect()  # type: ignore[no-untyped-call]
                    if self._on_connect:
                        await self._on_connect(asking(connection))
                    await _exchange(connection, [self._beat])
                self._came()
                await self._converse(connection)
            except TROUBLE as error:
                self._was_lost(error)
            finally:
                with anyio.CancelScope(shield=True):
                    await connection.disconnect(nowait=True)
            await anyio.sleep(AGAIN_AFTER_SECONDS)

    async def _converse(self, connection: AbstractConnection) -> None:
        """Say what is to be said, until that fails."""
        while True:
            if not self._waiting:
                self._woken = anyio.Event()
                with anyio.move_on_after(self._beat_at + BEAT_SECONDS - anyio.current_time()):
                    await self._woken.wait()
            if anyio.current_time() >= self._beat_at + BEAT_SECONDS:
                self._beat_at = anyio.current_time()
                self.post(*self._beat)
            together = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_AT_ONCE))]
            self._under_way = together[:]
            for command in together:
                command.was_said = True
            answers = await _exchange(connection, [command.words for command in together], self._heard)
            for refusal in answers:
                if isinstance(refusal, ResponseError) and not isinstance(refusal, NoScriptError):
                    raise refusal  # a server that has become another's copy, or has no memory left

    def _heard(self, answer: Any) -> None:
        command = self._under_way.pop(0)
        command.answer = answer
        command.answered.set()

    def _came(self) -> None:
        if self.problem and self._beat_at:
            logger.warning("Redis is back")
        self._is_up, self._lost_at, self.problem = True, None, ""
        self._beat_at = anyio.current_time()

    def _was_lost(self, error: Exception) -> None:
        self._is_up = False
        self._waiting.extendleft(reversed(self._under_way))  # they say so again: who must not, has a name in them
        self._under_way = []
        if self._lost_at is None:
            self._lost_at = anyio.current_time()
        problem = str(error)[:200] or type(error).__name__
        if not self.problem or not self._beat_at:
            logger.warning("Redis is lost: %s", problem, extra={"repeats": "redis"})
        self.problem = problem


def connections(url: str) -> ConnectionPool:
    """Return what makes connections to the Redis at `url`. Raises ValueError for an address that is none."""
    return ConnectionPool.from_url(
        url, protocol=2, socket_connect_timeout=CONNECT_SECONDS, socket_timeout=ANSWER_SECONDS
    )


def new_connection(those: ConnectionPool) -> AbstractConnection:
    """Return a connection that is not made yet."""
    made: AbstractConnection = those.make_connection()  # type: ignore[no-untyped-call]
    return made


async def facts_of(connection: AbstractConnection) -> dict[str, str]:
    """Return what the server at the other end says of itself and of its memory."""
    return await asked_facts(asking(connection))


async def asked_facts(ask: Ask) -> dict[str, str]:
    """Return what the server says of itself and of its memory."""
    told = [(await ask("INFO", section)).decode() for section in ("server", "memory")]
    lines = (line.partition(":") for part in told for line in part.splitlines())
    return {name: value.strip() for name, _, value in lines if value}


def evicts(facts: Mapping[str, str]) -> bool:
    """Tell whether a server with these facts may forget what it has no room for."""
    return facts.get("maxmemory", "0") != "0" and facts.get("maxmemory_policy", "noeviction") != "noeviction"


def asking(connection: AbstractConnection) -> Ask:
    """Return what sends one command at a time."""

    async def ask(*words: Word) -> Any:
        (answer,) = await _exchange(connection, [words])
        if isinstance(answer, Exception):
            raise answer
        return answer

    return ask


async def _exchange(
    connection: AbstractConnection,
    commands: list[tuple[Word, ...]],
    heard: Callable[[Any], None] = lambda answer: None,
) -> list[Any]:
    """Say all commands, and return the answers; each is told at once, too."""
    await connection.send_packed_command(connection.pack_commands(commands), check_health=False)
    answers = []
    for _ in commands:
        try:
            answer = await connection.read_response()
        except ResponseError as error:
            answer = error
        heard(answer)
        answers.append(answer)
    return answers

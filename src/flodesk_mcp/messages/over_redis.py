"""Messages between replicas: Redis's channels."""

import logging
import math
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from redis.asyncio.connection import AbstractConnection

from flodesk_mcp.messages.in_process import InProcessMessages
from flodesk_mcp.messages.protocol import Listener, Stop
from flodesk_mcp.redis_link import AGAIN_AFTER_SECONDS, TROUBLE, RedisLink, connections, new_connection

__all__ = ["RedisMessages"]

READY_SECONDS = 2.0
QUIET_SECONDS = 15.0
"""A connection on which nothing has come for so long is asked whether it still stands."""

NAME_BYTES = 8

logger = logging.getLogger(__name__)


class RedisMessages(InProcessMessages):
    """Tells the listeners of this process, and through Redis those of others.

    What is published goes over `link`; what others say comes over a connection of its own.
    """

    def __init__(self, link: RedisLink, url: str) -> None:
        super().__init__()
        self._link = link
        self._connections = connections(url)
        # Channels know no databases: two deployments on one Redis must not hear each other.
        self._prefix = f"flodesk {self._connections.connection_kwargs.get('db', 0)} "
        self._me = secrets.token_bytes(NAME_BYTES)
        self._changed = anyio.Event()
        self._subscribed: set[str] = set()  # asked for on this connection
        self._confirmed: set[str] = set()
        self._confirmation = anyio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hear the others for as long as this is open."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._serve)
            try:
                yield
            finally:
                tasks.cancel_scope.cancel()

    def listen(self, topic: str, listener: Listener) -> Stop:
        """Call `listener` with each message on `topic`, until the function that is returned is called."""
        stop = super().listen(topic, listener)
        self._changed.set()
        return stop

    def publish(self, topic: str, message: bytes) -> None:
        """Tell all who listen to `topic`; of other processes those that can be reached."""
        super().publish(topic, message)
        if self._link.is_up:
            self._link.post("PUBLISH", self._prefix + topic, self._me + message)

    async def ready(self) -> None:
        """Return when all that is listened to here is heard from other processes, too, or Redis is away."""
        with anyio.move_on_after(READY_SECONDS):
            while self._link.is_up and not self._confirmed >= self._listeners.keys():
                self._confirmation = anyio.Event()
                await self._confirmation.wait()

    def _unheard(self, topic: str) -> None:
        self._changed.set()

    async def _serve(self) -> None:
        while True:
            connection = new_connection(self._connections)
            try:
                await connection.connect()  # type: ignore[no-untyped-call]
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._subscribe, connection)
                    await self._hear(connection)
            except* TROUBLE as errors:
                logger.info("Messages of other replicas are not heard: %s", errors.exceptions[0])
            finally:
                self._confirmation.set()
                self._subscribed, self._confirmed = set(), set()
                with anyio.CancelScope(shield=True):
                    await connection.disconnect(nowait=True)
            await anyio.sleep(AGAIN_AFTER_SECONDS)

    async def _subscribe(self, connection: AbstractConnection) -> None:
        """Keep Redis told what is listened to here."""
        while True:
            self._changed = anyio.Event()
            wanted = set(self._listeners)
            for verb, topics in ("SUBSCRIBE", wanted - self._subscribed), ("UNSUBSCRIBE", self._subscribed - wanted):
                if topics:
                    channels = [self._prefix + topic for topic in topics]
                    await connection.send_command(verb, *channels, check_health=False)
            self._confirmed &= wanted
            self._subscribed = wanted
            with anyio.move_on_after(QUIET_SECONDS) as quiet:
                await self._changed.wait()
            if quiet.cancelled_caught:
                await connection.send_command("PING", check_health=False)

    async def _hear(self, connection: AbstractConnection) -> None:
        while True:
            with anyio.fail_after(2 * QUIET_SECONDS):
                answer = await connection.read_response(timeout=math.inf)
            if not isinstance(answer, list) or len(answer) < 3:  # noqa: PLR2004 - the answer to a PING
                continue
            kind, channel, content = answer
            topic = channel.decode().removeprefix(self._prefix)
            if kind == b"subscribe":
                self._confirmed.add(topic)
                self._confirmation.set()
            elif kind == b"message" and not content.startswith(self._me):
                super().publish(topic, content[NAME_BYTES:])

"""Messages by topic, within a process and between replicas."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import anyio
import pytest

from deploy.programs import Redis as RedisServer
from flodesk_mcp.messages import InProcessMessages, Messages
from flodesk_mcp.messages.over_redis import RedisMessages
from flodesk_mcp.redis_link import RedisLink

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Redis is behind a socket, which virtual time would overtake."""
    return "asyncio"


@asynccontextmanager
async def replica(redis: RedisServer) -> AsyncIterator[Messages]:
    link = RedisLink(redis.url)
    messages = RedisMessages(link, redis.url)
    async with link.running(), messages.running():
        await link.ask("PING")
        yield messages


@pytest.fixture
async def replicas(redis_server: RedisServer) -> AsyncIterator[list[Messages]]:
    async with AsyncExitStack() as running:
        yield [await running.enter_async_context(replica(redis_server)) for _ in range(3)]


class Ear:
    """What a listener heard."""

    def __init__(self) -> None:
        self.heard = list[bytes]()
        self._more = anyio.Event()

    def __call__(self, message: bytes) -> None:
        self.heard.append(message)
        self._more.set()

    async def has_heard(self, number: int) -> list[bytes]:
        with anyio.fail_after(10):
            while len(self.heard) < number:
                self._more = anyio.Event()
                await self._more.wait()
        return self.heard


async def test_who_listens_in_the_same_process_has_heard_it_when_publish_returns() -> None:
    messages, heard = InProcessMessages(), list[bytes]()
    messages.listen("one", heard.append)
    messages.publish("one", b"first")
    messages.publish("two", b"not this")
    assert heard == [b"first"]


async def test_a_listener_that_fails_keeps_nothing_from_the_others(caplog: pytest.LogCaptureFixture) -> None:
    messages, heard = InProcessMessages(), list[bytes]()

    def fail(_: bytes) -> None:
        raise ValueError

    messages.listen("one", fail)
    messages.listen("one", heard.append)
    messages.publish("one", b"all the same")
    assert heard == [b"all the same"]
    assert "A listener failed" in caplog.text


async def test_every_replica_that_listens_hears_a_message_once_and_in_order(replicas: list[Messages]) -> None:
    ears = [Ear() for _ in replicas]
    for messages, ear in zip(replicas, ears, strict=True):
        messages.listen("topic", ear)
        await messages.ready()
    for number in range(100):
        replicas[0].publish("topic", b"%d \x00\xff" % number)
    expected = [b"%d \x00\xff" % number for number in range(100)]
    assert [await ear.has_heard(100) for ear in ears] == [expected] * 3


async def test_who_has_stopped_listening_hears_nothing_more(replicas: list[Messages]) -> None:
    one, other, _ = replicas
    before, after = Ear(), Ear()
    stop = other.listen("topic", before)
    other.listen("another", after)
    await other.ready()
    one.publish("topic", b"heard")
    await before.has_heard(1)
    stop()
    one.publish("topic", b"not heard")
    one.publish("another", b"end")
    await after.has_heard(1)
    assert before.heard == [b"heard"]


async def test_messages_go_on_when_redis_is_back(redis_server: RedisServer) -> None:
    async with replica(redis_server) as one, replica(redis_server) as other:
        ear = Ear()
        other.listen("topic", ear)
        await other.ready()
        redis_server.kill()
        await anyio.sleep(0.1)
        redis_server.start()
        with anyio.fail_after(20):
            while not ear.heard:
                one.publish("topic", b"again")
                with anyio.move_on_after(0.1):
                    await ear.has_heard(1)
    assert set(ear.heard) == {b"again"}  # those of the meantime are lost, or late


async def test_two_databases_of_one_redis_do_not_hear_each_other(redis_server: RedisServer) -> None:
    link = RedisLink(redis_server.url)
    elsewhere = RedisMessages(link, redis_server.url.replace("/0", "/1"))
    private, control = Ear(), Ear()
    async with replica(redis_server) as one, replica(redis_server) as same, link.running(), elsewhere.running():
        elsewhere.listen("topic", private)
        same.listen("topic", control)
        await elsewhere.ready()
        await same.ready()
        one.publish("topic", b"private")
        await control.has_heard(1)
        await anyio.sleep(0.05)
    assert private.heard == []

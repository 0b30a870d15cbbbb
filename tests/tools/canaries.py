"""An account full of marked personal data, and a client that keeps all that it receives."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import anyio
from mcp.client._memory import InMemoryTransport
from mcp.server.lowlevel.server import Server
from mcp.shared._stream_protocols import ReadStream, WriteStream
from mcp.shared.message import SessionMessage

from flodesk_mcp.sandbox import Account
from flodesk_mcp.sandbox.account import Campaign, Segment, Workflow

FIRST, LAST, VALUE, IP = "Zephyrine", "Quackenbush", "Marzipan-4711", "203.0.113.77"
ADDRESS = "z.quackenbush@canarybird.example"
CANARIES = tuple(text.casefold() for text in (FIRST, LAST, VALUE, IP, "canarybird", "quackenbush", "owner-of-all"))
HOLDS_ADDRESS = f"Friends of {ADDRESS}"
WORDS = f"{FIRST} {LAST} <{ADDRESS}> ({VALUE}, {IP}) is not welcome"


def mark(account: Account) -> None:
    """Put marked data wherever a stranger or a colleague may have typed some."""
    for number, person in enumerate(account.subscribers.values()):
        person.email = ADDRESS if number == 0 else f"z.quackenbush+{number}@canarybird.example"
        person.first_name, person.last_name = FIRST, f"{LAST}-{number}"
        person.custom_fields = {"venue": VALUE, "birthday": VALUE}
        person.optin_ip = IP
    named: list[Segment | Workflow | Campaign] = []
    for things in (account.segments, account.workflows, account.campaigns):
        named += things.values()
    for number, thing in enumerate(named):
        thing.name = HOLDS_ADDRESS if number % 5 == 0 else f"Mail%20z.quackenbush%2540canarybird.example {number}"
    for number, custom_field in enumerate(account.custom_fields.values()):
        custom_field.label = f"{HOLDS_ADDRESS} {number}"
    for number, webhook in enumerate(account.webhooks.values()):
        webhook.post_url = f"https://crm.example.com/{number}?for=z.quackenbush%40canarybird.example"
    for campaign in account.campaigns.values():
        campaign.subject = f"<b>z.quackenbush&#64;canarybird.example</b> {ADDRESS}"
    account.profile.email, account.profile.full_name = "owner-of-all@canarybird.example", f"Owner-Of-All {LAST}"


def found_in(text: str) -> list[str]:
    """Return the marks that `text` holds, however it is written."""
    plain = unquote(unquote(text)).casefold()
    return [canary for canary in CANARIES if canary in plain]


@dataclass
class Heard:
    """All that came over a client's wire."""

    messages: list[str] = field(default_factory=list)

    def marks(self) -> list[str]:
        """Return the messages with a mark, each with the marks in it."""
        return [f"{found_in(text)}: {text}" for text in self.messages if found_in(text)]


class _Listening:
    """What comes from the server, written down."""

    def __init__(self, stream: ReadStream[SessionMessage | Exception], heard: Heard) -> None:
        self._stream = stream
        self._heard = heard

    async def receive(self) -> SessionMessage | Exception:
        item = await self._stream.receive()
        if isinstance(item, SessionMessage):
            self._heard.messages.append(item.message.model_dump_json(by_alias=True, exclude_none=True))
        return item

    def __aiter__(self) -> "_Listening":
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def __aenter__(self) -> "_Listening":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


@asynccontextmanager
async def listened(
    server: Server[Any], heard: Heard
) -> AsyncIterator[tuple[ReadStream[SessionMessage | Exception], WriteStream[SessionMessage]]]:
    """Connect to `server` and write down in `heard` what it sends."""
    async with InMemoryTransport(server) as (read, write):
        yield _Listening(read, heard), write

"""Tells clients what changed: a job, or the events. Those that subscribed to its address, in both eras of the protocol.

In the older revisions `resources/subscribe` counts for the connection that sent it; in the newest one a stream is
opened by `subscriptions/listen`, and belongs to whoever opened it. Either hears of its own account alone.
"""

from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import anyio
from mcp.server.connection import Connection
from mcp.server.context import ServerRequestContext
from mcp.server.subscriptions import ListenHandler, ServerEvent
from mcp.shared.exceptions import MCPError
from mcp.shared.subscriptions import ResourceUpdated
from mcp_types import (
    INVALID_REQUEST,
    EmptyResult,
    ResourceUpdatedNotification,
    ResourceUpdatedNotificationParams,
    SubscribeRequestParams,
    SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
    UnsubscribeRequestParams,
)

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.tools import TOOLS

if TYPE_CHECKING:
    from flodesk_mcp.events.account_events import AccountEvents

__all__ = ["Subscriptions"]

JOBS = "flodesk://jobs/"
JOB_TOOL = TOOLS["get_flodesk_job"]
EVENTS = "flodesk://events"
EVENTS_TOOL = TOOLS["list_flodesk_events"]
MOST_STREAMS = 1024
MOST_ADDRESSES = 100

Context = ServerRequestContext[Caller]
Stop = Callable[[], None]


class Subscriptions:
    """Serves the subscriptions of every connection of a server. Jobs and events change under their addresses."""

    def __init__(self) -> None:
        self._streams = 0
        self._watched: WeakKeyDictionary[Connection, dict[str, Stop]] = WeakKeyDictionary()

    async def listen(self, ctx: Context, params: SubscriptionsListenRequestParams) -> SubscriptionsListenResult:
        """Serve one stream for as long as its client reads it. Raises MCPError."""
        if self._streams >= MOST_STREAMS:
            raise MCPError(INVALID_REQUEST, "Too many streams are open here: close some.")
        self._streams += 1
        try:
            return await ListenHandler(_Bus(ctx.lifespan_context, params))(ctx, params)
        finally:
            self._streams -= 1

    async def subscribe(self, ctx: Context, params: SubscribeRequestParams) -> EmptyResult:
        """Tell the client's connection of changes under an address, until it unsubscribes or ends. Raises MCPError."""
        connection, uri = _connection(ctx), str(params.uri)
        if not connection.has_standalone_channel:
            raise MCPError(INVALID_REQUEST, "Open a session first: without one there is nobody to tell.", {"uri": uri})
        watched = self._watched.setdefault(connection, {})
        if len(watched) >= MOST_ADDRESSES:
            raise MCPError(INVALID_REQUEST, f"No more than {MOST_ADDRESSES} subscriptions at once.", {"uri": uri})
        if uri not in watched:
            watched[uri] = _watch(ctx, connection, uri)
            connection.exit_stack.callback(watched[uri])
        return EmptyResult()

    async def unsubscribe(self, ctx: Context, params: UnsubscribeRequestParams) -> EmptyResult:
        """Say nothing more of an address."""
        stop = self._watched.get(_connection(ctx), {}).pop(str(params.uri), None)
        if stop is not None:
            stop()
        return EmptyResult()


@dataclass(frozen=True)
class _Bus:
    """What a stream listens to: the jobs and the events of one account, if it asked for any."""

    caller: Caller
    params: SubscriptionsListenRequestParams

    async def publish(self, event: ServerEvent) -> None:
        """Do nothing: what changes tells of itself."""

    def subscribe(self, listener: Callable[[ServerEvent], None]) -> Stop:
        """Tell `listener` of each job that changes, and of events."""
        caller, stopping = self.caller, ExitStack()
        addresses = [str(uri) for uri in self.params.notifications.resource_subscriptions or ()]
        if any(_is_job(caller, uri) for uri in addresses):
            stopping.callback(caller.audience.jobs.listen(lambda job: listener(ResourceUpdated(JOBS + job))))
        if (events := _events(caller)) and EVENTS in addresses:
            stopping.callback(events.listen(lambda: listener(ResourceUpdated(EVENTS))))
        return stopping.close


def _watch(ctx: Context, connection: Connection, uri: str) -> Stop:
    """Send the connection a notification whenever what is at `uri` changes, until the result is called."""
    caller = ctx.lifespan_context
    events = _events(caller) if uri == EVENTS else None
    if not (events or _is_job(caller, uri)):
        return _nothing
    sending, receiving = anyio.create_memory_object_stream[None](1)

    def changed() -> None:
        with suppress(anyio.WouldBlock):  # it will be told of the change before, which is as good
            sending.send_nowait(None)

    def job_changed(id: str) -> None:
        if JOBS + id == uri:
            changed()

    async def forward() -> None:
        updated = ResourceUpdatedNotification(params=ResourceUpdatedNotificationParams(uri=uri))
        message: dict[str, Any] = updated.model_dump(by_alias=True, mode="json", exclude_none=True)
        async with receiving:
            async for _ in receiving:
                with suppress(Exception):  # a client that is gone ends its subscriptions by itself
                    await connection.outbound.notify(message["method"], message["params"])

    unlisten = events.listen(changed) if events else caller.audience.jobs.listen(job_changed)

    def stop() -> None:
        unlisten()
        sending.close()

    (events or caller.audience).spawn(forward)
    return stop


def _events(caller: Caller) -> "AccountEvents | None":
    return caller.events if caller.tool_filter.allows(EVENTS_TOOL) else None


def _is_job(caller: Caller, uri: str) -> bool:
    return uri.startswith(JOBS) and caller.tool_filter.allows(JOB_TOOL)


def _connection(ctx: Context) -> Connection:
    return ctx.session._connection


def _nothing() -> None:
    """Stop nothing."""

"""The sandbox itself: accounts, and the application that answers for them like Flodesk."""

from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from copy import deepcopy
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import unquote, unquote_plus

import anyio
import httpx2
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from flodesk_mcp.sandbox import campaigns, custom_fields, segments, subscribers, userinfo, webhooks, workflows
from flodesk_mcp.sandbox.account import Account
from flodesk_mcp.sandbox.answers import Refused, answer_refusal, answer_unrouted
from flodesk_mcp.sandbox.control import control_routes
from flodesk_mcp.sandbox.credentials import (
    SANDBOX_ACCESS_TOKEN,
    SANDBOX_API_KEY,
    SANDBOX_CLIENT_ID,
    SANDBOX_CLIENT_SECRET,
)
from flodesk_mcp.sandbox.door import FlodeskDoor
from flodesk_mcp.sandbox.faults import Fault, FaultQueue
from flodesk_mcp.sandbox.gate import Gate
from flodesk_mcp.sandbox.oauth import TOKEN_SECONDS, Logins, oauth_routes
from flodesk_mcp.sandbox.operation import Call, Operation
from flodesk_mcp.sandbox.posting import Postman
from flodesk_mcp.sandbox.quota import Quotas
from flodesk_mcp.sandbox.recorded import RecordedRequest
from flodesk_mcp.sandbox.sample import sample_account
from flodesk_mcp.sandbox.transport import ByHost, InProcessTransport

if TYPE_CHECKING:
    from flodesk_mcp.sandbox.flownurture import FlowNurture
    from flodesk_mcp.sandbox.highlevel import HighLevel
    from flodesk_mcp.sandbox.stand_in import StandIn

OPERATIONS: tuple[Operation, ...] = (
    *subscribers.OPERATIONS,
    *segments.OPERATIONS,
    *workflows.OPERATIONS,
    *custom_fields.OPERATIONS,
    *webhooks.OPERATIONS,
    *campaigns.OPERATIONS,
    *userinfo.OPERATIONS,
)
RECORDED_REQUESTS = 10_000
FLOWNURTURE_HOST, HIGHLEVEL_HOST = "api.flownurture.com", "services.leadconnectorhq.com"


def utc_now() -> datetime:
    """Return the moment that new objects are created at."""
    return datetime.now(UTC)


class Sandbox:
    """An embedded Flodesk: `app` over HTTP, `transport()` in process.

    `accounts` maps each credential (an API key, or an access token: "token-..." and SANDBOX_ACCESS_TOKEN)
    to its account; without, SANDBOX_API_KEY and SANDBOX_ACCESS_TOKEN share one sample account.
    `requests` holds the last 10,000 requests that arrived, oldest first. With `plus_needs_encoding`
    a literal `+` in a path is read as a space, and only `%2B` finds the address.
    Webhooks post to the origin `webhooks_to` while it is served, or when `deliver_webhooks` is called.
    SANDBOX_CLIENT_ID and SANDBOX_CLIENT_SECRET are a client of its OAuth, whose access tokens live `token_seconds`.
    """

    def __init__(
        self,
        accounts: Mapping[str, Account] | None = None,
        *,
        requests_per_minute: int = 100,
        batches_per_minute: int = 20,
        now: Callable[[], datetime] = utc_now,
        plus_needs_encoding: bool = False,
        token_seconds: float = TOKEN_SECONDS,
        webhooks_to: str | None = None,
    ) -> None:
        self._given_accounts = None if accounts is None else deepcopy(dict(accounts))
        self.accounts = _sample_accounts() if accounts is None else dict(accounts)
        self.requests: deque[RecordedRequest] = deque(maxlen=RECORDED_REQUESTS)
        self._faults = FaultQueue()
        self._logins = Logins(SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET, token_seconds)
        self._quotas = Quotas(requests_per_minute, batches_per_minute)
        self._now = now
        self._postman = Postman(self._owners, webhooks_to)
        self._changed = anyio.Event()
        self._decode = unquote_plus if plus_needs_encoding else unquote
        self.app = self._application()
        self._flodesk = InProcessTransport(self.app, self._faults)

    @cached_property
    def flownurture(self) -> "StandIn[FlowNurture]":
        """The stand-in of FlowNurture, whose people are in part the same."""
        from flodesk_mcp.sandbox.flownurture import flownurture_stand_in

        return flownurture_stand_in(self._now)

    @cached_property
    def highlevel(self) -> "StandIn[HighLevel]":
        """The stand-in of HighLevel, whose people are in part the same."""
        from flodesk_mcp.sandbox.highlevel import highlevel_stand_in

        return highlevel_stand_in(self._now)

    def transport(self) -> httpx2.AsyncBaseTransport:
        """Return a way in without a network: to the providers by the hosts in their URLs, by any other to Flodesk."""
        return ByHost(self._to)

    def _to(self, host: str) -> httpx2.AsyncBaseTransport:
        if host == FLOWNURTURE_HOST:
            return self.flownurture.transport()
        return self.highlevel.transport() if host == HIGHLEVEL_HOST else self._flodesk

    async def everything(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Be the ASGI application of all: of the providers below `/flownurture` and `/highlevel`, of Flodesk else."""
        for prefix, stand_in in (("/flownurture", "flownurture"), ("/highlevel", "highlevel")):
            if scope["type"] == "http" and scope["path"].startswith(prefix + "/"):
                below = {name: scope[name][len(prefix) :] for name in ("path", "raw_path")}
                await getattr(self, stand_in).app({**scope, **below}, receive, send)
                return
        await self.app(scope, receive, send)

    def fail(self, fault: Fault) -> None:
        """Let something go wrong for the next matching requests."""
        self._faults.add(fault)

    def spend(self, credential: str, requests: int) -> None:
        """Let another application spend requests of a credential's account now."""
        self._quotas.spend(self.accounts[credential], requests)

    def grant(self, redirect_uri: str) -> str:
        """Return a code for the first account, as if its owner had allowed it on the page."""
        return self._logins.grant(self._owners()[0], redirect_uri)

    def expire_tokens(self) -> None:
        """Let the access tokens that OAuth gave end now."""
        self._logins.expire()

    async def deliver_webhooks(self, http: httpx2.AsyncClient) -> int:
        """Post what webhooks have to tell so far, in order; return how many posts were acknowledged."""
        return await self._postman.deliver(http)

    def reset(self) -> None:
        """Start anew: the data of the beginning, no faults, no recorded requests, nothing spent."""
        given = self._given_accounts
        self.accounts.clear()
        self.accounts.update(_sample_accounts() if given is None else deepcopy(given))
        self.requests.clear()
        self._faults.clear()
        self._logins.clear()
        self._quotas.clear()
        for provider in ("flownurture", "highlevel"):
            vars(self).pop(provider, None)

    def _application(self) -> Starlette:
        door = FlodeskDoor(self.accounts, self._logins, self._quotas)
        gate = Middleware(Gate, door=door, faults=self._faults, requests=self.requests)
        app = Starlette(
            routes=[
                *control_routes(self.fail, self.reset, self.expire_tokens, self.requests),
                *oauth_routes(self._logins, self._owners),
                *(self._route(operation) for operation in OPERATIONS),
            ],
            middleware=[gate],
            lifespan=self._delivering,
            exception_handlers={Refused: answer_refusal, HTTPException: answer_unrouted},
        )
        app.router.redirect_slashes = False
        return app

    @asynccontextmanager
    async def _delivering(self, _: Starlette) -> AsyncIterator[None]:
        """Let webhooks post for as long as a server runs, if there is anywhere that they may post to."""
        async with anyio.create_task_group() as group:
            if self._postman.to:
                group.start_soon(self._postman.run, self._next_change)
            yield
            group.cancel_scope.cancel()

    async def _next_change(self) -> None:
        await self._changed.wait()
        self._changed = anyio.Event()

    def _owners(self) -> list[Account]:
        """Return each account once: several credentials may open it."""
        return list(dict.fromkeys(self.accounts.values()))

    def _route(self, operation: Operation) -> Route:
        async def endpoint(request: Request) -> Response:
            answer = operation.perform(
                Call(
                    account=request.state.account,
                    parameters={name: self._decoded(raw) for name, raw in request.path_params.items()},
                    query=request.query_params,
                    content_type=request.headers.get("content-type", ""),
                    body=await request.body(),
                    now=self._now(),
                )
            )
            self._changed.set()
            return answer

        return Route(operation.path, endpoint, methods=[operation.method])

    def _decoded(self, segment: str) -> str:
        """Decode a segment of a raw path the way Flodesk does, that is, all but an encoded `@`."""
        return self._decode(segment.replace("%40", "%2540"))


def _sample_accounts() -> dict[str, Account]:
    account = sample_account()
    return {SANDBOX_API_KEY: account, SANDBOX_ACCESS_TOKEN: account}

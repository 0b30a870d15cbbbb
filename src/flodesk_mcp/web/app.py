"""The ASGI application: who gets in, then the same MCP server as over stdio."""

import hmac
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING

import httpx2
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from flodesk_mcp.callers.clients import open_many_connections
from flodesk_mcp.flodesk import FlodeskClient, FlodeskError
from flodesk_mcp.observability.audit import Audit
from flodesk_mcp.observability.logging import log_to_stderr
from flodesk_mcp.server import build_server
from flodesk_mcp.settings import load_settings
from flodesk_mcp.tools.confirmation import ANSWER_SECONDS, MAX_ANSWERED
from flodesk_mcp.web.auth.authentication import Authentication
from flodesk_mcp.web.callers import WebCallers
from flodesk_mcp.web.cross_origin import CrossOrigin
from flodesk_mcp.web.files.pages import file_routes
from flodesk_mcp.web.health import Readiness, healthz, reach
from flodesk_mcp.web.host_check import AllowedHosts
from flodesk_mcp.web.keys import derived_key, derived_keys
from flodesk_mcp.web.large_bodies import MAX_BODY_BYTES
from flodesk_mcp.web.middleware import BrokenOff, HostCheck, RequestIds
from flodesk_mcp.web.page import Page
from flodesk_mcp.web.replicas import Replicas
from flodesk_mcp.web.request_filter import READ_ONLY_PATH
from flodesk_mcp.web.sessions import Sessions
from flodesk_mcp.web.settings import HostedSettings
from flodesk_mcp.web.sse import MESSAGES_PATH, SseConnections
from flodesk_mcp.web.webhooks import webhook_route

if TYPE_CHECKING:
    from flodesk_mcp.observability.metrics import Metrics

__all__ = ["create_app"]

logger = logging.getLogger(__name__)

MCP_METHODS = ("GET", "POST", "DELETE")

HTTP_CLIENTS = 16
"""Accounts are spread over so many: for each request, an HTTP client looks at all of its connections twice."""


def create_app(
    settings: HostedSettings | None = None,
    flodesk: httpx2.AsyncBaseTransport | None = None,
    documents: httpx2.AsyncBaseTransport | None = None,
) -> Starlette:
    """Return the application for `settings`, those of the environment by default.

    `flodesk` is another way to Flodesk, `documents` one to what clients publish about themselves.
    Raises SettingsError or StoreError.
    """
    settings = settings or load_settings(HostedSettings)
    settings.check()
    log_to_stderr(settings.log_level, settings.log_format)  # before the SDK sets up a log that tells too much
    hosted = _Hosted(settings, flodesk, documents)
    allowed = AllowedHosts(settings.host, settings.allowed_hosts, settings.public_url)
    app = Starlette(
        routes=hosted.routes(),
        middleware=[
            Middleware(RequestIds),
            Middleware(BrokenOff, is_stopping=lambda: hosted.is_stopping),
            Middleware(HostCheck, allowed=allowed),
            Middleware(CrossOrigin, allowed=allowed),
        ],
        lifespan=lambda _: hosted.running(),
    )
    app.router.redirect_slashes = False
    app.state.stop, app.state.has_replicas = hosted.stop, hosted.has_replicas
    app.state.metrics_port = lambda: hosted.metrics_port
    return app


class _Hosted:
    """The parts of the application, and what lives for as long as it runs."""

    def __init__(
        self,
        settings: HostedSettings,
        flodesk: httpx2.AsyncBaseTransport | None,
        documents: httpx2.AsyncBaseTransport | None,
    ) -> None:
        self._settings = settings
        self.is_stopping = False
        self._https = open_many_connections(settings, flodesk, HTTP_CLIENTS)
        self._metrics = _metrics(settings)
        if self._metrics:
            for http in self._https:
                http.event_hooks = {"response": [self._metrics.answered]}
        self._replicas = Replicas(settings)
        measured = self._metrics.measured if self._metrics else None
        self._callers = WebCallers.of(settings, self._https, self._replicas, measured)
        self._events = self._callers.events
        self._server = build_server(
            lambda: nullcontext(self._callers),
            derived_keys(settings.encryption_keys, "questions"),
            self._replicas.claims("answer", ANSWER_SECONDS, MAX_ANSWERED),
        )
        key = derived_key(settings.encryption_keys, "targets in the audit")
        count = self._metrics.called if self._metrics else None
        self._server.middleware.append(Audit(key, reads=settings.audit == "all", count=count))
        self._account_key = derived_key(settings.encryption_keys, "accounts in metrics")
        self.metrics_port: int | None = None
        keys = derived_keys(settings.encryption_keys, "session ids, first form")  # another form: another purpose
        self._sessions = Sessions(self._server, self._callers, keys, MAX_BODY_BYTES, self._replicas)
        self._authentication = Authentication(
            settings, self._callers, self._https[0], documents, self._replicas.messages
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Open what requests need, for as long as the application runs."""
        audiences = self._callers.audiences
        parts = (
            self._replicas.running(),
            self._authentication.running(),
            self._callers.links.running(),
            audiences.running(),
            self._sessions.running(),
        )
        async with AsyncExitStack() as opened:
            for http in self._https:
                await opened.enter_async_context(http)
            for part in parts:
                await opened.enter_async_context(part)
            if self._metrics and self._settings.metrics_port is not None:
                self.metrics_port = await opened.enter_async_context(
                    self._metrics.served(self._settings.metrics_host, self._settings.metrics_port, self._state)
                )
            if self._events:
                await opened.enter_async_context(self._events.running(self._open_client))
            audiences.background.spawn(partial(self._callers.resume_jobs, self._authentication.known_accounts))
            yield

    async def _state(self) -> tuple[list[tuple[str, int]], dict[str, int]]:
        """Return what metrics show of now. Only this server can tell which account a hash stands for."""
        used = [
            (hmac.digest(self._account_key, identity.encode(), "sha256").hex()[:12], requests)
            for identity, requests in self._callers.pool.used()
        ]
        try:
            return used, await self._callers.audiences.unfinished_jobs()
        except FlodeskError as error:
            logger.warning("Jobs cannot be counted: %s", error)
            return used, {}

    async def _open_client(self, identity: str) -> FlodeskClient | None:
        account = await self._authentication.account(identity)
        return self._callers.pool.client(account.identity, account.credential) if account else None

    @property
    def has_replicas(self) -> bool:
        """Whether other processes answer what this one does not."""
        return self._replicas.are_many

    def stop(self) -> None:
        """Let nobody new in, and calls that wait for a person fail in time: the process is about to end."""
        self.is_stopping = True
        self._sessions.withdraw_questions()

    def routes(self) -> list[Route]:
        """Return every path that there is."""
        sse = SseConnections(self._server, self._callers, MAX_BODY_BYTES, self._replicas)
        mcp = self._authentication.guard(self._sessions)
        count = self._metrics.event if self._metrics else None
        checks = {"flodesk": reach(self._https[0], self._settings.base_url), **self._authentication.checks()}
        return [
            *(Route(path, mcp, methods=MCP_METHODS) for path in _with_slash("/mcp", f"/mcp{READ_ONLY_PATH}")),
            Route("/", Page(self._settings).show, methods=["GET"]),
            Route("/healthz", healthz, methods=["GET"]),
            Route("/readyz", Readiness(checks, self._known_problems()).answer, methods=["GET"]),
            *self._authentication.public_routes(),
            *file_routes(self._settings, self._callers.links, self._callers.audiences),
            *([webhook_route(self._events.inbox, count)] if self._events else ()),
            Route("/sse", self._authentication.guard(sse), methods=["GET"]),
            Route(f"/sse{READ_ONLY_PATH}", self._authentication.guard(sse), methods=["GET"]),
            Route(MESSAGES_PATH, self._authentication.guard(sse.messages), methods=["POST"]),
        ]

    def _known_problems(self) -> dict[str, Callable[[], str]]:
        return {**self._replicas.checks, "process": lambda: "it is stopping" if self.is_stopping else ""}


def _metrics(settings: HostedSettings) -> "Metrics | None":
    if settings.metrics_port is None:
        return None
    from flodesk_mcp.observability.metrics import Metrics  # only who watches pays for it

    return Metrics()


def _with_slash(*paths: str) -> Iterator[str]:
    """Return each path, and the one that some clients make of it."""
    for path in paths:
        yield from (path, f"{path}/")

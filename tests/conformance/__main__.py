"""Serve the hosted application with the suite's fixtures in it: `PYTHONPATH=tests python -m conformance PORT`."""

import sys
from unittest.mock import patch

from starlette.types import ASGIApp, Receive, Scope, Send

from flodesk_mcp.http import create_app
from flodesk_mcp.sandbox import SANDBOX_API_KEY
from flodesk_mcp.server import build_server
from flodesk_mcp.settings import load_settings
from flodesk_mcp.web.settings import HostedSettings
from flodesk_mcp.web.uvicorn import run

from .server import with_fixtures

KEY = (b"x-flodesk-api-key", SANDBOX_API_KEY.encode())


class ShowingAKey:
    """Shows a Flodesk credential, as the suite cannot: so its requests come in like those of any caller."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "headers": [*scope["headers"], KEY]}
        await self._app(scope, receive, send)


settings = load_settings(HostedSettings, sandbox=True, auth="headers", port=int(sys.argv[1]))
with patch("flodesk_mcp.web.app.build_server", lambda *given: with_fixtures(build_server(*given))):
    application = create_app(settings)
application.add_middleware(ShowingAKey)
run(application, settings.host, settings.port)

"""A sandbox over HTTP, for a person who tests an integration."""

import signal
import socket
import sys
from collections.abc import Callable

import uvicorn
from starlette.types import Receive, Scope, Send

from flodesk_mcp.sandbox.app import Sandbox
from flodesk_mcp.sandbox.credentials import SANDBOX_API_KEY, SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET
from flodesk_mcp.sandbox.flownurture import FLOWNURTURE_API_KEY
from flodesk_mcp.sandbox.gate import CONTROL_PREFIX
from flodesk_mcp.sandbox.highlevel import HIGHLEVEL_LOCATION_ID, HIGHLEVEL_TOKEN

__all__ = ["serve_sandbox"]

HOW_TO_USE = """\
An embedded Flodesk with the sample account of a florist's studio. It forgets everything when it stops.

  Base URL   {address}/v1
  API key    {key}   (HTTP Basic: the key as user name, no password)
  OAuth      client {client}, secret {secret}: {address}/oauth2/authorize, /oauth2/token
  Try it     curl -u {key}: {address}/v1/segments

  FlowNurture  {address}/flownurture/api/v1, key {nurture_key}
  HighLevel    {address}/highlevel, token {level_token}, location {level_location}

  POST {address}{control}faults          let something go wrong, e.g. {{"kind": "status", "status": 503, "times": 2}}
  POST {address}{control}expire-tokens   let the access tokens that OAuth gave end now
  POST {address}{control}reset           start anew
  GET  {address}{control}requests        what has arrived

Press Ctrl-C to stop."""


def serve_sandbox(host: str, port: int, tell: Callable[[str], None], webhooks_to: str | None = None) -> None:
    """Serve until a signal comes; `tell` gets how to use it, once connections are accepted.

    Webhooks post to the origin `webhooks_to`, whatever host they name; without it they post nothing.
    Raises OSError when the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listening:
        # Connections inherit it; asyncio sets it only on sockets of its own, and answers would be 40 ms late without.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        chosen = listening.getsockname()[1]
        address = f"http://[{host}]:{chosen}" if ":" in host else f"http://{host}:{chosen}"
        for stop in (signal.SIGTERM, signal.SIGINT):
            signal.signal(stop, lambda *_: sys.exit(0))  # uvicorn raises the signal again when it has stopped
        tell(
            HOW_TO_USE.format(
                address=address,
                key=SANDBOX_API_KEY,
                client=SANDBOX_CLIENT_ID,
                secret=SANDBOX_CLIENT_SECRET,
                control=CONTROL_PREFIX,
                nurture_key=FLOWNURTURE_API_KEY,
                level_token=HIGHLEVEL_TOKEN,
                level_location=HIGHLEVEL_LOCATION_ID,
            )
        )
        sandbox = Sandbox(webhooks_to=webhooks_to)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await sandbox.everything(scope, receive, send)

        config = uvicorn.Config(app, log_level="critical", lifespan="on", ws="none", timeout_graceful_shutdown=1)
        uvicorn.Server(config).run(sockets=[listening])

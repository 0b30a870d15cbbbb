"""The server for one client on standard input and output.

Imports nothing but the standard library before standard output is guarded.
"""

import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flodesk_mcp.settings import Settings

__all__ = ["serve_stdio", "stray_output_on_stderr", "without_gc"]

STDOUT, STDERR = 1, 2
RENEWED_WITHIN_SECONDS = 30


@contextmanager
def stray_output_on_stderr() -> Iterator[None]:
    """Send what dependencies print within the block to standard error: standard output belongs to the protocol."""
    wire = os.dup(STDOUT)
    os.dup2(STDERR, STDOUT)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(wire, STDOUT)
        os.close(wire)


@contextmanager
def without_gc() -> Iterator[None]:
    """Import and build faster: what the block makes stays, and a search in it takes a seventh of the start."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def serve_stdio(settings: "Settings") -> None:
    """Serve until the client closes standard input, or a signal comes, and end the process.

    Raises SettingsError for a setting that is missing or does not work.
    """
    for stop in (signal.SIGTERM, signal.SIGINT):
        # The thread that reads standard input cannot be woken, so an orderly end would wait for the client.
        signal.signal(stop, lambda *_: _end())
    logging.basicConfig(
        level=settings.log_level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    if sys.stdin.isatty():
        sys.stderr.write("flodesk-mcp is waiting for an MCP client on standard input. Press Ctrl-C to stop.\n")
    with ExitStack() as guard:
        guard.enter_context(stray_output_on_stderr())
        guard.enter_context(without_gc())
        import anyio
        from mcp.server.stdio import stdio_server

        from flodesk_mcp.callers.single import single_caller
        from flodesk_mcp.server import build_server, operator_filter

        async def serve() -> None:
            # Opened before the server runs, because an error within it would wait for the client's next line.
            async with single_caller(settings, operator_filter(settings)) as callers:
                server = build_server(lambda: nullcontext(callers))
                guard.close()
                async with stdio_server() as (incoming, outgoing):  # guards standard output by itself
                    await server.run(incoming, outgoing, server.create_initialization_options())
                os.dup2(STDERR, STDOUT)

        anyio.run(serve)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # to take the interpreter apart, class by class, would keep the client waiting for half a second


def _end() -> None:
    """End the process: at once, unless it would take tokens with it that Flodesk has given and nobody has stored."""
    login = sys.modules.get("flodesk_mcp.flodesk.login")
    if login is None or not login.renewing():
        os._exit(0)

    def wait() -> None:
        until = time.monotonic() + RENEWED_WITHIN_SECONDS
        while login.renewing() and time.monotonic() < until:
            time.sleep(0.02)
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()

"""The way back from a browser to a command: an address of this computer (RFC 8252), open until an answer comes."""

import hmac
import html
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from flodesk_mcp.settings import SettingsError

__all__ = ["Loopback"]

PATH = "/callback"
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>flodesk-mcp</title>
<p>{words} You can close this page.</p></html>"""
REQUEST_SECONDS = 5
WAITED_SECONDS = 0.5


class Loopback:
    """Listens on this computer alone, for the one answer that carries `state`."""

    def __init__(self, state: str, port: int = 0) -> None:
        """Take the port to listen on; 0 picks a free one.

        Raises SettingsError when it cannot be had.
        """
        self._answer: dict[str, str] = {}
        answer = self._answer

        class Handler(BaseHTTPRequestHandler):
            timeout = REQUEST_SECONDS

            def do_GET(self) -> None:
                """Take the answer, or send away whoever asks for something else."""
                address = urlsplit(self.path)
                given = {name: values[0] for name, values in parse_qs(address.query).items()}
                ours = address.path == PATH and hmac.compare_digest(given.get("state", "").encode(), state.encode())
                if ours:
                    answer.update(given)
                self.send_response(200 if ours else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Cache-Control", "no-store")
                self.send_header("Referrer-Policy", "no-referrer")
                self.end_headers()
                words = "Back to the terminal." if ours else "There is nothing here."
                self.wfile.write(PAGE.format(words=html.escape(words)).encode())

            def log_message(self, format: str, *args: Any) -> None:
                """Log nothing: the address holds the code."""

        try:
            self._server = HTTPServer(("127.0.0.1", port), Handler)
        except OSError as error:
            raise SettingsError(f"Port {port} of this computer cannot be had: choose another with --port.") from error
        self._server.timeout = WAITED_SECONDS
        self.redirect_uri = f"http://127.0.0.1:{self._server.server_port}{PATH}"

    def code(self, seconds: float) -> str:
        """Return the code that the browser brings within so many seconds.

        Raises SettingsError when none comes, or when access was denied.
        """
        until = time.monotonic() + seconds
        while not self._answer:
            if time.monotonic() > until:
                raise SettingsError("Nobody came back from Flodesk in time. Run the command again.")
            self._server.handle_request()
        if "code" not in self._answer:
            raise SettingsError("Flodesk was not allowed to give access. Run the command again to be asked once more.")
        return self._answer["code"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.server_close()

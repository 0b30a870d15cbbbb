"""The account behind the server: the embedded Flodesk as a process of its own, looked at without any tool of ours.

Only the standard library: the frameworks' own environments have nothing else in common.
"""

import base64
import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

KEY = "sandbox-key"


@dataclass(frozen=True)
class Account:
    """A sample account, and the command that serves it to one MCP client over stdio."""

    python: str
    address: str
    folder: str

    @property
    def server(self) -> tuple[str, list[str], dict[str, str]]:
        """Command, arguments and environment, as every framework wants them."""
        settings = {"FLODESK_BASE_URL": f"{self.address}/v1", "FLODESK_API_KEY": KEY, "FLODESK_DATA_DIR": self.folder}
        return self.python, ["-m", "flodesk_mcp"], settings

    def person(self, email: str) -> Any:
        """Return somebody as Flodesk has them."""
        return self._asked("GET", f"/v1/subscribers/{email}")

    def written(self) -> list[Any]:
        """Return the bodies of all requests that wrote something since the account was new."""
        return [request["body"] for request in self._asked("GET", "/_sandbox/requests") if request["method"] != "GET"]

    def reset(self) -> None:
        """Make it new."""
        self._asked("POST", "/_sandbox/reset")

    def _asked(self, method: str, path: str) -> Any:
        credential = base64.b64encode(f"{KEY}:".encode()).decode()
        request = urllib.request.Request(self.address + path, method=method)
        request.add_header("Authorization", f"Basic {credential}")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as answer:
            return json.loads(answer.read() or "null")


@contextmanager
def account(python: str) -> Iterator[Account]:
    """Serve a sample account until the end of the block; `python` is the one that our package is installed for."""
    command = [python, "-u", "-m", "flodesk_mcp", "sandbox", "--port", "0"]
    with (
        TemporaryDirectory() as folder,
        subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as process,
    ):
        try:
            assert process.stdout
            said = iter(process.stdout.readline, "")
            address = next(found[1] for line in said if (found := re.search(r"Base URL +(\S+)/v1", line)))
            yield Account(python, address, folder)
        finally:
            process.terminate()


def main_python() -> str:
    """Return the interpreter that our package is installed for, as the command line names it."""
    return sys.argv[1]

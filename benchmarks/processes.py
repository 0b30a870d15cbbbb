"""Servers as subprocesses, spoken to with blocking reads and writes: a client that costs as little as can be."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Any

__all__ = ["StdioServer", "large_flodesk", "sandbox_address", "stdio_server"]

PROTOCOL_VERSION = "2025-11-25"


class StdioServer:
    """The client's end of an MCP server on pipes."""

    def __init__(self, pid: int, requests: IO[bytes], answers: IO[bytes]) -> None:
        self._pid = pid
        self._requests = requests
        self._answers = answers
        self._last_id = 0

    def list_tools(self) -> list[dict[str, Any]]:
        """Shake hands and return what the server advertises."""
        client = {"name": "benchmarks", "version": "1"}
        self._request("initialize", protocolVersion=PROTOCOL_VERSION, capabilities={}, clientInfo=client)
        self._write({"method": "notifications/initialized"})
        tools: list[dict[str, Any]] = self._request("tools/list")["tools"]
        return tools

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool and return its structured content.

        Raises RuntimeError when it failed: the time of an error would mean nothing.
        """
        result = self._request("tools/call", name=tool, arguments=arguments)
        if result.get("isError"):
            raise RuntimeError(result["content"][0]["text"])
        content: dict[str, Any] = result["structuredContent"]
        return content

    def called_again(self, tool: str, meanwhile: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool until it answers with more than that something is under way."""
        while True:
            try:
                return self.call(tool, **arguments)
            except RuntimeError as error:
                if meanwhile not in str(error):
                    raise

    def peak_bytes(self) -> int:
        """Return the most that the server ever had in memory. Source: proc(5)."""
        kibibytes = Path(f"/proc/{self._pid}/status").read_text("ascii").partition("VmHWM:")[2].split()[0]
        return int(kibibytes) * 1024

    def resident_bytes(self) -> int:
        """Return what the server has in memory. Source: proc(5), or ps(1) where there is no /proc."""
        status = Path(f"/proc/{self._pid}/status")
        if status.exists():
            kibibytes = status.read_text("ascii").partition("VmRSS:")[2].split()[0]
        else:
            kibibytes = subprocess.check_output(["/bin/ps", "-o", "rss=", "-p", str(self._pid)], text=True)
        return int(kibibytes) * 1024

    def _request(self, method: str, **params: Any) -> dict[str, Any]:
        self._last_id += 1
        self._write({"id": self._last_id, "method": method, "params": params})
        for line in self._answers:
            message: dict[str, Any] = json.loads(line)
            if message.get("id") == self._last_id:
                result: dict[str, Any] = message["result"]
                return result
        raise RuntimeError("the server ended")

    def _write(self, message: dict[str, Any]) -> None:
        self._requests.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self._requests.flush()


@contextmanager
def stdio_server(module: str, *arguments: str, environment: Mapping[str, str]) -> Iterator[StdioServer]:
    """Run `python -m module` as an MCP server for as long as the block lasts."""
    with _python(module, *arguments, stdin=subprocess.PIPE, environment=environment) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the server has no pipes")
        yield StdioServer(process.pid, process.stdin, process.stdout)


def sandbox_address() -> AbstractContextManager[str]:
    """Serve the embedded Flodesk for as long as the block lasts, and return its address."""
    return _address("benchmarks.sandbox_server")


def large_flodesk(people: int) -> AbstractContextManager[str]:
    """Serve a Flodesk of so many people, whose pages cost it little, for as long as the block lasts."""
    return _address("benchmarks.large_flodesk", str(people))


@contextmanager
def _address(module: str, *arguments: str) -> Iterator[str]:
    with _python(module, *arguments, stdin=subprocess.DEVNULL, environment={}) as process:
        if process.stdout is None:
            raise RuntimeError("the server has no pipe")
        yield process.stdout.readline().decode().strip()


@contextmanager
def _python(
    module: str, *arguments: str, stdin: int, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", module, *arguments]
    own = {name: value for name, value in os.environ.items() if not name.startswith("FLODESK_")}
    with subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, env=own | dict(environment)) as process:
        try:
            yield process
        finally:
            process.kill()

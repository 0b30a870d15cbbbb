"""A server and a Flodesk as processes of their own, with the commands beside them."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio.to_thread
import httpx2
from click.testing import CliRunner

from flodesk_mcp.cli.commands import cli
from flodesk_mcp.sandbox import SANDBOX_API_KEY
from flodesk_mcp.store import new_key
from ports import free_port

from ..serving import Served, serve
from .hooks import PUBLIC, TOOLSETS


@dataclass
class Deployed:
    """What runs, what it is set to, and the token of its one account, `studio`."""

    served: Served
    flodesk: httpx2.Client
    environment: dict[str, str]
    token: str

    async def command(self, *arguments: str) -> str:
        """Run a command beside the server, and return what it says."""
        return await anyio.to_thread.run_sync(partial(_run, self.environment, *arguments))


@contextmanager
def deployed(tmp_path: Path, **settings: str) -> Iterator[Deployed]:
    """Run both; the webhooks of the one post to the other."""
    environment = {
        "FLODESK_DATABASE_URL": f"sqlite:///{tmp_path}/state.sqlite3",
        "FLODESK_ENCRYPTION_KEYS": new_key(),
        "FLODESK_PUBLIC_URL": PUBLIC,
        "FLODESK_TOOLSETS": TOOLSETS,
        "FLODESK_DATA_DIR": str(tmp_path / "data"),
        **settings,
    }
    port = str(free_port())
    with _sandbox(f"http://127.0.0.1:{port}") as flodesk:
        environment["FLODESK_BASE_URL"] = f"{flodesk.base_url}".rstrip("/")
        _run(environment, "account", "add", "studio", typed=SANDBOX_API_KEY)
        token = _run(environment, "token", "create", "agent", "--account", "studio").strip()
        with serve(tmp_path / "log", "--auth=tokens", port=port, **environment) as served:
            yield Deployed(served, flodesk, environment, token)


@contextmanager
def _sandbox(webhooks_to: str) -> Iterator[httpx2.Client]:
    """Run `flodesk-mcp sandbox`, and return a client of it with its key."""
    command = [sys.executable, "-m", "flodesk_mcp", "sandbox", "--port", "0", "--webhooks-to", webhooks_to]
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout
        address = next(line.split()[2] for line in process.stdout if "Base URL" in line)
        try:
            with httpx2.Client(base_url=address, auth=(SANDBOX_API_KEY, ""), timeout=30) as flodesk:
                yield flodesk
        finally:
            process.terminate()


def _run(environment: dict[str, str], *arguments: str, typed: str = "") -> str:
    ended = CliRunner().invoke(cli, arguments, input=typed, env=environment)
    assert ended.exit_code == 0, ended.stderr
    return ended.stdout

"""The embedded Flodesk, served by its command."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import httpx2
import pytest

from .conftest import Run

Serving = tuple[subprocess.Popen[str], str]


@pytest.fixture
def serving(environment: dict[str, str]) -> Iterator[Serving]:
    """The command on a free port, and the base URL that it prints."""
    with subprocess.Popen(
        [sys.executable, "-m", "flodesk_mcp", "sandbox", "--port", "0"],
        env=environment | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdout
        for line in process.stdout:
            if found := re.search(r"Base URL +(\S+)", line):
                yield process, found[1]
                break
        process.kill()


def test_it_serves_what_it_says(serving: Serving) -> None:
    _, base_url = serving
    control = base_url.removesuffix("/v1") + "/_sandbox"
    with httpx2.Client(auth=("sandbox-key", ""), trust_env=False) as client:
        assert client.get(f"{base_url}/segments").json()["meta"]["total_items"] == 12
        assert client.post(f"{control}/faults", json={"kind": "status", "status": 503}).status_code == 201
        assert client.get(f"{base_url}/segments").status_code == 503
        assert len(client.get(f"{control}/requests").json()) == 2


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_without_a_word(serving: Serving, stop: signal.Signals) -> None:
    process, base_url = serving
    assert httpx2.get(base_url, trust_env=False).status_code == 401
    process.send_signal(stop)
    _, stderr = process.communicate(timeout=10)
    assert (process.returncode, stderr) == (0, "")


def test_a_port_that_is_taken_is_told_in_one_line(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("sandbox", "--port", str(port))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        f"flodesk-mcp: Cannot listen on 127.0.0.1, port {port}: Address already in use. "
        "Choose another with --host or --port.\n"
    )

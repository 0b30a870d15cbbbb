"""More connections than fit, in process and before a real one."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx2
import pytest

from flodesk_mcp.web.connections import Connections
from flodesk_mcp.web.open_files import FOR_PROBES

from .calls import ANN, JSON, LIST_TOOLS
from .serving import Served, serve

STRANGERS = 508


class Wire:
    """A connection that knows whether it was cut."""

    def __init__(self) -> None:
        self.open = True

    def cut(self) -> None:
        self.open = False


def entered(connections: Connections, number: int) -> list[Wire]:
    wires = [Wire() for _ in range(number)]
    for wire in wires:
        connections.enter(wire)
    return wires


def test_who_has_asked_for_nothing_gives_way_before_who_has() -> None:
    connections = Connections(3)
    busy, resting, silent = entered(connections, 3)
    connections.busy(busy)
    connections.busy(resting)
    connections.resting(resting)
    assert connections.enter(Wire())
    assert (busy.open, resting.open, silent.open) == (True, True, False)


def test_when_all_are_busy_there_is_room_for_health_checks_alone() -> None:
    connections = Connections(3)
    for wire in entered(connections, 3):
        connections.busy(wire)
    for probe in [Wire() for _ in range(FOR_PROBES)]:
        assert not connections.enter(probe)
        connections.busy(probe)
        assert probe.open
    beyond = Wire()
    assert not connections.enter(beyond)
    assert not beyond.open
    assert len(connections) == 3 + FOR_PROBES


def test_a_connection_that_was_cut_takes_no_place() -> None:
    connections = Connections(1)
    first, _ = entered(connections, 2)
    connections.busy(first)
    connections.resting(first)
    assert len(connections) == 1


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serve(tmp_path / "log", "--auth=headers", "--sandbox", MOST_FILES="512") as served:
        yield served


def test_idle_strangers_neither_stop_the_server_nor_fill_its_log(served: Served) -> None:
    with ExitStack() as strangers:
        for _ in range(STRANGERS):
            with suppress(OSError):
                strangers.enter_context(socket.create_connection(("127.0.0.1", served.port), timeout=5))
        began = time.monotonic()
        assert httpx2.get(f"{served.url}/healthz", timeout=5).status_code == 200
        answer = httpx2.post(f"{served.url}/mcp", json=LIST_TOOLS, headers=JSON | ANN, timeout=5)
        assert time.monotonic() - began < 5
    assert answer.status_code in {200, 401}
    assert served.log.stat().st_size < 1000

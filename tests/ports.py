"""Ports for servers that must be told one before they listen on it."""

import os
import socket
from contextlib import suppress
from itertools import count
from zlib import crc32

# Below what the kernel gives to connections of its own (32768 and up), and another part for each process of tests:
# whoever asks the kernel for a free port and lets go of it may find it taken a moment later.
_PER_PROCESS = 500
_PROCESSES = 40
_NEXT = count()


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on and no other process of tests will be told of."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = 12_000 + (crc32(run.encode()) + worker) % _PROCESSES * _PER_PROCESS
    while True:
        port = first + next(_NEXT) % _PER_PROCESS
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port

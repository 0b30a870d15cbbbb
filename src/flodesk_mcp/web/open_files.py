"""How many files the process may have open, and how many connections that leaves room for."""

import sys

__all__ = ["ACCEPTED_AT_ONCE", "FOR_PROBES", "connection_limit", "raise_file_limit"]

MAX_CONNECTIONS = 5000
MIN_CONNECTIONS = 16

ACCEPTED_AT_ONCE = 64
"""Connections that the loop accepts before it looks at anything else."""

FOR_PROBES = 32
"""Connections beyond the limit, on which health checks alone are answered."""

# What is accepted beyond the limit is closed two turns of the loop later; log, database and keys need the rest.
RESERVED_FILES = 3 * ACCEPTED_AT_ONCE + FOR_PROBES + 64


def raise_file_limit() -> None:
    """Let this process open as many files as its user may."""
    if sys.platform == "win32":
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):  # macOS calls its limit infinite and then refuses that
        return


def connection_limit() -> int:
    """Return how many connections of clients fit: each may need another one to Flodesk."""
    if sys.platform == "win32":
        return MAX_CONNECTIONS
    import resource

    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return min(MAX_CONNECTIONS, max(MIN_CONNECTIONS, (files - RESERVED_FILES) // 2))

"""Who runs a job, and whether they still can: a process that was killed holds up nobody."""

import os
import secrets
import socket
from pathlib import Path

__all__ = ["HEARTBEAT_SECONDS", "LEASE_SECONDS", "has_died", "new_owner"]

HEARTBEAT_SECONDS = 2.0
LEASE_SECONDS = 15.0
"""How long a job stays with a process that no longer says so: more than a busy machine makes it wait for its turn."""

_PROCESSES = Path("/proc/self/ns/pid")


def new_owner() -> str:
    """Return a name for this process that no other has: machine, where its process ids count, process, and chance."""
    return "/".join([socket.gethostname()[:80], _namespace(), str(os.getpid()), secrets.token_hex(8)])


def has_died(owner: str) -> bool:
    """Tell whether the process that `owner` names has surely ended. Of one elsewhere only its lease can tell."""
    machine, namespace, process, _ = owner.rsplit("/", 3)
    if os.name != "posix" or [machine, namespace] != new_owner().split("/")[:2] or not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _namespace() -> str:
    """Return what tells the process ids of one container from those of another with the same name."""
    try:
        return str(_PROCESSES.stat().st_ino)
    except OSError:
        return "0"

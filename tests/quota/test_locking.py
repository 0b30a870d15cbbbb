"""The two ways to lock a file: the one of this system, and that of Windows in as far as it can be imitated here."""

import fcntl
import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from flodesk_mcp.quota import locking


def _windows_lock(descriptor: int, mode: int, count: int) -> None:
    """Lock from the current position on, like msvcrt.locking; OSError where another handle has the lock."""
    assert (mode, count, os.lseek(descriptor, 0, os.SEEK_CUR)) == (2, 1, 0)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise PermissionError(13, "Permission denied") from None


@pytest.fixture(params=["here", "win32"])
def module(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    if request.param == "win32":
        monkeypatch.setattr(sys, "platform", "win32")
        msvcrt: Any = SimpleNamespace(locking=_windows_lock, LK_NBLCK=2)
        monkeypatch.setitem(sys.modules, "msvcrt", msvcrt)
        yield importlib.reload(locking)
        monkeypatch.undo()
        importlib.reload(locking)
    else:
        yield locking


def test_one_at_a_time_has_the_lock_until_it_closes_the_file(module: ModuleType, tmp_path: Path) -> None:
    one, other = (os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT) for _ in range(2))
    os.write(one, b"moves the position")
    assert module.try_lock(one)
    assert not module.try_lock(other)
    os.close(one)
    assert module.try_lock(other)
    os.close(other)

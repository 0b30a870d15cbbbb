"""The keychain is found by servers that clients start with hardly any variables."""

import os
import sys
from pathlib import Path

import pytest

from flodesk_mcp.callers import keychain
from flodesk_mcp.callers.keychain import Keychain
from flodesk_mcp.settings import Settings

BUS = "DBUS_SESSION_BUS_ADDRESS"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems have no session bus")


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the bus of this user is, if it is there."""
    monkeypatch.setattr(keychain, "SESSION_BUSES", tmp_path)
    monkeypatch.setitem(os.environ, BUS, "")  # so that it is put back
    del os.environ[BUS]
    bus = tmp_path / str(os.getuid()) / "bus"
    bus.parent.mkdir()
    return bus


def test_the_bus_is_found_where_it_always_is(bus: Path) -> None:
    bus.touch()
    Keychain(Settings()).read()
    assert os.environ[BUS] == f"unix:path={bus}"


def test_a_bus_that_was_named_is_left_alone(bus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bus.touch()
    monkeypatch.setenv(BUS, "unix:path=/elsewhere")
    Keychain(Settings()).read()
    assert os.environ[BUS] == "unix:path=/elsewhere"


def test_without_a_bus_none_is_named(bus: Path) -> None:
    Keychain(Settings()).read()
    assert BUS not in os.environ

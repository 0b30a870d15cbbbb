"""Fixtures for all tests: the event loop runs on virtual time, so nothing waits for a real clock."""

import asyncio
import gc
import selectors
from collections.abc import Callable
from typing import Any

import pytest


def pytest_collection_finish() -> None:
    """Spare the garbage collector what stays until the end: looking through it took a fifth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)


class _JumpingSelector(selectors.DefaultSelector):
    """Instead of sleeping until the next timer, move the loop's clock there."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            return super().select(5)  # only a thread can end this wait
        if not ready and timeout:
            self.now += timeout
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps over every wait, so that a minute of quota costs no time."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds of virtual time since the loop began."""
        return self._jumping.now


@pytest.fixture
def virtual_time() -> tuple[str, dict[str, Callable[[], Any]]]:
    """Asyncio on virtual time, for modules below a folder that works on real time."""
    return "asyncio", {"loop_factory": VirtualTimeLoop}


@pytest.fixture
def anyio_backend(
    virtual_time: tuple[str, dict[str, Callable[[], Any]]],
) -> tuple[str, dict[str, Callable[[], Any]]]:
    """Asyncio on virtual time; a test module that needs real sockets overrides this."""
    return virtual_time

"""Garbage, while people pass through by the thousands."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["seldom_searched_for"]

OBJECTS = 20_000
"""So many new ones, a few megabytes, and it is searched for."""

_usual: list[int] = []


@contextmanager
def seldom_searched_for() -> Iterator[None]:
    """Search for garbage more seldom within the block: usually it would be after each dozen people.

    What is made of them has no circles and goes by itself, so that the search alone costs, a fifth of reading a list.
    """
    if _usual:  # within another such block
        yield
        return
    _usual[:] = gc.get_threshold()
    gc.set_threshold(max(OBJECTS, _usual[0]), *_usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*_usual)
        _usual.clear()

"""Garbage, while people pass through by the thousands."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["seldom_searched_for"]

OBJECTS = 20_000
"""So many new ones, a few megabytes, and it is searched for."""

_usual: list[int] = []
_wanted: list[int] = []


@contextmanager
def seldom_searched_for(objects: int = OBJECTS) -> Iterator[None]:
    """Search for garbage after so many new objects within the block: usually it would be after each dozen people.

    What is made of them has no circles and goes by itself, so that the search alone costs, a fifth of reading a list.
    Of several blocks at the same time the largest number counts.
    """
    if not _wanted:
        _usual[:] = gc.get_threshold()
    _wanted.append(objects)
    _set()
    try:
        yield
    finally:
        _wanted.remove(objects)
        _set()


def _set() -> None:
    first, *others = _usual
    gc.set_threshold(max([first, *_wanted]), *others)

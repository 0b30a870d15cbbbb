"""Who was named before, in a list of any length: 25 MB for a million people, where a dict would take 150."""

from array import array
from collections.abc import Sequence

__all__ = ["Seen"]

FEW = 1 << 13
GROWTH = 4
FULL = 0.6


class Seen:
    """Numbers by text. Two texts are told apart by 64 bits of their hash, which nobody outside can foresee."""

    def __init__(self) -> None:
        self._marks = array("q", bytes(8 * FEW))  # 0 where there is nobody
        self._numbers = array("I", bytes(4 * FEW))
        self._size = 0

    def __contains__(self, text: str) -> bool:
        """Tell whether the text has a number."""
        return bool(self._marks[self._place(hash(text) or 1)])

    def put(self, texts: Sequence[str], numbers: Sequence[int]) -> dict[int, str]:
        """Give texts numbers, and return those that some of them had, each with its text."""
        before = {}
        while self._size + len(texts) > FULL * len(self._marks):
            self._grow()
        marks, known, last = self._marks, self._numbers, len(self._marks) - 1
        for text, number in zip(texts, numbers, strict=True):
            mark = hash(text) or 1
            place = mark & last
            while (there := marks[place]) and there != mark:  # as `_place` does: a call for each would take longer
                place = (place + 1) & last
            if there:
                before[known[place]] = text
            marks[place] = mark
            known[place] = number
        self._size += len(texts) - len(before)
        return before

    def _place(self, mark: int) -> int:
        """Return where a text is, or the place that is free for it."""
        marks, last = self._marks, len(self._marks) - 1
        place = mark & last
        while (there := marks[place]) and there != mark:
            place = (place + 1) & last
        return place

    def _grow(self) -> None:
        marks, numbers, last = self._marks, self._numbers, GROWTH * len(self._marks) - 1
        self._marks = array("q", bytes(8 * GROWTH * len(marks)))
        self._numbers = array("I", bytes(4 * GROWTH * len(marks)))
        for mark, number in zip(marks, numbers, strict=True):
            if mark:
                place = mark & last
                if self._marks[place]:
                    place = self._place(mark)
                self._marks[place], self._numbers[place] = mark, number

"""What repeats is logged once a minute, so that nobody can fill a disk with warnings."""

import logging
import time
import traceback
from collections.abc import Callable, Hashable
from dataclasses import dataclass

__all__ = ["OnceAMinute"]

MINUTE = 60
MAX_PLACES = 1000


@dataclass
class _Silence:
    until: float
    kept_back: int = 0


class OnceAMinute(logging.Filter):
    """Lets one warning or error a minute through from each place in the code, with the number of those left out.

    Lines that name their trouble in `extra={"repeats": ...}` share one a minute, from wherever they are.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._silences: dict[Hashable, _Silence] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether to log `record`; what is below a warning always is."""
        if record.levelno < logging.WARNING and not hasattr(record, "repeats"):
            return True
        now, place = self._clock(), _place(record)
        silence = self._silences.get(place)
        if silence and now < silence.until:
            silence.kept_back += 1
            return False
        if silence and silence.kept_back:
            record.msg, record.args = f"{record.getMessage()} (and {silence.kept_back} such lines left out)", ()
        self._silences.pop(place, None)
        self._silences[place] = _Silence(now + MINUTE)
        if len(self._silences) > MAX_PLACES:
            del self._silences[next(iter(self._silences))]
        return True


def _place(record: logging.LogRecord) -> Hashable:
    """Return where a record was logged, and where its error was raised: not its words, which anybody may vary."""
    if (trouble := getattr(record, "repeats", None)) is not None:
        return str(trouble)
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return record.pathname, record.lineno
    raised = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)][-1:]
    return record.pathname, record.lineno, type(error), *raised

"""The log of a hosted server: lines of text or JSON with the request's id, and nothing personal above DEBUG.

What repeats is logged once a minute, so that nobody can fill a disk with warnings.
"""

import json
import logging
import sys
import time
import traceback
from collections.abc import Callable, Hashable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal, TextIO

from flodesk_mcp.observability import audit

__all__ = ["OnceAMinute", "log_to_stderr", "request_id"]

MINUTE = 60
MAX_PLACES = 1000

TALKATIVE = (
    "aiosqlite",
    "alembic",
    "asyncio",
    "httpcore2",
    "httpx2",
    "mcp",
    "python_multipart",
    "sqlalchemy",
    "sse_starlette",
    "uvicorn",
)
"""Libraries that log addresses, URLs and messages of clients, or a line for whatever a stranger sends."""

request_id: ContextVar[str] = ContextVar("request_id", default="-")
"""The id of the request that is being answered, for whatever is logged meanwhile."""


def log_to_stderr(level: str, form: Literal["text", "json"]) -> None:
    """Log on standard error from `level` on, what repeats once a minute; the audit always."""
    handler = _Stderr()
    verbose = level == "DEBUG"
    if not verbose:
        handler.addFilter(OnceAMinute())
    handler.setFormatter(_Json(verbose) if form == "json" else _Text(verbose))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    if not verbose:
        for name in TALKATIVE:
            logging.getLogger(name).setLevel(logging.ERROR)
    logging.getLogger(audit.__name__).setLevel(logging.INFO)


class _Stderr(logging.StreamHandler[TextIO]):
    """Whatever standard error is when a line is written, so that a handler may outlive one that was redirected."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)
        self._instead: TextIO | None = None

    @property
    def stream(self) -> TextIO:
        return self._instead or sys.stderr

    @stream.setter
    def stream(self, stream: TextIO) -> None:
        self._instead = stream


class _Text(logging.Formatter):
    def __init__(self, verbose: bool) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s")
        self._verbose = verbose

    def format(self, record: logging.LogRecord) -> str:
        record.request_id = request_id.get()
        return super().format(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - overridden
        return super().formatException(ei) if self._verbose else _frames(ei[1])


class _Json(_Text):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "request_id": request_id.get(),
            "message": record.getMessage(),
            **getattr(record, "audit", {}),
        }
        if record.exc_info and record.exc_info[1]:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def _frames(error: BaseException | None) -> str:
    """Return what was raised where, without the errors' own words: those may quote what a person wrote."""
    lines = []
    while error is not None:
        frames = traceback.extract_tb(error.__traceback__)
        where = " < ".join(f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in reversed(frames))
        lines.append(f"{type(error).__name__} at {where}")
        error = error.__cause__ or error.__context__
    return "\n".join(lines)


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
        if getattr(record, "repeats", None) is None and (record.levelno or 0) < logging.WARNING:
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

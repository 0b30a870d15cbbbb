"""The log of a hosted server: lines of text or JSON with the request's id, and nothing personal above DEBUG."""

import json
import logging
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, Literal, TextIO

from flodesk_mcp.observability import audit
from flodesk_mcp.observability.request_id import request_id

__all__ = ["OnceAMinute", "log_to_stderr"]

REPEATED_EVERY_SECONDS = 60

TALKATIVE = ("aiosqlite", "alembic", "asyncio", "httpcore2", "httpx2", "mcp", "sqlalchemy", "sse_starlette", "uvicorn")
"""Libraries that log addresses, URLs and messages of clients, or a line for whatever a stranger sends."""


def log_to_stderr(level: str, form: Literal["text", "json"]) -> None:
    """Log on standard error from `level` on; the audit always."""
    handler = _Stderr()
    handler.addFilter(OnceAMinute())
    verbose = level == "DEBUG"
    handler.setFormatter(_Json(verbose) if form == "json" else _Text(verbose))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    if not verbose:
        for name in TALKATIVE:
            logging.getLogger(name).setLevel(logging.ERROR)
    logging.getLogger(audit.__name__).setLevel(logging.INFO)


class OnceAMinute(logging.Filter):
    """Lets one line a minute through for each trouble that lines name in `extra={"repeats": ...}`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._told: dict[str, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a line is due; it says how many have been left out."""
        trouble = getattr(record, "repeats", None)
        if trouble is None:
            return True
        told_at, left_out = self._told.get(trouble, (float("-inf"), 0))
        now = self._clock()
        if now - told_at < REPEATED_EVERY_SECONDS:
            self._told[trouble] = (told_at, left_out + 1)
            return False
        self._told[trouble] = (now, 0)
        if left_out:
            record.msg = f"{record.getMessage()} (and {left_out} such lines left out)"
            record.args = ()
        return True


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

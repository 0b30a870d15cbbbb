"""The log of a hosted server: lines of text or JSON with the request's id, and nothing personal above DEBUG."""

import json
import logging
import sys
import traceback
from typing import Any, Literal, TextIO

from flodesk_mcp.observability import audit
from flodesk_mcp.observability.repeats import OnceAMinute
from flodesk_mcp.observability.request_id import request_id

__all__ = ["log_to_stderr"]

TALKATIVE = ("aiosqlite", "alembic", "asyncio", "httpcore2", "httpx2", "mcp", "sqlalchemy", "sse_starlette", "uvicorn")
"""Libraries that log addresses, URLs and messages of clients, or a line for whatever a stranger sends."""


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

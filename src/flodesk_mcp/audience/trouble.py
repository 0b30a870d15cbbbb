"""What ends a job, and what it only waits for, in one sentence for whoever began it."""

import errno

from flodesk_mcp.audience.errors import AudienceError, StorageFailed
from flodesk_mcp.flodesk import (
    BadRequest,
    BrokenAnswer,
    FlodeskError,
    Forbidden,
    NoAnswer,
    NotFound,
    QuotaExhausted,
    QuotaNotKnown,
    ServerError,
    Unauthorized,
    UnknownName,
)

__all__ = ["GO_ON", "PASSING", "sentence"]

PASSING = (NoAnswer, ServerError, QuotaExhausted, QuotaNotKnown, BrokenAnswer)
"""Trouble that ends by itself: a job waits for the end of it."""

GO_ON = "`flodesk-mcp jobs run` then goes on where it stopped."

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def sentence(error: Exception) -> str:  # noqa: PLR0911 - a table
    """Return what a person is told of a job that ended with `error`, or waits because of it."""
    match error:
        case Unauthorized():
            return f"Flodesk refused the credential (401): set one that is valid; {GO_ON}"
        case Forbidden():
            return f"Flodesk does not allow this with the credential in use (403): change its rights; {GO_ON}"
        case NotFound() | BadRequest():
            return f"Flodesk refused a request of this job ({error.status}): something that it needs may be gone."
        case UnknownName():
            return f"{error} It may have been deleted or renamed meanwhile: begin anew with one that there is."
        case StorageFailed():
            return f"{error} {GO_ON}"
        case FlodeskError() | AudienceError():
            return str(error)
        case OSError() if error.errno in _DISK_FULL:
            return f"The disk is full: make room; {GO_ON}"
        case OSError():
            return f"A file could not be written ({error.strerror or type(error).__name__}): mend that; {GO_ON}"
        case _:
            return "It met a defect of flodesk-mcp, which its log describes."

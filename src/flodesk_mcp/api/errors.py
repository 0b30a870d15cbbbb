"""What can go wrong, one tree.

FlodeskError
├── InvalidArgument          refused before any request
│   ├── UnknownCustomField   Flodesk would have dropped the value silently
│   └── UnknownName          a name that fits nothing, or several
├── NoCredential             there is none yet, so nothing was sent
├── QuotaExhausted           the wait for quota would be longer than the call may take
│   └── TooManyRequests      429
├── QuotaNotKnown            what was counted of the quota is not to be had, so nothing was sent
├── NotRenewed               the sign-in could not be renewed now; nothing was sent
│   └── SignInAgain          nor ever: the person must sign in once more
├── NoAnswer                 the network failed, or no answer came in time
├── PartlyDone               one of several requests failed, after others had worked
├── UnreadableAnswer         an answer came, but not one of the documented form
│   └── BrokenAnswer         no JSON: perhaps cut short on its way
└── StatusError              the answer has a status that is not a success
    ├── BadRequest           400, 422
    │   └── Conflict         409: there is such a thing already
    ├── Unauthorized         401
    ├── Forbidden            403
    ├── NotFound             404
    └── ServerError          5xx
"""

from collections.abc import Mapping, Sequence
from math import ceil

__all__ = [
    "BadRequest",
    "BrokenAnswer",
    "Conflict",
    "FlodeskError",
    "Forbidden",
    "InvalidArgument",
    "NoAnswer",
    "NoCredential",
    "NotFound",
    "NotRenewed",
    "PartlyDone",
    "QuotaExhausted",
    "QuotaNotKnown",
    "ServerError",
    "SignInAgain",
    "StatusError",
    "TooManyRequests",
    "Unauthorized",
    "UnknownCustomField",
    "UnknownName",
    "UnreadableAnswer",
    "status_error",
]


class FlodeskError(Exception):
    """Anything that a call can end in, other than its answer, be it to Flodesk or to another provider.

    `service` is who was asked. `uncertain` says that a write was sent, and may or may not have happened, so that
    repeating it is not safe. `in_doubt` says the same of any write, also of one that may be repeated. `advice` is what
    a person can do, where more is known than the kind of the error says.
    """

    service: str = "Flodesk"
    uncertain: bool = False
    in_doubt: bool = False
    advice: str = ""


class InvalidArgument(FlodeskError):
    """An argument was refused before any request; the message says why."""


class UnknownCustomField(InvalidArgument):
    """`unknown` are names that no custom field has; `known` maps the account's keys to their labels."""

    def __init__(self, unknown: Sequence[str], known: Mapping[str, str]) -> None:
        shown = ", ".join(repr(name[:80]) for name in unknown[:10]) + (", ..." if len(unknown) > 10 else "")  # noqa: PLR2004
        super().__init__(f"The account has no custom field {shown}.")
        self.unknown = tuple(unknown)
        self.known = dict(known)


class UnknownName(InvalidArgument):
    """A name of a `kind` (segment, workflow) fits none of `candidates`, or all: the names that there are, by id."""

    def __init__(self, kind: str, name: str, candidates: Mapping[str, str]) -> None:
        super().__init__(f"The name {name[:80]!r} does not stand for exactly one {kind}.")
        self.kind = kind
        self.name = name[:80]
        self.candidates = dict(candidates)


class NoCredential(FlodeskError):
    """There is no credential yet, so nothing was sent. The message says where a person enters one."""


class QuotaExhausted(FlodeskError):
    """The quota is spent for longer than this call may wait. `retry_after` is in seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"The request quota of this {self.service} account is spent; try again in {ceil(self.retry_after)} s."


class TooManyRequests(QuotaExhausted):
    """429: nothing was done. `known_wait` is how long our own count makes the next request wait, or 0."""

    def __init__(self, known_wait: float) -> None:
        super().__init__(known_wait or 60)
        self.known_wait = known_wait


class QuotaNotKnown(FlodeskError):
    """Replicas count together, and what they counted is not to be had now. The request was not sent."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(
            "This server cannot see now how much of the account's request quota is left, so nothing was sent. "
            f"Try again in {ceil(retry_after)} seconds."
        )
        self.retry_after = retry_after


class NotRenewed(FlodeskError):
    """The access token has ended, and there is no new one at the moment. The request was not sent."""


class SignInAgain(NotRenewed):
    """Flodesk does not renew the sign-in any more. The message says where a person signs in again."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"Flodesk no longer accepts the sign-in to this account, so nothing was sent. Sign in again: {where}"
        )


class NoAnswer(FlodeskError):
    """No answer arrived. `sent` is False when the connection was never made."""

    def __init__(self, reason: str, *, sent: bool, uncertain: bool) -> None:
        super().__init__(reason)
        self.sent = sent
        self.uncertain = uncertain


class PartlyDone(FlodeskError):
    """One of several requests failed with `cause`, after others had worked. The message says which."""

    def __init__(self, done: Sequence[str], left: Sequence[str], cause: FlodeskError) -> None:
        shown = [", ".join(repr(name[:80]) for name in names) for names in (done, left)]
        super().__init__(f"Done: {shown[0]}. Not done: {shown[1]}, where the first of them failed.")
        self.cause = cause
        self.service, self.uncertain, self.in_doubt = cause.service, cause.uncertain, cause.in_doubt


class UnreadableAnswer(FlodeskError):
    """An answer with success status `status` that is empty, too large, not JSON, or not of the documented form.

    `problem` says which. After a write it says that it was accepted: only what came of it is not known.
    """

    def __init__(self, problem: str, *, status: int) -> None:
        super().__init__(problem)
        self.problem = problem
        self.status = status

    def __str__(self) -> str:
        return f"{self.service}'s answer ({self.status}) {self.problem}."


class BrokenAnswer(UnreadableAnswer):
    """Not JSON: cut short on its way, perhaps, so asking again may help."""


class StatusError(FlodeskError):
    """An answer with `status`. `message` is the service's own short one, untrusted, or empty."""

    def __init__(self, status: int, message: str = "", *, uncertain: bool = False) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message
        self.uncertain = uncertain

    def __str__(self) -> str:
        return f"{self.service} answered {self.status}." + (f" Its words: {self.message!r}" if self.message else "")


class BadRequest(StatusError):
    """400 or 422: the arguments are not accepted."""


class Conflict(BadRequest):
    """409: there is such a thing already."""


class Unauthorized(StatusError):
    """401: the credential is wrong or revoked, or an API key was used as a token."""


class Forbidden(StatusError):
    """403: the credential is valid, but not for this."""


class NotFound(StatusError):
    """404: there is nothing under this id or address."""


class ServerError(StatusError):
    """5xx: the service or a proxy in front of it failed."""


def status_error(status: int, message: str, *, uncertain: bool = False) -> StatusError:
    """Return the error of the class that fits `status`."""
    kinds: dict[int, type[StatusError]] = {
        400: BadRequest,
        401: Unauthorized,
        403: Forbidden,
        404: NotFound,
        409: Conflict,
        422: BadRequest,
    }
    kind = ServerError if status >= 500 else kinds.get(status, StatusError)  # noqa: PLR2004
    return kind(status, message, uncertain=uncertain)

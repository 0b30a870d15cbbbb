"""What can go wrong with the mirror of an account: a branch of Flodesk's own tree. Each message is short, for anybody.

FlodeskError
├── AudienceError
│   ├── StillReading      the list is being read for the first time, which takes longer than a call may
│   ├── StillPlanning     a plan is being made, which takes longer than a call may
│   ├── MirrorUnusable    its file is damaged, or made by a newer version
│   ├── StorageFailed     the disk is full, the database does not answer, and the like
│   ├── NoSuchJob         no job of this account has that id
│   ├── FileRefused       a file may not be written or read
│   ├── PlanRefused       a plan cannot be carried out, or not any more
│   ├── JobStopped        somebody stopped the job that is under way
│   └── JobTaken          another process goes on with the job
└── InvalidArgument
    └── WrongCondition    a field, operator or value that there is not
"""

from flodesk_mcp.flodesk import FlodeskError, InvalidArgument

__all__ = [
    "AudienceError",
    "FileRefused",
    "JobStopped",
    "JobTaken",
    "MirrorUnusable",
    "NoSuchJob",
    "PlanRefused",
    "StillPlanning",
    "StillReading",
    "StorageFailed",
    "WrongCondition",
]


class AudienceError(FlodeskError):
    """Anything that work on the whole list can end in, other than an error of a request."""


class WrongCondition(InvalidArgument):
    """A condition of a search cannot be met by anybody; the message names the nearest one that can, and all."""


class StillReading(AudienceError):
    """`done` of `total` people were read so far; it goes on, and another call in `seconds` may find it finished."""

    def __init__(self, done: int, total: int, seconds: int) -> None:
        far = f": {done:,} of {total:,} people so far" if total else ""
        super().__init__(
            f"The list is being read for the first time{far}. It goes on by itself: call again in about {seconds} "
            "seconds."
        )
        self.done = done
        self.total = total
        self.seconds = seconds


class StillPlanning(AudienceError):
    """A plan has `rows` rows so far; it goes on, and the same call in `seconds` may get it."""

    def __init__(self, rows: int, seconds: int) -> None:
        super().__init__(
            f"The plan is being made: {rows:,} rows so far. It goes on by itself: make the same call again in about "
            f"{seconds} seconds, and it answers with the plan."
        )
        self.rows = rows
        self.seconds = seconds


class MirrorUnusable(AudienceError):
    """The mirror cannot be read as it is; building it anew keeps the old file aside."""


class StorageFailed(AudienceError):
    """What the mirror is stored in does not work; the message says in one line why."""


class NoSuchJob(AudienceError):
    """No job of this account has that id."""

    def __init__(self) -> None:
        super().__init__("There is no such job. Without a job_id, get_flodesk_job shows the latest ones.")


class FileRefused(AudienceError):
    """A file may not be written or read; the message says why."""


class PlanRefused(AudienceError):
    """A plan cannot be made or carried out; the message says why, and what to do."""


class JobStopped(AudienceError):
    """Somebody stopped the job that is under way."""


class JobTaken(AudienceError):
    """Another process goes on with the job."""

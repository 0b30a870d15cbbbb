"""What can go wrong with work on the whole list. The message of each is one sentence for whoever asked.

AudienceError
├── NoSuchJob       no job of this account has that id
├── FileRefused     a file may not be written or read
├── JobStopped      somebody stopped the job that is under way
└── JobTaken        another process goes on with the job
"""

__all__ = ["AudienceError", "FileRefused", "JobStopped", "JobTaken", "NoSuchJob"]


class AudienceError(Exception):
    """The message is one sentence that says what to do."""


class NoSuchJob(AudienceError):
    """No job of this account has that id."""

    def __init__(self) -> None:
        super().__init__("There is no such job. Without a job_id, get_flodesk_job shows the latest ones.")


class FileRefused(AudienceError):
    """A file may not be written or read; the message says why."""


class JobStopped(AudienceError):
    """Somebody stopped the job that is under way."""


class JobTaken(AudienceError):
    """Another process goes on with the job."""

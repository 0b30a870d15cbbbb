"""Forgetting the mirrors that nobody used for a long time. What jobs left behind is theirs to forget."""

from pathlib import Path

__all__ = ["forget_unused_files", "mark_used"]

MARK = "used"


def mark_used(folder: Path) -> None:
    """Take note that the mirror in `folder` is in use."""
    (folder / MARK).touch(mode=0o600)


def forget_unused_files(data_folder: Path, before: float) -> None:
    """Delete the mirrors under a data folder that nobody has used since `before`, in seconds since 1970.

    Raises OSError.
    """
    for mark in (data_folder / "audience").glob(f"*/{MARK}"):
        if mark.stat().st_mtime < before:
            for file in mark.parent.glob("mirror.sqlite3*"):
                file.unlink(missing_ok=True)
            mark.unlink(missing_ok=True)

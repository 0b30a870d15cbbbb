"""Forgetting jobs and plans whose time is over, whether or not anybody begins another."""

from pathlib import Path

from flodesk_mcp.audience.job_store import forget_ended
from flodesk_mcp.audience.plan import forget_plans
from flodesk_mcp.audience.rows import Rows
from flodesk_mcp.audience.storage import LocalStorage

__all__ = ["forget_over_files", "forget_over_of"]


async def forget_over_of(rows: Rows, now: float) -> None:
    """Forget those of one account. Raises AudienceError."""
    async with rows.writing() as work:
        await forget_ended(work, now)
        await forget_plans(work, now)


async def forget_over_files(data_folder: Path, now: float) -> None:
    """Forget those of every account under a data folder. Raises AudienceError."""
    for file in (data_folder / "audience").glob("*/jobs.sqlite3"):
        storage = LocalStorage(data_folder, file.parent.name)
        try:
            await forget_over_of(storage.jobs, now)
        finally:
            await storage.aclose()

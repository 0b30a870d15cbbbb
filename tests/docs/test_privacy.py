"""What docs/privacy.md promises of periods and tables is what the code does."""

from pathlib import Path

import pytest

from flodesk_mcp.audience import job_store, plan
from flodesk_mcp.quota import folder
from flodesk_mcp.settings import Settings
from flodesk_mcp.store import clients, grant_tokens, grants, sign_ins
from flodesk_mcp.web import sign_in

PAGE = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text(encoding="utf-8")
DAY, MINUTE = 86_400, 60


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("`quota/`", f"{folder.KEPT_SECONDS / DAY:.0f} day".replace("1 day", "a day")),
        ("`audience/*/mirror.sqlite3`", f"{Settings.model_fields['mirror_days'].default} days"),
        ("**plans**", f"{plan.PLAN_SECONDS // MINUTE} minutes"),
        ("**jobs**", f"{job_store.KEPT_SECONDS // DAY} days"),
        ("**exports**", f"{job_store.PARTS_KEPT_SECONDS // DAY} days"),
        ("what people connected", f"an access token {grant_tokens.ACCESS_SECONDS // 3600} hour"),
        ("what people connected", f"a refresh token {grant_tokens.REFRESH_SECONDS // DAY} days"),
        ("what people connected", f"cut off, {grants.KEPT_SECONDS // DAY} days"),
        ("programs:", f"{clients.USED_SECONDS // DAY} days after"),
        ("sign-ins that wait", f"{sign_ins.ANSWERED_WITHIN_SECONDS // MINUTE} minutes"),
        (
            "attempts",
            f"about {round((sign_in.ATTEMPTS_KEPT_SECONDS + sign_in.SWEPT_EVERY_SECONDS / 2) / 600) * 10} minutes",
        ),
    ],
)
def test_a_period_is_the_one_of_the_code(row: str, words: str) -> None:
    (line,) = [line for line in PAGE.splitlines() if line.startswith("|") and row in line]
    assert words in line

"""The sample account: a florist's studio with 420 subscribers, always exactly the same.

`make sample` writes it (tests/sample). It is read instead of made anew: that takes a tenth of the time.
"""

import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from flodesk_mcp.sandbox.account import Account, Campaign, CustomField, Profile, Segment, Subscriber, Webhook, Workflow

T = TypeVar("T")


def sample_account() -> Account:
    """Return a fresh copy of the sample account: 420 subscribers and some of everything else."""
    rows = json.loads(_file())
    return Account(
        profile=_dated(Profile, rows["profile"]),
        segments={row["id"]: _dated(Segment, row) for row in rows["segments"]},
        subscribers={row["id"]: _dated(Subscriber, row) for row in rows["subscribers"]},
        workflows={row["id"]: Workflow(**row) for row in rows["workflows"]},
        enrollments={(workflow_id, person_id): state for workflow_id, person_id, state in rows["enrollments"]},
        custom_fields={row["key"]: CustomField(**row) for row in rows["custom_fields"]},
        webhooks={row["id"]: _dated(Webhook, row) for row in rows["webhooks"]},
        campaigns={row["id"]: _dated(Campaign, row) for row in rows["campaigns"]},
        ids_given=Counter(rows["ids_given"]),
    )


@cache
def _file() -> str:
    return Path(__file__).with_name("sample.json").read_text(encoding="utf-8")


def _dated(make: Callable[..., T], row: dict[str, Any]) -> T:
    moments = {name: datetime.fromisoformat(text) for name, text in row.items() if name.endswith("_at")}
    return make(**row | moments)

"""The sample account: a florist's studio with 420 subscribers, always exactly the same.

`make sample` writes it (tests/sample). It is read instead of made anew: that takes a tenth of the time.
"""

import json
from collections import Counter
from datetime import datetime
from functools import cache
from itertools import chain
from pathlib import Path

from flodesk_mcp.sandbox.account import Account, Campaign, CustomField, Profile, Segment, Subscriber, Webhook, Workflow


def sample_account() -> Account:
    """Return a fresh copy of the sample account: 420 subscribers and some of everything else."""
    rows = json.loads(_file())
    for row in chain(rows["segments"], rows["subscribers"], rows["webhooks"], rows["campaigns"]):
        row["created_at"] = datetime.fromisoformat(row["created_at"])
    for row in rows["campaigns"]:
        row["updated_at"] = datetime.fromisoformat(row["updated_at"])
    return Account(
        profile=Profile(**rows["profile"]),
        segments={row["id"]: Segment(**row) for row in rows["segments"]},
        subscribers={row["id"]: Subscriber(**row) for row in rows["subscribers"]},
        workflows={row["id"]: Workflow(**row) for row in rows["workflows"]},
        enrollments={(workflow_id, person_id): state for workflow_id, person_id, state in rows["enrollments"]},
        custom_fields={row["key"]: CustomField(**row) for row in rows["custom_fields"]},
        webhooks={row["id"]: Webhook(**row) for row in rows["webhooks"]},
        campaigns={row["id"]: Campaign(**row) for row in rows["campaigns"]},
        ids_given=Counter(rows["ids_given"]),
    )


@cache
def _file() -> str:
    return Path(__file__).with_name("sample.json").read_text(encoding="utf-8")

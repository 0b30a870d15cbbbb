"""Writes an account as the sandbox ships it: a row for each thing, without what is as by default."""

import json
from collections.abc import Iterable
from dataclasses import MISSING, Field, fields
from datetime import datetime
from typing import Any

from flodesk_mcp.sandbox import Account


def written(account: Account) -> str:
    """Return the text of `sample.json`."""
    kinds: dict[str, Iterable[object]] = {
        "segments": [_row(segment) for segment in account.segments.values()],
        "subscribers": [_row(person) for person in account.subscribers.values()],
        "workflows": [_row(workflow) for workflow in account.workflows.values()],
        "enrollments": [[*ids, state] for ids, state in account.enrollments.items()],
        "custom_fields": [_row(custom_field) for custom_field in account.custom_fields.values()],
        "webhooks": [_row(webhook) for webhook in account.webhooks.values()],
        "campaigns": [_row(campaign) for campaign in account.campaigns.values()],
    }
    parts = [
        f'"profile": {_compact(_row(account.profile))}',
        *(f'"{kind}": [\n{_lines(rows)}\n]' for kind, rows in kinds.items()),
        f'"ids_given": {_compact(account.ids_given)}',
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _lines(rows: Iterable[object]) -> str:
    return ",\n".join(_compact(row) for row in rows)


def _compact(row: object) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def _row(thing: Any) -> dict[str, object]:
    values = {field.name: (getattr(thing, field.name), field) for field in fields(thing)}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, (value, field) in values.items()
        if value != _default(field)
    }


def _default(field: Field[Any]) -> object:
    return field.default if field.default_factory is MISSING else field.default_factory()

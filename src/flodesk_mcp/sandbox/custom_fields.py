"""Custom fields: list and create; Flodesk makes the key from the label."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import asdict
from itertools import count
from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from flodesk_mcp.sandbox.account import CustomField
from flodesk_mcp.sandbox.answers import created, ok, page
from flodesk_mcp.sandbox.operation import Call, Form, Operation


class CustomFieldForm(Form):
    """A new custom field; its label may repeat one that is there."""

    label: Annotated[str, Field(pattern=r"\S")]


def list_custom_fields(call: Call) -> Response:
    """List custom fields in pages."""
    return ok(page(list(call.account.custom_fields.values()), call.query, asdict))


def list_all_custom_fields(call: Call) -> Response:
    """List every custom field at once, as a bare array."""
    return ok([asdict(known) for known in call.account.custom_fields.values()])


def create_custom_field(call: Call) -> Response:
    """Create a custom field under a key of its own."""
    label = call.form(CustomFieldForm).label
    field = CustomField(_free_key(label, call.account.custom_fields), label)
    call.account.custom_fields[field.key] = field
    return created(asdict(field))


def _free_key(label: str, taken: Collection[str]) -> str:
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode()
    first, *rest = re.findall(r"[A-Za-z0-9]+", plain) or ["field"]
    key = first.lower() + "".join(word.capitalize() for word in rest)
    numbered = (f"{key}{number}" for number in count(2))
    return key if key not in taken else next(other for other in numbered if other not in taken)


OPERATIONS = (
    Operation("GET", "/v1/custom-fields", list_custom_fields),
    Operation("GET", "/v1/custom-fields/all", list_all_custom_fields),
    Operation("POST", "/v1/custom-fields", create_custom_field),
)

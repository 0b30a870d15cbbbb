"""The arguments of tools that work on the whole list: each described and bounded once."""

from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from flodesk_mcp.audience.operators import Match as AllOrAny
from flodesk_mcp.audience.operators import Operator
from flodesk_mcp.tools.arguments import FirstError, SubscriberField, Trimmed
from flodesk_mcp.tools.given import UNADVERTISED, Arguments, FromJson

__all__ = [
    "AlikeConditions",
    "ColumnChoice",
    "ColumnChoices",
    "ConditionRow",
    "Conditions",
    "CreateMissing",
    "CsvText",
    "Days",
    "ExportFields",
    "ExportFile",
    "FileFormat",
    "FromProvider",
    "FromSegment",
    "JobId",
    "JoinedSegments",
    "ListFile",
    "Match",
    "Members",
    "People",
    "PlanId",
    "Press",
    "Refresh",
    "RemoveOthers",
    "WaitSeconds",
]


class ConditionRow(Arguments):
    """One condition of a search."""

    field: Annotated[
        str,
        Trimmed,
        Field(
            max_length=300,
            description="email, first_name, last_name, status, source, created_at, segment, or a custom field.",
        ),
    ]
    operator: Operator
    value: Annotated[
        str, Field(max_length=1_000, description="Text; of is_one_of separated by |; a date: 2026-05-31.")
    ] = ""


Conditions = Annotated[
    list[ConditionRow],
    FirstError,
    FromJson,
    Field(min_length=1, max_length=20, description="Up to 20 conditions; default everybody."),
]
ExportFields = Annotated[
    list[SubscriberField],
    FirstError,
    FromJson,
    Field(min_length=1),
    WithJsonSchema({"type": "array", "description": "Only these fields.", "items": {"type": "string"}}),
]
Days = Annotated[int, Field(ge=1, le=730, description="Sign-ups of 1 to 730 days; default 90.")]
Match = Annotated[AllOrAny, Field(description="Default all.")]
FileFormat = Annotated[Literal["csv", "jsonl"], Field(description="Default csv.")]
ExportFile = Annotated[str, Trimmed, Field(max_length=1_000, description="New file in an open folder.")]
JobId = Annotated[str, Trimmed, Field(max_length=100, description="Job id.")]
WaitSeconds = Annotated[int, Field(ge=0, le=25, description="0 to 25; default 0.")]
Refresh = Annotated[bool, Field(description="Read the list anew first; default no.")]


class ColumnChoice(Arguments):
    """What a column of a list holds."""

    column: Annotated[str, Trimmed, Field(max_length=300, description="Heading.")]
    field: Annotated[
        str,
        Trimmed,
        Field(
            max_length=300,
            description="Such as email, segments, ignore, a label.",
        ),
    ]


ColumnChoices = Annotated[
    list[ColumnChoice],
    FirstError,
    FromJson,
    Field(min_length=1, max_length=100, description="What headings leave open."),
]


def _rows(description: str, properties: dict[str, Any]) -> WithJsonSchema:
    items = {"type": "object", "properties": properties}
    return WithJsonSchema({"type": "array", "description": description, "items": items})


_SOME = Field(min_length=1, max_length=500)
_TEXT = {"type": "string"}
People = Annotated[
    list[Any],
    FromJson,
    _SOME,
    _rows(
        "Up to 500; more: csv.",
        {
            "email": _TEXT | {"description": "Address."},
            "first_name": _TEXT | {"description": "Given name."},
            "last_name": _TEXT | {"description": "Family name."},
        },
    ),
]
Members = Annotated[list[Any], FromJson, _SOME, _rows("Up to 500.", {"email": _TEXT | {"description": "Address."}})]
AlikeConditions = Annotated[
    list[ConditionRow],
    FirstError,
    FromJson,
    Field(min_length=1, max_length=20),
    WithJsonSchema(
        {
            "type": "array",
            "description": "As in the search.",
            "items": {
                "type": "object",
                "properties": {
                    "field": _TEXT | {"description": "Field."},
                    "operator": _TEXT | {"description": "Operator."},
                    "value": _TEXT | {"description": "Value."},
                },
                "required": ["field", "operator"],
            },
        }
    ),
]
CsvText = Annotated[str, Field(max_length=2_000_000, description="CSV with headings.")]
ListFile = Annotated[
    str,
    Trimmed,
    Field(max_length=1_000, description="CSV, TSV, XLSX, JSON, JSONL or report."),
]
JoinedSegments = Annotated[
    list[Annotated[str, Trimmed]],
    FirstError,
    FromJson,
    Field(min_length=1, max_length=50, description="All join: ids or names, also new."),
]
FromProvider = Annotated[str, Trimmed, UNADVERTISED, Field(max_length=50)]
FromSegment = Annotated[str, Trimmed, UNADVERTISED, Field(max_length=300)]
CreateMissing = Annotated[bool, Field(description="Create missing fields and segments; default no.")]
RemoveOthers = Annotated[bool, Field(description="Take others out; default no.")]
Press = Annotated[str, Trimmed, Field(max_length=100, description="From the card.")]
PlanId = Annotated[str, Trimmed, Field(max_length=100, description="From the plan.")]

"""What FlowNurture answers, as far as its page shows it."""

from typing import Annotated, Any

from pydantic import AliasPath, BeforeValidator, Field

from flodesk_mcp.api.fields import ROWS_OR_NONE, CamelModel, Count, OptionalText, Personal, Text

__all__ = ["BARE", "IN_WHATEVER", "Contact", "Enrollment", "Segment", "Workflow", "WorkflowStep"]


class Contact(CamelModel):
    """A person."""

    id: Text
    email: Annotated[OptionalText, Personal.ADDRESS] = None
    first_name: Annotated[OptionalText, Personal.NAME] = None
    last_name: Annotated[OptionalText, Personal.NAME] = None
    company: Annotated[OptionalText, Personal.NAME] = None
    job_title: Annotated[OptionalText, Personal.NAME] = None
    lifecycle_stage: OptionalText = None
    created_at: OptionalText = None


class Segment(CamelModel):
    """A part of the audience, made by rules."""

    id: Text
    name: OptionalText = None
    created_at: OptionalText = None


class WorkflowStep(CamelModel):
    """What a workflow does at one place."""

    id: OptionalText = None
    type: OptionalText = None
    order: Count = None
    delay_amount: Count = None
    delay_unit: OptionalText = None


class Workflow(CamelModel):
    """An automation. Only a list tells the counts, only one workflow the steps."""

    id: Text
    name: OptionalText = None
    status: OptionalText = None
    created_at: OptionalText = None
    step_count: Count = Field(None, validation_alias=AliasPath("_count", "steps"))
    enrollment_count: Count = Field(None, validation_alias=AliasPath("_count", "enrollments"))
    steps: Annotated[list[WorkflowStep] | None, ROWS_OR_NONE] = None


class Enrollment(CamelModel):
    """That somebody is in a workflow."""

    id: OptionalText = None
    contact_id: OptionalText = None
    workflow_id: OptionalText = None
    status: OptionalText = None
    created_at: OptionalText = None


def _unwrapped(value: Any) -> Any:
    """Return the object that holds an id: the answer itself, or what stands in it by whatever name."""
    if isinstance(value, dict) and "id" not in value:
        return next((inner for inner in value.values() if isinstance(inner, dict) and "id" in inner), value)
    return value


def _rows(value: Any) -> Any:
    """Return the list that an answer is, or that stands in it by whatever name."""
    if isinstance(value, dict):
        return next((inner for inner in value.values() if isinstance(inner, list)), value)
    return [] if value is None else value


IN_WHATEVER = BeforeValidator(_unwrapped)
"""For an answer with one object: whether it is wrapped, the page does not say."""

BARE = BeforeValidator(_rows)
"""For a list, which is shown bare."""

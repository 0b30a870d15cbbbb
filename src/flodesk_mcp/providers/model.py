"""What every provider's contacts, segments and workflows become. What a provider does not have stays None."""

from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, Field

from flodesk_mcp.api.fields import Personal

__all__ = ["Contact", "ContactSegment", "ContactWorkflow", "Enrolled", "InSegments", "Rows", "Status", "Step"]

Item = TypeVar("Item")
Status = Literal["subscribed", "unsubscribed", "pending", "bounced", "unknown"]
Kind = Literal["segment", "rules", "tag"]


class Contact(BaseModel):
    """A person at one provider."""

    id: str
    provider: str
    email: Annotated[str | None, Personal.ADDRESS] = None
    first_name: Annotated[str | None, Personal.NAME] = None
    last_name: Annotated[str | None, Personal.NAME] = None
    phone: Annotated[str | None, Personal.PHONE] = None
    company: Annotated[str | None, Personal.NAME] = None
    status: Status = Field("unknown", description="Only a subscribed person gets mail; unknown: not in the API")
    segments: list[str] | None = Field(None, description="Names")
    tags: list[str] | None = None
    custom_fields: Annotated[dict[str, str] | None, Personal.VALUES] = Field(None, description="Values by field")
    created_at: str | None = None
    updated_at: str | None = None
    raw_only: list[str] | None = Field(None, description="Fields that the provider has beyond these")


class ContactSegment(BaseModel):
    """A part of the audience. Nobody can be added to one that is made by rules."""

    id: str
    provider: str
    name: str | None = None
    kind: Kind = Field("segment", description="segment, rules (nobody can be added), or tag")
    contacts: int | None = Field(None, description="How many people; at HighLevel some seconds old")
    created_at: str | None = None
    raw_only: list[str] | None = Field(None, description="Fields that the provider has beyond these")


class Step(BaseModel):
    """What a workflow does at one place."""

    type: str | None = None
    order: int | None = None
    delay: str | None = Field(None, description="How long after the one before")


class ContactWorkflow(BaseModel):
    """An automation that people are enrolled in."""

    id: str
    provider: str
    name: str | None = None
    status: str | None = Field(None, description="In the provider's own word")
    enrolled: int | None = Field(None, description="How many people")
    step_count: int | None = None
    steps: list[Step] | None = Field(None, description="Where the provider shows them")
    created_at: str | None = None
    updated_at: str | None = None


class InSegments(BaseModel):
    """What a contact was added to, or removed from."""

    provider: str
    id: str
    kind: Literal["segments", "tags"] = Field(description="What the provider has: segments, or tags in their place")
    added: dict[str, str] | None = Field(None, description="Ids by what was given")
    removed: dict[str, str] | None = Field(None, description="Ids by what was given")
    now_in: list[str] | None = Field(None, description="Names after the change, where the provider tells them")
    notice: str | None = Field(None, description="What your user should hear")


class Enrolled(BaseModel):
    """That a contact is in a workflow now."""

    provider: str
    id: str
    workflow_id: str
    enrolled: bool
    status: str | None = None
    notice: str | None = Field(None, description="What your user should hear")


@dataclass(frozen=True)
class Rows(Generic[Item]):
    """One page of a list. `after` is where the next begins, in plain JSON; None on the last."""

    rows: list[Item]
    after: Any = None
    total: int | None = None

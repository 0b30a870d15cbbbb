"""A report on the audience: what it holds, and how it is made short enough for an agent."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, Field
from pydantic_core import to_json

from flodesk_mcp.flodesk import Personal

__all__ = ["FilledField", "Joined", "Left", "Mistyped", "Overlap", "Report", "SegmentSize", "Twin", "Twins", "cut"]

MAX_BYTES = 5_000
"""Of a report for an agent; beside it stands which id was used for a name, and that may be long."""

MAX_TEXT = 60


class Joined(BaseModel):
    """Sign-ups in the period."""

    since: str = ""
    people: int = 0
    weeks: dict[str, int] = Field({}, description="By Monday (UTC); the first and the last week may be cut short")


class Left(BaseModel):
    """What became of people between two readings of the whole list."""

    after: str | None = Field(None, description="From this reading")
    until: str | None = Field(None, description="To this")
    people: int | None = Field(None, description="Active before and not any more")
    change: int | None = Field(None, description="Growth of the segment")
    weeks: dict[str, int] = {}
    notice: str = Field("", description="How far this can be known")


class SegmentSize(BaseModel):
    """A segment, as large as it is among the people of the report."""

    segment: str = ""
    people: int = 0
    active: int = 0
    joined: int = 0
    change: int | None = Field(None, description="Growth, as in left")


class Overlap(BaseModel):
    """Two segments that share active people."""

    segments: list[str] = []
    sizes: list[int] = []
    shared: int = 0
    percent: int = Field(0, description="Of the smaller one")


class FilledField(BaseModel):
    """How many people have a value in a custom field."""

    field: str = ""
    filled: int = 0
    percent: int = 0


class Mistyped(BaseModel):
    """Addresses that end in what is probably a mistake."""

    ending: str = ""
    meant: str = ""
    people: int = 0
    example: Annotated[str | None, Personal.ADDRESS] = None


class Twin(BaseModel):
    """One of several people who may be the same."""

    id: str
    email: Annotated[str | None, Personal.ADDRESS] = None


class Twins(BaseModel):
    """People who may be one person."""

    reason: str = ""
    count: int = 0
    people: list[Twin] = []


class Report(BaseModel):
    """What can be said of everybody on the list, or in one segment; each list begins with the largest."""

    as_of: str = Field(description="How old the numbers are")
    segment: str | None = Field(None, description="What all numbers are limited to")
    people: int = Field(description="Of every status")
    statuses: dict[str, int] = {}
    sources: dict[str, int] = {}
    joined: Joined = Field(description="Sign-ups of the period")
    left: Left
    segments: list[SegmentSize] = []
    more_segments: int | None = Field(None, description="Not listed")
    overlaps: list[Overlap] = Field([], description="Segments that share most active people")
    custom_fields: list[FilledField] = []
    more_custom_fields: int | None = None
    mistyped_people: int = 0
    mistyped: list[Mistyped] = []
    more_mistyped: int | None = None
    twin_groups: int = Field(0, description="Groups of near-duplicates, likely one person each")
    twins: list[Twins] = Field([], description="The first of them")

    def without_addresses(self) -> Self:
        """Return the report for somebody who may not see who people are: their ids stay."""
        mistyped = [found.model_copy(update={"example": None}) for found in self.mistyped]
        twins = [
            group.model_copy(update={"people": [Twin(id=twin.id) for twin in group.people]}) for group in self.twins
        ]
        return self.model_copy(update={"mistyped": mistyped, "twins": twins})

    def shortened(self, most_bytes: int = MAX_BYTES) -> Self:
        """Return the report in at most so many bytes of JSON: the longest lists lose their last entries first."""
        sizes = {name: [_size(entry) + 1 for entry in getattr(self, name)] for name in LISTS}
        excess = _size(self) + sum(len(counter) + 10 for counter in LISTS.values() if counter) - most_bytes
        while excess > 0 and any(sizes.values()):
            longest = max(sizes, key=lambda name: sum(sizes[name]))
            excess -= sizes[longest].pop()
        update: dict[str, Any] = {}
        for name, counter in LISTS.items():
            whole, kept = getattr(self, name), len(sizes[name])
            update[name] = whole[:kept]
            if counter and kept < len(whole):
                update[counter] = (getattr(self, counter) or 0) + len(whole) - kept
        return self.model_copy(update=update)


LISTS = {
    "segments": "more_segments",
    "overlaps": None,
    "custom_fields": "more_custom_fields",
    "mistyped": "more_mistyped",
    "twins": None,  # `twin_groups` counts all
}
"""The lists of a report, each with what counts the rest of it."""


def cut(text: str) -> str:
    """Return a text of Flodesk's as long as a report has room for."""
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def _size(value: BaseModel) -> int:
    return len(to_json(value, exclude_none=True))

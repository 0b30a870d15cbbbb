"""Which column holds what."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from flodesk_mcp.audience.errors import FileRefused
from flodesk_mcp.audience.files.headings import FIRST_OF_TWO, HEADINGS, LAST_OF_TWO, REPORT, Field, folded

__all__ = ["Column", "Understanding"]

MAX_SHOWN = 30

_WHO = {Field.EMAIL, Field.FIRST_NAME, Field.LAST_NAME, Field.FULL_NAME, Field.ID}
"""What a heading means before it is looked for among the custom fields; after that, it means what else it can."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column as it was understood. `name` is that of the field: of a custom one its key, or the label of a new one.

    Where several hold the same field, the one with the lowest `rank` that is not blank counts.
    """

    heading: str
    field: Field
    name: str
    is_new: bool = False
    rank: int = 0


class Understanding:
    """Knows the account's custom `fields`, labels by key, and what somebody has `chosen` for headings.

    What has no field is created where `create_missing_fields`, and else ignored.
    """

    def __init__(
        self,
        fields: Mapping[str, str | None],
        chosen: Mapping[str, str] | None = None,
        *,
        create_missing_fields: bool = False,
    ) -> None:
        self._fields = fields
        self._create_missing_fields = create_missing_fields
        self._keys = {folded(label or key): key for key, label in fields.items()}
        self._keys |= {folded(key): key for key in fields}
        self._chosen = {folded(heading) or heading: field for heading, field in (chosen or {}).items()}
        self._said = {folded(heading) or heading: heading for heading in chosen or {}}

    def of(self, headings: Sequence[str]) -> list[Column]:
        """Return what each column holds.

        Raises FileRefused for a chosen field that there is not.
        """
        columns = [self._column(heading) for heading in headings]
        held = {column.field for column in columns}
        if {folded(heading) for heading in headings} == REPORT:
            columns = [
                replace(column, field=Field.REPORTED, name="reported") if folded(column.heading) == "reason" else column
                for column in columns
            ]
        return [self._by_the_others(column, held) for column in columns]

    def check_chosen(self, headings: Sequence[str]) -> None:
        """Raise FileRefused where something was chosen for a column that is not among `headings`."""
        known = {folded(heading) or heading for heading in headings}
        for name, heading in self._said.items():
            if name not in known:
                there = ", ".join(repr(known_heading[:80]) for known_heading in headings[:MAX_SHOWN])
                raise FileRefused(f"It has no column {heading[:80]!r}; there are {there}.")

    def _column(self, heading: str) -> Column:
        name = folded(heading)
        if chosen := self._chosen.get(name or heading):
            return self._chosen_column(heading, chosen)
        field, rank = HEADINGS.get(name, (None, 0))
        if name == "id":
            field = Field.ID
        if field not in _WHO and name in self._keys:
            return Column(heading, Field.CUSTOM, self._keys[name])
        if field is not None:
            return Column(heading, field, str(field), rank=rank)
        if self._create_missing_fields and heading:
            return Column(heading, Field.CUSTOM, heading, is_new=True)
        return Column(heading, Field.IGNORE, str(Field.IGNORE))

    def _chosen_column(self, heading: str, chosen: str) -> Column:
        name = folded(chosen)
        for field in Field:
            if field is not Field.CUSTOM and folded(field) == name:
                return Column(heading, field, str(field), rank=-1)
        if name in self._keys:
            return Column(heading, Field.CUSTOM, self._keys[name], rank=-1)
        if self._create_missing_fields:
            return Column(heading, Field.CUSTOM, chosen.strip(), is_new=True)
        named = [str(field) for field in Field if field is not Field.CUSTOM]
        labels = [label or key for key, label in self._fields.items()]
        near = difflib.get_close_matches(chosen, [*named, *labels], 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise FileRefused(
            f"There is no field {chosen[:80]!r} for the column {heading[:80]!r}.{hint} There are {', '.join(named)}, "
            f"and the custom fields {', '.join(labels[:MAX_SHOWN]) or '(none)'}; create_missing_fields makes a new one."
        )

    @staticmethod
    def _by_the_others(column: Column, held: set[Field]) -> Column:
        """Return what a column for names holds, seeing which others there are."""
        if column.field is not Field.FULL_NAME or column.rank < 0:
            return column
        name = folded(column.heading)
        if name in FIRST_OF_TWO and Field.LAST_NAME in held and Field.FIRST_NAME not in held:
            return replace(column, field=Field.FIRST_NAME, name="first_name")
        if name in LAST_OF_TWO and Field.FIRST_NAME in held and Field.LAST_NAME not in held:
            return replace(column, field=Field.LAST_NAME, name="last_name")
        return column

"""Operations on custom fields, and the check that keeps Flodesk from losing values silently."""

from collections.abc import Iterable, Mapping
from math import inf

import anyio
from pydantic import TypeAdapter

from flodesk_mcp.deadline import current_deadline
from flodesk_mcp.flodesk.errors import InvalidArgument, UnknownCustomField
from flodesk_mcp.flodesk.models import CustomField, Page
from flodesk_mcp.flodesk.resource import Resource
from flodesk_mcp.flodesk.transport import Transport

__all__ = ["CustomFields", "check_lengths"]

MAX_VALUE_LENGTH = 256
CACHED_SECONDS = 300

_FIELD = TypeAdapter(CustomField)
_PAGE = TypeAdapter(Page[CustomField])
_FIELDS = TypeAdapter(list[CustomField])


class CustomFields(Resource):
    """Fields that subscribers can have beside their names."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport)
        self._known: dict[str, str] = {}
        self._known_until = -inf
        self._look_ups = 0
        self._ongoing: anyio.Event | None = None

    async def list_custom_fields(self, *, page: int = 1, per_page: int = 20) -> Page[CustomField]:
        """Return one page of custom fields. Source: GET /custom-fields."""
        return await self._send(_PAGE, "GET", "custom-fields", query={"page": page, "per_page": per_page})

    async def list_all_custom_fields(self) -> list[CustomField]:
        """Return every custom field. Source: GET /custom-fields/all."""
        fields = await self._send(_FIELDS, "GET", "custom-fields", "all")
        self._known = {field.key: field.label or field.key for field in fields}
        self._known_until = anyio.current_time() + CACHED_SECONDS
        self._look_ups += 1
        return fields

    async def custom_field_labels(self) -> dict[str, str]:
        """Return every label by key, at most five minutes old."""
        if anyio.current_time() >= self._known_until:
            await self.list_all_custom_fields()
        return dict(self._known)

    async def create_custom_field(self, label: str) -> CustomField:
        """Create a custom field; Flodesk makes its key. Source: POST /custom-fields."""
        field = await self._send(_FIELD, "POST", "custom-fields", body={"label": label}, repeatable=False)
        self._known_until = -inf
        return field

    async def resolve_custom_fields(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return `values` by key, where a name in `values` may be a key or a label.

        Flodesk answers 200 to a key that it does not know, and drops the value. The account's fields are
        therefore looked up first, and kept for five minutes; a name that is not among them is looked up once more.

        Raises InvalidArgument for a value of more than 256 characters, UnknownCustomField.
        """
        check_lengths(values)
        return self._by_key(values, await self._keys(values))

    async def _keys(self, names: Iterable[str]) -> dict[str, str]:
        """Return the key for each of `names` that a field has, after at most one look-up."""
        if not (wanted := set(names)):
            return {}
        seen = self._look_ups
        with self._transport.one_deadline():
            if anyio.current_time() >= self._known_until:
                await self._look_up(seen)
            keys = self._known_keys(wanted)
            if len(keys) < len(wanted) and self._look_ups == seen:
                await self._look_up(seen)
                keys = self._known_keys(wanted)
        return keys

    def _by_key(self, values: Mapping[str, str], keys: Mapping[str, str]) -> dict[str, str]:
        if unknown := [name for name in values if name not in keys]:
            raise UnknownCustomField(unknown, self._known)
        result: dict[str, str] = {}
        for name, value in values.items():
            if result.setdefault(keys[name], value) != value:
                raise InvalidArgument(f"Custom field {keys[name]!r} is given twice, with different values.")
        return result

    async def _look_up(self, seen: int) -> None:
        """Bring the known fields up to date, unless a look-up since the one numbered `seen` has done so.

        Calls at the same time share one look-up, but none waits for another's beyond its own budget.
        """
        while self._look_ups == seen:
            if self._ongoing and (seconds := current_deadline().seconds_left):
                with anyio.move_on_after(seconds):
                    await self._ongoing.wait()
                continue
            self._ongoing = ongoing = anyio.Event()
            try:
                await self.list_all_custom_fields()
            finally:
                self._ongoing = None
                ongoing.set()

    def _known_keys(self, names: Iterable[str]) -> dict[str, str]:
        by_label: dict[str, str] = {}
        for key, label in self._known.items():
            by_label.setdefault(_folded(label), key)
        keys = {name: name if name in self._known else by_label.get(_folded(name)) for name in names}
        return {name: key for name, key in keys.items() if key is not None}


def check_lengths(values: Mapping[str, str]) -> None:
    """Raise InvalidArgument for a value of a custom field that Flodesk would not take."""
    for name, value in values.items():
        if len(value) > MAX_VALUE_LENGTH:
            raise InvalidArgument(
                f"The value of custom field {name[:80]!r} has {len(value)} characters; "
                f"Flodesk takes at most {MAX_VALUE_LENGTH}."
            )


def _folded(label: str) -> str:
    return label.strip().casefold()

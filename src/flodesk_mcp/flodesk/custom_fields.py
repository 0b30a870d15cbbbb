"""Operations on custom fields, and the check that keeps Flodesk from losing values silently."""

from collections.abc import Mapping, Sequence

import anyio
from pydantic import TypeAdapter

from flodesk_mcp.flodesk.errors import InvalidArgument, UnknownCustomField
from flodesk_mcp.flodesk.models import CustomField, Page
from flodesk_mcp.flodesk.resource import Resource
from flodesk_mcp.flodesk.transport import Transport

__all__ = ["CustomFields"]

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
        self._known_until = float("-inf")

    async def list_custom_fields(self, *, page: int = 1, per_page: int = 20) -> Page[CustomField]:
        """Return one page of custom fields. Source: GET /custom-fields."""
        return await self._send(_PAGE, "GET", "custom-fields", query={"page": page, "per_page": per_page})

    async def list_all_custom_fields(self) -> list[CustomField]:
        """Return every custom field. Source: GET /custom-fields/all."""
        fields = await self._send(_FIELDS, "GET", "custom-fields", "all")
        self._known = {field.key: field.label or field.key for field in fields}
        self._known_until = anyio.current_time() + CACHED_SECONDS
        return fields

    async def custom_field_labels(self) -> dict[str, str]:
        """Return every label by key, at most five minutes old."""
        if anyio.current_time() >= self._known_until:
            await self.list_all_custom_fields()
        return dict(self._known)

    async def create_custom_field(self, label: str) -> CustomField:
        """Create a custom field; Flodesk makes its key. Source: POST /custom-fields."""
        field = await self._send(_FIELD, "POST", "custom-fields", body={"label": label}, repeatable=False)
        self._known_until = float("-inf")
        return field

    async def resolve_custom_fields(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return `values` by key, where a name in `values` may be a key or a label.

        Flodesk answers 200 to a key that it does not know, and drops the value. The account's fields are
        therefore looked up first, and kept for five minutes; a name that is not among them is looked up once more.

        Raises InvalidArgument for a value of more than 256 characters, UnknownCustomField.
        """
        for name, value in values.items():
            if len(value) > MAX_VALUE_LENGTH:
                raise InvalidArgument(
                    f"The value of custom field {name[:80]!r} has {len(value)} characters; "
                    f"Flodesk takes at most {MAX_VALUE_LENGTH}."
                )
        if not values:
            return {}
        was_cached = anyio.current_time() < self._known_until
        if not was_cached:
            await self.list_all_custom_fields()
        keys, unknown = self._keys(values)
        if unknown and was_cached:
            await self.list_all_custom_fields()
            keys, unknown = self._keys(values)
        if unknown:
            raise UnknownCustomField(unknown, self._known)
        return _values_by_key(values, keys)

    def _keys(self, names: Mapping[str, str]) -> tuple[dict[str, str], Sequence[str]]:
        by_label: dict[str, str] = {}
        for key, label in self._known.items():
            by_label.setdefault(label.strip().casefold(), key)
        keys = {name: name if name in self._known else by_label.get(name.strip().casefold()) for name in names}
        return (
            {name: key for name, key in keys.items() if key is not None},
            [name for name, key in keys.items() if key is None],
        )


def _values_by_key(values: Mapping[str, str], keys: Mapping[str, str]) -> dict[str, str]:
    result: dict[str, str] = {}
    for name, value in values.items():
        if result.setdefault(keys[name], value) != value:
            raise InvalidArgument(f"Custom field {keys[name]!r} is given twice, with different values.")
    return result

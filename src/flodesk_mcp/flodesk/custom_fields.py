"""Operations on custom fields, and the check that keeps Flodesk from losing values silently."""

from collections.abc import Iterable, Mapping, Sequence

from pydantic import TypeAdapter

from flodesk_mcp.api.errors import InvalidArgument, UnknownCustomField
from flodesk_mcp.api.request import Request
from flodesk_mcp.api.retry import Sender
from flodesk_mcp.flodesk.models import CustomField, Page
from flodesk_mcp.freshness import Fresh

__all__ = ["CustomFields", "KnownFields", "check_lengths"]

MAX_VALUE_LENGTH = 256
CACHED_SECONDS = 300

_FIELD = TypeAdapter(CustomField)
_PAGE = TypeAdapter(Page[CustomField])
_FIELDS = TypeAdapter(list[CustomField])


class KnownFields:
    """The custom fields of an account, each found by its key or its label."""

    def __init__(self, fields: Sequence[CustomField]) -> None:
        self.fields = fields
        self.labels = {field.key: field.label or field.key for field in fields}
        self._by_label: dict[str, str] = {}
        for key, label in self.labels.items():
            self._by_label.setdefault(_folded(label), key)

    def has(self, names: Iterable[str]) -> bool:
        """Tell whether there is a field for each of `names`."""
        return all(self.key(name) is not None for name in names)

    def by_key(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return `values` by key, where a name in `values` may be a key or a label.

        Raises UnknownCustomField, InvalidArgument where two names of one field have different values.
        """
        if unknown := [name for name in values if self.key(name) is None]:
            raise UnknownCustomField(unknown, self.labels)
        result: dict[str, str] = {}
        for name, value in values.items():
            key = self.key(name) or name
            if result.setdefault(key, value) != value:
                raise InvalidArgument(f"Custom field {key!r} is given twice, with different values.")
        return result

    def key(self, name: str) -> str | None:
        """Return the key of the field that has this key or label, or None."""
        return name if name in self.labels else self._by_label.get(_folded(name))


class CustomFields:
    """Fields that subscribers can have beside their names."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._known = Fresh(self._look_up, CACHED_SECONDS)

    async def page(self, *, page: int = 1, per_page: int = 20) -> Page[CustomField]:
        """Return one page of custom fields. Source: GET /custom-fields."""
        return await self._sender.send(
            _PAGE, Request("GET", "custom-fields", query={"page": page, "per_page": per_page})
        )

    async def all(self) -> list[CustomField]:
        """Return every custom field, as it is now. Source: GET /custom-fields/all."""
        return list((await self._known.refresh()).fields)

    async def labels(self) -> dict[str, str]:
        """Return every label by key, at most five minutes old."""
        return dict((await self._known.get()).labels)

    async def create(self, label: str) -> CustomField:
        """Create a custom field; Flodesk makes its key. Source: POST /custom-fields."""
        field = await self._sender.send(
            _FIELD, Request("POST", "custom-fields", body={"label": label}, repeatable=False)
        )
        self._known.forget()
        return field

    async def keys_of(self, label: str) -> list[str]:
        """Return the keys of all fields of that label, however it is cased."""
        labels = await self.labels()
        return [key for key, known in labels.items() if _folded(known) == _folded(label)]

    async def resolve(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return `values` by key, where a name in `values` may be a key or a label.

        Flodesk answers 200 to a key that it does not know, and drops the value. The account's fields are
        therefore looked up first, and kept for five minutes; a name that is not among them is looked up once more.

        Raises InvalidArgument for a value of more than 256 characters, UnknownCustomField.
        """
        check_lengths(values)
        return (await self.known(values)).by_key(values)

    async def known(self, names: Iterable[str]) -> KnownFields:
        """Return the account's fields, with those of `names` that there are, after at most one look-up."""
        if not (wanted := set(names)):
            return KnownFields(())
        seen = self._known.look_ups
        with self._sender.one_deadline():
            known = await self._known.get()
            return known if known.has(wanted) else await self._known.newer_than(seen)

    async def _look_up(self) -> KnownFields:
        fields = await self._sender.send(_FIELDS, Request("GET", "custom-fields", "all"))
        return KnownFields(fields)


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

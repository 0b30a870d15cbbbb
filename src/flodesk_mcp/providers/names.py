"""From what people call a segment, tag or workflow to its id, and back, where a provider lists them whole."""

from collections.abc import Mapping

from flodesk_mcp.api.errors import NotFound, UnknownName

__all__ = ["beyond", "id_of", "missing"]


def id_of(kind: str, id_or_name: str, names: Mapping[str, str]) -> str:
    """Return the id of an id or exact name, however it is cased. Raises UnknownName for none, and for several."""
    if id_or_name in names:
        return id_or_name
    wanted = id_or_name.strip().casefold()
    found = [known for known, name in names.items() if name.strip().casefold() == wanted]
    if len(found) != 1:
        raise UnknownName(kind, id_or_name, {known: names[known] for known in found} if found else names)
    return found[0]


def beyond(extra: Mapping[str, object] | None, **own: object) -> list[str] | None:
    """Return the names of what has a value in `extra` and `own`: what a provider has beyond the common form."""
    return sorted(name for name, value in {**(extra or {}), **own}.items() if value not in (None, "", [], {})) or None


def missing(service: str) -> NotFound:
    """Return the error for an address that nobody at `service` has."""
    error = NotFound(404)
    error.service = service
    return error

"""Personal data, masked: what the models declare to be personal, and every e-mail address in any other text.

Masked is a promise to the people on the list, so it keeps what it knows and drops the rest: a field that Flodesk adds
is left out, and so are Flodesk's own words on an error, which may name somebody.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from flodesk_mcp.flodesk import InvalidArgument, Personal, Subscriber
from flodesk_mcp.tools.visible import visible

__all__ = ["check_not_masked", "mask_addresses", "mask_all", "masked", "masked_person"]

MASK = "***"
NOT_SENT = "not_sent"
"""The code of a row of a batch that this server refused, in its own words."""

NAMES = ("first_name", "last_name")
MAX_INITIALS = 3
MAX_DOMAIN_ENDING = 12
BEFORE, AFTER = "@'`{|=&#", ".'`}|!&#"
"""Punctuation around an address in a text."""

# However an @ is written: as in a URL, in HTML, and as wide characters.
_AT = re.compile(r"%(?:25)*40|&#0*64;|&#x0*40;|&commat;|[＠﹫]", re.IGNORECASE)
# What may stand around an @ in an address. Greedy on purpose: rather mask too much of a URL than half an address.
_RUN = re.compile(r"[^\s<>()\[\],;:\"\\/?]+")
_WITHOUT_INITIALS = ("CJK", "HANGUL", "HIRAGANA", "KATAKANA")

_MASKED_ADDRESS = re.compile(r"\w?\*{3}@\w?\*{3}(\.\w+)?")
_MASKED_NAME = re.compile(r"\w\.( \w\.)*")


def masked(result: BaseModel) -> dict[str, Any]:
    """Return `result` as plain data of which nothing tells who somebody is, but for texts: see `mask_addresses`."""
    shown = {}
    for name, field in type(result).model_fields.items():
        kind = next((mark for mark in field.metadata if isinstance(mark, Personal)), None)
        value = getattr(result, name, None)
        shown[name] = _inner(value) if kind is None else _hidden(kind, value, result)
    return {name: value for name, value in shown.items() if value is not None}


def masked_person(person: Subscriber) -> Subscriber:
    """Return a person as far as may be shown."""
    return Subscriber.model_validate(masked(person))


def mask_addresses(text: str) -> str:
    """Return `text` with every e-mail address in it masked."""
    if "@" not in (plain := _AT.sub("@", text)):
        return text
    return _RUN.sub(lambda run: _without_addresses(run[0]), plain)


def mask_all(data: Any) -> Any:
    """Return plain data with every e-mail address in its texts masked."""
    if isinstance(data, str):
        return mask_addresses(data)
    if isinstance(data, list):
        return [mask_all(item) for item in data]
    if isinstance(data, dict):
        return {mask_all(key): mask_all(item) for key, item in data.items()}
    return data


def check_not_masked(given: Mapping[str, Any]) -> None:
    """Raise InvalidArgument for a value that an earlier answer masked: written back, it would replace the true one."""
    for name, value in _texts(given):
        initials = name in NAMES and _MASKED_NAME.fullmatch(value)
        if value == MASK or initials or _MASKED_ADDRESS.fullmatch(value):
            raise InvalidArgument(
                f"{value[:80]!r} is masked personal data, not a value. Leave it out, and name people by their id."
            )


def _inner(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return masked(value)
    if isinstance(value, list):
        return [_inner(item) for item in value]
    if isinstance(value, dict):
        return {key: _inner(item) for key, item in value.items()}
    return value


def _hidden(kind: Personal, value: Any, of: BaseModel) -> Any:
    if not value:
        return value
    match kind:
        case Personal.ADDRESS:
            return _address(visible(str(value)))
        case Personal.NAME:
            return _initials(visible(str(value)))
        case Personal.VALUES:
            return dict.fromkeys(value, MASK)  # that there is a value is not the value
        case Personal.WORDS:
            return value if getattr(of, "code", None) == NOT_SENT else None
        case _:
            return None


def _initials(name: str) -> str:
    words = [letters for word in name.split() if (letters := "".join(filter(str.isalnum, word)))]
    initials = [word[0] for word in words[:MAX_INITIALS]]
    # One character of these scripts is often a whole name.
    if any(unicodedata.name(letter, "").startswith(_WITHOUT_INITIALS) for letter in initials):
        return MASK
    return " ".join(f"{letter}." for letter in initials) or MASK


def _address(text: str) -> str:
    """Return `j***@e***.com` for an address, and as little of a text that is none."""
    local, at, domain = text.rpartition("@")
    if not at:
        return f"{_first(text)}{MASK}"
    host, dot, ending = domain.rpartition(".")
    tail = f".{ending}" if host and dot and ending.isalpha() and len(ending) <= MAX_DOMAIN_ENDING else ""
    return f"{_first(local)}{MASK}@{_first(domain)}{MASK}{tail}"


def _first(text: str) -> str:
    return next((letter for letter in text if letter.isalnum()), "")


def _without_addresses(run: str) -> str:
    """Mask the address in a run of characters, but for quotes and the like around it."""
    if "@" not in run.lstrip("@"):
        return run  # none, or somebody's handle
    begin = len(run) - len(run.lstrip(BEFORE))
    end = len(run.rstrip(AFTER))
    return run[:begin] + _address(run[begin:end]) + run[end:]


def _texts(given: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(given, str):
        yield name, given.strip()
    elif isinstance(given, BaseModel):
        yield from _texts(dict(given), name)
    elif isinstance(given, Mapping):
        for key, value in given.items():
            yield from _texts(value, key)
    elif isinstance(given, list):
        for item in given:
            yield from _texts(item, name)

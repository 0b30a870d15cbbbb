"""What stands in the cells, made what Flodesk takes."""

import csv
import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

from flodesk_mcp.audience.columns import disarmed
from flodesk_mcp.audience.files.headings import folded
from flodesk_mcp.audience.files.table import Cell

__all__ = ["addresses", "clean", "cleaned", "ip", "names", "refuses_mail", "tags", "timestamp"]

_PLAIN_LOCAL = re.compile(r"[a-zA-Z0-9_%+-]+(?:\.[a-zA-Z0-9_%+-]+)*")
_PLAIN_LOCALS = re.compile(rf"{_PLAIN_LOCAL.pattern}(?:@{_PLAIN_LOCAL.pattern})*")
MAX_LOCAL = 64
MAX_ADDRESS = 254

_PARTICLES = frozenset(re.findall(r"\w+", "av da dal de degli del della den der di dos du la le ten ter van von zu"))
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})

_NO = frozenset(
    folded(word)
    for word in re.findall(
        r"[^,]+",
        "no, false, 0, n, off, unsubscribed, not subscribed, non-subscribed, cancelled, canceled, opted out, opt-out, "
        "bounced, hard bounced, cleaned, complained, spam, junk, suppressed, archived, deleted, blocked, inactive, "
        "unconfirmed, pending, transactional, never subscribed, none, declined, revoked, "
        "nein, falsch, abgemeldet, gekündigt, nicht abonniert, unbestätigt, gesperrt, "
        "non, faux, désabonné, désinscrit, non abonné, non confirmé, bloqué, "
        "falso, baja, dado de baja, cancelado, desuscrito, no suscrito, no confirmado, bloqueado",
    )
)
_DATES = (
    "%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y", "%d.%m.%Y", "%d.%m.%y", "%Y/%m/%d", "%Y.%m.%d",
    "%b %d, %Y %I:%M %p", "%B %d, %Y %I:%M %p", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%Y/%m/%d %H:%M:%S",
    "%Y-%m-%d %H:%M:%S %z", "%Y-%m-%d %H:%M:%S UTC", "%a %b %d %Y",
)  # fmt: skip
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(.*)")
MONTHS = 12


def cleaned(cells: Sequence[Cell], *, lists: bool = False) -> Sequence[Any]:
    """Return the cells of a column as one line of text each; `lists` of JSON may stay what they are."""
    try:
        text = "".join(cells)  # type: ignore[arg-type] # the lists of JSON raise TypeError
    except TypeError:
        return [cell if lists and isinstance(cell, list) else clean(cell) for cell in cells]
    if text.isprintable() and "'" not in text:  # all at once, where none is unusual
        return [*map(str.strip, cells)]  # type: ignore[arg-type]
    return [*map(clean, cells)]


def clean(cell: Cell) -> str:
    """Return a cell as one line of text."""
    text = (cell if isinstance(cell, str) else ", ".join(cell)).strip()
    if text[:1] == "'" and disarmed(text[1:]) == text:
        text = text[1:]  # an export's own, so that a spreadsheet runs nothing
    if text.isprintable():
        return text
    return " ".join("".join(map(_seen, text)).split())


def _seen(sign: str) -> str:
    """Return what is seen of a sign: a space for a control character, nothing for one that has no width."""
    match unicodedata.category(sign):
        case "Cc":
            return " "
        case "Cf" if sign != "\u200d":  # which joins emoji
            return ""
        case _:
            return sign


def addresses(texts: Sequence[str]) -> list[str | ValueError]:
    """Return e-mail addresses with their domains in lower case, or what is wrong with each; blank ones stay so."""
    if not any(texts):
        return [*texts]
    locals_, _, domains = zip(*(text.partition("@") for text in texts), strict=True)
    try:  # all at once, where none is unusual
        known = {domain: _domain(domain) for domain in set(domains)}
    except ValueError:
        return [*map(_address, texts)]
    if max(map(len, texts)) > MAX_ADDRESS or max(map(len, locals_)) > MAX_LOCAL:
        return [*map(_address, texts)]
    if not _PLAIN_LOCALS.fullmatch("@".join(locals_)):
        return [*map(_address, texts)]
    if all(domain == said for said, domain in known.items()):
        return [*texts]
    return [f"{local}@{known[domain]}" for local, domain in zip(locals_, domains, strict=True)]


def _address(text: str) -> str | ValueError:
    local, at, domain = text.partition("@")
    try:
        if at and _PLAIN_LOCAL.fullmatch(local) and len(text) <= MAX_ADDRESS and len(local) <= MAX_LOCAL:
            return f"{local}@{_domain(domain)}"
        return text and _checked(text)
    except ValueError as error:
        return error


@lru_cache(10_000)
def _domain(domain: str) -> str:
    return _checked(f"a@{domain}")[2:]


def _checked(text: str) -> str:
    from email_validator import validate_email

    return validate_email(text, check_deliverability=False).normalized


def names(full: str, *, surnames: int = 1) -> tuple[str, str]:
    """Return first and last name out of a full one. `surnames` says how many of the latter a person has."""
    if "," in full:
        last, _, first = full.partition(",")
        if folded(first) not in _SUFFIXES:
            return first.strip(), last.strip()
    words = full.split()
    start = len(words) - (surnames if len(words) > surnames else 1)
    if start > 0 and folded(words[-1]) in _SUFFIXES:
        start -= 1
    while start > 1 and words[start - 1].casefold() in _PARTICLES:
        start -= 1
    if start <= 0:
        return full, ""
    return " ".join(words[:start]), " ".join(words[start:])


def tags(cell: Cell) -> list[str]:
    """Return the names that a cell lists: in quotation marks, or between commas, semicolons or bars."""
    return list(_listed(cell) if isinstance(cell, str) else dict.fromkeys(filter(None, map(clean, cell))))


@lru_cache(2_000)
def _listed(text: str) -> tuple[str, ...]:
    mark = next((mark for mark in "|;" if mark in text and '"' not in text), ",")
    named = next(csv.reader([" ".join(text.split())], delimiter=mark, skipinitialspace=True), [])
    return tuple(dict.fromkeys(filter(None, map(clean, named))))


def timestamp(text: str) -> str:
    """Return a time as ISO 8601, of UTC where it names no zone.

    Raises ValueError for what is none, or two.
    """
    if found := _SLASHED.fullmatch(text):
        one, two = int(found[1]), int(found[2])
        if one <= MONTHS and two <= MONTHS and one != two:
            raise ValueError("the day and the month cannot be told apart: write the time as 2026-03-31")
        month, day = (two, one) if one > MONTHS else (one, two)
        text = f"{found[3]}-{month:02}-{day:02}{found[4]}"
    time = _parsed(text)
    time = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    return time.isoformat(timespec="seconds").replace("+00:00", "Z")


def _parsed(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    for form in _DATES:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - the zone is seen to above
        except ValueError:
            continue
    raise ValueError("it is no time: write it as 2026-03-31 18:00")


def ip(text: str) -> str:
    """Return an IP address. Raises ValueError for what is none."""
    try:
        return str(ip_address(text))
    except ValueError:
        raise ValueError("it is no IP address") from None


def refuses_mail(text: str) -> bool:
    """Tell whether a status or an answer says that a person does not want mail, or cannot get any."""
    return folded(text) in _NO

"""E-mail addresses that look mistyped, and pairs that look like one person. Pure: nothing is looked up anywhere.

Careful in one direction: a genuine provider taken for a mistake would make somebody "correct" an address that works. So
only names of big providers are corrected, never by their first letter (ymail.com), and real ones near them stay.
"""

from functools import lru_cache

__all__ = ["GMAIL", "mailbox", "mistake", "same_person"]

# Where the address ends, and the providers there whose names are long enough that one letter more or less is a mistake.
_PROVIDERS = {
    "com": ("gmail", "googlemail", "yahoo", "hotmail", "outlook", "icloud", "protonmail", "rediffmail", "fastmail"),
    "co.uk": ("yahoo", "hotmail", "btinternet"),
    "fr": ("yahoo", "hotmail", "outlook", "orange", "wanadoo", "laposte"),
    "de": ("yahoo", "hotmail", "outlook", "t-online", "freenet"),
    "it": ("yahoo", "hotmail", "outlook", "libero", "virgilio"),
    "es": ("yahoo", "hotmail", "outlook"),
    "net": ("comcast", "verizon", "bellsouth", "sbcglobal", "earthlink", "optonline"),
    "com.au": ("yahoo", "bigpond"),
    "com.br": ("yahoo",),
    "ca": ("yahoo", "hotmail"),
}
# Too short for their names to be compared, but known by an ending that is none of theirs.
_SHORT = ("aol", "msn")
_PROVIDER_DOMAINS = {f"{name}.{ending}" for ending, names in _PROVIDERS.items() for name in names} | {
    "aol.com",
    "msn.com",
}

# Real domains that come as near to a provider's name as its mistakes do.
_GENUINE = frozenset({"gomail.com", "grail.com", "hotelmail.com", "oranges.fr", "outbook.com"})

# No mail is delivered to these: "com", "net" and "org" as fingers write them. None is a top-level domain.
_UNKNOWN_ENDINGS = {
    "con": "com",
    "cmo": "com",
    "ocm": "com",
    "comm": "com",
    "coom": "com",
    "ccom": "com",
    "cpm": "com",
    "vom": "com",
    "xom": "com",
    "cim": "com",
    "clm": "com",
    "con.au": "com.au",
    "couk": "co.uk",
    "co.ku": "co.uk",
    "nett": "net",
    "ner": "net",
    "ogr": "org",
    "orgg": "org",
}
# These exist, but no big provider's mail ends in them.
_NEAR_COM = ("co", "cm", "om", "c", "cc", "co.com", "com.com")

_LONG_NAME = 7


def mistake(domain: str) -> tuple[str, str] | None:
    """Return what looks mistyped in a domain, and what was probably meant; None for a domain that looks right.

    Of a domain that is nobody's but its owner's only the ending is named: the rest could be a person's name.
    """
    meant = _meant(domain)
    if meant is None:
        return None
    if meant in _PROVIDER_DOMAINS:
        return domain, meant
    return next(
        (f"*.{wrong}", f"*.{right}") for wrong, right in _UNKNOWN_ENDINGS.items() if domain.endswith(f".{wrong}")
    )


@lru_cache(maxsize=4096)
def _meant(domain: str) -> str | None:
    name, dot, ending = domain.partition(".")
    if not (name and dot) or domain in _GENUINE:
        return None
    corrected = _ending_meant(name, ending)
    right = _provider_meant(name, corrected)
    found = f"{right or name}.{corrected}"
    return None if found == domain else found


def _ending_meant(name: str, ending: str) -> str:
    for unknown, meant in _UNKNOWN_ENDINGS.items():
        if ending == unknown:
            return meant
        if "." not in unknown and ending.endswith(f".{unknown}"):  # of a domain with more parts
            return ending.removesuffix(unknown) + meant
    known = name in _SHORT or name in _PROVIDERS["com"] or _provider_meant(name, "com")
    return "com" if ending in _NEAR_COM and known else ending


def _provider_meant(name: str, ending: str) -> str | None:
    """Return the provider of this ending whose name is nearly `name`; None for itself, and for what resembles none."""
    providers = _PROVIDERS.get(ending, ())
    if name in providers or f"{name}.{ending}" in _GENUINE:
        return None
    for provider in providers:
        most = 2 if len(provider) >= _LONG_NAME else 1
        same_begin = name[0] == provider[0] or sorted(name[:2]) == sorted(provider[:2])
        if same_begin and _within(name, provider, most):
            return provider
    return None


def _within(one: str, other: str, most: int) -> bool:
    """Tell whether at most `most` letters are added, left out, replaced, or swapped with their neighbour."""
    if abs(len(one) - len(other)) > most:
        return False
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        last, before, row = before, row, [i]
        for j, wanted in enumerate(other, 1):
            cost = min(row[j - 1] + 1, before[j] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return False
    return row[-1] <= most


GMAIL = ("gmail.com", "googlemail.com")
"""Where dots in an address do not count."""


def mailbox(address: str) -> str:
    """Return what is the same for addresses that reach the same mailbox: `a.b+shop@googlemail.com` is `ab@gmail.com`.

    What follows a plus is a label at nearly every provider.
    """
    local, _, domain = address.partition("@")
    local = local.partition("+")[0] or local
    return f"{local.replace('.', '')}@gmail.com" if domain in GMAIL else f"{local}@{domain}"


def same_person(one: str, other: str) -> bool:
    """Tell whether the addresses of two people of one name may be one person's: moved, or mistyped once."""
    (local, _, domain), (other_local, _, other_domain) = (text.casefold().rpartition("@") for text in (one, other))
    if local == other_local:
        return True
    same_place = (_meant(domain) or domain) == (_meant(other_domain) or other_domain)
    most = 2 if min(len(local), len(other_local)) >= _LONG_NAME else 1
    return same_place and not _numbered(local, other_local) and _within(local, other_local, most)


def _numbered(one: str, other: str) -> bool:
    """Tell whether two names differ in digits alone: anna1 and anna2 are two people more often than a mistake."""
    return _without_digits(one) == _without_digits(other)


def _without_digits(text: str) -> str:
    return "".join(letter for letter in text if not letter.isdigit())

"""Which addresses there can be: most are known by their form alone, and always as email-validator says."""

from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flodesk_mcp.audience.files.values import addresses

SIGNS = st.sampled_from([*"abzAZ09._%+-'!#$&*/=?^`{|}~\"\\ ()<>,;:[]@", "é", "ß", "中", "\u200b", "\n", "\x00"])
LOCALS = st.one_of(st.text(SIGNS, max_size=12), st.from_regex(r"[a-zA-Z0-9_%+.-]{1,66}", fullmatch=True))
LABELS = st.one_of(st.text(SIGNS, max_size=6), st.from_regex(r"[a-zA-Z0-9-]{1,64}", fullmatch=True))
ENDINGS = st.sampled_from(["com", "COM", "de", "local", "test", "invalid", "c", "xn--p1ai", "münchen", "1", ""])
DOMAINS = st.builds(lambda labels, ending: ".".join([*labels, ending]), st.lists(LABELS, max_size=5), ENDINGS)
ADDRESSES = st.one_of(st.builds("{}@{}".format, LOCALS, DOMAINS), st.text(SIGNS, max_size=20))


def by_the_book(text: str) -> str | None:
    """Return an address as email-validator writes it, or None."""
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        return None


def by_us(*texts: str) -> list[str | None]:
    return [email if isinstance(email, str) else None for email in addresses(texts)]


@given(ADDRESSES.filter(bool))
@settings(max_examples=400, deadline=None)
@example("a" * 64 + "@example.com")
@example("a" * 65 + "@example.com")
@example("a@" + ".".join(["b" * 60] * 4) + ".com")
@example("aaaaaaa@" + ".".join(["b" * 60] * 4) + ".com")
@example("a..b@example.com")
@example(".a@example.com")
@example("a@example.com.")
@example("Anna@EXAMPLE.com")
@example("٣@example.com")
@example("ª@example.com")
@example("a@[127.0.0.1]")
@example("a@xn--mnchen-3ya.de")
def test_an_address_is_what_email_validator_says(text: str) -> None:
    assert by_us(text) == [by_the_book(text)]


@given(st.lists(st.one_of(ADDRESSES, st.from_regex(r"[a-z]{1,5}@(x|Y)\.com", fullmatch=True)), max_size=5))
@settings(max_examples=200, deadline=None)
def test_among_others_it_is_the_same(texts: list[str]) -> None:
    assert by_us(*texts) == [email for text in texts for email in by_us(text)]

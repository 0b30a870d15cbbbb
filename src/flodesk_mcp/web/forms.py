"""Forms as browsers and clients send them: small, plain text, and each field once."""

from collections import Counter
from collections.abc import Iterable
from urllib.parse import parse_qsl

from starlette.requests import Request

__all__ = ["Form", "FormError", "read_form", "read_query"]

MAX_BYTES = 64 * 1024
MAX_FIELDS = 100
FORM = "application/x-www-form-urlencoded"


class FormError(Exception):
    """What came is no form; the message says why, and quotes nothing of it."""

    def __init__(self, words: str, status: int = 400) -> None:
        super().__init__(words)
        self.status = status


class Form:
    """The fields of a form. A blank one was not given."""

    def __init__(self, fields: Iterable[tuple[str, str]]) -> None:
        self._fields = [(name, value) for name, value in fields if value]

    def get(self, name: str) -> str | None:
        """Return the value of a field, the first where there are several."""
        return next((value for known, value in self._fields if known == name), None)

    def all(self, name: str) -> list[str]:
        """Return all values of a field."""
        return [value for known, value in self._fields if known == name]

    def check_once(self, *names: str) -> None:
        """Raise FormError if one of `names` is there twice: it could mean either (RFC 6749, 3.1 and 3.2)."""
        counted = Counter(name for name, _ in self._fields)
        for name in names:
            if counted[name] > 1:
                raise FormError(f"{name} is there more than once.")


async def read_form(request: Request) -> Form:
    """Return the form in the body of a request.

    Raises FormError.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise FormError(f"The body must be a form: {FORM}.")
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MAX_BYTES:
            raise FormError("The form is too large.", 413)
    return Form(_parsed(content.decode("ascii", "replace")))


def read_query(request: Request) -> Form:
    """Return the parameters in the address of a request.

    Raises FormError.
    """
    return Form(_parsed(request.url.query))


def _parsed(text: str) -> list[tuple[str, str]]:
    try:
        fields = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise FormError("The form has too many fields.") from None
    if any("\0" in value for _, value in fields):  # PostgreSQL stores none
        raise FormError("The form holds a character that no text has.")
    return fields

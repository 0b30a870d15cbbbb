"""The token in the header Authorization."""

from starlette.requests import HTTPConnection

from flodesk_mcp.web.auth.errors import AuthError

__all__ = ["bearer_token"]

SCHEME = "bearer "


def bearer_token(connection: HTTPConnection) -> str | None:
    """Return the token that a request shows, None when it shows none.

    Raises AuthError for more than one header.
    """
    shown = connection.headers.getlist("authorization")
    if len(shown) > 1:
        raise AuthError(400, "There is more than one Authorization header.", "invalid_request")
    if not shown or not shown[0].lower().startswith(SCHEME):
        return None
    return shown[0][len(SCHEME) :].strip()

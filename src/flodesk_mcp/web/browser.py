"""What ties a form to the browser that it was shown to, and a browser to an account for a few minutes."""

import hmac
import secrets
import time
from collections.abc import Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response

__all__ = ["Browsers"]

BROWSER = "flodesk-browser"
ACCOUNT = "flodesk-account"
KNOWN_SECONDS = 900


class Browsers:
    """Gives each browser a random name in a cookie, and forms a token that fits it and what they are for.

    Any process with the same keys goes on with what another one gave out.
    """

    def __init__(self, keys: Sequence[bytes], secure: bool, now: Callable[[], float] = time.time) -> None:
        """Take the keys: the first signs, all of them verify. Without `secure` the address is http, on this machine."""
        self._keys = keys
        self._secure = secure
        self._now = now

    def name(self, request: Request) -> str:
        """Return the name of the browser: the one that it shows, or a new one."""
        return request.cookies.get(self._cookie(BROWSER)) or secrets.token_urlsafe(32)

    def remember(self, response: Response, name: str) -> None:
        """Let the browser show its name from now on."""
        self._set(response, BROWSER, name, None)

    def token(self, name: str, purpose: str) -> str:
        """Return what a form for `purpose` holds for that browser alone."""
        return _mac(self._keys[0], name, purpose)

    def fits(self, request: Request, purpose: str, token: str | None) -> bool:
        """Tell whether the browser that sends `request` was given `token` for `purpose`."""
        name = request.cookies.get(self._cookie(BROWSER))
        if not name or not token:
            return False
        return any(hmac.compare_digest(_mac(key, name, purpose).encode(), token.encode()) for key in self._keys)

    def secret(self, purpose: str) -> str:
        """Return a secret that every process with the same first key makes for `purpose`."""
        return _mac(self._keys[0], "", purpose)

    def account(self, request: Request) -> str | None:
        """Return the account that the browser has proved within the last quarter of an hour."""
        shown = request.cookies.get(self._cookie(ACCOUNT), "").split(".")
        if len(shown) != 3 or not shown[1].isdecimal() or int(shown[1]) <= self._now():  # noqa: PLR2004
            return None
        account_id, until, proof = shown
        browser = request.cookies.get(self._cookie(BROWSER), "")
        given = any(
            hmac.compare_digest(_mac(key, browser, f"{account_id} until {until}").encode(), proof.encode())
            for key in self._keys
        )
        return account_id if given else None

    def know(self, response: Response, name: str, account_id: str) -> None:
        """Let the browser of that name show for a quarter of an hour that it has proved an account."""
        until = int(self._now()) + KNOWN_SECONDS
        proof = _mac(self._keys[0], name, f"{account_id} until {until}")
        self._set(response, ACCOUNT, f"{account_id}.{until}.{proof}", KNOWN_SECONDS)

    def forget(self, response: Response) -> None:
        """Let it show that no longer."""
        self._set(response, ACCOUNT, "", 0)

    def _cookie(self, name: str) -> str:
        return f"__Host-{name}" if self._secure else name

    def _set(self, response: Response, name: str, value: str, seconds: int | None) -> None:
        # Lax, not strict: a person comes here by a link of the client, and may have begun in another tab.
        response.set_cookie(
            self._cookie(name), value, seconds, path="/", secure=self._secure, httponly=True, samesite="lax"
        )


def _mac(key: bytes, name: str, purpose: str) -> str:
    return hmac.digest(key, f"{len(name)} {name} {purpose}".encode(), "sha256").hex()

"""The id of a session: it carries, signed, what `initialize` said, so that any process can go on with the session.

It opens nothing by itself: each request proves who makes it, and an id is worth something only to who got it.
"""

import hmac
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mcp_types import ClientCapabilities, InitializeRequestParams
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, LATEST_HANDSHAKE_VERSION
from pydantic_core import from_json, to_json

from flodesk_mcp.tools import CARD_TYPE, CARDS, declares_cards

__all__ = ["Owner", "SessionIds", "SessionStart"]

Owner = tuple[str, str | None, str | None]
"""Client, issuer and subject: whom the SDK ties sessions to."""

VALID_SECONDS = 30 * 24 * 3600
"""Most clients do not open another session when theirs has ended, and editors run for weeks."""

MAX_CAPABILITIES_BYTES = 512
MAX_NAME_LENGTH = 64
MAX_ID_LENGTH = 4096
MAC_BYTES = 24


@dataclass(frozen=True)
class SessionStart:
    """What `initialize` said, as far as it matters; `name` is that of the session, `until` when it ends."""

    name: str
    until: float
    revision: str
    capabilities: dict[str, Any]
    client: dict[str, str]


class SessionIds:
    """Makes the ids and reads them. The owner, who must be the same each time, is signed with them and not shown."""

    def __init__(self, keys: Sequence[bytes], now: Callable[[], float] = time.time) -> None:
        """Take the keys: the first signs, all of them verify."""
        self._keys = keys
        self._now = now

    def issue(self, params: InitializeRequestParams, owner: Owner) -> str:
        """Return a new id for the session that `params` open."""
        asked = params.protocol_version
        start = SessionStart(
            name=secrets.token_urlsafe(12),
            until=int(self._now()) + VALID_SECONDS,
            revision=asked if asked in HANDSHAKE_PROTOCOL_VERSIONS else LATEST_HANDSHAKE_VERSION,
            capabilities=_kept(params.capabilities),
            client={
                "name": params.client_info.name[:MAX_NAME_LENGTH],
                "version": params.client_info.version[:MAX_NAME_LENGTH],
            },
        )
        said = _encoded(to_json(start))
        return f"{said}.{_mac(self._keys[0], said, owner)}"

    def read(self, session_id: str, owner: Owner) -> SessionStart | None:
        """Return what an id says, None for one that is forged, expired or somebody else's."""
        said, _, shown = session_id.partition(".")
        if len(session_id) > MAX_ID_LENGTH or not session_id.isascii():
            return None
        if not any(hmac.compare_digest(_mac(key, said, owner), shown) for key in self._keys):
            return None
        start = SessionStart(**from_json(urlsafe_b64decode(said + "=" * (-len(said) % 4))))
        return start if self._now() < start.until else None


def _kept(capabilities: ClientCapabilities) -> dict[str, Any]:
    """Return what a client declares, without what is open-ended where that is too much for a header."""
    declared = capabilities.model_dump(by_alias=True, exclude_none=True)
    if len(to_json(declared)) <= MAX_CAPABILITIES_BYTES:
        return declared
    kept = {name: declared[name] for name in ("elicitation", "roots", "sampling") if name in declared}
    return kept | ({"extensions": {CARDS: {"mimeTypes": [CARD_TYPE]}}} if declares_cards(capabilities) else {})


def _mac(key: bytes, said: str, owner: Owner) -> str:
    signed = to_json([said, *owner])
    return _encoded(hmac.digest(key, signed, "sha256")[:MAC_BYTES])


def _encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()

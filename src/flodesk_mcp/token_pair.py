"""What Flodesk's OAuth hands out: an access token, and the refresh token that gets the next pair, once."""

import json
from dataclasses import dataclass
from typing import Self

from pydantic import SecretStr

__all__ = ["TokenPair"]


@dataclass(frozen=True)
class TokenPair:
    """Two tokens that belong together. `expires_at`, in seconds since 1970, is when the access token ends."""

    access_token: SecretStr
    refresh_token: SecretStr
    expires_at: int

    def secret(self) -> str:
        """Return all of it as one text, to be sealed or put into a keychain."""
        return json.dumps(
            {
                "access_token": self.access_token.get_secret_value(),
                "refresh_token": self.refresh_token.get_secret_value(),
                "expires_at": self.expires_at,
            }
        )

    @classmethod
    def of(cls, secret: str) -> Self:
        """Return the pair that `secret` made a text of.

        Raises ValueError, whose words do not show it, for another text.
        """
        try:
            parts = json.loads(secret)
            return cls(SecretStr(parts["access_token"]), SecretStr(parts["refresh_token"]), int(parts["expires_at"]))
        except (ValueError, LookupError, TypeError):
            raise ValueError("That is no pair of tokens.") from None

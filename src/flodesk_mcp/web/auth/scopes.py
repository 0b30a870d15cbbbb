"""What tokens are for: an identity provider's, and those of sign-in."""

__all__ = ["OFFLINE_SCOPE", "READ_SCOPE", "SCOPES", "WRITE_SCOPE"]

READ_SCOPE = "flodesk:read"
WRITE_SCOPE = "flodesk:write"
SCOPES = (READ_SCOPE, WRITE_SCOPE)

OFFLINE_SCOPE = "offline_access"
"""Some clients ask for it to get a refresh token, which they get anyway."""

"""The addresses of sign-in, as plain texts: the same string stands wherever a client compares them."""

from dataclasses import dataclass

__all__ = ["Addresses"]


@dataclass(frozen=True)
class Addresses:
    """What lies where below the public address of this server, which is the issuer, too."""

    issuer: str

    @property
    def resource(self) -> str:
        """The one address that people paste, and what tokens are good for."""
        return f"{self.issuer}/mcp"

    @property
    def connect(self) -> str:
        """The page on which a person says yes or no."""
        return f"{self.issuer}/connect"

    @property
    def flodesk_callback(self) -> str:
        """Where Flodesk's own login sends people back to."""
        return f"{self.issuer}/connect/flodesk"

    @property
    def connected(self) -> str:
        """The page on which people see what they connected."""
        return f"{self.issuer}/connected"

    @property
    def token(self) -> str:
        """Where clients fetch tokens."""
        return f"{self.issuer}/token"

    def is_here(self, resource: str) -> bool:
        """Tell whether a client that names `resource` means this server: some leave the path out, or add a slash."""
        return resource.rstrip("/") in {self.issuer, self.resource, f"{self.resource}/readonly"}

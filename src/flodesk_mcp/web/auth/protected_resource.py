"""What a client learns before it has a token: who gives tokens for this server, and for which scopes (RFC 9728)."""

from collections.abc import Sequence

from mcp.server.auth.routes import build_resource_metadata_url, create_protected_resource_routes
from pydantic import AnyHttpUrl, ConfigDict, TypeAdapter
from starlette.routing import Route

from flodesk_mcp.web.auth.scopes import SCOPES

__all__ = ["METADATA_PATH", "resource_metadata_routes", "resource_metadata_url"]

METADATA_PATH = "/.well-known/oauth-protected-resource"

_ADDRESS = TypeAdapter(AnyHttpUrl, config=ConfigDict(url_preserve_empty_path=True))


def resource_metadata_url(resource: str) -> str:
    """Return where the metadata are, as others reach this server."""
    return str(build_resource_metadata_url(_ADDRESS.validate_python(resource)))


def resource_metadata_routes(resource: str, issuers: Sequence[str]) -> list[Route]:
    """Return the paths of the metadata: where the standard puts them, and where some clients look."""
    standard = create_protected_resource_routes(
        _ADDRESS.validate_python(resource),
        [_ADDRESS.validate_python(issuer) for issuer in issuers],
        list(SCOPES),
        "Flodesk",
    )
    return [*standard, *(Route(METADATA_PATH, route.endpoint, methods=route.methods) for route in standard)]

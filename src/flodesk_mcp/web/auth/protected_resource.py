"""What a client learns of the identity provider: where to get a token for this server (RFC 9728)."""

from mcp.server.auth.routes import build_resource_metadata_url, create_protected_resource_routes
from pydantic import AnyHttpUrl, ConfigDict, TypeAdapter
from starlette.routing import Route

from flodesk_mcp.web.auth.jwt_bearer import READ_SCOPE, WRITE_SCOPE
from flodesk_mcp.web.settings import IdentityProvider

__all__ = ["metadata_routes", "metadata_url"]

METADATA_PATH = "/.well-known/oauth-protected-resource"

_ADDRESS = TypeAdapter(AnyHttpUrl, config=ConfigDict(url_preserve_empty_path=True))


def metadata_url(provider: IdentityProvider) -> str:
    """Return where the metadata are, as others reach this server."""
    return str(build_resource_metadata_url(_ADDRESS.validate_python(provider.audience)))


def metadata_routes(provider: IdentityProvider) -> list[Route]:
    """Return the paths of the metadata: where the standard puts them, and where some clients look."""
    standard = create_protected_resource_routes(
        _ADDRESS.validate_python(provider.audience),
        [_ADDRESS.validate_python(provider.issuer)],
        [READ_SCOPE, WRITE_SCOPE],
        "Flodesk",
    )
    return [*standard, *(Route(METADATA_PATH, route.endpoint, methods=route.methods) for route in standard)]

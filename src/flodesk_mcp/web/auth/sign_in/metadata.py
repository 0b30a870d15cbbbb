"""What clients read of this authorization server (RFC 8414), built by the SDK and completed with what it leaves out."""

from mcp.server.auth.handlers.metadata import MetadataHandler
from mcp.server.auth.routes import build_metadata, cors_middleware
from mcp.server.auth.settings import ClientRegistrationOptions, RevocationOptions
from mcp.shared.auth import OAuthMetadata
from pydantic import AnyHttpUrl, ConfigDict, TypeAdapter
from starlette.routing import Route

from flodesk_mcp import HOMEPAGE
from flodesk_mcp.web.auth.scopes import OFFLINE_SCOPE, SCOPES
from flodesk_mcp.web.auth.sign_in.addresses import Addresses

__all__ = ["ASSERTION_ALGORITHMS", "REGISTRATION", "authorization_server", "metadata_routes"]

WELL_KNOWN = "/.well-known/oauth-authorization-server"
ASSERTION_ALGORITHMS = ("RS256", "ES256")

REGISTRATION = ClientRegistrationOptions(
    enabled=True, valid_scopes=[*SCOPES, OFFLINE_SCOPE], default_scopes=[*SCOPES, OFFLINE_SCOPE]
)

# Without the slash that pydantic adds to an address without a path: clients compare the issuer as text.
_ADDRESS = TypeAdapter(AnyHttpUrl, config=ConfigDict(url_preserve_empty_path=True))


def authorization_server(addresses: Addresses) -> OAuthMetadata:
    """Return what is told of this server."""
    metadata = build_metadata(
        _ADDRESS.validate_python(addresses.issuer), AnyHttpUrl(HOMEPAGE), REGISTRATION, RevocationOptions(enabled=True)
    )
    methods = ["none", "client_secret_post", "client_secret_basic", "private_key_jwt"]
    metadata.token_endpoint_auth_methods_supported = methods
    metadata.token_endpoint_auth_signing_alg_values_supported = list(ASSERTION_ALGORITHMS)
    metadata.revocation_endpoint_auth_methods_supported = methods
    metadata.revocation_endpoint_auth_signing_alg_values_supported = list(ASSERTION_ALGORITHMS)
    metadata.response_modes_supported = ["query"]
    metadata.client_id_metadata_document_supported = True
    metadata.authorization_response_iss_parameter_supported = True
    return metadata


def metadata_routes(addresses: Addresses) -> list[Route]:
    """Return the path of the metadata, and the one that clients try which know the address of the tools alone."""
    endpoint = cors_middleware(MetadataHandler(authorization_server(addresses)).handle, ["GET", "OPTIONS"])
    return [Route(path, endpoint, methods=["GET", "OPTIONS"]) for path in (WELL_KNOWN, f"{WELL_KNOWN}/mcp")]

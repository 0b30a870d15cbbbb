"""An identity provider for each module that asks for one, and who of it may use an account."""

from collections.abc import Iterator

import pytest

from flodesk_mcp.store import Sealer, StoredAccounts, StoredSubjects, StoredTokens

from ..serving import serve_in_thread
from .identity_provider import IdentityProvider


@pytest.fixture(scope="module")
def provider() -> IdentityProvider:
    return IdentityProvider()


@pytest.fixture(scope="module")
def jwks_url(provider: IdentityProvider) -> Iterator[str]:
    with serve_in_thread(provider.app) as url:
        yield f"{url}/jwks"


@pytest.fixture
def subjects(state: tuple[StoredAccounts, StoredTokens]) -> StoredSubjects:
    """Those of the server under test."""
    return StoredSubjects(state[0]._database, Sealer(None))

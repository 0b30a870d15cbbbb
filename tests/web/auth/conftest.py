"""An identity provider for each module that asks for one."""

from collections.abc import Iterator

import pytest

from ..serving import serve_in_thread
from .identity_provider import IdentityProvider


@pytest.fixture(scope="module")
def provider() -> IdentityProvider:
    return IdentityProvider()


@pytest.fixture(scope="module")
def jwks_url(provider: IdentityProvider) -> Iterator[str]:
    with serve_in_thread(provider.app) as url:
        yield f"{url}/jwks"

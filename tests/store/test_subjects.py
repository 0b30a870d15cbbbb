"""Who of an identity provider may use an account."""

import pytest

from flodesk_mcp.store import StoredAccounts, StoredSubjects, StoreError

pytestmark = pytest.mark.anyio


async def test_a_person_is_linked_to_one_account_per_identity_provider(
    accounts: StoredAccounts, subjects: StoredSubjects
) -> None:
    for name in ("studio", "shop"):
        await accounts.add(name, "api_key", f"key-{name}")
    await subjects.link("studio", "https://login.example.com", "person-1")
    await subjects.link("shop", "https://login.example.com", "person-1")
    found = await subjects.account_of("https://login.example.com", "person-1")
    assert found is not None
    assert found.name == "shop"
    assert await subjects.account_of("https://evil.example.com", "person-1") is None
    await subjects.unlink("https://login.example.com", "person-1")
    assert await subjects.account_of("https://login.example.com", "person-1") is None
    with pytest.raises(StoreError, match="no account"):
        await subjects.link("nothing", "https://login.example.com", "person-1")

import httpx2
import pytest

from flodesk_mcp.sandbox import SANDBOX_API_KEY, Sandbox

pytestmark = pytest.mark.anyio


async def created_id(client: httpx2.AsyncClient, email: str) -> str:
    person_id: str = (await client.post("/subscribers", json={"email": email})).json()["id"]
    return person_id


async def found_id(client: httpx2.AsyncClient, written: str) -> str | None:
    answer = await client.get(f"/subscribers/{written}")
    return None if answer.status_code == 404 else answer.json()["id"]


async def test_a_subscriber_is_found_by_an_email_of_any_case(client: httpx2.AsyncClient) -> None:
    person_id = await created_id(client, "jane@example.com")
    assert await found_id(client, "JANE@example.com") == person_id


async def test_an_encoded_at_sign_finds_nobody(client: httpx2.AsyncClient) -> None:
    await created_id(client, "jane@example.com")
    assert await found_id(client, "jane%40example.com") is None


@pytest.mark.parametrize("written", ["o%27br%23en%2Bvip@example.com", "o'br%23en+vip@example.com"])
async def test_other_signs_of_an_email_may_be_encoded(client: httpx2.AsyncClient, written: str) -> None:
    person_id = await created_id(client, "o'br#en+vip@example.com")
    assert await found_id(client, written) == person_id


async def test_a_sandbox_may_want_the_plus_sign_encoded() -> None:
    sandbox = Sandbox(plus_needs_encoding=True)
    async with httpx2.AsyncClient(
        transport=sandbox.transport(), base_url="https://api.flodesk.com/v1", auth=(SANDBOX_API_KEY, "")
    ) as client:
        person_id = await created_id(client, "jane+vip@example.com")
        assert await found_id(client, "jane+vip@example.com") is None
        assert await found_id(client, "jane%2Bvip@example.com") == person_id

"""The stand-ins of other providers, as others reach them: in process by their hosts, over HTTP by their paths."""

import httpx2
import pytest

from flodesk_mcp.sandbox import SANDBOX_API_KEY, Sandbox
from flodesk_mcp.sandbox.flownurture import FLOWNURTURE_API_KEY
from flodesk_mcp.sandbox.highlevel import HIGHLEVEL_LOCATION_ID, HIGHLEVEL_TOKEN

pytestmark = pytest.mark.anyio

NURTURE = {"Authorization": f"Bearer {FLOWNURTURE_API_KEY}"}
LEVEL = {"Authorization": f"Bearer {HIGHLEVEL_TOKEN}", "Version": "2021-07-28"}
SEARCH = {"locationId": HIGHLEVEL_LOCATION_ID, "pageLimit": 5}


@pytest.mark.parametrize(
    ("nurture", "level"),
    [
        ("https://api.flownurture.com/api/v1", "https://services.leadconnectorhq.com"),
        ("http://127.0.0.1/flownurture/api/v1", "http://127.0.0.1/highlevel"),
    ],
)
async def test_each_is_where_it_says(nurture: str, level: str) -> None:
    sandbox = Sandbox()
    transport = sandbox.transport() if "com" in level else httpx2.ASGITransport(sandbox.everything)
    async with httpx2.AsyncClient(transport=transport) as client:
        contacts = await client.get(f"{nurture}/contacts", headers=NURTURE)
        found = await client.post(f"{level}/contacts/search", json=SEARCH, headers=LEVEL)
        segments = "http://127.0.0.1/v1/segments"
        flodesk = await client.get(segments, auth=(SANDBOX_API_KEY, ""), headers={"User-Agent": "t"})
    assert len(contacts.json()) == 25
    assert len(found.json()["contacts"]) == 5
    assert flodesk.status_code == 200
    assert [seen.path for seen in sandbox.highlevel.requests] == ["/contacts/search"]


async def test_they_have_people_in_common_and_people_of_their_own() -> None:
    sandbox = Sandbox()
    flodesk = {person.email for person in sandbox.accounts[SANDBOX_API_KEY].subscribers.values()}
    nurture = {row["email"] for row in sandbox.flownurture.account.contacts.values()}
    level = {row["email"] for row in sandbox.highlevel.account.contacts.values()}
    assert "j.quill@example.org" in flodesk & nurture & level
    assert nurture - flodesk - level
    assert level - flodesk - nurture


async def test_to_start_anew_is_to_forget_theirs_as_well() -> None:
    sandbox = Sandbox()
    sandbox.highlevel.account.contacts.clear()
    sandbox.reset()
    assert sandbox.highlevel.account.contacts


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"locationId": HIGHLEVEL_LOCATION_ID}, 422, "pageLimit"),
        (SEARCH | {"pageLimit": 501}, 422, "pageLimit"),
        (SEARCH | {"page": 1, "searchAfter": [0, "x"]}, 422, "together"),
        (SEARCH | {"page": 2001}, 422, "10000"),
        (SEARCH | {"locationId": "elsewhere"}, 403, "does not have access to this location"),
    ],
)
async def test_highlevel_refuses_what_its_document_says(body: dict[str, object], status: int, words: str) -> None:
    async with httpx2.AsyncClient(transport=Sandbox().highlevel.transport(), base_url="https://h") as client:
        answer = await client.post("/contacts/search", json=body, headers=LEVEL)
    assert answer.status_code == status
    assert words in str(answer.json()["message"])


async def test_both_answer_with_their_own_envelopes_and_quotas() -> None:
    sandbox = Sandbox()
    async with httpx2.AsyncClient(transport=sandbox.transport()) as client:
        stranger = await client.get("https://api.flownurture.com/api/v1/contacts")
        answers = [await client.get("https://api.flownurture.com/api/v1/contacts", headers=NURTURE) for _ in range(61)]
        bursts = [
            await client.post("https://services.leadconnectorhq.com/contacts/search", json=SEARCH, headers=LEVEL)
            for _ in range(101)
        ]
    assert stranger.json() == {"statusCode": 401, "message": "Invalid API key", "error": "Unauthorized"}
    assert [answer.status_code for answer in answers] == [200] * 60 + [429]
    assert int(answers[-1].headers["Retry-After"]) == 60
    assert [answer.status_code for answer in bursts] == [200] * 100 + [429]
    assert bursts[-1].headers["X-RateLimit-Remaining"] == "0"
    assert bursts[-1].headers["X-RateLimit-Daily-Remaining"] == "199900"

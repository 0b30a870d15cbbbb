"""What a client may ask for, and what a wrong request comes to."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from flodesk_mcp.store import StoredAttempts, StoreError

from .person import CALLBACK, Person
from .program import PUBLIC_URL, Program

pytestmark = pytest.mark.anyio


async def refused(program: Program, **changed: Any) -> dict[str, str]:
    """The error that the client is told, at its own address and with its own state."""
    answer = await program.server.get(program.authorization(**changed))
    assert answer.status_code == 302, answer.text
    location = answer.headers["location"]
    assert location.startswith(f"{CALLBACK}?")
    told = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    assert told.pop("iss") == PUBLIC_URL
    assert told.pop("error_description")
    return told


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),  # which would mean plain
        ({"code_challenge": "short"}, "invalid_request"),
        ({"scope": "flodesk:read everything"}, "invalid_scope"),
        ({"resource": "https://other.example.com/mcp"}, "invalid_target"),
        ({"resource": f"{PUBLIC_URL}/mcp/../../other"}, "invalid_target"),
        ({"resource": f"{PUBLIC_URL}.example.com/mcp"}, "invalid_target"),
    ],
)
async def test_what_is_wrong_is_told_to_the_client(program: Program, changed: dict[str, Any], error: str) -> None:
    assert await refused(program, **changed) == {"error": error, "state": "state-1"}


async def test_a_state_that_is_too_long_is_not_carried(program: Program) -> None:
    assert await refused(program, state="s" * 5000) == {"error": "invalid_request"}


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "https://evil.example.com/callback",
        "http://127.0.0.1:5555/callback/../other",
        "http://127.0.0.1:5555/callback?next=https://evil.example.com",
        "http://127.0.0.1:5555/Callback",
        "http://localhost:5555/callback",  # another name than the one that was registered
        "http://user@127.0.0.1:5555/callback",
        "http://127.0.0.1.evil.example.com:5555/callback",
        "https://127.0.0.1:5555/callback",
        "//evil.example.com/callback",
        "javascript:alert(1)",
        "not an address",
    ],
)
async def test_nobody_is_sent_to_an_address_that_the_client_did_not_name(program: Program, redirect_uri: str) -> None:
    answer = await program.server.get(program.authorization(redirect_uri=redirect_uri))
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "evil" not in answer.text


@pytest.mark.parametrize("client_id", [None, "unknown", "https://claude.ai", "http://claude.ai/x", "x" * 3000])
async def test_a_person_is_told_that_the_client_is_not_known(program: Program, client_id: str | None) -> None:
    answer = await program.server.get(program.authorization(client_id=client_id))
    assert answer.status_code == 400
    assert "Not connected" in answer.text
    assert "location" not in answer.headers


async def test_a_parameter_that_is_there_twice_is_refused(program: Program) -> None:
    answer = await program.server.get(f"{program.authorization()}&redirect_uri=https://evil.example.com/callback")
    assert answer.status_code == 400
    assert "location" not in answer.headers


async def test_no_parameter_of_the_page_leads_away(program: Program) -> None:
    page = await Person(program.server).open(program.authorization())
    for name in ("next", "redirect_uri", "return_to", "url", "request"):
        answer = await program.server.get("/connect", params={name: "https://evil.example.com"})
        assert answer.status_code == 410
        assert "evil" not in answer.text
    answer = await Person(program.server).submit(page, way="cancel", redirect_uri="https://evil.example.com")
    assert answer.headers["location"].startswith(f"{CALLBACK}?")


@pytest.mark.parametrize("port", [5555, 1, 61000])
async def test_on_the_persons_own_machine_any_port_counts(program: Program, port: int) -> None:
    uri = f"http://127.0.0.1:{port}/callback"
    code = await program.code(redirect_uri=uri)
    assert (await program.exchange(code, redirect_uri=uri)).status_code == 200


async def test_a_client_with_one_address_need_not_name_it(program: Program) -> None:
    code = await program.code(redirect_uri=None)
    assert (await program.exchange(code, redirect_uri=None)).status_code == 200


async def test_a_form_does_as_well_as_an_address(program: Program) -> None:
    query = urlsplit(program.authorization()).query
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": "https://agent.example.com"}
    answer = await program.server.post("/authorize", content=query, headers=headers)
    assert answer.status_code == 302
    assert answer.headers["location"].startswith(f"{PUBLIC_URL}/connect?request=")


@pytest.mark.parametrize("resource", [None, PUBLIC_URL, f"{PUBLIC_URL}/mcp/", f"{PUBLIC_URL}/mcp/readonly"])
async def test_a_client_may_name_this_server_a_little_differently(program: Program, resource: str | None) -> None:
    code = await program.code(resource=resource)
    assert (await program.exchange(code, resource=resource)).status_code == 200


async def test_an_address_asks_so_often_and_no_more(program: Program) -> None:
    answers = [await program.server.get(program.authorization()) for _ in range(61)]
    assert {answer.status_code for answer in answers[:60]} == {302}
    assert answers[60].status_code == 429


async def test_the_answer_names_its_issuer(program: Program) -> None:
    person = Person(program.server)
    await program.code(person)
    assert person.answer.keys() == {"code", "state", "iss"}
    assert (person.answer["state"], person.answer["iss"]) == ("state-1", PUBLIC_URL)


async def test_the_database_in_trouble_is_told_to_people(
    program: Program, server: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def locked(*_: object) -> int:
        raise StoreError("locked")

    monkeypatch.setattr(StoredAttempts, "begin", locked)
    answer = await server.get(program.authorization())
    assert answer.status_code == 503
    assert "Try again" in answer.text

"""Codes and tokens: what they are good for, and what a wrong one comes to."""

import base64
from typing import Any

import anyio
import httpx2
import pytest

from flodesk_mcp.store import StoredGrantTokens, StoreError

from ..calls import LIST_SEGMENTS, LIST_TOOLS, segments_of
from .conftest import PassTime
from .person import CALLBACK, Person
from .program import FORM, Program, bearer

pytestmark = pytest.mark.anyio

INVALID_GRANT = (400, "invalid_grant")


def told(answer: httpx2.Response) -> tuple[int, str]:
    """The status and the error of the specification; every answer is JSON that nobody keeps."""
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, answer.json()["error"]


async def opens(server: httpx2.AsyncClient, tokens: dict[str, Any]) -> bool:
    return (await server.post("/mcp", json=LIST_TOOLS, headers=bearer(tokens))).status_code == 200


async def test_a_code_becomes_tokens_that_open_the_account(program: Program) -> None:
    tokens = await program.tokens()
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 3600
    assert tokens["scope"] == "flodesk:read flodesk:write"
    assert await segments_of(program.server, bearer(tokens)) == ["Friends of ann"]


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"code": "fmcpc_" + "x" * 43}, INVALID_GRANT),
        ({"redirect_uri": "http://127.0.0.1:5556/callback"}, INVALID_GRANT),
        ({"redirect_uri": "https://evil.example.com"}, INVALID_GRANT),
        ({"redirect_uri": None}, INVALID_GRANT),
        ({"code_verifier": "w" * 43}, INVALID_GRANT),
        ({"code_verifier": None}, (400, "invalid_request")),
        ({"code": None}, (400, "invalid_request")),
        ({"resource": "https://other.example.com/mcp"}, (400, "invalid_target")),
        ({"grant_type": None}, (400, "invalid_request")),
        ({"grant_type": "password"}, (400, "unsupported_grant_type")),
        ({"client_id": "unknown"}, (401, "invalid_client")),
        ({"client_id": None}, (401, "invalid_client")),
    ],
)
async def test_a_wrong_exchange_gets_nothing_and_spoils_nothing(
    program: Program, changed: dict[str, Any], error: tuple[int, str]
) -> None:
    code = await program.code()
    assert told(await program.exchange(**{"code": code, **changed})) == error
    assert (await program.exchange(code)).status_code == 200


async def test_a_code_is_for_the_client_that_asked(program: Program) -> None:
    other = Program(program.server)
    await other.register()
    code = await program.code()
    assert told(await other.exchange(code)) == INVALID_GRANT


async def test_a_code_is_good_for_a_minute(program: Program, pass_time: PassTime) -> None:
    early, late = await program.code(), await program.code()
    await pass_time(58)
    assert (await program.exchange(early)).status_code == 200
    await pass_time(3)
    assert told(await program.exchange(late)) == INVALID_GRANT


async def test_a_code_that_is_used_twice_ends_what_it_led_to(program: Program) -> None:
    code = await program.code()
    tokens = (await program.exchange(code)).json()
    assert told(await program.exchange(code)) == INVALID_GRANT
    assert not await opens(program.server, tokens)
    assert told(await program.refresh(tokens["refresh_token"])) == INVALID_GRANT


async def test_of_many_exchanges_at_once_none_or_one_counts(program: Program) -> None:
    code = await program.code()
    answers: list[httpx2.Response] = []

    async def exchange() -> None:
        answers.append(await program.exchange(code))

    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(exchange)
    assert sum(answer.status_code == 200 for answer in answers) <= 1


async def test_a_refresh_token_leads_to_the_next_ones(program: Program) -> None:
    tokens = await program.tokens()
    for _ in range(3):
        answer = await program.refresh(tokens["refresh_token"])
        assert answer.status_code == 200
        following = answer.json()
        assert following["access_token"] != tokens["access_token"]
        assert following["refresh_token"] != tokens["refresh_token"]
        tokens = following
    assert await segments_of(program.server, bearer(tokens)) == ["Friends of ann"]


async def test_two_tabs_that_refresh_at_once_get_the_same_tokens(program: Program, pass_time: PassTime) -> None:
    tokens = await program.tokens()
    answers: list[dict[str, Any]] = []

    async def refresh() -> None:
        answers.append((await program.refresh(tokens["refresh_token"])).json())

    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(refresh)
    await pass_time(29)
    await refresh()
    assert {(answer["access_token"], answer["refresh_token"]) for answer in answers} == {
        (answers[0]["access_token"], answers[0]["refresh_token"])
    }
    assert answers[-1]["expires_in"] <= 3600 - 29
    assert await opens(program.server, answers[0])


async def test_a_refresh_token_that_comes_back_later_ends_its_family(program: Program, pass_time: PassTime) -> None:
    first = await program.tokens()
    second = (await program.refresh(first["refresh_token"])).json()
    other = await program.tokens()  # the same client and person, connected once more
    await pass_time(31)
    assert told(await program.refresh(first["refresh_token"])) == INVALID_GRANT
    assert told(await program.refresh(second["refresh_token"])) == INVALID_GRANT
    assert not await opens(program.server, second)
    assert await opens(program.server, other)


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"refresh_token": "fmcpr_" + "x" * 43}, INVALID_GRANT),
        ({"refresh_token": None}, (400, "invalid_request")),
        ({"resource": "https://other.example.com/mcp"}, (400, "invalid_target")),
        ({"client_id": "unknown"}, (401, "invalid_client")),
    ],
)
async def test_a_wrong_refresh_gets_nothing_and_spoils_nothing(
    program: Program, changed: dict[str, Any], error: tuple[int, str]
) -> None:
    token = (await program.tokens())["refresh_token"]
    assert told(await program.refresh(**{"token": token, **changed})) == error
    assert (await program.refresh(token)).status_code == 200


async def test_a_refresh_token_is_for_its_client(program: Program) -> None:
    other = Program(program.server)
    await other.register()
    tokens = await program.tokens()
    assert told(await other.refresh(tokens["refresh_token"])) == INVALID_GRANT
    assert told(await program.refresh(tokens["access_token"])) == INVALID_GRANT
    assert (await program.refresh(tokens["refresh_token"])).status_code == 200


async def test_a_refresh_may_ask_for_less_and_not_for_more(program: Program) -> None:
    reading = await program.tokens(Person(program.server, access="read"))
    assert told(await program.refresh(reading["refresh_token"], scope="flodesk:write")) == (400, "invalid_scope")
    tokens = await program.tokens()
    less = (await program.refresh(tokens["refresh_token"], scope="flodesk:read")).json()
    assert less["scope"] == "flodesk:read"
    again = (await program.refresh(less["refresh_token"])).json()
    assert again["scope"] == "flodesk:read flodesk:write"


async def test_an_access_token_ends_after_an_hour_and_the_401_asks_for_no_person(
    program: Program, pass_time: PassTime
) -> None:
    tokens = await program.tokens()
    await pass_time(3600)
    for _ in range(30):  # clients of many people share an address: none of them has guessed anything
        answer = await program.server.post("/mcp", json=LIST_SEGMENTS, headers=bearer(tokens))
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert await opens(program.server, (await program.refresh(tokens["refresh_token"])).json())


async def test_a_refresh_token_that_nobody_uses_ends_after_three_months(program: Program, pass_time: PassTime) -> None:
    tokens = await program.tokens()
    await pass_time(89 * 86_400)
    tokens = (await program.refresh(tokens["refresh_token"])).json()
    await pass_time(91 * 86_400)
    assert told(await program.refresh(tokens["refresh_token"])) == INVALID_GRANT


@pytest.mark.parametrize("token", ["fmcpa_" + "x" * 43, "eyJhbGciOiJub25lIn0.e30.", "another-servers-token"])
async def test_a_token_of_another_server_opens_nothing(server: httpx2.AsyncClient, token: str) -> None:
    answer = await server.post("/mcp", json=LIST_TOOLS, headers=bearer({"access_token": token}))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")


async def test_a_token_that_is_taken_back_ends_its_family(program: Program) -> None:
    for kind in ("access_token", "refresh_token"):
        tokens = await program.tokens()
        form = {"token": tokens[kind], "client_id": program.client_id}  # and no client_secret at all
        answer = await program.server.post("/revoke", data=form, headers=FORM)
        assert (answer.status_code, answer.content) == (200, b"")
        assert not await opens(program.server, tokens)
        assert told(await program.refresh(tokens["refresh_token"])) == INVALID_GRANT


async def test_nobody_learns_by_revoking_and_nobody_ends_what_is_anothers(program: Program) -> None:
    other = Program(program.server)
    await other.register()
    tokens = await program.tokens()
    for token in (tokens["access_token"], "nothing"):
        form = {"token": token, "client_id": other.client_id}
        assert (await program.server.post("/revoke", data=form, headers=FORM)).status_code == 200
    assert await opens(program.server, tokens)
    assert told(await program.server.post("/revoke", data={"token": "x", "client_id": "?"}, headers=FORM))[0] == 401


@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_basic"])
async def test_a_client_with_a_secret_must_show_it(program: Program, method: str) -> None:
    answer = await program.register(token_endpoint_auth_method=method)
    assert answer.json()["client_secret_expires_at"] == 0
    assert program.secret
    code = await program.code()
    assert told(await program.exchange(code)) == (401, "invalid_client")
    assert told(await program.exchange(code, client_secret="wrong")) == (401, "invalid_client")
    shown = base64.b64encode(f"{program.client_id}:{program.secret}".encode()).decode()
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": "v" * 43}
    wrong = {"Authorization": "Basic " + base64.b64encode(b"unknown:wrong").decode()}
    refused = await program.server.post("/token", data=fields, headers=FORM | wrong)
    assert told(refused) == (401, "invalid_client")
    assert refused.headers["WWW-Authenticate"].startswith("Basic ")
    if method == "client_secret_basic":  # without client_id in the form
        right = await program.server.post("/token", data=fields, headers=FORM | {"Authorization": f"Basic {shown}"})
    else:
        right = await program.exchange(code, client_secret=program.secret)
    assert right.status_code == 200, right.text


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b'{"grant_type": "refresh_token"}', {"Content-Type": "application/json"}, 400),
        (b"--x\r\nbroken", {"Content-Type": "multipart/form-data; boundary=x"}, 400),
        (b"grant_type=a&grant_type=b", FORM, 400),
        (b"&".join(b"a=b" for _ in range(200)), FORM, 400),
        (b"a=" + b"b" * 100_000, FORM, 413),
        (b"client_id=%ff%fe&grant_type=a", FORM, 401),
        (b"client_id=a%00b&grant_type=a", FORM, 400),
        (b"", FORM, 401),
        (b"", FORM | {"Authorization": "Basic ???"}, 401),
    ],
)
async def test_whatever_arrives_is_answered_in_json(
    server: httpx2.AsyncClient, body: bytes, headers: dict[str, str], status: int
) -> None:
    assert told(await server.post("/token", content=body, headers=headers))[0] == status


async def test_the_database_in_trouble_is_told_in_json(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    async def locked(*_: object) -> None:
        raise StoreError("The database is locked.")

    token = (await program.tokens())["refresh_token"]
    monkeypatch.setattr(StoredGrantTokens, "refresh", locked)
    answer = await program.refresh(token)
    assert told(answer) == (503, "temporarily_unavailable")
    assert answer.headers["Retry-After"] == "5"

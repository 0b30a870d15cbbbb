"""The page on which a person connects a client."""

import re
from typing import Any

import httpx2
import pytest

from flodesk_mcp.sandbox import Sandbox
from flodesk_mcp.settings import load_settings
from flodesk_mcp.store import Store
from flodesk_mcp.web.settings import HostedSettings

from ..calls import Hosted, segments_of, tools_of
from .conftest import PassTime
from .person import CALLBACK, Page, Person
from .program import PUBLIC_URL, Program, bearer
from .published import AGENT, AGENT_CALLBACK

pytestmark = pytest.mark.anyio

WRITING = "create_a_flodesk_segment"


async def test_it_says_who_asks_and_where_the_answer_goes(program: Program) -> None:
    await program.register(client_name="Claude", redirect_uris=["https://claude.ai/api/mcp/auth_callback"])
    page = await Person(program.server).open(
        program.authorization(redirect_uri="https://claude.ai/api/mcp/auth_callback")
    )
    text = Page(page.text).text
    assert "Connect Claude to Flodesk" in text
    assert re.search(r"Your answer goes to\s*claude\.ai\s", text)


@pytest.mark.parametrize(
    ("redirect_uri", "place", "target"),
    [
        (CALLBACK, "a program on this computer (127.0.0.1:5555)", "http://127.0.0.1:5555"),
        ("http://[::1]:7/callback", "a program on this computer ([::1]:7)", "http:"),
        ("cursor://anysphere/callback", "an app on this device (cursor:)", "cursor:"),
        ("https://agent.example.com:444/x", "agent.example.com:444", "https://agent.example.com:444"),
    ],
)
async def test_the_browser_is_told_where_the_form_may_lead(
    program: Program, redirect_uri: str, place: str, target: str
) -> None:
    await program.register(redirect_uris=[redirect_uri])
    page = await Person(program.server).open(program.authorization(redirect_uri=redirect_uri))
    assert place in Page(page.text).text
    assert f"form-action 'self' {target};" in page.headers["Content-Security-Policy"]


async def test_nobody_frames_it_and_nothing_else_runs_in_it(program: Program) -> None:
    page = await Person(program.server).open(program.authorization())
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert "<script" not in page.text
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "Claude\u202emoc.live", "A\nB", "", "x" * 500, '"><b>'])
async def test_a_name_is_never_more_than_a_name(program: Program, name: str) -> None:
    await program.register(client_name=name)
    page = await Person(program.server).open(program.authorization())
    assert "<script" not in page.text
    assert "<b>" not in page.text
    assert "\u202e" not in page.text
    assert "x" * 101 not in page.text


async def test_reading_alone_can_be_chosen(program: Program) -> None:
    tokens = await program.tokens(Person(program.server, access="read"))
    assert tokens["scope"] == "flodesk:read"
    assert WRITING not in await tools_of(program.server, bearer(tokens))


async def test_toolsets_and_masking_can_be_chosen(program: Program) -> None:
    person = Person(program.server, toolset=["segments", "subscribers"], masked="1")
    headers = bearer(await program.tokens(person))
    tools = await tools_of(program.server, headers)
    assert WRITING in tools
    assert not [name for name in tools if "webhook" in name]
    answer = await program.server.post(
        "/mcp",
        headers=headers,
        json={
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": "create_a_flodesk_subscriber", "arguments": {"email": "zoe@example.com"}},
        },
    )
    assert "z***@e***.com" in answer.text
    assert "zoe@example.com" not in answer.text


async def test_a_client_that_asks_for_reading_is_offered_nothing_else(program: Program) -> None:
    page = await Person(program.server).open(program.authorization(scope="flodesk:read"))
    assert 'value="write"' not in page.text
    tokens = await program.tokens(Person(program.server, access="write"), scope="flodesk:read")
    assert tokens["scope"] == "flodesk:read"


async def test_what_the_operator_does_not_offer_cannot_be_chosen(hosted: Hosted, encryption_key: str) -> None:
    async with hosted(auth="sign-in", public_url=PUBLIC_URL, toolsets="segments", read_only=True) as server:
        program = Program(server)
        await program.register()
        page = await Person(server).open(program.authorization())
        assert 'value="write"' not in page.text
        assert 'value="webhooks"' not in page.text
        person = Person(server, toolset=["segments", "webhooks", "nonsense"], access="write")
        tools = await tools_of(server, bearer(await program.tokens(person)))
        assert tools
        assert all("segment" in name for name in tools)


async def test_something_must_be_chosen(program: Program) -> None:
    person = Person(program.server)
    page = await person.open(program.authorization())
    answer = await person.submit(page, way="key", key="key-ann", toolset=[])
    assert answer.status_code == 400
    assert "at least one part" in answer.text


async def test_a_person_may_say_no(program: Program) -> None:
    person = Person(program.server)
    page = await person.open(program.authorization())
    answer = await person.submit(page, way="cancel", key=None)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{CALLBACK}?error=access_denied&")
    assert "state=state-1" in answer.headers["location"]
    assert (await person.submit(page, way="key", key="key-ann")).status_code == 410


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("key-nobody", "Flodesk does not accept this key"),
        ("two words", "no Flodesk API key"),
        (None, "Enter your Flodesk API key"),
    ],
)
async def test_a_wrong_key_is_told_and_what_was_chosen_stays(program: Program, key: str | None, words: str) -> None:
    person = Person(program.server)
    page = await person.open(program.authorization())
    answer = await person.submit(page, way="key", key=key, access="read", toolset=["segments"], masked="1")
    assert answer.status_code == 400
    assert words in answer.text
    assert 'role="alert"' in answer.text
    assert "key-nobody" not in answer.text
    fields = Page(answer.text).forms[0].fields
    assert ("access", "read") in fields
    assert ("masked", "1") in fields
    assert [value for name, value in fields if name == "toolset"] == ["segments"]
    assert (await person.submit(answer, way="key", key="key-ann")).status_code == 303


async def test_keys_are_guessed_ten_times_a_minute(program: Program, flodesk: Sandbox, pass_time: PassTime) -> None:
    person = Person(program.server)
    page = await person.open(program.authorization())
    statuses = [(await person.submit(page, way="key", key=f"guess-{number}")).status_code for number in range(12)]
    assert statuses == [400] * 10 + [429] * 2
    assert len(flodesk.requests) == 10
    right = await person.submit(page, way="key", key="key-ann")  # nobody learns that it would be right
    assert right.status_code == 429
    assert right.headers["Retry-After"] == "60"
    assert "Wait a minute" in right.text
    await pass_time(60)
    assert (await person.submit(page, way="key", key="key-ann")).status_code == 303


async def test_right_keys_are_no_guesses(program: Program) -> None:
    for _ in range(12):
        await program.code()


async def test_whom_a_trusted_proxy_names_is_who_guesses(program: Program) -> None:
    """The address is that of the connection, which the server has set from what a trusted proxy says."""
    person = Person(program.server)
    page = await person.open(program.authorization())
    for number in range(11):
        answer = await person.submit(page, way="key", key=f"guess-{number}")
    assert answer.status_code == 429
    elsewhere = httpx2.ASGITransport(program.server._transport.app, client=("198.51.100.7", 1))  # type: ignore[attr-defined]
    async with httpx2.AsyncClient(transport=elsewhere, base_url=PUBLIC_URL, cookies=person.browser.cookies) as browser:
        assert (await Person(browser).submit(page, way="key", key="key-ann")).status_code == 303


async def test_a_forged_form_does_nothing(program: Program) -> None:
    person = Person(program.server)
    page = await person.open(program.authorization())
    other_page = await person.open(program.authorization())
    stolen = dict(Page(other_page.text).forms[0].fields)["csrf"]
    for forged in (None, "x", "0" * 64, stolen):
        answer = await person.submit(page, way="key", key="key-ann", csrf=forged)
        assert answer.status_code == 403
        assert "location" not in answer.headers
    async with httpx2.AsyncClient(transport=program.server._transport, base_url=PUBLIC_URL) as another_browser:
        assert (await Person(another_browser).submit(page, way="key", key="key-ann")).status_code == 403
    assert (await person.submit(page, way="key", key="key-ann")).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example.com"},
        {"Origin": "null"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_form_from_another_page_is_turned_away(program: Program, headers: dict[str, str]) -> None:
    page = await Person(program.server).open(program.authorization())
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    content = Page(page.text).forms[0].filled(way="key", key="key-ann")
    answer = await program.server.post(str(page.url), content=content, headers=form | headers)
    assert answer.status_code == 403


async def test_a_page_ends_after_ten_minutes(program: Program, pass_time: PassTime) -> None:
    person = Person(program.server)
    page = await person.open(program.authorization())
    await pass_time(601)
    assert (await program.server.get(str(page.url))).status_code == 410
    answer = await person.submit(page, way="key", key="key-ann")
    assert answer.status_code == 410
    assert "start again" in answer.text


async def test_a_double_click_gets_the_same_code_and_a_later_one_none(program: Program) -> None:
    person = Person(program.server)
    page = await person.open(program.authorization())
    first = await person.submit(page, way="key", key="key-ann")
    second = await person.submit(page, way="key", key="key-ann")
    assert first.headers["location"] == second.headers["location"]
    code = httpx2.URL(first.headers["location"]).params["code"]
    assert (await program.exchange(code)).status_code == 200
    assert (await person.submit(page, way="key", key="key-ann")).status_code == 410


async def test_who_connects_a_second_client_finds_the_same_account(program: Program) -> None:
    other = Program(program.server)
    other.client_id = AGENT
    first, second = await program.tokens(), await other.code(redirect_uri=AGENT_CALLBACK)
    ben = await program.tokens(Person(program.server, key="key-ben"))
    tokens = (await other.exchange(second, redirect_uri=AGENT_CALLBACK)).json()
    for shown, friends in ((first, "ann"), (tokens, "ann"), (ben, "ben")):
        assert await segments_of(program.server, bearer(shown)) == [f"Friends of {friends}"]
    settings = load_settings(HostedSettings)
    async with Store(settings.database_address, settings.encryption_keys) as store:
        assert len(await store.accounts.list()) == 2
        assert len({grant.account for grant in await store.grants.list()}) == 2


async def test_the_key_is_in_no_address_and_no_log(
    program: Program, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    person = Person(program.server)
    tokens = await program.tokens(person)
    await segments_of(program.server, bearer(tokens))
    assert "key-ann" not in person.sent_to
    said = caplog.text + "".join(capsys.readouterr())
    for secret in ("key-ann", tokens["access_token"], tokens["refresh_token"], person.answer["code"]):
        assert secret not in said


async def test_the_database_holds_hashes_and_sealed_keys_alone(program: Program, tmp_path: Any) -> None:
    await program.register(token_endpoint_auth_method="client_secret_post")
    person = Person(program.server)
    code = await program.code(person)
    tokens = (await program.exchange(code, client_secret=program.secret)).json()
    content = b"".join(path.read_bytes() for path in tmp_path.glob("state.sqlite3*"))
    assert program.client_id.encode() in content
    for secret in ("key-ann", code, tokens["access_token"], tokens["refresh_token"], str(program.secret)):
        assert secret.encode() not in content

"""Continue with Flodesk: the person logs in there, and the account is found again by who they are."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from flodesk_mcp.sandbox import SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET, Fault, Sandbox

from ..calls import Hosted, segments_of
from .person import CALLBACK, Page, Person
from .program import FORM, PUBLIC_URL, Program, bearer

pytestmark = pytest.mark.anyio


@pytest.fixture
async def server(
    hosted: Hosted, encryption_key: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx2.AsyncClient]:
    monkeypatch.setenv("FLODESK_CLIENT_SECRET", SANDBOX_CLIENT_SECRET)
    async with hosted(auth="sign-in", public_url=PUBLIC_URL, client_id=SANDBOX_CLIENT_ID) as client:
        yield client


async def at_flodesk(flodesk: Sandbox, url: str, answer: str = "allow", account: int = 0) -> str:
    """Log in and answer at Flodesk's own page; return where it sends the browser."""
    async with httpx2.AsyncClient(transport=flodesk.transport()) as browser:
        page = await browser.get(url)
        assert page.status_code == 200, page.text
        accounts = [part.split('"')[0] for part in page.text.split('name="account" value="')[1:]]
        form = {"answer": answer, "account": accounts[account]}
        return (await browser.post(url, data=form, headers=FORM)).headers["location"]


async def connected(program: Program, flodesk: Sandbox, account: int = 0, **choices: Any) -> httpx2.Response:
    person = Person(program.server)
    page = await person.open(program.authorization())
    leaving = await person.submit(page, way="flodesk", **choices)
    assert leaving.status_code == 303
    return await program.server.get(await at_flodesk(flodesk, leaving.headers["location"], account=account))


async def tokens_of(program: Program, back: httpx2.Response) -> dict[str, str]:
    assert back.status_code == 303, back.text
    answer = await program.exchange(httpx2.URL(back.headers["location"]).params["code"])
    tokens: dict[str, str] = answer.json()
    return tokens


async def test_a_person_connects_without_a_key(program: Program, flodesk: Sandbox) -> None:
    tokens = await tokens_of(program, await connected(program, flodesk, access="read"))
    assert tokens["scope"] == "flodesk:read"
    assert await segments_of(program.server, bearer(tokens)) == ["Friends of ann"]


async def test_the_same_person_gets_the_same_account_and_another_does_not(program: Program, flodesk: Sandbox) -> None:
    first = await tokens_of(program, await connected(program, flodesk))
    second = await tokens_of(program, await connected(program, flodesk))
    other = await tokens_of(program, await connected(program, flodesk, account=1))
    assert await segments_of(program.server, bearer(first)) == ["Friends of ann"]
    assert await segments_of(program.server, bearer(second)) == ["Friends of ann"]
    assert await segments_of(program.server, bearer(other)) == ["Friends of ben"]
    page = await Person(program.server).open("/connected")
    leaving = await Person(program.server).submit(page, way="flodesk")
    back = await program.server.get(await at_flodesk(flodesk, leaving.headers["location"]))
    listed = await Person(program.server).open(back.headers["location"])
    assert listed.text.count("Cut off") == 2


async def test_the_page_lets_the_browser_go_to_flodesk(program: Program) -> None:
    page = await Person(program.server).open(program.authorization())
    assert "Continue with Flodesk" in page.text
    assert (
        "form-action 'self' http://127.0.0.1:5555 https://api.flodesk.com;" in page.headers["Content-Security-Policy"]
    )


async def test_a_key_that_was_typed_counts_whatever_button_the_browser_takes(program: Program) -> None:
    person = Person(program.server)
    page = await person.open(program.authorization())
    answer = await person.submit(page, way="flodesk", key="key-ann")  # Enter in the field presses the first one
    assert answer.headers["location"].startswith(f"{CALLBACK}?code=")


async def test_a_no_at_flodesk_leads_back_to_the_page(program: Program, flodesk: Sandbox) -> None:
    person = Person(program.server)
    page = await person.open(program.authorization())
    leaving = await person.submit(page, way="flodesk", access="read", toolset=["segments"])
    back = await program.server.get(await at_flodesk(flodesk, leaving.headers["location"], answer="deny"))
    assert back.status_code == 400
    assert "Flodesk did not allow it" in back.text
    assert ("access", "read") in Page(back.text).forms[0].fields
    assert (await person.submit(back, way="key", key="key-ann")).status_code == 303


async def test_flodesk_in_trouble_is_told(program: Program, flodesk: Sandbox) -> None:
    person = Person(program.server)
    page = await person.open(program.authorization())
    leaving = await person.submit(page, way="flodesk")
    location = await at_flodesk(flodesk, leaving.headers["location"])
    flodesk.fail(Fault("status", status=500, times=10))
    back = await program.server.get(location)
    assert back.status_code == 502
    assert "Flodesk did not answer as it should" in back.text


async def test_nobody_comes_back_who_was_not_sent(program: Program, flodesk: Sandbox) -> None:
    person = Person(program.server)
    page = await person.open(program.authorization())
    leaving = await person.submit(page, way="flodesk")
    location = await at_flodesk(flodesk, leaving.headers["location"])
    state = httpx2.URL(location).params["state"]
    for forged in ("", "x", state[:-1] + ("0" if state[-1] != "0" else "1"), f"connected.{state.rpartition('.')[2]}"):
        answer = await program.server.get("/connect/flodesk", params={"code": "x", "state": forged})
        assert answer.status_code == 403
    async with httpx2.AsyncClient(transport=program.server._transport, base_url=PUBLIC_URL) as another_browser:
        assert (await another_browser.get(location)).status_code == 403
    assert (await program.server.get(location)).status_code == 303


async def test_a_login_that_connected_nothing_shows_nothing_and_stores_nothing(
    program: Program, flodesk: Sandbox
) -> None:
    person = Person(program.server)
    leaving = await person.submit(await person.open("/connected"), way="flodesk")
    assert urlsplit(leaving.headers["location"]).netloc == "api.flodesk.com"
    back = await program.server.get(await at_flodesk(flodesk, leaving.headers["location"]))
    assert back.status_code == 400
    assert "Nothing is connected with that" in back.text

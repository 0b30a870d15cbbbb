"""Flodesk's OAuth, as the sandbox plays it."""

import base64
import hashlib
from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, urlsplit

import anyio
import httpx2
import pytest

from flodesk_mcp.sandbox import (
    SANDBOX_ACCESS_TOKEN,
    SANDBOX_CLIENT_ID,
    SANDBOX_CLIENT_SECRET,
    Account,
    Fault,
    Sandbox,
    sample_account,
)
from flodesk_mcp.sandbox.account import Profile

pytestmark = pytest.mark.anyio

BACK = "https://mcp.example.com/back?from=flodesk"
ASKED = {"client_id": SANDBOX_CLIENT_ID, "redirect_uri": BACK, "response_type": "code", "state": "s1"}
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
async def browser(sandbox: Sandbox) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(transport=sandbox.transport(), base_url="https://api.flodesk.com/oauth2") as client:
        yield client


@pytest.fixture
async def app(sandbox: Sandbox) -> AsyncIterator[httpx2.AsyncClient]:
    """The client that asks for access."""
    async with httpx2.AsyncClient(
        transport=sandbox.transport(),
        base_url="https://api.flodesk.com/oauth2",
        auth=(SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET),
    ) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def tokens(app: httpx2.AsyncClient, **form: str) -> httpx2.Response:
    return await app.post("/token", data=form)


async def signed_in(app: httpx2.AsyncClient, sandbox: Sandbox) -> dict[str, str]:
    answer = await tokens(app, grant_type="authorization_code", code=sandbox.grant(BACK), redirect_uri=BACK)
    assert answer.status_code == 200
    pair: dict[str, str] = answer.json()
    return pair


async def refreshed(app: httpx2.AsyncClient, token: str) -> httpx2.Response:
    return await tokens(app, grant_type="refresh_token", refresh_token=token)


async def test_the_owner_allows_it_and_the_browser_goes_back_with_a_code(
    browser: httpx2.AsyncClient, app: httpx2.AsyncClient
) -> None:
    page = await browser.get("/authorize", params=ASKED)
    assert "mcp.example.com" in page.text
    allowed = await browser.post("/authorize", params=ASKED, data={"answer": "allow"})
    back = urlsplit(allowed.headers["location"])
    came = dict(parse_qsl(back.query))
    assert (allowed.status_code, back.netloc, back.path) == (302, "mcp.example.com", "/back")
    assert (came["from"], came["state"]) == ("flodesk", "s1")
    answer = await tokens(app, grant_type="authorization_code", code=came["code"], redirect_uri=BACK)
    assert answer.headers["cache-control"] == "no-store"
    pair = answer.json()
    assert (pair["token_type"], pair["expires_in"], pair["scopes"]) == ("Bearer", 86400, "all")
    who = await browser.get("/userinfo", headers=bearer(pair["access_token"]))
    assert who.json()["email"] == "rowan@example.com"


async def test_the_owner_may_say_no(browser: httpx2.AsyncClient) -> None:
    denied = await browser.post("/authorize", params=ASKED, data={"answer": "deny"})
    assert denied.headers["location"] == f"{BACK}&error=access_denied&state=s1"


@pytest.mark.parametrize("wrong", [{"client_id": "another"}, {"redirect_uri": "nowhere"}])
async def test_nobody_is_sent_away_for_an_unknown_client_or_to_nowhere(
    browser: httpx2.AsyncClient, wrong: dict[str, str]
) -> None:
    assert (await browser.get("/authorize", params=ASKED | wrong)).status_code == 400


async def test_of_several_accounts_the_owner_chooses_one() -> None:
    other = Account(profile=Profile(id="other", full_name="<b>Other</b>"))
    sandbox = Sandbox({"one": sample_account(), "two": other})
    async with httpx2.AsyncClient(transport=sandbox.transport(), base_url="https://api.flodesk.com/oauth2") as browser:
        assert "&lt;b&gt;Other&lt;/b&gt;" in (await browser.get("/authorize", params=ASKED)).text
        allowed = await browser.post("/authorize", params=ASKED, data={"answer": "allow", "account": "other"})
        unknown = await browser.post("/authorize", params=ASKED, data={"answer": "allow", "account": "nobody"})
        code = dict(parse_qsl(urlsplit(allowed.headers["location"]).query))["code"]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
        pair = await browser.post("/token", data=form, auth=(SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET))
        who = await browser.get("/userinfo", headers=bearer(pair.json()["access_token"]))
    assert (who.json()["id"], unknown.status_code) == ("other", 400)


async def test_a_code_works_once(app: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    form = {"grant_type": "authorization_code", "code": sandbox.grant(BACK), "redirect_uri": BACK}
    assert (await tokens(app, **form)).status_code == 200
    again = await tokens(app, **form)
    assert (again.status_code, again.json()) == (400, {"error": "invalid_grant"})


async def test_a_code_is_for_its_redirect_and_for_half_an_hour(app: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    elsewhere = {
        "grant_type": "authorization_code",
        "code": sandbox.grant(BACK),
        "redirect_uri": "https://else.example",
    }
    assert (await tokens(app, **elsewhere)).status_code == 400
    late = {"grant_type": "authorization_code", "code": sandbox.grant(BACK), "redirect_uri": BACK}
    await anyio.sleep(1800)
    assert (await tokens(app, **late)).status_code == 400


@pytest.mark.parametrize(("verifier", "status"), [(VERIFIER, 200), ("w" * 43, 400), ("", 400)])
async def test_who_sends_a_challenge_must_show_its_verifier(
    browser: httpx2.AsyncClient, app: httpx2.AsyncClient, verifier: str, status: int
) -> None:
    asked = ASKED | {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    allowed = await browser.post("/authorize", params=asked, data={"answer": "allow"})
    code = dict(parse_qsl(urlsplit(allowed.headers["location"]).query))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": verifier}
    assert (await tokens(app, **form)).status_code == status


async def test_a_refresh_token_works_once_and_kills_its_pair(app: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    first = await signed_in(app, sandbox)
    second = (await refreshed(app, first["refresh_token"])).json()
    assert first.keys() == second.keys()
    again = await refreshed(app, first["refresh_token"])
    old = await app.get("/userinfo", headers=bearer(first["access_token"]), auth=httpx2.Auth())
    new = await app.get("/userinfo", headers=bearer(second["access_token"]), auth=httpx2.Auth())
    assert (again.status_code, old.status_code, new.status_code) == (400, 401, 200)


async def test_an_access_token_lives_a_day_and_its_refresh_token_longer(
    app: httpx2.AsyncClient, browser: httpx2.AsyncClient, sandbox: Sandbox
) -> None:
    pair = await signed_in(app, sandbox)
    await anyio.sleep(86_399)
    assert (await browser.get("/userinfo", headers=bearer(pair["access_token"]))).status_code == 200
    await anyio.sleep(1)
    assert (await browser.get("/userinfo", headers=bearer(pair["access_token"]))).status_code == 401
    assert (await refreshed(app, pair["refresh_token"])).status_code == 200


async def test_tokens_end_on_request_and_those_that_were_given_otherwise_do_not(
    app: httpx2.AsyncClient, browser: httpx2.AsyncClient, sandbox: Sandbox
) -> None:
    pair = await signed_in(app, sandbox)
    assert (await browser.post("https://api.flodesk.com/_sandbox/expire-tokens")).status_code == 204
    assert (await browser.get("/userinfo", headers=bearer(pair["access_token"]))).status_code == 401
    assert (await browser.get("/userinfo", headers=bearer(SANDBOX_ACCESS_TOKEN))).status_code == 200


async def test_a_lost_answer_to_a_refresh_has_done_its_work(app: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    pair = await signed_in(app, sandbox)
    sandbox.fail(Fault("drop_after", path="/oauth2/token"))
    with pytest.raises(httpx2.RemoteProtocolError):
        await refreshed(app, pair["refresh_token"])
    assert (await refreshed(app, pair["refresh_token"])).status_code == 400


async def test_a_client_with_another_secret_gets_nothing(browser: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    form = {"grant_type": "authorization_code", "code": sandbox.grant(BACK), "redirect_uri": BACK}
    wrong = await browser.post("/token", data=form, auth=(SANDBOX_CLIENT_ID, "guessed"))
    nobody = await browser.post("/token", data=form)
    assert (wrong.status_code, nobody.status_code) == (401, 401)
    assert wrong.json() == {"error": "invalid_client"}


async def test_another_grant_is_none(app: httpx2.AsyncClient) -> None:
    assert (await tokens(app, grant_type="password")).json() == {"error": "unsupported_grant_type"}


async def test_no_token_is_recorded_and_a_reset_forgets_them(
    app: httpx2.AsyncClient, browser: httpx2.AsyncClient, sandbox: Sandbox
) -> None:
    pair = await signed_in(app, sandbox)
    await refreshed(app, pair["refresh_token"])
    assert pair["refresh_token"] not in repr(sandbox.requests)
    assert SANDBOX_CLIENT_SECRET not in repr(sandbox.requests)
    pair = await signed_in(app, sandbox)
    sandbox.reset()
    assert (await browser.get("/userinfo", headers=bearer(pair["access_token"]))).status_code == 401
    assert (await refreshed(app, pair["refresh_token"])).status_code == 400

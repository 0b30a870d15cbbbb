"""Masked personal data on a hosted server: by the operator, a token or a request, whichever says so."""

from collections.abc import Mapping
from datetime import UTC, datetime

import httpx2
import pytest

from flodesk_mcp.sandbox import Sandbox, sample_account
from flodesk_mcp.sandbox.account import Subscriber
from flodesk_mcp.store import StoredAccounts, StoredTokens, TokenLimits
from flodesk_mcp.surface.resources import RESOURCES
from tools import canaries
from tools.agent import JASPER
from tools.examples import EXAMPLES
from tools.examples_beyond_default import BEYOND_DEFAULT

from .calls import ANN, Hosted, call, result_of

pytestmark = pytest.mark.anyio

State = tuple[StoredAccounts, StoredTokens]
ADDRESS = "zephyrine.quackenbush@canarybird.example"
GET = call("get_single_flodesk_subscriber_by_id", id_or_email=ADDRESS)


@pytest.fixture
def flodesk(flodesk: Sandbox) -> Sandbox:
    flodesk.accounts["key-ann"].subscribers["a"] = Subscriber(
        "a",
        ADDRESS,
        datetime(2026, 1, 1, tzinfo=UTC),
        first_name="Zephyrine",
        last_name="Quackenbush",
        optin_ip="203.0.113.77",
        custom_fields={"venue": "Marzipan"},
    )
    return flodesk


async def is_masked(client: httpx2.AsyncClient, headers: Mapping[str, str], path: str = "/mcp") -> bool:
    """Ask for the one person, and tell whether all of it is masked or all of it shown."""
    answer = await client.post(path, json=GET, headers=headers)
    person = result_of(answer)["structuredContent"]
    assert person["id"] == "a"
    hidden: list[bool] = [
        text not in answer.text for text in ("Zephyrine", "Quackenbush", "canarybird", "203.0.113.77")
    ]
    assert len(set(hidden)) == 1
    assert (person["email"] == "z***@c***.example") == hidden[0]
    return hidden[0]


async def test_a_request_can_mask_and_not_unmask(hosted: Hosted) -> None:
    masked, shown = {"X-Flodesk-Personal-Data": "masked"}, {"X-Flodesk-Personal-Data": "Shown"}
    async with hosted(auth="headers") as client:
        assert not await is_masked(client, ANN)
        assert not await is_masked(client, ANN | shown)
        assert await is_masked(client, ANN | masked)
        assert await is_masked(client, ANN, "/mcp?personal_data=masked")
        assert await is_masked(client, ANN | shown, "/mcp/readonly?personal_data=masked")
        assert await is_masked(client, ANN | masked, "/mcp?personal_data=shown")
        assert await is_masked(client, ANN, "/mcp?personal_data=masked&personal_data=shown")
    async with hosted(auth="headers", personal_data="masked") as client:
        assert await is_masked(client, ANN)
        assert await is_masked(client, ANN | shown, "/mcp?personal_data=shown")


@pytest.mark.parametrize("value", ["", "mask", "0", "masked,shown"])
async def test_a_value_that_is_neither_is_refused(hosted: Hosted, value: str) -> None:
    async with hosted(auth="headers") as client:
        by_header = await client.post("/mcp", json=GET, headers=ANN | {"X-Flodesk-Personal-Data": value})
        by_url = await client.post("/mcp", params={"personal_data": value}, json=GET, headers=ANN)
    for answer in (by_header, by_url):
        assert (answer.status_code, answer.json()["error_description"]) == (400, "personal_data is shown or masked.")


async def test_a_token_can_mask_and_a_request_cannot_unmask_it(hosted: Hosted, state: State) -> None:
    tokens = {}
    for limits in (TokenLimits(), TokenLimits(personal_data="masked")):
        token = await state[1].create(limits.personal_data, "ann", limits)
        tokens[limits.personal_data] = {"Authorization": f"Bearer {token}"}
    async with hosted(auth="tokens") as client:
        for path in ("/mcp", "/mcp?personal_data=shown"):
            assert not await is_masked(client, tokens["shown"], path)
            assert await is_masked(client, tokens["masked"], path)
        assert await is_masked(client, tokens["shown"], "/mcp?personal_data=masked")


async def test_errors_are_masked_as_well(hosted: Hosted) -> None:
    nobody = call("get_single_flodesk_subscriber_by_id", id_or_email=f"not.{ADDRESS}")
    wrong = call("create_a_flodesk_subscriber", email=ADDRESS, segment_ids=[ADDRESS])
    unread = {"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": {"uri": f"flodesk://{ADDRESS}"}}
    async with hosted(auth="headers") as client:
        for request in (nobody, wrong, unread):
            answer = await client.post("/mcp?personal_data=masked", json=request, headers=ANN)
            assert answer.status_code in {200, 400}
            assert "rror" in answer.text
            assert "canarybird" not in answer.text


@pytest.mark.parametrize("by", ["request", "token", "operator"])
async def test_whoever_says_so_nothing_that_is_answered_shows_who_somebody_is(
    hosted: Hosted, flodesk: Sandbox, state: State, by: str
) -> None:
    account = flodesk.accounts["key-ann"] = sample_account()
    canaries.mark(account)
    limits = TokenLimits(personal_data="masked") if by == "token" else TokenLimits()
    token = await state[1].create("agent", "ann", limits)
    headers = {"Authorization": f"Bearer {token}"}
    path = "/mcp?personal_data=masked" if by == "request" else "/mcp"
    requests = [call(example.tool, **example.arguments) for example in (*EXAMPLES, *BEYOND_DEFAULT)]
    requests += [
        {"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": {"uri": uri}}
        for uri in (*(spec.uri for spec in RESOURCES), f"flodesk://subscribers/{JASPER.id}")
    ]
    requests.append(call("get_single_flodesk_subscriber_by_id", id_or_email=canaries.ADDRESS))
    operator = "masked" if by == "operator" else "shown"
    async with hosted(auth="tokens", toolsets="all", personal_data=operator) as client:
        for request in requests:
            answer = await client.post(path, json=request, headers=headers)
            assert answer.status_code == 200
            assert not canaries.found_in(answer.text), request


@pytest.mark.parametrize(
    "header",
    ["X_Flodesk_Api_Key", "X-Flodesk_Api-Key", "X_Flodesk_Read_Only", "x_flodesk_personal_data", "X_FLODESK_X"],
)
@pytest.mark.parametrize("proof", [ANN, {}], ids=["with a key", "without"])
async def test_a_header_of_ours_with_an_underscore_is_refused_and_not_ignored(
    hosted: Hosted, header: str, proof: dict[str, str]
) -> None:
    async with hosted(auth="headers") as client:
        answer = await client.post("/mcp", json=GET, headers=proof | {header: "1"})
    assert answer.status_code == 400
    assert "with hyphens" in answer.json()["error_description"]


async def test_a_header_of_somebody_elses_may_have_underscores(hosted: Hosted) -> None:
    async with hosted(auth="headers") as client:
        assert not await is_masked(client, ANN | {"X_Request_Start": "1", "CF_Ray": "2"})

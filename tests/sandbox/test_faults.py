import json
from typing import Literal

import anyio
import httpx2
import pytest

from flodesk_mcp.sandbox import Account, Fault, Sandbox
from flodesk_mcp.sandbox.faults import FaultKind

pytestmark = pytest.mark.anyio

JANE = {"email": "jane@example.com"}


async def test_a_status_comes_in_the_envelope_and_nothing_is_done(
    client: httpx2.AsyncClient, sandbox: Sandbox, account: Account
) -> None:
    sandbox.fail(Fault("status", status=503, retry_after=7))
    answer = await client.post("/subscribers", json=JANE)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert answer.json()["code"] == "service_unavailable"
    assert answer.headers["X-Fd-RateLimit-Remaining"] == "99"
    assert account.find_subscriber("jane@example.com") is None
    assert sandbox.requests[0].status == 503


async def test_a_status_may_come_with_another_body(client: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    sandbox.fail(Fault("status", body=""))
    answer = await client.get("/segments")
    assert (answer.status_code, answer.content) == (500, b"")


async def test_a_redirect_leads_elsewhere(client: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    sandbox.fail(Fault("status", status=307))
    answer = await client.get("/segments")
    assert (answer.status_code, answer.headers["Location"]) == (307, "https://elsewhere.example.com/")


async def test_html_comes_from_a_proxy(client: httpx2.AsyncClient, sandbox: Sandbox, account: Account) -> None:
    sandbox.fail(Fault("html"))
    answer = await client.post("/subscribers", json=JANE)
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html; charset=utf-8")
    assert "<h1>Bad Gateway</h1>" in answer.text
    assert account.find_subscriber("jane@example.com") is None


async def test_a_refused_connection_leaves_no_record(
    client: httpx2.AsyncClient, sandbox: Sandbox, account: Account
) -> None:
    sandbox.fail(Fault("refuse"))
    with pytest.raises(httpx2.ConnectError):
        await client.post("/subscribers", json=JANE)
    assert not sandbox.requests
    assert account.find_subscriber("jane@example.com") is None


@pytest.mark.parametrize(("kind", "done"), [("drop_before", False), ("drop_after", True)])
async def test_a_connection_breaks_before_or_after_the_work(
    client: httpx2.AsyncClient,
    sandbox: Sandbox,
    account: Account,
    kind: Literal["drop_before", "drop_after"],
    done: bool,
) -> None:
    sandbox.fail(Fault(kind))
    with pytest.raises(httpx2.RemoteProtocolError):
        await client.post("/subscribers", json=JANE)
    assert (account.find_subscriber("jane@example.com") is not None) == done
    assert [recorded.status for recorded in sandbox.requests] == [None]


@pytest.mark.parametrize(("kind", "done"), [("hang", False), ("hang_after", True)])
async def test_a_hanging_request_ends_with_the_callers_timeout(
    client: httpx2.AsyncClient, sandbox: Sandbox, account: Account, kind: FaultKind, done: bool
) -> None:
    sandbox.fail(Fault(kind))
    begun = anyio.current_time()
    with pytest.raises(httpx2.ReadTimeout):
        await client.post("/subscribers", json=JANE, timeout=30)
    assert anyio.current_time() == begun + 30
    assert sandbox.requests[0].status is None
    assert (account.find_subscriber("jane@example.com") is not None) == done


async def test_a_hanging_request_can_be_cancelled(client: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    sandbox.fail(Fault("hang"))
    with anyio.move_on_after(1) as waiting:
        await client.get("/segments", timeout=None)
    assert waiting.cancelled_caught


async def test_malformed_json_comes_after_the_work(
    client: httpx2.AsyncClient, sandbox: Sandbox, account: Account
) -> None:
    sandbox.fail(Fault("malformed"))
    answer = await client.post("/subscribers", json=JANE)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert account.find_subscriber("jane@example.com") is not None


async def test_a_reader_of_a_huge_answer_can_stop_halfway(
    client: httpx2.AsyncClient, sandbox: Sandbox, account: Account
) -> None:
    sandbox.fail(Fault("huge"))
    async with client.stream("POST", "/subscribers", json=JANE) as answer:
        async for _ in answer.aiter_raw():
            if answer.num_bytes_downloaded >= 3 * 2**20:
                break
    assert (answer.status_code, answer.num_bytes_downloaded) == (200, 3 * 2**20)
    assert account.find_subscriber("jane@example.com") is not None


async def test_a_huge_answer_has_more_than_ten_mebibytes(client: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    sandbox.fail(Fault("huge"))
    assert len((await client.get("/segments")).content) > 10 * 2**20


async def test_faults_strike_in_order_and_as_often_as_asked(client: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    sandbox.fail(Fault("status", status=500, times=2))
    sandbox.fail(Fault("status", status=503))
    statuses = [(await client.get("/segments")).status_code for _ in range(4)]
    assert statuses == [500, 500, 503, 200]


async def test_a_refusal_waits_for_its_turn(client: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    sandbox.fail(Fault("status", status=503))
    sandbox.fail(Fault("refuse"))
    assert (await client.get("/segments")).status_code == 503
    with pytest.raises(httpx2.ConnectError):
        await client.get("/segments")


async def test_a_fault_waits_for_its_method_and_path(client: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    sandbox.fail(Fault("status", method="POST"))
    sandbox.fail(Fault("status", status=502, path="/subscribers/"))
    assert (await client.get("/subscribers")).status_code == 200
    assert (await client.get("/subscribers/nobody")).status_code == 502
    assert (await client.post("/subscribers", json=JANE)).status_code == 500


async def test_a_fault_hides_even_a_refusal_at_the_gate(stranger: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    sandbox.fail(Fault("malformed"))
    assert (await stranger.get("/segments")).status_code == 200
    assert (await stranger.get("/segments")).status_code == 401

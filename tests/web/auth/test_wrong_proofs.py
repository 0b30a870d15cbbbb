"""One wrong token after the other, from one address."""

from pathlib import Path

import httpx2
import pytest
from starlette.requests import HTTPConnection

from flodesk_mcp.messages import InProcessMessages
from flodesk_mcp.store import TokenLimits
from flodesk_mcp.web.auth.wrong_proofs import MAX_WRONG, WrongProofs

from ..calls import JSON, LIST_TOOLS, Hosted
from ..serving import serve
from .test_api_tokens import State, bearer

WRONG = bearer("wrong")


@pytest.mark.anyio
async def test_after_twenty_wrong_tokens_comes_a_time_to_wait_for_wrong_ones_alone(
    hosted: Hosted, state: State
) -> None:
    right = await state[1].create("good", "ann", TokenLimits())
    async with hosted(auth="tokens") as client:
        for _ in range(MAX_WRONG):
            assert (await client.post("/mcp", json=LIST_TOOLS, headers=WRONG)).status_code == 401
        refused = await client.post("/mcp", json=LIST_TOOLS, headers=WRONG)
        assert refused.status_code == 429
        assert 0 < int(refused.headers["Retry-After"]) <= 60
        assert (await client.post("/mcp", json=LIST_TOOLS, headers=bearer(right))).status_code == 200
        assert (await client.post("/mcp", json=LIST_TOOLS)).status_code == 401


class Address:
    """Where a request comes from."""

    def __init__(self, host: str) -> None:
        self.connection = HTTPConnection({"type": "http", "client": (host, 1), "headers": []})


def waits(wrong: WrongProofs, host: str) -> bool:
    return wrong.seconds_to_wait(Address(host).connection) > 0


def test_the_wait_ends_with_the_minute() -> None:
    now = 0.0
    wrong = WrongProofs(InProcessMessages(), lambda: now)
    for _ in range(MAX_WRONG):
        wrong.note(Address("192.0.2.1").connection)
    assert waits(wrong, "192.0.2.1")
    assert not waits(wrong, "192.0.2.2")
    now = 60
    assert not waits(wrong, "192.0.2.1")


def test_a_network_of_the_sixth_version_counts_as_one_address() -> None:
    wrong = WrongProofs(InProcessMessages(), lambda: 0)
    for number in range(MAX_WRONG):
        wrong.note(Address(f"2001:db8::{number:x}").connection)
        wrong.note(Address("::ffff:192.0.2.1").connection)
    assert waits(wrong, "2001:db8::ffff")
    assert waits(wrong, "192.0.2.1")
    assert not waits(wrong, "2001:db8:0:1::1")


def test_what_is_remembered_of_addresses_is_bounded() -> None:
    wrong = WrongProofs(InProcessMessages(), lambda: 0)
    for number in range(12_000):
        wrong.note(Address(f"10.0.{number // 250}.{number % 250}").connection)
    assert len(wrong) == 10_000


@pytest.mark.parametrize(("trusted", "told_apart"), [("127.0.0.0/8", True), ("192.0.2.1", False)])
def test_behind_a_trusted_proxy_the_forwarded_address_counts(tmp_path: Path, trusted: str, told_apart: bool) -> None:
    def status(forwarded: str) -> int:
        headers = JSON | WRONG | {"X-Forwarded-For": f"198.51.100.1, {forwarded}"}
        return httpx2.post(f"{served.url}/mcp", json=LIST_TOOLS, headers=headers).status_code

    database = f"sqlite:///{tmp_path}/state.sqlite3"
    with serve(
        tmp_path / "log", "--auth=tokens", f"--trusted-proxies={trusted}", FLODESK_DATABASE_URL=database
    ) as served:
        assert [status("203.0.113.5") for _ in range(MAX_WRONG + 1)] == [401] * MAX_WRONG + [429]
        assert status("203.0.113.6") == (401 if told_apart else 429)

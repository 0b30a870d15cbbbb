"""Several processes on one PostgreSQL: each step may reach another one."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from flodesk_mcp.store import StoredAccounts, StoredTokens, TokenLimits

from ..calls import Hosted
from ..sign_in.test_replicas import InTurns
from .conftest import Kept
from .test_links import until
from .visitor import GUESTS, Caller, Visitor

pytestmark = pytest.mark.anyio


@pytest.fixture
async def both(
    on_postgresql: None, hosted: Hosted, state: tuple[StoredAccounts, StoredTokens]
) -> AsyncIterator[Caller]:
    """A caller of two servers in turns."""
    token = await state[1].create("anns", "ann", TokenLimits())
    settings = {"auth": "tokens", "toolsets": "all", "confirm": "never"}
    async with (
        hosted(**settings) as first,
        hosted(**settings) as second,
        httpx2.AsyncClient(
            transport=InTurns(first, second), base_url=first.base_url, headers=first.headers
        ) as in_turns,
    ):
        yield Caller(in_turns, {"Authorization": f"Bearer {token}"})


async def test_each_step_of_a_file_may_reach_another_process(both: Caller, kept: Kept) -> None:
    link = await both.upload_link()
    assert await both.upload_link() == link
    rows = b"".join(b"p%d@example.com,Somebody\n" % number for number in range(60_000))  # several parts
    person = Visitor(both.client)
    shown = await person.choose(await person.open(link), b"email,name\n" + rows)
    assert "60,000 rows" in shown.text
    assert "It is sent" in (await person.press(shown, "send")).text
    assert await kept() == (1, 1)
    plan = await both.called("plan_flodesk_import", file="people")
    assert plan["rows"] == 60_000
    assert (await person.press(shown, "send")).status_code == 200


async def test_a_job_that_ended_in_one_process_is_downloaded_from_another(both: Caller) -> None:
    link = await both.upload_link()
    await Visitor(both.client).send(link)
    plan = await both.called("plan_flodesk_import", file="people")
    job = await both.called("start_flodesk_job", plan_id=plan["plan_id"])
    for _ in range(20):
        if "download_url" in job:
            break
        job = await both.called("get_flodesk_job", job_id=job["job_id"], wait_seconds=1)
    person = Visitor(both.client)
    file = await person.press(await person.open(job["download_url"]), "")
    assert file.text.count(",written,") == 2


async def test_of_what_is_not_sent_nothing_is_left_in_the_database(often_swept: None, both: Caller, kept: Kept) -> None:
    person = Visitor(both.client)
    page = await person.open(await both.upload_link())
    assert (await person.choose(page, b"%PDF", "people.csv")).status_code == 400
    assert await kept() == (0, 0)
    shown = await person.choose(page, GUESTS)
    assert await kept() == (1, 1)
    await person.press(shown, "again")
    await until(kept, (0, 0))

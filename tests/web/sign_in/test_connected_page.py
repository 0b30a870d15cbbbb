"""The page on which people see what they connected, and cut it off; and the commands for an operator."""

from pathlib import Path

import anyio
import httpx2
import pytest
from click.testing import CliRunner, Result

from flodesk_mcp.cli.commands import cli

from ..calls import LIST_TOOLS, segments_of
from .conftest import PassTime
from .person import Page, Person
from .program import PUBLIC_URL, Program, bearer

pytestmark = pytest.mark.anyio


async def shown(person: Person) -> httpx2.Response:
    """The list, for a person who proves the account with the key."""
    page = await person.open("/connected")
    answer = await person.submit(page, way="key", key=person.key)
    assert answer.status_code == 303, answer.text
    return await person.open(answer.headers["location"])


async def opens(program: Program, tokens: dict[str, str]) -> bool:
    return (await program.server.post("/mcp", json=LIST_TOOLS, headers=bearer(tokens))).status_code == 200


async def test_it_lists_what_is_connected_to_the_account_and_nothing_else(program: Program) -> None:
    await program.register(client_name="Claude")
    tokens = await program.tokens(Person(program.server, access="read", toolset=["segments"], masked="1"))
    await segments_of(program.server, bearer(tokens))
    other = Program(program.server)
    await other.register(client_name="Cursor")
    await other.tokens(Person(program.server, key="key-ben"))
    await other.code()  # allowed, and never fetched
    text = Page((await shown(Person(program.server))).text).words
    assert "Claude" in text
    assert "Cursor" not in text
    assert "read: segments, without seeing who people are" in text
    assert "not yet" in text


async def test_cutting_off_counts_at_once(program: Program) -> None:
    first, second = await program.tokens(), await program.tokens()
    person = Person(program.server)
    page = await shown(person)
    assert len(Page(page.text).forms) == 3
    answer = await person.submit(page, form=0, way="cut")
    assert answer.status_code == 303
    assert len(Page((await person.open(answer.headers["location"])).text).forms) == 2
    opened = [await opens(program, each) for each in (first, second)]
    assert sorted(opened) == [False, True]
    cut = first if opened[1] else second
    assert (await program.refresh(cut["refresh_token"])).status_code == 400


async def test_nobody_cuts_off_what_is_anothers(program: Program) -> None:
    bens = await program.tokens(Person(program.server, key="key-ben"))
    page = await shown(Person(program.server, key="key-ben"))
    grant = dict(Page(page.text).forms[0].fields)["grant"]
    await program.tokens()
    async with httpx2.AsyncClient(transport=program.server._transport, base_url=PUBLIC_URL) as browser:
        ann = Person(browser)
        page = await shown(ann)
        assert (await ann.submit(page, way="cut", grant=grant)).status_code == 303
    assert await opens(program, bens)


async def test_a_key_can_be_forgotten_with_all_that_it_connected(program: Program, tmp_path: Path) -> None:
    tokens = await program.tokens()
    person = Person(program.server)
    page = await shown(person)
    answer = await person.submit(page, form=1, way="forget")
    assert answer.status_code == 303
    assert not await opens(program, tokens)
    again = await person.submit(await person.open("/connected"), way="key", key="key-ann")
    assert (again.status_code, "Nothing is connected with that" in again.text) == (400, True)
    assert (await program.tokens())["access_token"]  # and can be brought again


async def test_a_key_that_connected_nothing_is_told_the_same_as_a_wrong_one(program: Program) -> None:
    person = Person(program.server)
    page = await person.open("/connected")
    answers = [await person.submit(page, way="key", key=key) for key in ("key-ann", "key-nobody")]
    assert [answer.status_code for answer in answers] == [400, 400]
    texts = {Page(answer.text).text for answer in answers}
    assert len(texts) == 1


async def test_keys_are_guessed_ten_times_a_minute_here_too(program: Program) -> None:
    await program.tokens()
    person = Person(program.server)
    page = await person.open("/connected")
    statuses = [(await person.submit(page, way="key", key=f"guess-{number}")).status_code for number in range(11)]
    assert statuses == [400] * 10 + [429]
    assert (await person.submit(page, way="key", key="key-ann")).status_code == 429


async def test_the_list_is_for_the_browser_that_proved_the_account(program: Program) -> None:
    await program.tokens()
    person = Person(program.server)
    page = await shown(person)
    cookies = dict(program.server.cookies)
    assert (await person.submit(page, form=1, way="leave")).status_code == 303
    assert "Cut off" not in (await person.open("/connected")).text
    account, until, _ = cookies["flodesk-account"].split(".")
    for forged in (
        {"flodesk-account": cookies["flodesk-account"]},  # without the browser that it was given to
        {**cookies, "flodesk-account": f"{account}.{int(until) + 1}.{'0' * 64}"},
        {**cookies, "flodesk-account": f"{account}.{until}"},
        {**cookies, "flodesk-account": f"{account}.1.{'0' * 64}"},
    ):
        async with httpx2.AsyncClient(
            transport=program.server._transport, base_url=PUBLIC_URL, cookies=forged
        ) as browser:
            assert "Cut off" not in (await browser.get("/connected")).text


async def test_a_forged_form_cuts_nothing_off(program: Program) -> None:
    tokens = await program.tokens()
    person = Person(program.server)
    page = await shown(person)
    assert (await person.submit(page, way="cut", csrf="0" * 64)).status_code == 403
    assert await opens(program, tokens)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


async def test_an_operator_lists_and_cuts_off_by_command(program: Program, pass_time: PassTime) -> None:
    await program.register(client_name="Claude")
    tokens = await program.tokens(Person(program.server, masked="1"))
    listed = await anyio.to_thread.run_sync(run, "grant", "list")
    assert listed.exit_code == 0, listed.stderr
    grant_id, account, rest = listed.stdout.split("  ", 2)
    assert account.startswith("signed-in-")
    assert rest.startswith("'Claude' at a program on this computer (127.0.0.1:5555), since ")
    assert "read and write: segments," in rest
    assert rest.rstrip().endswith("personal data masked")
    revoked = await anyio.to_thread.run_sync(run, "grant", "revoke", grant_id)
    assert revoked.stdout == f"Cut off {grant_id}.\n"
    assert f"ran grant revoke on {grant_id}: done" in revoked.stderr
    assert not await opens(program, tokens)
    assert "cut off 20" in (await anyio.to_thread.run_sync(run, "grant", "list")).stdout
    again = await anyio.to_thread.run_sync(run, "grant", "revoke", grant_id)
    assert (again.exit_code, again.stderr) == (
        2,
        f"flodesk-mcp: There is no connected client '{grant_id}': see `flodesk-mcp grant list`.\n",
    )

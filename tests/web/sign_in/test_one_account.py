"""An account that an operator stored and its owner connects is one account: one quota, one list, one set of jobs."""

import anyio
import httpx2
import pytest
from click.testing import CliRunner, Result

from flodesk_mcp.cli.commands import cli

from ..calls import Hosted, segments_of
from .person import Page, Person
from .program import PUBLIC_URL, Program, bearer

pytestmark = pytest.mark.anyio


async def run(*arguments: str, typed: str = "") -> Result:
    return await anyio.to_thread.run_sync(lambda: CliRunner().invoke(cli, arguments, input=typed))


async def connected(server: httpx2.AsyncClient, key: str = "key-ann") -> dict[str, str]:
    """Return the header of a program that somebody connected with a key."""
    program = Program(server)
    await program.register()
    return bearer(await program.tokens(Person(server, key)))


async def accounts() -> list[str]:
    """Return the name of each stored account."""
    return [line.partition("  ")[0] for line in (await run("account", "list")).stdout.splitlines()]


async def owners() -> set[str]:
    """Return the names of the accounts that programs are connected to."""
    return {line.split("  ")[1] for line in (await run("grant", "list")).stdout.splitlines()}


async def test_a_key_that_was_added_and_then_pasted_opens_one_account(hosted: Hosted, encryption_key: str) -> None:
    assert (await run("account", "add", "studio", typed="key-ann\n")).exit_code == 0
    async with hosted(auth="sign-in", public_url=PUBLIC_URL) as server:
        assert await segments_of(server, await connected(server)) == ["Friends of ann"]
        await connected(server, "key-ben")
    assert len(await accounts()) == 2
    (bens,) = set(await accounts()) - {"studio"}
    assert await owners() == {"studio", bens}


async def test_a_key_that_is_added_while_the_server_runs_is_found_by_the_page(
    hosted: Hosted, encryption_key: str
) -> None:
    async with hosted(auth="sign-in", public_url=PUBLIC_URL) as server:
        assert (await run("account", "add", "studio", typed="key-ann\n")).exit_code == 0
        await connected(server)
    assert await accounts() == ["studio"]
    assert await owners() == {"studio"}


async def test_it_is_still_one_after_the_encryption_keys_were_rotated(
    hosted: Hosted, encryption_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await run("account", "add", "studio", typed="key-ann\n")).exit_code == 0
    new = (await run("account", "new-key")).stdout.strip()
    monkeypatch.setenv("FLODESK_ENCRYPTION_KEYS", f"{new},{encryption_key}")
    assert (await run("account", "rotate")).exit_code == 0
    monkeypatch.setenv("FLODESK_ENCRYPTION_KEYS", new)
    async with hosted(auth="sign-in", public_url=PUBLIC_URL) as server:
        assert await segments_of(server, await connected(server)) == ["Friends of ann"]
    assert await accounts() == ["studio"]
    assert await owners() == {"studio"}
    again = await run("account", "add", "twice", typed="key-ann\n")
    assert (again.exit_code, "There is an account with that credential already: 'studio'." in again.stderr) == (2, True)


async def test_a_key_that_took_anothers_place_is_found_by_the_page(hosted: Hosted, encryption_key: str) -> None:
    assert (await run("account", "add", "studio", typed="key-ann\n")).exit_code == 0
    assert (await run("account", "update", "studio", typed="key-ben\n")).exit_code == 0
    async with hosted(auth="sign-in", public_url=PUBLIC_URL) as server:
        assert await segments_of(server, await connected(server, "key-ben")) == ["Friends of ben"]
        person = Person(server)
        page = await person.submit(await person.open("/connected"), way="key", key="key-ann")
        assert "Nothing is connected with that" in Page(page.text).words
    assert await accounts() == ["studio"]


async def test_a_key_that_was_pasted_first_is_not_added_once_more(hosted: Hosted, encryption_key: str) -> None:
    async with hosted(auth="sign-in", public_url=PUBLIC_URL) as server:
        await connected(server)
    (name,) = await accounts()
    refused = await run("account", "add", "studio", typed="key-ann\n")
    assert refused.exit_code == 2
    assert f"There is an account with that credential already: {name!r}." in refused.stderr
    assert await accounts() == [name]

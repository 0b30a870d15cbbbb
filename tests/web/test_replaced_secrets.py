"""Secrets that an operator replaces by command while a server runs: those of its tokens, and those of accounts."""

import re
from typing import Any

import anyio
import httpx2
import pytest
from click.testing import CliRunner, Result

from flodesk_mcp.cli.commands import cli

from .calls import LIST_TOOLS, Hosted, segments_of

pytestmark = pytest.mark.anyio

NOTICED_SECONDS = 10
"""A server looks every second; a busy machine takes longer."""


async def run(*arguments: str, typed: str = "") -> Result:
    return await anyio.to_thread.run_sync(lambda: CliRunner().invoke(cli, arguments, input=typed))


@pytest.fixture
async def token(encryption_key: str) -> str:
    """A token for an account that is called studio, and has Ann's key."""
    assert (await run("account", "add", "studio", typed="key-ann\n")).exit_code == 0
    return (await run("token", "create", "ci", "--account", "studio", "--read-only")).stdout.strip()


def shown(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


async def status(client: httpx2.AsyncClient, secret: str) -> int:
    return (await client.post("/mcp", json=LIST_TOOLS, headers=shown(secret))).status_code


async def until(wanted: Any, ask: Any) -> None:
    with anyio.fail_after(NOTICED_SECONDS):
        while await ask() != wanted:  # noqa: ASYNC110 - what changes is in a database
            await anyio.sleep(0.1)


async def test_a_rotated_token_opens_by_both_secrets_during_the_overlap(hosted: Hosted, token: str) -> None:
    async with hosted(auth="tokens") as client:
        assert await status(client, token) == 200
        rotated = await run("token", "rotate", "ci", "--overlap", "1h")
        new = rotated.stdout.strip()
        assert re.fullmatch(r"fmcp_\S+", new)
        assert new != token
        assert "ran token rotate on ci: done" in rotated.stderr
        assert new not in rotated.stderr
        assert [await status(client, secret) for secret in (token, new)] == [200, 200]
        listed = (await run("token", "list")).stdout
        assert listed.startswith("ci  studio, expires -, the secret before it good until 2")
        assert listed.rstrip().endswith("read-only")
        assert len(listed.splitlines()) == 1
        assert await segments_of(client, shown(new)) == ["Friends of ann"]


async def test_without_an_overlap_the_secret_before_opens_nothing_any_more(hosted: Hosted, token: str) -> None:
    async with hosted(auth="tokens") as client:
        assert await status(client, token) == 200
        new = (await run("token", "rotate", "ci", "--overlap", "0m")).stdout.strip()
        assert await status(client, new) == 200
        await until(401, lambda: status(client, token))
        assert await status(client, new) == 200


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("ci", "--overlap", "soon"), "--overlap 'soon' is not a number with m, h, d or w"),
        (("nothing",), "no valid token 'nothing'"),
    ],
)
async def test_a_rotation_that_cannot_be_is_explained(token: str, arguments: tuple[str, ...], words: str) -> None:
    result = await run("token", "rotate", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr


async def test_an_account_gets_another_key_in_place_and_its_tokens_go_on_with_it(hosted: Hosted, token: str) -> None:
    async with hosted(auth="tokens") as client:
        assert await segments_of(client, shown(token)) == ["Friends of ann"]
        updated = await run("account", "update", "studio", typed="key-ben\n")
        assert updated.exit_code == 0
        assert updated.stdout.startswith("Replaced the credential of 'studio'.")
        assert "ran account update on studio: done" in updated.stderr
        assert "key-ben" not in updated.stdout + updated.stderr
        await until(["Friends of ben"], lambda: segments_of(client, shown(token)))
    assert len((await run("account", "list")).stdout.splitlines()) == 1


async def test_an_account_gets_no_key_that_another_has(token: str) -> None:
    assert (await run("account", "add", "shop", typed="key-ben\n")).exit_code == 0
    refused = await run("account", "update", "shop", typed="key-ann\n")
    assert refused.exit_code == 2
    assert "There is an account with that credential already: 'studio'." in refused.stderr


async def test_an_account_that_is_not_there_gets_no_key(token: str) -> None:
    refused = await run("account", "update", "nothing", typed="key-ben\n")
    assert (refused.exit_code, "no account 'nothing'" in refused.stderr) == (2, True)

"""What opens a link, what ends it, and what is left of it."""

import json
import re
from collections.abc import Awaitable, Callable
from urllib.parse import urljoin

import anyio
import httpx2
import pytest
from click.testing import CliRunner

from flodesk_mcp.cli.commands import cli
from flodesk_mcp.sandbox import Sandbox
from flodesk_mcp.store import StoredAccounts, StoredTokens, TokenLimits, new_key

from ..calls import Hosted
from ..sign_in.person import Page
from .conftest import Kept, PassTime
from .visitor import GUESTS, Caller, Visitor

pytestmark = pytest.mark.anyio


async def until(kept: Kept, wanted: tuple[int, int]) -> None:
    """Return when so many files are kept."""
    with anyio.fail_after(10):
        while True:
            if await kept() == wanted:
                return
            await anyio.sleep(0.02)


async def test_links_that_are_used_old_unknown_or_of_another_kind_open_the_same_page(
    ann: Caller, server: httpx2.AsyncClient, pass_time: PassTime
) -> None:
    used, old = await ann.upload_link("used"), await ann.upload_link("old")
    page = await Visitor(server).open(old)
    await Visitor(server).send(used)
    export = (await ann.called("export_flodesk_subscribers"))["download_url"]
    await pass_time(901)
    fresh = await ann.upload_link("fresh")
    answers = [
        await Visitor(server).open(url)
        for url in (
            used,
            old,
            export,
            export.replace("/download", "/upload"),
            fresh.replace("/upload", "/download"),
            fresh[:-1],
            f"{fresh}x",
            "/upload?link=" + "x" * 5_000,
            "/upload?link=%00",
            "/upload",
            "/download?link=",
        )
    ]
    posted = await Visitor(server).choose(page)
    assert {(answer.status_code, answer.text) for answer in [*answers, posted]} == {(410, answers[0].text)}


async def test_a_link_is_good_for_a_quarter_of_an_hour(
    ann: Caller, server: httpx2.AsyncClient, pass_time: PassTime
) -> None:
    link = await ann.upload_link()
    assert "good for 15 more minutes" in Page((await Visitor(server).open(link)).text).words
    await pass_time(890)
    assert (await Visitor(server).open(link)).status_code == 200
    await pass_time(11)
    assert (await Visitor(server).open(link)).status_code == 410


async def test_a_link_that_is_about_to_end_is_not_told_again(ann: Caller, pass_time: PassTime) -> None:
    link = await ann.upload_link()
    await pass_time(500)
    assert await ann.upload_link() == link
    await pass_time(200)
    assert await ann.upload_link() != link


async def test_a_file_is_deleted_when_its_plans_are_over(
    often_swept: None, ann: Caller, server: httpx2.AsyncClient, pass_time: PassTime, kept: Kept
) -> None:
    await Visitor(server).send(await ann.upload_link())
    await pass_time(1_700)
    await ann.called("plan_flodesk_import", file="people")
    await pass_time(1_700)
    await ann.called("plan_flodesk_import", file="people")
    assert await kept() == (1, 1)
    await pass_time(1_801)
    await until(kept, (0, 0))
    assert await ann.upload_link()


async def test_a_file_that_is_over_is_not_found_though_nobody_swept(
    ann: Caller, server: httpx2.AsyncClient, pass_time: PassTime, kept: Kept
) -> None:
    await Visitor(server).send(await ann.upload_link())
    await pass_time(1_801)
    assert await kept() == (1, 1)
    assert await ann.upload_link()


async def test_a_file_that_was_never_sent_ends_with_its_link(
    often_swept: None, ann: Caller, server: httpx2.AsyncClient, pass_time: PassTime, kept: Kept
) -> None:
    person = Visitor(server)
    await person.choose(await person.open(await ann.upload_link()))
    assert await kept() == (1, 1)
    await pass_time(901)
    await until(kept, (0, 0))


async def test_what_a_killed_process_left_is_swept(
    often_swept: None, ann: Caller, server: httpx2.AsyncClient, kept: Kept, tmp_path: object
) -> None:
    await Visitor(server).send(await ann.upload_link())
    (folder,) = tmp_path.glob("*-uploads")  # type: ignore[attr-defined] # a path
    (folder / "0123.csv").write_bytes(GUESTS)
    await until(kept, (1, 1))


async def test_with_an_account_its_links_and_files_are_removed(
    callers: Callable[[str], Awaitable[Caller]], ann: Caller, server: httpx2.AsyncClient, kept: Kept
) -> None:
    ben = await callers("ben")
    open_link = await ann.upload_link("open")
    await Visitor(server).send(await ann.upload_link())
    await Visitor(server).send(await ben.upload_link())
    removed = await anyio.to_thread.run_sync(CliRunner().invoke, cli, ["account", "remove", "ann"])
    assert removed.exit_code == 0, removed.stderr
    assert await kept() == (1, 1)
    assert (await Visitor(server).open(open_link)).status_code == 410
    assert (await ben.called("plan_flodesk_import", file="people"))["will_write"] == 2


async def test_pages_of_links_are_kept_by_nobody_and_lead_nowhere(ann: Caller, server: httpx2.AsyncClient) -> None:
    for url in (await ann.upload_link(), (await ann.called("export_flodesk_subscribers"))["download_url"]):
        headers = (await Visitor(server).open(url)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "form-action 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
        assert "HttpOnly" in headers["set-cookie"]
    assert (
        "script-src 'self'" in (await Visitor(server).open(await ann.upload_link())).headers["content-security-policy"]
    )
    assert (await server.get("/upload.js")).headers["content-type"].startswith("text/javascript")


async def test_over_https_the_browsers_name_is_for_https_alone(hosted: Hosted, state: object, flodesk: Sandbox) -> None:
    async with hosted(auth="headers", toolsets="all", public_url="https://flodesk.example.com") as server:
        asking = Caller(server, {"X-Flodesk-Api-Key": "key-ann", "Host": "flodesk.example.com"})
        url = await asking.upload_link()
        assert url.startswith("https://flodesk.example.com/upload?link=")
        answer = await server.get(
            url.replace("https://flodesk.example.com", ""), headers={"Host": "flodesk.example.com"}
        )
        assert "__Host-flodesk-browser=" in answer.headers["set-cookie"]
        assert "Secure" in answer.headers["set-cookie"]


async def test_no_log_holds_a_link_and_the_audit_tells_what_became_of_it(
    hosted: Hosted, capsys: pytest.CaptureFixture[str]
) -> None:
    async with hosted(auth="headers", toolsets="all", log_level="DEBUG", log_format="json") as server:
        ann, person = Caller(server, {"X-Flodesk-Api-Key": "key-ann"}), Visitor(server)
        link = await ann.upload_link()
        await person.send(link)
        await ann.called("plan_flodesk_import", file="people")
        export = await ann.called("export_flodesk_subscribers")
        await person.press(await person.open(export["download_url"]), "")
        await person.open("/upload?link=fmcpf_" + "x" * 43)
    log = capsys.readouterr().err
    ours = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    for url in (link, export["download_url"]):
        assert url.partition("link=")[2] not in log
    assert "ada@example.com" not in "".join(
        line["message"] for line in ours if line["logger"].startswith("flodesk_mcp")
    )
    messages = [line["message"] for line in ours if line["logger"] == "flodesk_mcp.observability.audit"]
    sent = [message for message in messages if "a file through link" in message]
    got = [message for message in messages if "downloaded" in message]
    assert re.fullmatch(r"A person sent a file through link [0-9a-f]{12} of credential [0-9a-f]{8}: done", sent[0])
    assert re.match(rf"A person downloaded export of job {export['job_id']} through link [0-9a-f]{{12}} of", got[0])


async def test_a_masked_caller_gets_a_plan_of_the_file_and_no_word_of_who_is_in_it(
    ann: Caller, server: httpx2.AsyncClient
) -> None:
    masked = Caller(server, {**ann.headers, "X-Flodesk-Personal-Data": "masked"})
    asked_for = await masked.tried("plan_flodesk_import", file="people")
    await Visitor(server).send(asked_for["structuredContent"]["upload_url"], b"email\nada@example.com\nbo@\n")
    planned = await masked.tried("plan_flodesk_import", file="people")
    assert planned["structuredContent"]["rows"] == 2
    assert "@" not in json.dumps(planned).replace("j***@e***.com", "")


async def test_a_link_leads_to_this_server_alone(ann: Caller, server: httpx2.AsyncClient) -> None:
    page = await Visitor(server).open(await ann.upload_link())
    assert urljoin(str(page.url), Page(page.text).forms[0].action) == str(page.url)


async def test_after_the_keys_were_rotated_the_same_link_is_told_again(
    hosted: Hosted, state: tuple[StoredAccounts, StoredTokens], encryption_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = {"Authorization": f"Bearer {await state[1].create('anns', 'ann', TokenLimits())}"}
    async with hosted(auth="tokens", toolsets="all") as server:
        link = await Caller(server, token).upload_link()
    monkeypatch.setenv("FLODESK_ENCRYPTION_KEYS", f"{new_key()},{encryption_key}")
    async with hosted(auth="tokens", toolsets="all") as server:
        assert await Caller(server, token).upload_link() == link
        await Visitor(server).send(link)
        assert (await Caller(server, token).called("plan_flodesk_import", file="people"))["will_write"] == 2

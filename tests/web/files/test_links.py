"""What opens a link, what ends it, and what is left of it."""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
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
from .visitor import GUESTS, OURS, Caller, Visitor

pytestmark = pytest.mark.anyio

BOUNDARY = "----a"
KIND = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def multipart(*parts: tuple[str, str]) -> bytes:
    """A form as a browser sends it: of each part what stands behind its name, and its content."""
    text = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{head}\r\n\r\n{body}\r\n' for head, body in parts
    )
    return f"{text}--{BOUNDARY}--\r\n".encode()


async def until(kept: Kept, wanted: tuple[int, int]) -> None:
    """Return when so many files are kept."""
    with anyio.fail_after(10):
        while True:
            if await kept() == wanted:
                return
            await anyio.sleep(0.02)


async def asked(caller: Caller, file: str = "people") -> str:
    url: str = (await caller.called("plan_flodesk_import", file=file))["upload_url"]
    return url


async def test_links_that_are_used_old_unknown_or_of_another_kind_open_the_same_page(
    ann: Caller, server: httpx2.AsyncClient, pass_time: PassTime
) -> None:
    used, old = await asked(ann, "used"), await asked(ann, "old")
    page = await Visitor(server).open(old)
    await Visitor(server).send(used)
    export = (await ann.called("export_flodesk_subscribers"))["download_url"]
    await pass_time(901)
    fresh = await asked(ann, "fresh")
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
    link = await asked(ann)
    assert "good for 15 more minutes" in Page((await Visitor(server).open(link)).text).words
    await pass_time(890)
    assert (await Visitor(server).open(link)).status_code == 200
    await pass_time(11)
    assert (await Visitor(server).open(link)).status_code == 410


async def test_a_link_that_is_about_to_end_is_not_told_again(ann: Caller, pass_time: PassTime) -> None:
    link = await asked(ann)
    await pass_time(500)
    assert await asked(ann) == link
    await pass_time(200)
    assert await asked(ann) != link


async def test_a_file_is_deleted_when_its_plans_are_over(
    often_swept: None, ann: Caller, server: httpx2.AsyncClient, pass_time: PassTime, kept: Kept
) -> None:
    await Visitor(server).send(await asked(ann))
    await pass_time(1_700)
    await ann.called("plan_flodesk_import", file="people")
    await pass_time(1_700)
    await ann.called("plan_flodesk_import", file="people")
    assert await kept() == (1, 1)
    await pass_time(1_801)
    await until(kept, (0, 0))
    assert await asked(ann)


async def test_a_file_that_is_over_is_not_found_though_nobody_swept(
    ann: Caller, server: httpx2.AsyncClient, pass_time: PassTime, kept: Kept
) -> None:
    await Visitor(server).send(await asked(ann))
    await pass_time(1_801)
    assert await kept() == (1, 1)
    assert await asked(ann)


async def test_a_file_that_was_never_sent_ends_with_its_link(
    often_swept: None, ann: Caller, server: httpx2.AsyncClient, pass_time: PassTime, kept: Kept
) -> None:
    person = Visitor(server)
    await person.choose(await person.open(await asked(ann)))
    assert await kept() == (1, 1)
    await pass_time(901)
    await until(kept, (0, 0))


async def test_what_a_killed_process_left_is_swept(
    often_swept: None, ann: Caller, server: httpx2.AsyncClient, kept: Kept, tmp_path: object
) -> None:
    await Visitor(server).send(await asked(ann))
    (folder,) = tmp_path.glob("*-uploads")  # type: ignore[attr-defined] # a path
    (folder / "0123.csv").write_bytes(GUESTS)
    await until(kept, (1, 1))


async def test_with_an_account_its_links_and_files_are_removed(
    callers: Callable[[str], Awaitable[Caller]], ann: Caller, server: httpx2.AsyncClient, kept: Kept
) -> None:
    ben = await callers("ben")
    open_link = await asked(ann, "open")
    await Visitor(server).send(await asked(ann))
    await Visitor(server).send(await asked(ben))
    removed = await anyio.to_thread.run_sync(CliRunner().invoke, cli, ["account", "remove", "ann"])
    assert removed.exit_code == 0, removed.stderr
    assert await kept() == (1, 1)
    assert (await Visitor(server).open(open_link)).status_code == 410
    assert (await ben.called("plan_flodesk_import", file="people"))["will_write"] == 2


async def test_a_form_from_elsewhere_is_refused(ann: Caller, server: httpx2.AsyncClient, kept: Kept) -> None:
    link = await asked(ann)
    person = Visitor(server)
    page = await person.open(link)
    csrf = dict(Page(page.text).forms[0].fields)["csrf"]
    body = multipart(('csrf"', csrf), ('file"; filename="a.csv"', GUESTS.decode()))
    for headers in (
        {"Origin": "https://evil.example.com", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    ):
        answer = await person.browser.post(link, content=body, headers={**KIND, **headers})
        assert answer.status_code == 403
    assert (await Visitor(server).browser.post(link, content=body, headers={**KIND, **OURS})).status_code == 403
    for forged in (
        multipart(('csrf"', "0" * 64), ('file"; filename="a.csv"', "email\n")),
        multipart(('file"; filename="a.csv"', "email\n"), ('csrf"', csrf)),  # too late to be believed
    ):
        assert (await person.browser.post(link, content=forged, headers={**KIND, **OURS})).status_code == 403
    assert await kept() == (0, 0)
    assert (await person.browser.post(link, content=body, headers={**KIND, **OURS})).status_code == 303
    shown = await person.open(link)
    assert (await person.press(shown, "send", csrf="0" * 64)).status_code == 403
    assert (await Visitor(server).press(shown, "send")).status_code == 403


async def test_a_form_without_a_file_asks_for_one(ann: Caller, server: httpx2.AsyncClient) -> None:
    link = await asked(ann)
    person = Visitor(server)
    csrf = dict(Page((await person.open(link)).text).forms[0].fields)["csrf"]
    body = multipart(('csrf"', csrf), ('file"; filename=""', ""))
    answer = await person.browser.post(link, content=body, headers={**KIND, **OURS})
    assert (answer.status_code, "Choose a file first." in answer.text) == (400, True)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"email\nada@example.com\n",
        multipart(('csrf"', "x" * 2_000)),
        multipart(*[(f'{number}"', "") for number in range(50)]),
        multipart(('csrf"', "x")),
        multipart(('csrf"', "CSRF"), ('file"; filename="a.csv"', "email\n"))[:-8],
        f"--{BOUNDARY}\r\n{'X: y' * 5_000}\r\n\r\n".encode(),
        f"--{BOUNDARY}\r\n\r\nnameless\r\n--{BOUNDARY}--\r\n".encode(),
    ],
)
async def test_what_is_no_form_is_refused_and_leaves_nothing(
    ann: Caller, server: httpx2.AsyncClient, kept: Kept, body: bytes
) -> None:
    link = await asked(ann)
    person = Visitor(server)
    csrf = dict(Page((await person.open(link)).text).forms[0].fields)["csrf"]
    answer = await person.browser.post(link, content=body.replace(b"CSRF", csrf.encode()), headers={**KIND, **OURS})
    assert answer.status_code == 400
    assert await kept() == (0, 0)
    await person.send(link)


@pytest.mark.parametrize("kind", ["text/csv", "multipart/form-data", "multipart/form-data; boundary=" + "x" * 5_000])
async def test_another_kind_of_body_is_refused(ann: Caller, server: httpx2.AsyncClient, kind: str) -> None:
    answer = await server.post(await asked(ann), content=b"email\n", headers={**OURS, "Content-Type": kind})
    assert answer.status_code == 400


async def test_an_upload_larger_than_50_mb_is_cut_off_when_that_shows(
    ann: Caller, server: httpx2.AsyncClient, kept: Kept
) -> None:
    link = await asked(ann)
    person = Visitor(server)
    csrf = dict(Page((await person.open(link)).text).forms[0].fields)["csrf"]
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield multipart(('csrf"', csrf), ('file"; filename="a.csv"', "email\n"))[:-9]
        while sent < 400 << 20:
            sent += 1 << 20
            yield b"x" * (1 << 20)

    answer = await person.browser.post(link, content=endless(), headers={**KIND, **OURS})
    assert answer.status_code == 413
    assert "more than 50 MB" in answer.text
    assert await kept() == (0, 0)
    await person.send(link)


async def test_pages_of_links_are_kept_by_nobody_and_lead_nowhere(ann: Caller, server: httpx2.AsyncClient) -> None:
    for url in (await asked(ann), (await ann.called("export_flodesk_subscribers"))["download_url"]):
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
    assert "script-src 'self'" in (await Visitor(server).open(await asked(ann))).headers["content-security-policy"]
    assert (await server.get("/upload.js")).headers["content-type"].startswith("text/javascript")


async def test_over_https_the_browsers_name_is_for_https_alone(hosted: Hosted, state: object, flodesk: Sandbox) -> None:
    async with hosted(auth="headers", toolsets="all", public_url="https://flodesk.example.com") as server:
        asking = Caller(server, {"X-Flodesk-Api-Key": "key-ann", "Host": "flodesk.example.com"})
        url = await asked(asking)
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
        link = await asked(ann)
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
    page = await Visitor(server).open(await asked(ann))
    assert urljoin(str(page.url), Page(page.text).forms[0].action) == str(page.url)


async def test_after_the_keys_were_rotated_the_same_link_is_told_again(
    hosted: Hosted, state: tuple[StoredAccounts, StoredTokens], encryption_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = {"Authorization": f"Bearer {await state[1].create('anns', 'ann', TokenLimits())}"}
    async with hosted(auth="tokens", toolsets="all") as server:
        link = await asked(Caller(server, token))
    monkeypatch.setenv("FLODESK_ENCRYPTION_KEYS", f"{new_key()},{encryption_key}")
    async with hosted(auth="tokens", toolsets="all") as server:
        assert await asked(Caller(server, token)) == link
        await Visitor(server).send(link)
        assert (await Caller(server, token).called("plan_flodesk_import", file="people"))["will_write"] == 2


async def test_a_file_that_takes_longer_than_its_link_is_good_is_dropped(
    ann: Caller, server: httpx2.AsyncClient, pass_time: PassTime, kept: Kept
) -> None:
    link = await asked(ann)
    person = Visitor(server)
    csrf = dict(Page((await person.open(link)).text).forms[0].fields)["csrf"]
    await pass_time(898)

    async def slow() -> AsyncIterator[bytes]:
        yield multipart(('csrf"', csrf), ('file"; filename="a.csv"', "email\n"))[:-9]
        for _ in range(100):
            yield b"ada@example.com\n"
            await anyio.sleep(0.1)

    answer = await person.browser.post(link, content=slow(), headers={**KIND, **OURS})
    assert answer.status_code == 410
    assert await kept() == (0, 0)

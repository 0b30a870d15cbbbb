"""A file comes by a link: it is asked for, chosen, looked at, sent, and planned."""

import io
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
import xlsxwriter

from flodesk_mcp.audience.files import preview
from flodesk_mcp.store import Allowance, uploads
from flodesk_mcp.web.files import door

from ..calls import ANN, Hosted
from ..sign_in.person import Page
from .conftest import Kept
from .visitor import GUESTS, Caller, Visitor

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("settings", [{"auth": "headers"}, {}], ids=["headers", "everybody on this machine"])
async def test_a_plan_of_a_file_is_answered_with_a_link_and_made_when_the_file_is_sent(
    hosted: Hosted, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLODESK_API_KEY", "key-ann")
    async with hosted(**settings, toolsets="all", confirm="never") as server:
        ann, person = Caller(server, ANN), Visitor(server)
        asked = await ann.called("plan_flodesk_import", file="guests.csv", segment_ids=["Friends of ann"])
        assert asked["file"] == "guests.csv"
        assert asked["upload_url"].startswith("http://127.0.0.1:8000/upload?link=fmcpf_")
        assert "call this again, with file set to 'guests.csv'" in asked["notice"]
        page = await person.open(asked["upload_url"])
        assert "asked for a list of people: an import; everybody in it joins Friends of ann." in Page(page.text).words
        shown = await person.choose(page)
        words = Page(shown.text).words
        assert "guests.csv" in words
        assert f"2 rows, {len(GUESTS)} bytes" in words
        assert "EmailE-mail" in words
        assert "Favourite colourLeft out" in words
        assert "ada@example.com" in words
        assert "It is sent" in (await person.press(shown, "send")).text
        plan = await ann.called("plan_flodesk_import", file="guests.csv", segment_ids=["Friends of ann"])
        assert (plan["rows"], plan["will_write"]) == (2, 2)
        job = await ann.called("start_flodesk_job", plan_id=plan["plan_id"])
        assert (job["state"], job["written"]) == ("done", 2)


async def test_without_any_source_a_name_comes_with_the_link(ann: Caller, server: httpx2.AsyncClient) -> None:
    asked = await ann.called("plan_flodesk_import")
    assert asked["file"].startswith("upload-")
    assert await ann.called("plan_flodesk_import") == asked  # nothing has come yet: one link is enough
    await Visitor(server).send(asked["upload_url"])
    assert (await ann.called("plan_flodesk_import", file=asked["file"]))["will_write"] == 2
    assert (await ann.called("plan_flodesk_import"))["file"] != asked["file"]


async def test_a_sync_takes_a_file_by_a_link_too(ann: Caller, server: httpx2.AsyncClient) -> None:
    wanted = {"segment_id": "Friends of ann", "file": "vip.csv", "remove_others": True}
    asked = await ann.called("plan_flodesk_segment_sync", **wanted)
    page = await Visitor(server).open(asked["upload_url"])
    assert "who is in the segment Friends of ann, and nobody else." in Page(page.text).words
    await Visitor(server).send(asked["upload_url"], b"email,create\nada@example.com,yes\n")
    assert (await ann.called("plan_flodesk_segment_sync", **wanted))["to_add"] == 1


async def test_what_the_call_says_of_columns_is_shown_to_the_person(ann: Caller, server: httpx2.AsyncClient) -> None:
    chosen = [{"column": "Kontakt", "field": "email"}]
    asked = await ann.called("plan_flodesk_import", file="a.csv", columns=chosen, create_missing_fields=True)
    person = Visitor(server)
    shown = await person.choose(await person.open(asked["upload_url"]), b"Kontakt,Blume\nada@example.com,Rose\n")
    assert "KontaktE-mailBlumeNew field Blume" in Page(shown.text).words


async def test_a_file_without_known_addresses_can_be_sent_and_explained_later(
    ann: Caller, server: httpx2.AsyncClient
) -> None:
    asked = await ann.called("plan_flodesk_import", file="a.csv")
    person = Visitor(server)
    shown = await person.choose(await person.open(asked["upload_url"]), b"Kontakt,Ort\nada at home,Bremen\n")
    assert "No column is known to hold e-mail addresses." in Page(shown.text).words
    assert "It is sent" in (await person.press(shown, "send")).text
    assert "say which in `columns`" in await ann.refused("plan_flodesk_import", file="a.csv")
    plan = await ann.called("plan_flodesk_import", file="a.csv", columns=[{"column": "Kontakt", "field": "email"}])
    assert (plan["rows"], plan["invalid"]) == (1, 1)


async def test_what_stands_in_a_file_is_shown_as_text_alone(ann: Caller, server: httpx2.AsyncClient) -> None:
    person = Visitor(server)
    page = await person.open((await ann.called("plan_flodesk_import", file="a.csv"))["upload_url"])
    evil = '"><script>alert(1)</script>'
    content = f"email,$name\u202e{evil}\nada@example.com,\u200b{evil}$csrf{{}}\n".encode()
    shown = await person.choose(page, content, name=f"{evil}.csv")
    assert shown.status_code == 200
    assert "<script>alert" not in shown.text
    assert "\u202e" not in shown.text
    assert "alert(1)" in Page(shown.text).text
    assert "$csrf{}" in Page(shown.text).text


def _workbook() -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["E-Mail", "Vorname"])
        sheet.write_row(1, 0, ["ada@example.com", "Ada"])
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("people.CSV", GUESTS),
        ("people.tsv", b"email\tname\nada@example.com\tAda\n"),
        ("people.json", b'[{"email": "ada@example.com"}]'),
        ("people.jsonl", b'{"email": "ada@example.com"}\n'),
        ("C:\\people\\guests.xlsx", _workbook()),
    ],
)
async def test_every_kind_that_is_read_can_be_sent(
    ann: Caller, server: httpx2.AsyncClient, name: str, content: bytes
) -> None:
    asked = await ann.called("plan_flodesk_import", file="people")
    await Visitor(server).send(asked["upload_url"], content, name)
    assert (await ann.called("plan_flodesk_import", file="people"))["will_write"] >= 1


@pytest.mark.parametrize(
    ("name", "content", "status", "words"),
    [
        ("people.pdf", b"%PDF-1.7", 415, "Only CSV, TSV, XLSX, JSON and JSONL files are read."),
        ("people", b"email\nada@example.com\n", 415, "Only CSV, TSV, XLSX, JSON and JSONL files are read."),
        ("people.csv", b"%PDF-1.7", 400, "It is called .csv, but is a PDF."),
        ("people.xlsx", b"email\nada@example.com\n", 400, "It is called .xlsx, but is no workbook."),
        ("people.csv", b"", 400, "It is empty."),
        ("people.csv", b"email,name\n", 400, "It has no rows below its headings."),
        ("people.json", b'{"a": 1}', 400, "Its JSON holds no list of people."),
    ],
)
async def test_what_cannot_be_read_is_refused_in_words_and_the_link_stays(
    ann: Caller, server: httpx2.AsyncClient, kept: Kept, name: str, content: bytes, status: int, words: str
) -> None:
    asked = await ann.called("plan_flodesk_import", file="people")
    person = Visitor(server)
    page = await person.open(asked["upload_url"])
    refused = await person.choose(page, content, name)
    assert refused.status_code == status
    assert words in Page(refused.text).words
    assert await kept() == (0, 0)
    await person.send(asked["upload_url"])


async def test_another_file_can_be_chosen_before_one_is_sent(
    ann: Caller, server: httpx2.AsyncClient, kept: Kept
) -> None:
    asked = await ann.called("plan_flodesk_import", file="people")
    person = Visitor(server)
    first = await person.choose(await person.open(asked["upload_url"]))
    assert (await person.open(asked["upload_url"])).text == first.text  # as after a reload
    page = await person.press(first, "again")
    assert await kept() == (0, 0)
    shown = await person.choose(page, b"email\nada@example.com\n")
    assert (await person.press(first, "send")).status_code == 410  # which is not what was looked at last
    assert await kept() == (1, 1)
    assert "It is sent" in (await person.press(shown, "send")).text
    assert (await ann.called("plan_flodesk_import", file="people"))["rows"] == 1


async def test_a_second_press_changes_nothing_and_says_the_same(ann: Caller, server: httpx2.AsyncClient) -> None:
    asked = await ann.called("plan_flodesk_import", file="people")
    person = Visitor(server)
    shown = await person.choose(await person.open(asked["upload_url"]))
    for _ in range(2):
        assert "It is sent" in (await person.press(shown, "send")).text
    assert (await person.choose(shown)).status_code == 410
    assert (await person.press(shown, "again")).status_code == 410
    assert (await ann.called("plan_flodesk_import", file="people"))["will_write"] == 2


async def test_a_link_and_its_file_are_for_one_caller_of_one_account(
    callers: Callable[[str], Awaitable[Caller]], ann: Caller, server: httpx2.AsyncClient
) -> None:
    asked = await ann.called("plan_flodesk_import", file="people")
    await Visitor(server).send(asked["upload_url"])
    for other in (await callers("ann"), await callers("ben")):
        assert "upload_url" in await other.called("plan_flodesk_import", file="people")
    assert (await ann.called("plan_flodesk_import", file="people"))["will_write"] == 2


async def test_only_the_browser_that_chose_a_file_is_shown_what_is_in_it(
    ann: Caller, server: httpx2.AsyncClient
) -> None:
    asked = await ann.called("plan_flodesk_import", file="people")
    person, program = Visitor(server), Visitor(server)
    shown = await person.choose(await person.open(asked["upload_url"]))
    assert "ada@example.com" in shown.text
    assert "ada@example.com" not in (await program.open(asked["upload_url"])).text


async def test_files_are_for_the_servers_user_alone(ann: Caller, server: httpx2.AsyncClient, tmp_path: Path) -> None:
    await Visitor(server).send((await ann.called("plan_flodesk_import", file="people"))["upload_url"])
    (folder,) = tmp_path.glob("*-uploads")
    (file,) = folder.iterdir()
    assert (folder.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)
    assert file.read_bytes() == GUESTS


async def test_ten_links_are_open_at_once(ann: Caller) -> None:
    for number in range(10):
        await ann.called("plan_flodesk_import", file=f"{number}.csv")
    assert "Too many links are open" in await ann.refused("plan_flodesk_import", file="more.csv")
    await ann.called("plan_flodesk_import", file="9.csv")


async def test_an_account_has_a_bound_on_what_waits_here(
    ann: Caller, server: httpx2.AsyncClient, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST_OF_ACCOUNT", 1_000)
    await Visitor(server).send((await ann.called("plan_flodesk_import", file="one"))["upload_url"])
    person = Visitor(server)
    page = await person.open((await ann.called("plan_flodesk_import", file="two"))["upload_url"])
    refused = await person.choose(page, GUESTS * 10)
    assert refused.status_code == 429
    assert "Too many files of this account wait here." in Page(refused.text).words
    assert await kept() == (1, 1)


async def test_a_network_sends_so_many_files_and_no_more(
    ann: Caller, server: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "SENDING", Allowance("upload", 2, 600))
    person = Visitor(server)
    page = await person.open((await ann.called("plan_flodesk_import", file="one"))["upload_url"])
    answers = [await person.choose(page) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert "Too many files came from your network." in Page(answers[2].text).words


async def test_of_a_wide_file_the_first_columns_are_shown_and_of_a_long_cell_its_beginning(
    ann: Caller, server: httpx2.AsyncClient
) -> None:
    person = Visitor(server)
    headings = ["email", *(f"Column {number}" for number in range(59))]
    content = f"{','.join(headings)}\nada@example.com,{'long ' * 50}\n".encode()
    shown = await person.choose(
        await person.open((await ann.called("plan_flodesk_import", file="wide"))["upload_url"]), content
    )
    words = Page(shown.text).words
    assert "20 more columns are not shown here." in words
    assert words.count("long") == 16
    assert "Left outColumn 0, Column 1" in words


async def test_rows_that_take_long_to_count_are_not_counted_to_the_end(
    ann: Caller, server: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preview, "COUNTING_SECONDS", 0)
    person = Visitor(server)
    shown = await person.choose(
        await person.open((await ann.called("plan_flodesk_import", file="long"))["upload_url"]),
        b"email\n" + b"ada@example.com\n" * 5_000,
    )
    assert "More than 1,005 rows" in Page(shown.text).words

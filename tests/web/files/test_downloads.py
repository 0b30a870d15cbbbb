"""What a job made leaves by a link: an export, and what became of each row."""

from datetime import UTC, datetime

import pytest

from flodesk_mcp.audience import job_store
from flodesk_mcp.sandbox import Sandbox
from flodesk_mcp.sandbox.account import Subscriber
from flodesk_mcp.store import file_links

from ..calls import ANN, BEN, Hosted
from ..sign_in.person import Page
from .visitor import Caller, Visitor

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _people(flodesk: Sandbox) -> None:
    for number in range(3):
        known = f"ann-{number}"
        flodesk.accounts["key-ann"].subscribers[known] = Subscriber(
            known, f"{known}@example.com", datetime(2026, 1, 1, number, tzinfo=UTC)
        )


async def test_an_export_is_downloaded_by_a_link_that_works_in_one_browser(hosted: Hosted) -> None:
    async with hosted(auth="headers", toolsets="all") as server:
        person, other = Visitor(server), Visitor(server)
        job = await Caller(server, ANN).called("export_flodesk_subscribers", file="everybody.csv")
        page, others = await person.open(job["download_url"]), await other.open(job["download_url"])
        assert "everybody.csv" in Page(page.text).words
        assert "3 people" in Page(page.text).words
        file = await person.press(page, "")
        assert file.headers["content-disposition"] == 'attachment; filename="everybody.csv"'
        assert int(file.headers["content-length"]) == len(file.content)
        assert file.text.count("@example.com") == 3
        assert (await person.press(page, "")).content == file.content  # it may have broken off
        assert (await other.press(others, "")).status_code == 410
        assert (await person.open(job["download_url"])).status_code == 410


async def test_a_report_is_downloaded_by_a_link(hosted: Hosted) -> None:
    async with hosted(auth="headers", toolsets="all", confirm="never") as server:
        ann, person = Caller(server, ANN), Visitor(server)
        plan = await ann.called("plan_flodesk_import", csv="email\nada@example.com\nbo@\n")
        job = await ann.called("start_flodesk_job", plan_id=plan["plan_id"])
        followed = await ann.called("get_flodesk_job", job_id=job["job_id"])
        assert followed["download_url"] == job["download_url"]
        file = await person.press(await person.open(job["download_url"]), "")
        assert file.headers["content-type"] == "text/csv; charset=utf-8"
        assert "ada@example.com,written" in file.text
        assert (await Caller(server, ANN).called("get_flodesk_job", job_id=job["job_id"]))["download_url"] != (
            job["download_url"]
        )


async def test_each_job_has_a_link_of_its_own(hosted: Hosted, flodesk: Sandbox) -> None:
    async with hosted(auth="headers", toolsets="all") as server:
        ann, person = Caller(server, ANN), Visitor(server)
        first = await ann.called("export_flodesk_subscribers")
        del flodesk.accounts["key-ann"].subscribers["ann-0"]
        second = await ann.called("export_flodesk_subscribers")
        assert first["download_url"] != second["download_url"]
        files = [await person.press(await person.open(job["download_url"]), "") for job in (first, second)]
        assert [file.text.count("@example.com") for file in files] == [3, 2]


async def test_looking_at_a_link_uses_nothing_up(hosted: Hosted) -> None:
    async with hosted(auth="headers", toolsets="all") as server:
        job = await Caller(server, ANN).called("export_flodesk_subscribers")
        for _ in range(3):
            assert (await Visitor(server).open(job["download_url"])).status_code == 200
        person = Visitor(server)
        assert (await person.press(await person.open(job["download_url"]), "")).status_code == 200


async def test_who_sees_nobody_gets_only_what_names_nobody(hosted: Hosted) -> None:
    async with hosted(auth="headers", toolsets="all", confirm="never") as server:
        ann = Caller(server, ANN)
        masked = Caller(server, {**ANN, "X-Flodesk-Personal-Data": "masked"})
        shown = await ann.called("export_flodesk_subscribers")
        assert "download_url" not in await masked.called("get_flodesk_job", job_id=shown["job_id"])
        plan = await ann.called("plan_flodesk_import", csv="email\nada@example.com\n")
        job = await ann.called("start_flodesk_job", plan_id=plan["plan_id"])
        assert "download_url" not in await masked.called("get_flodesk_job", job_id=job["job_id"])
        export = await masked.called("export_flodesk_subscribers")
        person = Visitor(server)
        file = await person.press(await person.open(export["download_url"]), "")
        assert file.status_code == 200
        assert "@" not in file.text


async def test_nobody_gets_a_link_to_what_is_anothers(hosted: Hosted) -> None:
    async with hosted(auth="headers", toolsets="all") as server:
        job = await Caller(server, ANN).called("export_flodesk_subscribers")
        assert "There is no such job" in await Caller(server, BEN).refused("get_flodesk_job", job_id=job["job_id"])


@pytest.mark.parametrize("name", ["../x.csv", "a/b.csv", "x.exe", 'x".csv', "x\r\n.csv", "x.jsonl"])
async def test_a_download_has_a_plain_name(hosted: Hosted, name: str) -> None:
    async with hosted(auth="headers", toolsets="all") as server:
        assert "what your user's download is called" in await Caller(server, ANN).refused(
            "export_flodesk_subscribers", file=name
        )


async def test_what_is_kept_no_longer_is_not_offered(hosted: Hosted, monkeypatch: pytest.MonkeyPatch) -> None:
    async with hosted(auth="headers", toolsets="all") as server:
        ann, person = Caller(server, ANN), Visitor(server)
        first = await ann.called("export_flodesk_subscribers")
        page = await person.open(first["download_url"])
        monkeypatch.setattr(job_store, "PARTS_KEPT_SECONDS", -1)
        await ann.called("export_flodesk_subscribers")
        assert "download_url" not in await ann.called("get_flodesk_job", job_id=first["job_id"])
        monkeypatch.setattr(job_store, "KEPT_SECONDS", -1)
        await ann.called("export_flodesk_subscribers")
        assert (await person.press(page, "")).status_code == 410
        assert (await person.open(first["download_url"])).status_code == 410


async def test_when_too_many_links_are_open_the_resource_is_left(
    hosted: Hosted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_links, "MOST_OPEN", 1)
    async with hosted(auth="headers", toolsets="all") as server:
        ann = Caller(server, ANN)
        assert "download_url" in await ann.called("export_flodesk_subscribers")
        other = await ann.called("export_flodesk_subscribers", file="another.csv")
        assert "download_url" not in other
        assert other["result"]["uri"].startswith("flodesk://exports/")

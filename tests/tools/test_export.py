"""export_flodesk_subscribers: whoever is meant comes out whole, into a new file or into parts, and nobody else."""

import csv
import hashlib
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from mcp_types import TextResourceContents

from flodesk_mcp.audience.manifest import verified
from flodesk_mcp.sandbox import Account, Sandbox

from .agent import Agent, connected

pytestmark = pytest.mark.anyio
EXPORT = "export_flodesk_subscribers"
QUICK: dict[str, Any] = {"toolsets": "all", "requests_per_minute": 10**6}


@pytest.fixture
def anyio_backend() -> str:
    """The database works in threads, which virtual time would overtake."""
    return "asyncio"


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(requests_per_minute=10**6)


@pytest.fixture
async def agent(era: str, sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Agent]:
    """An agent whose server may write into a folder."""
    async with connected(era, sandbox, folders=(tmp_path,), **QUICK) as agent:
        yield agent


@pytest.fixture
async def homeless(era: str, sandbox: Sandbox) -> AsyncIterator[Agent]:
    """An agent whose server may write nowhere."""
    async with connected(era, sandbox, **QUICK) as agent:
        yield agent


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def _file(path: Path) -> list[dict[str, str]]:
    return _rows(path.read_bytes().decode())


async def _parts(agent: Agent, result: dict[str, Any]) -> str:
    """Return what all parts of an export are together."""
    address = result["uri"].removesuffix("/1")
    texts = [await _text(agent, f"{address}/{number}") for number in range(1, result["parts"] + 1)]
    return "".join(texts)


async def _text(agent: Agent, uri: str) -> str:
    (content,) = (await agent.client.read_resource(uri)).contents
    assert isinstance(content, TextResourceContents)
    return content.text


async def test_everybody_comes_out_into_a_new_file_within_the_call(
    agent: Agent, account: Account, tmp_path: Path
) -> None:
    job = await agent.call(EXPORT, file="all.csv")

    assert (job["state"], job["rows"], job["written"]) == ("done", len(account.subscribers), len(account.subscribers))
    assert job["result"]["file"] == str(tmp_path / "all.csv")
    rows = _file(tmp_path / "all.csv")
    labels = {field.label: field.key for field in account.custom_fields.values()}
    expected = {
        person.id: {
            "email": person.email,
            "status": person.status,
            "first_name": person.first_name,
            "segments": "|".join(account.segments[known].name for known in person.segment_ids),
            **{label: person.custom_fields.get(key, "") for label, key in labels.items()},
        }
        for person in account.subscribers.values()
    }
    assert {row["id"]: {name: row[name] for name in expected[row["id"]]} for row in rows} == expected
    assert len(rows) == len(expected)


async def test_the_manifest_tells_what_the_file_is(agent: Agent, tmp_path: Path) -> None:
    where = [{"field": "status", "operator": "is", "value": "active"}]
    job = await agent.call(EXPORT, file="active.csv", where=where, fields=["email", "status"])

    manifest = verified(tmp_path / "active.csv")
    content = (tmp_path / "active.csv").read_bytes()
    assert job["result"]["manifest"] == str(tmp_path / "active.csv.manifest.json")
    assert manifest["rows"] == job["rows"] == len(_file(tmp_path / "active.csv"))
    assert manifest["filter"] == {"match": "all", "where": where}
    assert manifest["fields"] == ["id", "email", "status"]
    assert manifest["sha256"] == hashlib.sha256(content).hexdigest() == job["result"]["sha256"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["active.csv", "active.csv.manifest.json"]


async def test_only_those_who_match_come_out(agent: Agent, account: Account, tmp_path: Path) -> None:
    segment = next(known for known in account.segments.values() if known.name == "Newsletter")
    await agent.call(
        EXPORT,
        file="some.csv",
        where=[
            {"field": "segment", "operator": "is", "value": "newsletter"},
            {"field": "status", "operator": "is", "value": "bounced"},
        ],
    )

    people = account.subscribers.values()
    wanted = {person.id for person in people if segment.id in person.segment_ids and person.status == "bounced"}
    assert wanted
    assert {row["id"] for row in _file(tmp_path / "some.csv")} == wanted


async def test_jsonl_holds_one_person_in_each_line(agent: Agent, account: Account, tmp_path: Path) -> None:
    await agent.call(EXPORT, file_format="jsonl", file="all.jsonl")

    people = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text("utf-8").splitlines()]
    assert {person["id"]: person.get("custom_fields", {}) for person in people} == {
        person.id: person.custom_fields for person in account.subscribers.values()
    }


async def test_nobody_is_an_empty_file_with_its_columns(agent: Agent, tmp_path: Path) -> None:
    where = [{"field": "email", "operator": "is", "value": "nobody@example.com"}]
    job = await agent.call(EXPORT, file="none.csv", where=where)

    assert (job["state"], verified(tmp_path / "none.csv")["rows"]) == ("done", 0)
    assert (tmp_path / "none.csv").read_text("utf-8-sig").startswith("id,email,")


async def test_an_account_without_people_can_be_taken_out(agent: Agent, account: Account, tmp_path: Path) -> None:
    account.subscribers.clear()
    assert (await agent.call(EXPORT, file="none.csv"))["state"] == "done"
    assert _file(tmp_path / "none.csv") == []


async def test_a_formula_of_a_stranger_cannot_run(agent: Agent, account: Account, tmp_path: Path) -> None:
    person = next(iter(account.subscribers.values()))
    person.first_name = '=HYPERLINK("https://evil.example.com")'
    await agent.call(EXPORT, file="all.csv")

    names = {row["id"]: row["first_name"] for row in _file(tmp_path / "all.csv")}
    assert names[person.id] == '\'=HYPERLINK("https://evil.example.com")'


async def test_a_file_is_named_by_the_time_where_no_name_is_given(agent: Agent, tmp_path: Path) -> None:
    job = await agent.call(EXPORT)
    assert Path(job["result"]["file"]).parent == tmp_path
    assert verified(Path(job["result"]["file"]))["rows"] == job["rows"]


async def test_no_file_is_overwritten(agent: Agent, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("mine")
    (tmp_path / "other.csv.manifest.json").write_text("mine")

    for name in ("mine.csv", "other.csv"):
        assert "no file is overwritten" in await agent.refused(EXPORT, file=name)
    assert (tmp_path / "mine.csv").read_text() == "mine"
    assert agent.sent == []


async def test_a_file_that_appears_meanwhile_is_not_overwritten_either(
    agent: Agent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(*_: object) -> Any:
        (tmp_path / "all.csv").write_text("mine")
        raise FileExistsError

    monkeypatch.setattr("flodesk_mcp.audience.destination.os.link", taken)
    job = await agent.call(EXPORT, file="all.csv")

    assert job["state"] == "failed"
    assert "move it away" in job["notice"]
    assert (tmp_path / "all.csv").read_text() == "mine"


@pytest.mark.parametrize("name", ["../all.csv", "/tmp/all.csv", "all.txt"])
async def test_a_file_elsewhere_is_refused(agent: Agent, name: str) -> None:
    assert "failed" in await agent.refused(EXPORT, file=name)
    assert agent.sent == []


async def test_without_a_folder_a_file_is_refused(homeless: Agent) -> None:
    assert "FLODESK_FOLDERS" in await homeless.refused(EXPORT, file="all.csv")


async def test_without_a_folder_the_parts_together_are_the_file(homeless: Agent, account: Account) -> None:
    job = await homeless.call(EXPORT)

    text = await _parts(homeless, job["result"])
    manifest = json.loads(await _text(homeless, job["result"]["manifest"]))
    assert {row["id"] for row in _rows(text)} == set(account.subscribers)
    assert hashlib.sha256(text.encode()).hexdigest() == manifest["sha256"] == job["result"]["sha256"]
    assert job["result"]["parts"] > 1
    assert len(text.encode()) == manifest["bytes"]


@pytest.mark.parametrize("part", ["0", "99", "-1", "x", "1" * 30])
async def test_a_part_that_there_is_not_is_said(homeless: Agent, part: str) -> None:
    job = await homeless.call(EXPORT)
    with pytest.raises(Exception, match="no such part"):
        await homeless.client.read_resource(job["result"]["uri"].removesuffix("1") + part)


async def test_an_unknown_export_is_no_such_job(homeless: Agent) -> None:
    with pytest.raises(Exception, match="no such job"):
        await homeless.client.read_resource(f"flodesk://exports/{'0' * 24}/1")


async def test_masked_no_personal_column_leaves(era: str, sandbox: Sandbox, account: Account, tmp_path: Path) -> None:
    next(iter(account.segments.values())).name = "friends of eve@example.com"
    async with connected(era, sandbox, folders=(tmp_path,), personal_data="masked", **QUICK) as agent:
        job = await agent.call(EXPORT, file="masked.csv")
        refused = [
            await agent.refused(EXPORT, fields=["email"]),
            await agent.refused(EXPORT, where=[{"field": "email", "operator": "contains", "value": "a"}]),
        ]

    rows = _file(tmp_path / "masked.csv")
    assert job["rows"] == len(rows) == len(account.subscribers)
    assert set(rows[0]) == {"id", "status", "source", "segments", "created_at", "optin_timestamp"}
    assert "@" not in (tmp_path / "masked.csv").read_text("utf-8")
    assert all("masked" in text for text in refused)


async def test_a_segment_that_was_deleted_ends_the_export_in_a_sentence(agent: Agent, account: Account) -> None:
    await agent.call("list_all_flodesk_segments")
    name = next(iter(account.segments.values())).name
    account.segments.clear()
    for person in account.subscribers.values():
        person.segment_ids.clear()

    where = [{"field": "segment", "operator": "is", "value": name}]
    assert name in await agent.refused(EXPORT, where=where)


async def test_the_list_is_read_anew_before_it_leaves(agent: Agent, account: Account, tmp_path: Path) -> None:
    await agent.call(EXPORT, file="before.csv")
    person = next(iter(account.subscribers.values()))
    person.status = "unsubscribed"
    await agent.call(EXPORT, file="after.csv", where=[{"field": "status", "operator": "is", "value": "unsubscribed"}])

    assert person.id in {row["id"] for row in _file(tmp_path / "after.csv")}


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """A disk that is full while the list holds True."""
    import errno
    import os

    is_full = [True]
    sync = os.fsync

    def fsync(descriptor: int) -> None:
        if is_full[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(descriptor)

    monkeypatch.setattr("flodesk_mcp.audience.destination.os.fsync", fsync)
    return is_full


async def test_a_full_disk_ends_an_export_in_a_sentence(
    agent: Agent, full_disk: list[bool], tmp_path: Path, account: Account
) -> None:
    job = await agent.call(EXPORT, file="all.csv")

    assert job["state"] == "failed"
    assert "disk is full" in job["notice"]
    assert "jobs run" in job["notice"]
    assert not (tmp_path / "all.csv").exists()

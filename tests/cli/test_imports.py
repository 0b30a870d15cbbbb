"""`flodesk-mcp import` and `sync`: what they show, what they do, and how they end."""

import json
from pathlib import Path

import pytest

from flodesk_mcp.sandbox import SANDBOX_API_KEY

from .conftest import Run, Served

LIST = "Email,First name\nnew@example.com,Nora\nnobody,\n"
JASPER = "j.quill@example.org"


@pytest.fixture
def run(run_here: Run) -> Run:
    return run_here


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text(LIST)
    return path


def test_a_dry_run_shows_the_plan_and_changes_nothing(run: Run, served: Served, people: Path) -> None:
    done = run("import", str(people), "--segment", "Fair 2026", "--dry-run", **served.settings)
    assert done.returncode == 3, done.stderr
    assert "        1 people to write" in done.stdout
    assert "New segments: Fair 2026" in done.stdout
    assert "  row 3: Email: 'nobody' is no e-mail address" in done.stdout
    assert all(seen.method == "GET" for seen in served.sandbox.requests)


def test_an_import_ends_with_0_only_when_every_row_was_written_or_unchanged(
    run: Run, served: Served, people: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.csv"
    some = run("import", str(people), "--yes", "--json", "--report", str(report), **served.settings)
    assert some.returncode == 3, some.stderr
    told = json.loads(some.stdout)
    assert (told["plan"]["new"], told["job"]["state"], told["job"]["written"], told["job"]["skipped"]) == (
        1,
        "done",
        1,
        1,
    )
    assert report.read_text("utf-8-sig").splitlines()[:2] == ["row,email,outcome,reason", "2,new@example.com,written,"]
    people.write_text("Email,First name\nnew@example.com,Nora\n")
    every = run("import", str(people), "--yes", **served.settings)
    assert every.returncode == 0, every.stderr
    assert "        1 unchanged" in every.stdout
    assert "Done: 1 of 1 rows written or unchanged." in every.stdout


def test_nobody_is_written_where_nobody_can_agree(run: Run, served: Served, people: Path) -> None:
    done = run("import", str(people), **served.settings)
    assert done.returncode == 1
    assert "Nobody can be asked here: add --yes" in done.stderr
    assert all(seen.method == "GET" for seen in served.sandbox.requests)


def test_what_is_wrong_is_said_in_one_line(run: Run, served: Served, tmp_path: Path) -> None:
    done = run("import", str(tmp_path / "none.csv"), **served.settings)
    assert (done.returncode, done.stderr) == (1, "flodesk-mcp: There is no such file.\n")
    done = run("sync", "Newsletter", **served.settings)
    assert done.returncode == 2
    assert "Give a FILE or --where, one of them." in done.stderr


def test_a_sync_and_its_report_that_puts_it_back(run: Run, served: Served, tmp_path: Path) -> None:
    account = served.sandbox.accounts[SANDBOX_API_KEY]
    segment = next(known for known in account.segments.values() if known.segment_type == "static")
    before = {person.email for person in account.subscribers.values() if segment.id in person.segment_ids}
    people, report = tmp_path / "people.csv", tmp_path / "report.csv"
    people.write_text("email\n" + "\n".join([*sorted(before)[3:], JASPER]))
    done = run(
        "sync", segment.name, str(people), "--remove-others", "--yes", "--report", str(report), **served.settings
    )
    after = {person.email for person in account.subscribers.values() if segment.id in person.segment_ids}
    assert done.returncode in {0, 3}, done.stderr
    assert after == before - set(sorted(before)[:3]) | {JASPER}
    back = run("sync", segment.name, str(report), "--yes", **served.settings)
    assert back.returncode in {0, 3}, back.stderr
    assert {person.email for person in account.subscribers.values() if segment.id in person.segment_ids} == before

"""The report as people get it: tables, JSON, and a page."""

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from audience.expected import expected_report
from flodesk_mcp.sandbox import SANDBOX_API_KEY, sample_account

from .conftest import Run, Served

SEGMENT = "Newsletter"


@pytest.fixture
def run(run_here: Run) -> Run:
    return run_here


def test_tables_fit_a_terminal_and_say_how_old_they_are(run: Run) -> None:
    shown = run("--sandbox", "report")
    assert (shown.returncode, shown.stderr) == (0, "")
    lines = shown.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[1].startswith(f"As of {datetime.now(UTC):%Y-}")
    assert [words for words in lines if words.split()[:2] == ["357", "active:"]]
    assert [words for words in lines if words.split()[:3] == [SEGMENT, "336", "286"]]
    for title in ("Sign-ups by week", "Status", "Segments", "Largest overlaps", "Custom fields", "on the list twice"):
        assert title in shown.stdout
    assert "no date of leaving" in " ".join(shown.stdout.split())
    assert "\x1b" not in shown.stdout


def test_json_holds_all_numbers_of_a_segment(run: Run) -> None:
    account = sample_account()
    segment_id = next(segment.id for segment in account.segments.values() if segment.name == SEGMENT)
    report = json.loads(run("--sandbox", "report", "--segment", SEGMENT.upper(), "--days", "700", "--json").stdout)
    expected = expected_report(account, datetime.now(UTC), 700, segment_id)
    assert (report["segment"], report["people"]) == (SEGMENT, expected["people"])
    assert report["statuses"] == expected["statuses"]
    assert report["joined"]["weeks"] == expected["weeks"]


def test_a_page_is_a_new_file_for_this_user_alone(run: Run, tmp_path: Path) -> None:
    page = tmp_path / "audience.html"
    assert run("--sandbox", "report", "--html", str(page)).stderr == f"Written: {page}\n"
    written = page.read_text(encoding="utf-8")
    assert written.startswith("<!doctype html>")
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    again = run("--sandbox", "report", "--html", str(page))
    assert (again.returncode, again.stderr) == (1, f"flodesk-mcp: {page} exists: name a new file.\n")
    assert page.read_text(encoding="utf-8") == written
    nowhere = run("--sandbox", "report", "--html", str(tmp_path / "none" / "page.html"))
    assert (nowhere.returncode, nowhere.stderr.count("\n")) == (1, 1)
    assert "No such file or directory" in nowhere.stderr


def test_masked_it_names_nobody(run: Run, tmp_path: Path) -> None:
    page = tmp_path / "audience.html"
    shown = run("--sandbox", "report", "--json", "--html", str(page), FLODESK_PERSONAL_DATA="masked")
    assert json.loads(shown.stdout)["twins"]
    assert "@" not in shown.stdout
    assert [person.email for person in sample_account().subscribers.values() if person.email in page.read_text()] == []


def test_what_goes_wrong_is_one_line(run: Run) -> None:
    unknown = run("--sandbox", "report", "--segment", "Nobody's")
    assert (unknown.returncode, unknown.stdout, unknown.stderr.count("\n")) == (1, "", 1)
    assert "does not stand for exactly one segment" in unknown.stderr
    assert "Candidates: " in unknown.stderr
    assert "'VIP' is 3e645b1e6b81ac90ec4a722e" in unknown.stderr
    keyless = run("report")
    assert (keyless.returncode, keyless.stdout, keyless.stderr.count("\n")) == (2, "", 1)
    assert "FLODESK_API_KEY" in keyless.stderr


def test_a_second_report_reads_what_the_first_one_kept(run: Run, served: Served) -> None:
    first = run("report", "--json", **served.settings)
    assert first.returncode == 0, first.stderr
    asked = [request.path for request in served.sandbox.requests]
    second = run("report", "--json", **served.settings)
    later = [request.path for request in served.sandbox.requests][len(asked) :]
    assert "/v1/subscribers" in asked
    assert "/v1/subscribers" not in later
    assert json.loads(second.stdout)["as_of"] == json.loads(first.stdout)["as_of"]


def test_a_name_can_neither_color_the_terminal_nor_be_taken_for_markup(run: Run, served: Served) -> None:
    segment = next(iter(served.sandbox.accounts[SANDBOX_API_KEY].segments.values()))
    segment.name = "[red]Ro\x1b[31mses[/nothing]"
    shown = run("report", **served.settings)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "[red]Ro[31mses[/nothing]" in shown.stdout
    assert "\x1b" not in shown.stdout

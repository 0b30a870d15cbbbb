"""The commands on the whole list, as people run them."""

import json
import stat
from pathlib import Path

import pytest

from .conftest import Run, Served


@pytest.fixture
def run(run_here: Run) -> Run:
    return run_here


def _files(tmp_path: Path) -> list[Path]:
    return sorted(file for file in (tmp_path / "data" / "audience").rglob("*") if file.is_file())


def test_a_search_shows_a_table_and_how_many_there_are(run: Run, served: Served) -> None:
    found = run("search", "Favourite flower is DAHLIA", "status is active", "--limit", "3", **served.settings)
    assert found.returncode == 0, found.stderr
    people = served.sandbox.accounts["sandbox-key"].subscribers.values()
    dahlias = [p for p in people if p.custom_fields.get("favouriteFlower") == "Dahlia" and p.status == "active"]
    assert f"3 of {len(dahlias)} people, as of 20" in found.stdout
    assert sum(person.email in found.stdout for person in dahlias) == 3
    assert "--next-cursor" in found.stdout


def test_a_search_for_programs_is_json_and_goes_on_with_its_cursor(run: Run, served: Served) -> None:
    first = json.loads(run("search", "--limit", "2", "--fields", "email", "--json", **served.settings).stdout)
    more = run("search", "--next-cursor", first["next_cursor"], "--fields", "email", "--json", **served.settings)
    ids = [person["id"] for page in (first, json.loads(more.stdout)) for person in page["result"]]
    assert ids == [person.id for person in reversed(served.sandbox.accounts["sandbox-key"].subscribers.values())][:4]


def test_a_wrong_condition_is_one_line(run: Run, served: Served) -> None:
    found = run("search", "flower of choice is x", **served.settings)
    assert found.returncode == 1
    assert "There is no field 'flower of choice'" in found.stderr
    assert len(found.stderr.strip().splitlines()) == 1
    assert run("search", "no operator here", **served.settings).returncode == 2
    assert run("search", "--fields", "emial", **served.settings).returncode == 2


def test_masked_searches_tell_nobody(run: Run, served: Served) -> None:
    settings = served.settings | {"FLODESK_PERSONAL_DATA": "masked"}
    assert "masked" in run("search", "email contains j", **settings).stderr
    shown = run("search", "status is active", "--limit", "100", **settings)
    assert shown.returncode == 0
    assert not [p for p in served.sandbox.accounts["sandbox-key"].subscribers.values() if p.email in shown.stdout]


def test_the_mirror_can_be_looked_at_read_anew_and_deleted(run: Run, served: Served, tmp_path: Path) -> None:
    assert "no copy" in run("mirror", "status", **served.settings).stdout
    assert "420 people in" in run("mirror", "refresh", **served.settings).stdout
    status = json.loads(run("mirror", "status", "--json", **served.settings).stdout)
    assert status["people"] == 420
    assert Path(status["place"]) in _files(tmp_path)
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in _files(tmp_path))
    assert "deleted" in run("mirror", "clear", **served.settings).stdout
    assert not [file for file in _files(tmp_path) if file.name.startswith("mirror")]
    assert "no copy" in run("mirror", "clear", **served.settings).stdout


def test_no_file_is_named_by_the_credential_and_another_address_is_another_account(
    run: Run, served: Served, tmp_path: Path
) -> None:
    run("mirror", "refresh", **served.settings)
    elsewhere = served.settings | {
        "FLODESK_BASE_URL": served.settings["FLODESK_BASE_URL"].replace("127.0.0.1", "localhost")
    }
    assert "no copy" in run("mirror", "status", **elsewhere).stdout
    for file in (tmp_path / "data").rglob("*"):
        assert "sandbox-key" not in str(file)
        assert not file.is_file() or b"sandbox-key" not in file.read_bytes()


def test_a_damaged_mirror_is_said_and_built_anew_on_request(run: Run, served: Served, tmp_path: Path) -> None:
    run("mirror", "refresh", **served.settings)
    (file,) = (file for file in _files(tmp_path) if file.name == "mirror.sqlite3")
    file.write_bytes(b"nothing of use" * 1000)
    found = run("search", **served.settings)
    assert found.returncode == 1
    assert "is damaged" in found.stderr
    assert "flodesk-mcp mirror refresh" in found.stderr
    assert "is damaged" in run("doctor", **served.settings).stdout
    assert "420 people" in run("mirror", "refresh", **served.settings).stdout
    assert [kept for kept in _files(tmp_path) if kept.name.startswith("mirror.sqlite3.kept-")]


def test_doctor_tells_where_the_mirror_is_and_how_old(run: Run, served: Served, tmp_path: Path) -> None:
    assert "Mirror" not in run("doctor", **served.settings).stdout
    run("mirror", "refresh", **served.settings)
    told = run("doctor", **served.settings)
    assert told.returncode == 0
    (line,) = (line for line in told.stdout.splitlines() if "Mirror" in line)
    assert f"420 people in {tmp_path}" in line
    assert "as of 20" in line


def test_the_embedded_flodesk_leaves_nothing_behind(run: Run, tmp_path: Path) -> None:
    found = run("search", "email contains quill", "--json", FLODESK_SANDBOX="1")
    assert json.loads(found.stdout)["total_items"] == 6
    assert not (tmp_path / "data").exists()

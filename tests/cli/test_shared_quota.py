"""Two servers over standard input, as two clients of one person start them: one quota."""

import stat
from pathlib import Path

import pytest

from .conftest import Run, Served
from .server_process import server_process

pytestmark = pytest.mark.anyio

LISTS = "list_all_flodesk_segments"
FEW = ("--requests-per-minute=3", "--max-wait-seconds=0")


async def test_two_servers_with_the_same_key_spend_one_quota(environment: dict[str, str], served: Served) -> None:
    settings = environment | served.settings
    async with server_process(*FEW, environment=settings) as one, server_process(*FEW, environment=settings) as other:
        answers = [await server.client.call_tool(LISTS, {}) for server in (one, other, one, other)]
    assert [answer.is_error for answer in answers] == [False, False, False, True]
    assert "try again in" in str(answers[3].content).lower()
    assert len(served.sandbox.requests) == 3


async def test_a_folder_that_cannot_be_written_is_said_once_on_standard_error(
    environment: dict[str, str], served: Served, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    settings = environment | served.settings | {"FLODESK_DATA_DIR": str(tmp_path / "file")}
    async with server_process(environment=settings) as server:
        answers = [await server.client.call_tool(LISTS, {}) for _ in range(3)]
    assert not any(answer.is_error for answer in answers)
    assert server.stderr.count("WARNING") == 1


def test_the_doctor_says_where_the_quota_file_is(run: Run, served: Served, tmp_path: Path) -> None:
    examined = run("doctor", **served.settings)
    (file,) = (tmp_path / "data" / "quota").glob("*.quota")
    assert f"ok    Quota       shared by all processes of this user, in {file}" in examined.stdout
    assert "sandbox-key" not in file.name + file.read_text("latin-1")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_doctor_says_when_each_process_counts_for_itself(run: Run, served: Served, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    examined = run("doctor", **served.settings, FLODESK_DATA_DIR=str(tmp_path / "file"))
    assert examined.returncode == 0
    assert "note  Quota" in examined.stdout
    assert "Set FLODESK_DATA_DIR" in examined.stdout


def test_the_sandbox_in_the_process_has_no_file(run: Run, tmp_path: Path) -> None:
    assert run("--sandbox", "doctor").returncode == 0
    assert not (tmp_path / "data").exists()

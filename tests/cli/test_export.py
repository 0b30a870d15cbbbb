"""`flodesk-mcp export` and `flodesk-mcp jobs`, as people and scripts run them: also when they are killed."""

import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest

from flodesk_mcp.audience.lease import HEARTBEAT_SECONDS, LEASE_SECONDS
from flodesk_mcp.audience.manifest import manifest_path
from flodesk_mcp.sandbox import SANDBOX_API_KEY, Sandbox

from .conftest import Run, Served, serving
from .server_process import server_process


@pytest.fixture
def run(run_here: Run) -> Run:
    return run_here


@pytest.fixture(scope="module")
def _unlimited() -> Iterator[Served]:
    with serving(Sandbox(requests_per_minute=10**6)) as served:
        yield served


@pytest.fixture
def served(_unlimited: Served) -> Served:
    """A fresh sandbox over HTTP, with a quota that nothing here reaches."""
    _unlimited.sandbox.reset()
    return _unlimited


@pytest.fixture
def quick(served: Served) -> dict[str, str]:
    """Settings that lead there."""
    return served.settings | {"FLODESK_REQUESTS_PER_MINUTE": "1000000"}


def _people(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [row["id"] for row in csv.DictReader(file)]


def test_everybody_is_taken_out_and_the_file_can_be_verified(
    run: Run, quick: dict[str, str], served: Served, tmp_path: Path
) -> None:
    path = tmp_path / "all.csv"
    done = run("export", "--file", str(path), **quick)
    verified = run("export", "verify", str(path))

    people = served.sandbox.accounts[SANDBOX_API_KEY].subscribers
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{len(people)} people in {path}, with all.csv.manifest.json beside it.\n"
    assert sorted(_people(path)) == sorted(people)
    assert verified.returncode == 0
    assert f"{len(people)} people" in verified.stdout


def test_a_changed_file_is_not_what_was_exported(run: Run, quick: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "some.csv"
    run("export", "--file", str(path), "--where", "status is bounced", **quick)
    content = path.read_bytes()

    path.write_bytes(content.replace(b"bounced", b"BOUNCED", 1))
    changed = run("export", "verify", str(path))
    path.write_bytes(content + b"x")
    longer = run("export", "verify", str(path))
    (tmp_path / "some.csv.manifest.json").unlink()
    bare = run("export", "verify", str(path))

    assert [result.returncode for result in (changed, longer, bare)] == [1, 1, 1]
    assert "it was changed" in changed.stderr
    assert "bytes" in longer.stderr
    assert "nothing can be verified" in bare.stderr


def test_no_file_is_overwritten(run: Run, quick: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("mine")
    refused = run("export", "--file", str(path), **quick)

    assert (refused.returncode, path.read_text()) == (1, "mine")
    assert "no file is overwritten" in refused.stderr


def test_programs_get_json(run: Run, quick: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    arguments = ("export", "--format", "jsonl", "--file", str(path), "--fields", "email,status", "--json")
    job = json.loads(run(*arguments, **quick).stdout)
    shown = json.loads(run("jobs", "show", job["job_id"], "--json", **quick).stdout)
    (listed,) = json.loads(run("jobs", "list", "--json", **quick).stdout)

    assert (job["state"], job["result"]["file"]) == ("done", str(path))
    assert job == shown == listed
    assert all(json.loads(line).keys() <= {"id", "email", "status"} for line in path.read_text("utf-8").splitlines())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--where", "nonsense"), "is no condition"),
        (("--fields", "shoe_size"), "no field 'shoe_size'"),
        (("--where", "shoe_size is 42"), "There is no field 'shoe_size'"),
    ],
)
def test_what_cannot_be_meant_is_said(
    run: Run, quick: dict[str, str], tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    refused = run("export", "--file", str(tmp_path / "x.csv"), *arguments, **quick)
    assert refused.returncode != 0
    assert words in refused.stderr
    assert list(tmp_path.glob("*.csv*")) == []


def test_masked_nothing_personal_leaves(run: Run, quick: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "masked.csv"
    masked = {"FLODESK_PERSONAL_DATA": "masked", **quick}
    assert run("export", "--file", str(path), **masked).returncode == 0
    assert "@" not in path.read_text("utf-8")
    assert run("export", "--file", f"{path}2.csv", "--where", "email contains a", **masked).returncode == 1


def test_jobs_are_listed_and_an_unknown_one_is_said(run: Run, quick: dict[str, str], tmp_path: Path) -> None:
    assert run("jobs", "list", **quick).stdout == "No jobs.\n"
    assert run("jobs", "run", **quick).stdout == "Nothing is left to do.\n"
    run("export", "--file", str(tmp_path / "x.csv"), **quick)
    assert " export " in run("jobs", "list", **quick).stdout
    for command in ("show", "cancel"):
        unknown = run("jobs", command, "0" * 24, **quick)
        assert (unknown.returncode, "no such job" in unknown.stderr) == (1, True)


PEOPLE = 3_000
PAGES_LOST = 10
"""What a kill may cost: the pages that wait to be stored together, and the one under way."""


@dataclass(frozen=True)
class Killed:
    """Starts commands as processes of their own, which are killed at chosen moments."""

    served: Served
    environment: dict[str, str]
    path: Path

    def at(self, reached: Callable[[], bool], *arguments: str) -> None:
        """Run a command until `reached` says so, or to its end, and kill it."""
        process = subprocess.Popen(
            [sys.executable, "-m", "flodesk_mcp", *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            deadline = time.monotonic() + 50
            while process.poll() is None and not reached():
                assert time.monotonic() < deadline
                time.sleep(0.002)
        finally:
            process.kill()
            process.wait(10)

    def has_read(self, pages: int) -> bool:
        """Tell whether so many pages of the list were asked for."""
        return len([seen for seen in self.served.sandbox.requests if seen.path == "/v1/subscribers"]) >= pages

    def has_begun_to_write(self) -> bool:
        """Tell whether there is an unfinished file."""
        return bool(list(self.path.parent.glob(f".{self.path.name}.*.part")))


@pytest.fixture
def killed(served: Served, quick: dict[str, str], environment: dict[str, str], tmp_path: Path) -> Killed:
    """Processes on an account with many people, all of whom are to go into `path`."""
    account = served.sandbox.accounts[SANDBOX_API_KEY]
    one = next(iter(account.subscribers.values()))
    made = vars(one) | {"custom_fields": {}, "segment_ids": []}
    for number in range(PEOPLE - len(account.subscribers)):
        known = f"{number:024x}"
        account.subscribers[known] = type(one)(**made | {"id": known, "email": f"p{number}@example.com"})
    return Killed(served, environment | quick, tmp_path / "all.csv")


def test_an_export_that_is_killed_again_and_again_loses_and_doubles_nobody(
    run: Run, quick: dict[str, str], served: Served, killed: Killed, tmp_path: Path
) -> None:
    path = killed.path
    killed.at(lambda: killed.has_read(4), "export", "--file", str(path))
    killed.at(lambda: killed.has_read(17), "jobs", "run")
    killed.at(lambda: killed.has_read(30), "jobs", "run")
    killed.at(killed.has_begun_to_write, "jobs", "run")
    killed.at(path.exists, "jobs", "run")
    pages = len([seen for seen in served.sandbox.requests if seen.path == "/v1/subscribers"])
    finished = run("jobs", "run", **quick)

    (job,) = json.loads(run("jobs", "list", "--json", **quick).stdout)
    assert finished.returncode == 0, finished.stderr
    assert (job["state"], job["written"], job["rows"]) == ("done", PEOPLE, PEOPLE)
    assert sorted(_people(path)) == sorted(served.sandbox.accounts[SANDBOX_API_KEY].subscribers)
    assert run("export", "verify", str(path)).returncode == 0
    assert sorted(os.listdir(tmp_path)) == ["all.csv", "all.csv.manifest.json", "data"]
    assert pages < PEOPLE / 100 + 4 * PAGES_LOST


def test_a_job_of_a_killed_process_is_taken_over_at_once(run: Run, quick: dict[str, str], killed: Killed) -> None:
    killed.at(lambda: killed.has_read(2), "export", "--file", str(killed.path))

    began = time.monotonic()
    assert run("jobs", "run", **quick).returncode == 0
    assert time.monotonic() - began < LEASE_SECONDS - HEARTBEAT_SECONDS
    assert run("export", "verify", str(killed.path)).returncode == 0


@pytest.mark.anyio
async def test_a_server_goes_on_with_unfinished_jobs_before_anybody_calls(killed: Killed, run: Run) -> None:
    killed.at(lambda: killed.has_read(4), "export", "--file", str(killed.path))
    assert not killed.path.exists()

    async with server_process(environment=killed.environment | {"FLODESK_TOOLSETS": "all"}):
        with anyio.fail_after(40):
            while not manifest_path(killed.path).exists():  # noqa: ASYNC110 - nothing tells of it
                await anyio.sleep(0.05)
    assert run("export", "verify", str(killed.path)).returncode == 0


def test_a_stopped_export_leaves_no_file(run: Run, quick: dict[str, str], killed: Killed, tmp_path: Path) -> None:
    killed.at(killed.has_begun_to_write, "export", "--file", str(killed.path))
    (begun,) = json.loads(run("jobs", "list", "--json", **quick).stdout)
    assert begun["state"] == "running"

    stopped = run("jobs", "cancel", begun["job_id"], **quick)
    assert run("jobs", "run", **quick).returncode == 0
    (job,) = json.loads(run("jobs", "list", "--json", **quick).stdout)
    assert stopped.returncode == 0
    assert job["state"] == "cancelled"
    assert not list(tmp_path.glob("*all.csv*"))

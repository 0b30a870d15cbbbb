"""Real processes that spend one quota, against a sandbox over HTTP that writes down what arrives. A small window."""

import json
import subprocess
import sys
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import anyio
import pytest

from deploy.programs import Redis as RedisServer
from flodesk_mcp.flodesk import ApiKey, FlodeskClient
from flodesk_mcp.quota.file import FileQuota
from flodesk_mcp.sandbox import SANDBOX_API_KEY

HERE = Path(__file__).parent
WINDOW = 5.0
LIMIT, BATCHES = 20, 4


@pytest.fixture
def address() -> Iterator[str]:
    with _python("shared_sandbox.py") as sandbox:
        yield _line(sandbox)
        sandbox.kill()


def _python(script: str, *arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, str(HERE / script), *map(str, arguments)]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )


def _line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _begin(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def _arrivals(address: str) -> list[dict[str, Any]]:
    with urlopen(f"{address}/_sandbox/requests") as answer:
        arrived: list[dict[str, Any]] = json.load(answer)
    return arrived


def _most(requests: list[dict[str, Any]]) -> int:
    at = sorted(request["at"] for request in requests)
    return max(bisect_left(at, moment + WINDOW) - index for index, moment in enumerate(at))


@pytest.fixture(params=["file", "redis"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where processes count together."""
    if request.param == "file":
        return str(tmp_path / "data" / "quota")
    server: RedisServer = request.getfixturevalue("redis_server")
    return server.url


def test_twenty_processes_of_which_one_is_killed_stay_within_one_quota(address: str, place: str) -> None:
    spender = ("spender.py", address, place, LIMIT, BATCHES, WINDOW)
    with ExitStack() as ending:
        killed = ending.enter_context(_python(*spender, 60, 10))
        others = [ending.enter_context(_python(*spender, 2.6 * WINDOW, 4)) for _ in range(19)]
        processes = [killed, *others]
        for process in processes:
            ending.callback(process.kill)
        assert [_line(process) for process in processes] == ["ready"] * 20
        _begin(killed)
        while not (early := _arrivals(address)):
            pass
        for process in others:
            _begin(process)
        killed.kill()
        said = [process.communicate(timeout=120) for process in others]
    assert {errors for _, errors in said} == {""}
    arrived = _arrivals(address)
    assert {request["status"] for request in arrived} <= {200, None}
    assert _most(arrived) <= LIMIT
    assert _most([request for request in arrived if request["method"] == "POST"]) <= BATCHES
    # Whoever was killed held a window at most; after it the others go on at full speed.
    began = early[0]["at"]
    assert sum(began + WINDOW < request["at"] for request in arrived) >= LIMIT
    assert sum(int(sent) for sent, _ in said) >= LIMIT


@pytest.mark.parametrize("trouble", ["killed", "hanging"])
def test_a_redis_in_trouble_lets_no_more_through_and_then_everything(
    address: str, redis_server: RedisServer, trouble: str
) -> None:
    spender = ("spender.py", address, redis_server.url, LIMIT, BATCHES, WINDOW, 5 * WINDOW, 4)
    with ExitStack() as ending:
        replicas = [ending.enter_context(_python(*spender)) for _ in range(3)]
        for process in replicas:
            ending.callback(process.kill)
        assert [_line(process) for process in replicas] == ["ready"] * 3
        for process in replicas:
            _begin(process)
        while len(_arrivals(address)) < LIMIT / 2:
            pass
        if trouble == "killed":
            redis_server.kill()
            redis_server.start()
        else:
            redis_server.pause()
            time.sleep(WINDOW)
            redis_server.go_on()
        happened = max(request["at"] for request in _arrivals(address))
        # One that knows nothing of what was before.
        newcomer = ending.enter_context(_python(*spender))
        ending.callback(newcomer.kill)
        assert _line(newcomer) == "ready"
        _begin(newcomer)
        said = [process.communicate(timeout=120) for process in [*replicas, newcomer]]
    assert "Traceback" not in str(said)
    arrived = _arrivals(address)
    assert _most(arrived) <= LIMIT
    assert sum(request["at"] > happened + WINDOW for request in arrived) >= LIMIT


def test_what_a_killed_process_had_under_way_holds_up_nobody(address: str, place: str) -> None:
    body = json.dumps({"kind": "hang", "times": 10}).encode()
    with urlopen(f"{address}/_sandbox/faults", data=body):
        pass
    with _python("spender.py", address, place, 100, 20, 60, 60, 10) as killed:
        assert _line(killed) == "ready"
        _begin(killed)
        while len(_arrivals(address)) < 10:  # all the places there are
            pass
        killed.kill()
    # Of a replica only its silence tells that it is dead.
    seconds = 8 if place.startswith("redis:") else 2
    with _python("spender.py", address, place, 100, 20, 60, seconds, 1) as other:
        assert _line(other) == "ready"
        _begin(other)
        sent, errors = other.communicate(timeout=120)
    assert int(sent) >= 1
    assert errors == ""


def test_a_job_in_another_process_holds_up_a_call_for_a_second_and_a_half_at_most(address: str, tmp_path: Path) -> None:
    waits: list[float] = []

    async def be_a_person() -> None:
        quota = FileQuota(tmp_path, lambda key: "account", LIMIT, BATCHES, minute=WINDOW)
        async with FlodeskClient(ApiKey(SANDBOX_API_KEY), base_url=f"{address}/v1", quota=quota) as flodesk:
            for _ in range(6):
                await anyio.sleep(1.1)
                began = time.monotonic()
                await flodesk.webhooks.list()
                waits.append(time.monotonic() - began)

    with _python("spender.py", address, tmp_path, LIMIT, BATCHES, WINDOW, 60, 4, "job") as job:
        assert _line(job) == "ready"
        _begin(job)
        while len(_arrivals(address)) < 0.8 * LIMIT:  # from then on it uses what there is
            time.sleep(0.1)
        anyio.run(be_a_person)
        job.kill()
    assert max(waits) <= 1.5
    assert _most(_arrivals(address)) <= LIMIT

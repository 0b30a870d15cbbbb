"""`login` by Flodesk's OAuth, and the tokens that the processes of this computer renew."""

import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import anyio
import httpx2
import pytest
from mcp import MCPError

from flodesk_mcp.sandbox import SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET, Fault

from . import keyring_in_a_file
from .conftest import Served
from .keychain import COMMAND, Enter, enter, laptop, said
from .server_process import ServerProcess, server_process

__all__ = ["enter", "laptop"]

pytestmark = pytest.mark.anyio

CLIENT = {"FLODESK_CLIENT_ID": SANDBOX_CLIENT_ID, "FLODESK_CLIENT_SECRET": SANDBOX_CLIENT_SECRET}
TOKEN = "/oauth2/token"


@contextmanager
def signing_in(environment: dict[str, str]) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A login that has sent its person to Flodesk, and the address that it printed."""
    command = [*COMMAND, "login", "--no-browser"]
    with subprocess.Popen(
        command, env=environment | CLIENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if found := re.search(r"http://\S+/oauth2/authorize\S+", line):
                    yield process, found[0]
                    break
        finally:
            process.kill()


def answer(address: str, choice: str) -> httpx2.Response:
    """Click a button on Flodesk's page, as a browser that follows where it leads."""
    with httpx2.Client(follow_redirects=False) as browser:
        sent_back = browser.post(address, data={"answer": choice})
        return browser.get(sent_back.headers["location"])


def sign_in(environment: dict[str, str]) -> str:
    """Sign in to the end, and return what the command said."""
    with signing_in(environment) as (process, address):
        assert answer(address, "allow").status_code == 200
        out, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
    return out


def refreshes(served: Served) -> int:
    """How often Flodesk was asked for tokens since somebody signed in."""
    return sum(request.path == TOKEN for request in list(served.sandbox.requests)) - 1


async def test_a_person_signs_in_at_flodesk_and_the_server_finds_the_tokens(
    laptop: dict[str, str], served: Served
) -> None:
    out = sign_in(laptop)
    assert "Signed in as rowan@example.com." in out
    async with server_process(environment=laptop) as server:
        assert await said(server) == ""
    authorized = next(request for request in served.sandbox.requests if request.path == "/oauth2/authorize")
    assert authorized.query["code_challenge_method"] == "S256"
    assert urlsplit(authorized.query["redirect_uri"]).hostname == "127.0.0.1"
    assert SANDBOX_CLIENT_SECRET not in out


def test_who_says_no_at_flodesk_keeps_nothing(laptop: dict[str, str]) -> None:
    with signing_in(laptop) as (process, address):
        assert answer(address, "deny").status_code == 200
        _, errors = process.communicate(timeout=30)
    assert (process.returncode, "not allowed" in errors) == (2, True)
    assert not Path(laptop[keyring_in_a_file.FILE]).exists()


def test_an_answer_with_another_state_is_nobodys(laptop: dict[str, str]) -> None:
    with signing_in(laptop) as (process, address):
        back = dict(parse_qsl(urlsplit(address).query))["redirect_uri"]
        for forged in ("?code=stolen", "?code=stolen&state=guessed", "/../other"):
            assert httpx2.get(back + forged).status_code == 404
        assert process.poll() is None
        assert answer(address, "allow").status_code == 200
        out, _ = process.communicate(timeout=30)
    assert "Signed in" in out


def test_the_way_back_has_the_port_that_is_asked_for_if_it_is_free(laptop: dict[str, str], enter: Enter) -> None:
    with signing_in(laptop) as (_, address):
        taken = urlsplit(dict(parse_qsl(urlsplit(address).query))["redirect_uri"]).port
        done = enter("login", "--no-browser", f"--port={taken}", **CLIENT)
    assert (done.returncode, "choose another with --port" in done.stderr) == (2, True)


async def test_processes_of_this_computer_renew_the_tokens_once(laptop: dict[str, str], served: Served) -> None:
    sign_in(laptop)
    answers: list[str] = []

    async def ask(server: ServerProcess) -> None:
        answers.append(await said(server))

    async with (
        server_process(environment=laptop) as first,
        server_process(environment=laptop) as second,
        server_process(environment=laptop) as third,
    ):
        served.sandbox.expire_tokens()
        async with anyio.create_task_group() as tasks:
            for server in (first, second, third):
                for _ in range(8):
                    tasks.start_soon(ask, server)
    assert Counter(answers) == {"": 24}
    assert refreshes(served) == 1


async def test_a_sign_in_that_flodesk_ended_is_told_until_the_person_signs_in_again(
    laptop: dict[str, str], enter: Enter, served: Served
) -> None:
    sign_in(laptop)
    async with server_process(environment=laptop) as server:
        served.sandbox.expire_tokens()
        served.sandbox.fail(Fault("drop_after", path=TOKEN))
        assert "run `flodesk-mcp login` on this computer" in await said(server)
        arrived = len(served.sandbox.requests)
        assert "run `flodesk-mcp login` on this computer" in await said(server)
        examined = enter("doctor")
        assert (examined.returncode, "Run `flodesk-mcp login` again." in examined.stdout) == (1, True)
        assert " answers" not in examined.stdout
        assert len(served.sandbox.requests) == arrived
        sign_in(laptop)
        assert await said(server) == ""


async def test_a_signal_in_the_middle_of_a_renewal_loses_no_tokens(laptop: dict[str, str], served: Served) -> None:
    sign_in(laptop)
    served.sandbox.expire_tokens()
    served.sandbox.fail(Fault("hang", path=TOKEN))  # the first request; after ten seconds there is a second one

    async def ask(server: ServerProcess) -> None:
        with suppress(MCPError):  # which is what becomes of the call
            await said(server)

    async with server_process(environment=laptop) as server, anyio.create_task_group() as tasks:
        tasks.start_soon(ask, server)
        while refreshes(served) < 1:  # noqa: ASYNC110 - another process asks
            await anyio.sleep(0.02)
        server.process.terminate()
        assert await server.exit_code() == 0
    assert refreshes(served) == 2
    async with server_process(environment=laptop) as server:
        assert await said(server) == ""
    assert refreshes(served) == 2

"""`login` and `logout`, and what finds the credential afterwards. The keychain is a file of the test."""

import os
import pty
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import anyio
import httpx2
import pytest
from mcp import Client, MCPError
from mcp_types import TextContent

from flodesk_mcp.sandbox import SANDBOX_API_KEY, SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET, Fault
from web.serving import serve

from . import keyring_in_a_file
from .conftest import Served
from .server_process import ServerProcess, server_process

pytestmark = pytest.mark.anyio

COMMAND = (sys.executable, "-m", "flodesk_mcp")
CLIENT = {"FLODESK_CLIENT_ID": SANDBOX_CLIENT_ID, "FLODESK_CLIENT_SECRET": SANDBOX_CLIENT_SECRET}
TOKEN = "/oauth2/token"
Enter = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def laptop(environment: dict[str, str], served: Served, tmp_path: Path) -> dict[str, str]:
    """The environment of a computer that has a keychain, with nothing in it, and names no credential."""
    return environment | {
        "FLODESK_BASE_URL": f"{served.address}/v1",
        "PYTHONPATH": str(Path(keyring_in_a_file.__file__).parent),
        "PYTHON_KEYRING_BACKEND": "keyring_in_a_file.Keyring",
        keyring_in_a_file.FILE: str(tmp_path / "keychain"),
    }


@pytest.fixture
def enter(laptop: dict[str, str]) -> Enter:
    """Run a command to its end, with what a person enters."""

    def enter(*arguments: str, entered: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *arguments],
            env=laptop | settings,
            input=entered,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )

    return enter


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


async def said(server: ServerProcess) -> str:
    """What a tool answers that reads, or nothing if it worked."""
    result = await server.client.call_tool("list_all_flodesk_segments", {})
    (block,) = result.content
    assert isinstance(block, TextContent)
    return block.text if result.is_error else ""


def refreshes(served: Served) -> int:
    """How often Flodesk was asked for tokens since somebody signed in."""
    return sum(request.path == TOKEN for request in list(served.sandbox.requests)) - 1


async def test_an_api_key_is_tried_kept_and_found_by_the_server(enter: Enter, laptop: dict[str, str]) -> None:
    done = enter("login", entered=f"{SANDBOX_API_KEY}\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Flodesk accepts the API key" in done.stdout
    async with server_process(environment=laptop) as server:
        assert await said(server) == ""
    assert SANDBOX_API_KEY not in done.stdout + server.stderr


def test_a_key_that_flodesk_refuses_is_not_kept(enter: Enter, laptop: dict[str, str]) -> None:
    done = enter("login", entered="wrong-key\n")
    assert done.returncode == 2
    assert "Flodesk refuses this API key (401)" in done.stderr
    assert "wrong-key" not in done.stderr
    assert not Path(laptop[keyring_in_a_file.FILE]).exists()


@pytest.mark.parametrize("kind", ["html", "drop_before"])
def test_a_key_that_cannot_be_tried_is_not_kept(
    enter: Enter, laptop: dict[str, str], served: Served, kind: str
) -> None:
    served.sandbox.fail(Fault(kind))  # type: ignore[arg-type] # they are kinds
    done = enter("--max-wait-seconds", "0", "login", entered=f"{SANDBOX_API_KEY}\n")
    assert (done.returncode, "could not be tried" in done.stderr) == (2, True)
    assert not Path(laptop[keyring_in_a_file.FILE]).exists()


@pytest.mark.parametrize("entered", ["", "\n", "two words\n", "user:password\n"])
def test_what_cannot_be_a_key_is_refused_in_one_line(enter: Enter, entered: str) -> None:
    done = enter("login", entered=entered)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("flodesk-mcp: A")


def test_who_types_the_key_does_not_see_it(laptop: dict[str, str]) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen([*COMMAND, "login"], env=laptop, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while b"Flodesk API key" not in shown:
            shown += os.read(ours, 1000)
        os.write(ours, f"{SANDBOX_API_KEY}\n".encode())
        while b"accepts the API key" not in shown:
            shown += os.read(ours, 1000)
    os.close(ours)
    assert process.returncode == 0
    assert SANDBOX_API_KEY.encode() not in shown


def test_logout_forgets_and_the_next_start_says_what_to_do(enter: Enter) -> None:
    enter("login", entered=f"{SANDBOX_API_KEY}\n")
    assert enter("logout").stdout == "Forgotten.\n"
    assert enter("logout").stdout == "There is no login in this computer's keychain.\n"
    started = enter()
    assert (started.returncode, started.stdout, started.stderr.count("\n")) == (2, "", 1)
    assert "FLODESK_API_KEY" in started.stderr
    assert "flodesk-mcp login" in started.stderr


def test_a_variable_comes_before_the_login_which_says_so(enter: Enter) -> None:
    done = enter("login", entered=f"{SANDBOX_API_KEY}\n", FLODESK_API_KEY="another-key")
    assert "the setting FLODESK_API_KEY is set, and comes first" in done.stdout
    examined = enter("doctor", FLODESK_API_KEY="another-key")
    assert "credential in the setting FLODESK_API_KEY" in examined.stdout
    assert examined.returncode == 1


def test_the_doctor_says_that_the_credential_is_in_the_keychain(enter: Enter, served: Served) -> None:
    enter("login", entered=f"{SANDBOX_API_KEY}\n")
    examined = enter("doctor")
    assert "credential in this computer's keychain (flodesk-mcp login)" in examined.stdout
    assert "All is well." in examined.stdout
    del served.sandbox.accounts[SANDBOX_API_KEY]
    assert "It is in this computer's keychain (flodesk-mcp login): run that command again." in enter("doctor").stdout


async def test_a_401_names_the_keychain(enter: Enter, laptop: dict[str, str], served: Served) -> None:
    enter("login", entered=f"{SANDBOX_API_KEY}\n")
    del served.sandbox.accounts[SANDBOX_API_KEY]
    async with server_process(environment=laptop) as server:
        assert "this computer's keychain (flodesk-mcp login)" in await said(server)


@pytest.mark.parametrize("command", [["login"], ["logout"], []])
def test_a_machine_without_a_keychain_says_so_and_names_the_variable(enter: Enter, command: list[str]) -> None:
    done = enter(*command, entered=f"{SANDBOX_API_KEY}\n", PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "no keychain that can be used" in done.stderr
    assert "FLODESK_API_KEY" in done.stderr


def test_what_another_program_keeps_there_is_not_taken_for_a_credential(enter: Enter, laptop: dict[str, str]) -> None:
    enter("login", entered=f"{SANDBOX_API_KEY}\n")
    path = Path(laptop[keyring_in_a_file.FILE])
    for other in ("later", "{}", '{"kind": "oauth"}'):
        path.write_text(
            '{"flodesk-mcp %s": %r}'.replace("%r", __import__("json").dumps(other)) % laptop["FLODESK_BASE_URL"]
        )
        assert "run `flodesk-mcp login` again" in enter().stderr


def test_the_embedded_sandbox_needs_no_login(enter: Enter) -> None:
    assert "needs no login" in enter("--sandbox", "login").stderr


@pytest.mark.parametrize("settings", [{"FLODESK_API_KEY": "key"}, {"FLODESK_SANDBOX": "1"}])
def test_where_a_variable_is_set_no_keychain_is_imported(laptop: dict[str, str], settings: dict[str, str]) -> None:
    started = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "flodesk_mcp"],
        env=laptop | settings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    assert "flodesk_mcp.callers.single" in started.stderr
    for heavy in ("keyring", "flodesk_mcp.flodesk.oauth", "flodesk_mcp.flodesk.login"):
        assert not re.search(rf"\b{re.escape(heavy)}\b", started.stderr), heavy


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


async def test_a_hosted_server_for_this_machine_alone_finds_the_login_too(
    enter: Enter, laptop: dict[str, str], tmp_path: Path
) -> None:
    enter("login", entered=f"{SANDBOX_API_KEY}\n")
    with serve(tmp_path / "log", **laptop) as hosted:
        async with Client(f"{hosted.url}/mcp") as client:
            assert not (await client.call_tool("list_all_flodesk_segments", {})).is_error

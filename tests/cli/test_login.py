"""`login` with an API key, `logout`, and what finds the key afterwards. The keychain is a file of the test."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from mcp import Client

from flodesk_mcp.sandbox import SANDBOX_API_KEY, Fault
from web.serving import serve

from . import keyring_in_a_file
from .conftest import Served
from .keychain import COMMAND, Enter, enter, laptop, said
from .server_process import server_process

__all__ = ["enter", "laptop"]

pytestmark = pytest.mark.anyio


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


async def test_a_hosted_server_for_this_machine_alone_finds_the_login_too(
    enter: Enter, laptop: dict[str, str], tmp_path: Path
) -> None:
    enter("login", entered=f"{SANDBOX_API_KEY}\n")
    with serve(tmp_path / "log", **laptop) as hosted:
        async with Client(f"{hosted.url}/mcp") as client:
            assert not (await client.call_tool("list_all_flodesk_segments", {})).is_error

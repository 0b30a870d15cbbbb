"""The credential appears nowhere: not in a log at DEBUG, an error, a traceback, a result or a repr."""

import base64
import socket
import traceback
from collections.abc import Iterator

import pytest

from flodesk_mcp.callers.clients import credential_of
from flodesk_mcp.flodesk import ApiKey, BearerToken, FlodeskClient, NoAnswer
from flodesk_mcp.sandbox import Account, sample_account
from flodesk_mcp.settings import Settings, SettingsError, load_settings

from .conftest import Run, Served
from .server_process import server_process

pytestmark = pytest.mark.anyio

KEY = "k3y-that-nobody-may-see"
ENCODED = base64.b64encode(f"{KEY}:".encode()).decode()

CRASHING = f"""
from flodesk_mcp.flodesk.segments import Segments

async def crash(self, **arguments):
    secret = "{KEY}"
    held = [self, vars(self), vars(self._sender), vars(self._sender._transport)]
    raise RuntimeError(f"crash of {{held!r}}")

Segments.list = crash
from flodesk_mcp.__main__ import main
main()
"""


@pytest.fixture
def account(served: Served) -> Iterator[Account]:
    """The account that the key opens."""
    served.sandbox.accounts[KEY] = sample_account()
    yield served.sandbox.accounts[KEY]
    del served.sandbox.accounts[KEY]


@pytest.fixture
def settings(environment: dict[str, str], served: Served) -> dict[str, str]:
    return environment | served.settings | {"FLODESK_API_KEY": KEY, "FLODESK_LOG_LEVEL": "DEBUG"}


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that is taken, so that nobody else can listen on it, and does not listen either."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])


def _assert_hidden(*texts: str) -> None:
    for text in texts:
        assert text
        assert KEY not in text
        assert ENCODED not in text


async def _said(settings: dict[str, str], expected: str, python: tuple[str, ...] = ("-m", "flodesk_mcp")) -> list[str]:
    """Let the server write to Flodesk and read from it, and return all that it says anywhere."""
    async with server_process("--max-wait-seconds=0", environment=settings, python=python) as server:
        result = await server.client.call_tool("list_all_flodesk_segments", {})
        assert expected in str(result)
        await server.close_stdin()
        await server.exit_code()
    return [server.stdout.decode(), server.stderr]


@pytest.mark.usefixtures("account")
async def test_a_successful_call_says_nothing_of_the_key(settings: dict[str, str]) -> None:
    _assert_hidden(*await _said(settings, "Newsletter"))


async def test_a_refused_credential_is_not_shown(settings: dict[str, str]) -> None:
    _assert_hidden(*await _said(settings, "FLODESK_API_KEY"))


async def test_a_refused_token_is_not_shown(settings: dict[str, str]) -> None:
    del settings["FLODESK_API_KEY"]
    _assert_hidden(*await _said(settings | {"FLODESK_ACCESS_TOKEN": KEY}, "FLODESK_ACCESS_TOKEN"))


async def test_a_refused_connection_does_not_show_the_key(settings: dict[str, str], closed_port: int) -> None:
    settings["FLODESK_BASE_URL"] = f"http://127.0.0.1:{closed_port}/v1"
    _assert_hidden(*await _said(settings, "No connection"))


async def test_a_crash_within_a_tool_does_not_show_the_key(settings: dict[str, str]) -> None:
    texts = await _said(settings, "defect", ("-c", CRASHING))
    assert "RuntimeError: crash of" in texts[1]
    _assert_hidden(*texts)


def test_the_doctor_does_not_show_the_key(run: Run, settings: dict[str, str], closed_port: int) -> None:
    nowhere = {"FLODESK_BASE_URL": f"http://127.0.0.1:{closed_port}/v1"}
    for examined in (run("doctor", **settings), run("doctor", **settings | nowhere)):
        assert examined.returncode == 1
        _assert_hidden(examined.stdout + examined.stderr)


def test_a_proxy_keeps_its_password(run: Run, settings: dict[str, str]) -> None:
    settings["FLODESK_BASE_URL"] = "https://api.flodesk.com/v1"
    for proxy in (f"http://user:{KEY}@127.0.0.1:1", f"nonsense://user:{KEY}@127.0.0.1:1"):
        for command in ([], ["doctor"]):
            ended = run(*command, **settings | {"HTTPS_PROXY": proxy})
            assert KEY not in ended.stdout + ended.stderr


@pytest.mark.parametrize("value", [f"{KEY} {KEY}", f"{KEY}\n{KEY}", f"{KEY}é"])
def test_a_malformed_key_is_refused_without_being_shown(value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings(api_key=value)
    assert "FLODESK_API_KEY" in str(refused.value)
    _assert_hidden("".join(traceback.format_exception(refused.value)))


async def test_no_repr_shows_the_key(closed_port: int) -> None:
    settings = Settings(api_key=KEY)
    credential, token = ApiKey(KEY), BearerToken(KEY)
    async with FlodeskClient(credential, base_url=f"http://127.0.0.1:{closed_port}", max_wait_seconds=0) as client:
        with pytest.raises(NoAnswer) as failed:
            await client.segments.list()
        objects = (settings, settings.model_dump(), credential_of(settings), credential, token, client)
        _assert_hidden(*map(repr, objects), *map(str, objects))
    _assert_hidden("".join(traceback.format_exception(failed.value)))

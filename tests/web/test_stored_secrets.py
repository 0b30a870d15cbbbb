"""What stays in the database's files beside a running server, and what that server could open."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flodesk_mcp.cli.commands import cli
from flodesk_mcp.sandbox import SANDBOX_API_KEY
from flodesk_mcp.store import new_key

from .serving import Served, serve


def run(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(cli, arguments, input=typed)


def database_files(folder: Path) -> bytes:
    """All that SQLite keeps: the file, its log and the log's index."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("state.sqlite3*")))


def sealed(folder: Path) -> set[bytes]:
    """The ciphertexts in the files; Fernet's begin with its version and, for now, a date."""
    return set(re.findall(rb"gAAAA[A-Za-z0-9_=-]{80,}", database_files(folder)))


@pytest.fixture
def served(tmp_path: Path, encryption_key: str) -> Iterator[Served]:
    """A server with an account, and a connection to the database that stays open."""
    assert run("account", "add", "studio", typed=f"{SANDBOX_API_KEY}\n").exit_code == 0
    with serve(
        tmp_path / "log",
        "--sandbox",
        "--auth=tokens",
        FLODESK_DATABASE_URL=f"sqlite:///{tmp_path}/state.sqlite3",
        FLODESK_ENCRYPTION_KEYS=encryption_key,
    ) as running:
        yield running


@pytest.mark.usefixtures("served")
def test_a_rotated_credential_leaves_nothing_of_the_old_one_in_the_files(tmp_path: Path) -> None:
    before = sealed(tmp_path)
    assert len(before) == 1
    result = run("account", "rotate")
    assert result.exit_code == 0, result.stderr
    after = sealed(tmp_path)
    assert len(after) == 1
    assert not after & before


@pytest.mark.usefixtures("served")
def test_a_removed_account_leaves_nothing_of_its_credential_in_the_files(tmp_path: Path) -> None:
    assert sealed(tmp_path)
    result = run("account", "remove", "studio")
    assert result.exit_code == 0, result.stderr
    assert not sealed(tmp_path)


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize("command", [("account", "add", "shop"), ("account", "rotate")])
def test_nothing_is_encrypted_with_a_key_that_the_running_server_has_not(
    monkeypatch: pytest.MonkeyPatch, encryption_key: str, tmp_path: Path, command: tuple[str, ...]
) -> None:
    before = sealed(tmp_path)
    for keys, words in ((new_key(), "could not open"), (f"{new_key()},{encryption_key}", "restart it with these")):
        monkeypatch.setenv("FLODESK_ENCRYPTION_KEYS", keys)
        result = run(*command, typed=f"{SANDBOX_API_KEY}\n")
        assert (result.exit_code, result.stdout) == (2, "")
        assert words in result.stderr
        assert result.stderr.count("\n") == 1
    assert sealed(tmp_path) == before


def test_a_server_without_any_account_tells_its_keys_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encryption_key: str
) -> None:
    of_server: tuple[dict[str, str], ...] = ({}, {"FLODESK_ENCRYPTION_KEYS": encryption_key})
    for number, keys in enumerate(of_server):
        url = f"sqlite:///{tmp_path}/state-{number}.sqlite3"
        monkeypatch.setenv("FLODESK_DATABASE_URL", url)
        monkeypatch.setenv("FLODESK_ENCRYPTION_KEYS", new_key())
        with serve(tmp_path / "log", "--sandbox", "--auth=tokens", FLODESK_DATABASE_URL=url, **keys):
            result = run("account", "add", "studio", typed=f"{SANDBOX_API_KEY}\n")
        assert result.exit_code == 2
        assert "could not open" in result.stderr


def test_without_a_server_what_is_stored_decides(encryption_key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("account", "add", "studio", typed=f"{SANDBOX_API_KEY}\n").exit_code == 0
    monkeypatch.setenv("FLODESK_ENCRYPTION_KEYS", new_key())
    result = run("account", "add", "shop", typed="another-key\n")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "None of FLODESK_ENCRYPTION_KEYS opens a stored credential" in result.stderr
    monkeypatch.setenv("FLODESK_ENCRYPTION_KEYS", f"{new_key()},{encryption_key}")
    assert run("account", "add", "shop", typed="another-key\n").exit_code == 0

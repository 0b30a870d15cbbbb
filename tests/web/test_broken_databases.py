"""Databases in trouble: each command says in one line what is wrong, and nothing of how that was found out."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner, Result

from flodesk_mcp.cli.commands import cli
from flodesk_mcp.store import database

NOBODY = 65534
COMMANDS = (
    ("account", "list"),
    ("account", "add", "shop"),
    ("account", "check", "studio"),
    ("account", "remove", "studio"),
    ("account", "rotate"),
    ("account", "--oauth-issuer=https://login.example.com", "link", "studio", "person"),
    ("account", "--oauth-issuer=https://login.example.com", "unlink", "person"),
    ("token", "list"),
    ("token", "create", "other", "--account=studio"),
    ("token", "revoke", "ci"),
    ("serve", "--auth=tokens"),
)


def run(*arguments: str, key: str = "key") -> Result:
    return CliRunner().invoke(cli, arguments, input=f"{key}\n")


@pytest.fixture
def path(tmp_path: Path, encryption_key: str) -> Path:
    """A database with an account and a token."""
    assert run("account", "add", "studio").exit_code == 0
    assert run("token", "create", "ci", "--account=studio").exit_code == 0
    return tmp_path / "state.sqlite3"


@contextmanager
def locked(path: Path, _: pytest.MonkeyPatch) -> Iterator[str]:
    connection = sqlite3.connect(path)
    connection.execute("BEGIN IMMEDIATE")
    yield "is locked by another process: try again"
    connection.close()


@contextmanager
def full(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    def prepare(connection: sqlite3.Connection, record: object) -> None:
        _prepare(connection, record)
        connection.execute("PRAGMA max_page_count=1")

    _prepare = database._prepare_sqlite
    monkeypatch.setattr(database, "_prepare_sqlite", prepare)
    path.unlink()
    yield "cannot grow: its disk is full"


@contextmanager
def in_a_read_only_folder(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with TemporaryDirectory() as folder:
        copy = Path(folder, "state.sqlite3")
        copy.write_bytes(path.read_bytes())
        copy.chmod(0o666)
        Path(folder).chmod(0o555)
        monkeypatch.setenv("FLODESK_DATABASE_URL", f"sqlite:///{copy}")
        if os.geteuid() == 0:  # whom no folder is closed to
            os.seteuid(NOBODY)
        try:
            yield "is read-only, or its folder is|cannot be opened: look at the rights"
        finally:
            os.seteuid(os.getuid())
            Path(folder).chmod(0o755)


@contextmanager
def without_tables(path: Path, _: pytest.MonkeyPatch) -> Iterator[str]:
    connection = sqlite3.connect(path)
    for table in ("tokens", "subjects", "accounts"):
        connection.execute(f"DROP TABLE {table}")
    connection.commit()
    connection.close()
    yield "lacks something that this program stores there"


@contextmanager
def some_other_file(path: Path, _: pytest.MonkeyPatch) -> Iterator[str]:
    path.write_bytes(b"no database at all, but long enough to be one" * 100)
    yield "is none: FLODESK_DATABASE_URL names some other file"


@contextmanager
def damaged(path: Path, _: pytest.MonkeyPatch) -> Iterator[str]:
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    yield "is damaged: restore a backup"


@pytest.mark.parametrize("trouble", [locked, full, in_a_read_only_folder, without_tables, some_other_file, damaged])
def test_each_trouble_is_one_line_for_each_command(
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    trouble: Callable[[Path, pytest.MonkeyPatch], AbstractContextManager[str]],
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0)
    with trouble(path, monkeypatch) as words:
        for command in COMMANDS:
            result = run(*command)
            assert (result.exit_code, result.stdout) == (2, ""), (command, result)
            assert result.stderr.startswith("flodesk-mcp: The database "), (command, result.stderr)
            assert any(one in result.stderr for one in words.split("|")), (command, result.stderr)
            assert result.stderr.count("\n") == 1, command


def test_an_unknown_parameter_of_the_address_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLODESK_DATABASE_URL", "postgresql://someone@127.0.0.1:9/x?nonsense=1")
    result = run("token", "list")
    assert result.exit_code == 2
    assert result.stderr == "flodesk-mcp: FLODESK_DATABASE_URL has a parameter that its driver does not know.\n"


NO_NAMES = ("", " ", "x" * 101, "two\nlines", "a bell\a", "left\u202eright", "not text \udcff")


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize(
    ("command", "of"),
    [
        (("account", "add"), "an account"),
        (("account", "check"), "an account"),
        (("account", "remove"), "an account"),
        (("account", "--oauth-issuer=https://login.example.com", "link", "studio"), "a person"),
        (("account", "--oauth-issuer=https://login.example.com", "unlink"), "a person"),
        (("token", "create"), "a token"),
        (("token", "create", "other", "--account"), "an account"),
        (("token", "revoke"), "a token"),
    ],
)
def test_a_name_has_an_end_and_can_be_read(command: tuple[str, ...], of: str) -> None:
    for name in NO_NAMES:
        result = run(*command, name)
        assert (result.exit_code, result.stdout) == (2, ""), repr(name)
        assert result.stderr == f"flodesk-mcp: The name of {of} has 1 to 100 printable characters.\n"


@pytest.mark.usefixtures("path")
def test_the_longest_name_is_one() -> None:
    assert run("account", "add", "ü" * 100, key="another-key").exit_code == 0
    assert run("token", "create", "名" * 100, "--account", "ü" * 100).exit_code == 0

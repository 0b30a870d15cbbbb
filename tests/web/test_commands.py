"""The commands, through the highest public door."""

import subprocess
import sys
from functools import partial
from pathlib import Path

import anyio
import pytest
from click.testing import CliRunner, Result
from pydantic import SecretStr

from flodesk_mcp.cli.commands import cli
from flodesk_mcp.sandbox import SANDBOX_ACCESS_TOKEN, SANDBOX_API_KEY
from flodesk_mcp.settings import load_settings
from flodesk_mcp.store import Store
from flodesk_mcp.token_pair import TokenPair
from flodesk_mcp.web import uvicorn as serving
from flodesk_mcp.web.settings import HostedSettings


def run(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(cli, arguments, input=typed)


@pytest.fixture
def _studio(encryption_key: str) -> None:
    assert run("account", "add", "studio", typed=f"{SANDBOX_API_KEY}\n").exit_code == 0


def test_without_a_key_nothing_is_stored(tmp_path: Path) -> None:
    result = run("account", "add", "studio", typed="secret-key\n")
    assert result.exit_code == 2
    assert result.stderr.startswith("flodesk-mcp: FLODESK_ENCRYPTION_KEYS is not set")
    assert result.stderr.count("\n") == 1
    assert run("account", "list").stdout == ""


@pytest.mark.parametrize("access_token", [(), ("--access-token",)])
@pytest.mark.usefixtures("encryption_key")
def test_what_cannot_be_a_credential_is_not_stored(access_token: tuple[str, ...]) -> None:
    for typed in ("\n", "two words\n"):
        result = run("account", "add", "studio", *access_token, typed=typed)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == "flodesk-mcp: A credential is one word of printable ASCII characters.\n"
    assert run("account", "list").stdout == ""


@pytest.mark.usefixtures("_studio")
def test_an_account_is_listed_checked_and_removed() -> None:
    assert "studio" in run("account", "list").stdout
    assert run("--sandbox", "account", "check", "studio").exit_code == 0
    assert run("account", "remove", "studio").exit_code == 0
    assert run("account", "list").stdout == ""
    assert run("account", "remove", "studio").exit_code == 2


def test_a_check_tells_that_flodesk_refuses(encryption_key: str) -> None:
    run("account", "add", "studio", typed="wrong\n")
    result = run("--sandbox", "account", "check", "studio")
    assert result.exit_code == 2
    assert "401" in result.stderr
    assert "wrong" not in result.stderr


def test_an_account_that_somebody_signed_in_to_is_checked_and_says_when_they_must_again(
    encryption_key: str,
) -> None:
    pair = TokenPair(SecretStr(SANDBOX_ACCESS_TOKEN), SecretStr("used up"), 2**40)

    async def sign_in(*, ended: bool) -> None:
        async with Store(load_settings(HostedSettings).database_address, SecretStr(encryption_key)) as store:
            account = await store.accounts.connect("flodesk 1", "studio", "oauth", pair.secret())
            if ended:
                await store.logins.give_up(account.id, pair)

    anyio.run(partial(sign_in, ended=False))
    assert run("--sandbox", "account", "check", "studio").exit_code == 0
    assert "sign in again" not in run("account", "list").stdout
    anyio.run(partial(sign_in, ended=True))
    assert "Sign in again: the page where" in run("--sandbox", "account", "check", "studio").stderr
    assert "must sign in again since" in run("account", "list").stdout


@pytest.mark.usefixtures("_studio")
def test_a_token_is_printed_once_listed_and_revoked() -> None:
    made = run(
        *("token", "create", "ci", "--account", "studio", "--read-only", "--toolsets", "segments", "--expires", "30d"),
        *("--personal-data", "masked"),
    )
    token = made.stdout.strip()
    assert token.startswith("fmcp_")
    listed = run("token", "list").stdout
    assert listed.startswith("ci  studio, expires ")
    assert listed.rstrip().endswith("read-only; toolsets segments; personal-data masked")
    assert token not in listed
    assert run("token", "revoke", "ci").exit_code == 0
    assert "revoked" in run("token", "list").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--expires", "soon"], "such as 30d"),
        (["--expires", "0d"], "such as 30d"),
        (["--toolsets", "segment"], "Did you mean 'segments'?"),
        (["--account", "nothing"], "no account 'nothing'"),
    ],
)
def test_a_token_that_cannot_be_made_is_explained(arguments: list[str], words: str) -> None:
    result = run("token", "create", "ci", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr


@pytest.mark.usefixtures("_studio")
def test_a_person_is_linked_at_an_identity_provider() -> None:
    assert run("account", "link", "studio", "person-1").exit_code == 2
    issuer = ("account", "--oauth-issuer", "https://login.example.com")
    assert run(*issuer, "link", "studio", "person-1").exit_code == 0
    assert "subjects: person-1" in run("account", "list").stdout
    assert run(*issuer, "unlink", "person-1").exit_code == 0
    assert "subjects" not in run("account", "list").stdout


@pytest.mark.usefixtures("_studio")
def test_keys_rotate(encryption_key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    new = run("account", "new-key").stdout.strip()
    monkeypatch.setenv("FLODESK_ENCRYPTION_KEYS", f"{new},{encryption_key}")
    assert run("account", "rotate").stdout == "Encrypted 1 credentials with the first key.\n"
    monkeypatch.setenv("FLODESK_ENCRYPTION_KEYS", new)
    assert run("--sandbox", "account", "check", "studio").exit_code == 0
    monkeypatch.setenv("FLODESK_ENCRYPTION_KEYS", encryption_key)
    assert run("--sandbox", "account", "check", "studio").exit_code == 2


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--host", "0.0.0.0"], "set FLODESK_AUTH"),
        (["--host", "::"], "set FLODESK_AUTH"),
        (["--auth", "headers", "--folders", "/tmp"], "FLODESK_FOLDERS is for the server on a person's own machine"),
        (["--host", "192.0.2.1"], "set FLODESK_AUTH"),
        (["--host", "flodesk.example.com"], "set FLODESK_AUTH"),
        ([], "Set FLODESK_API_KEY"),
        (["--auth", "everybody"], "--auth: 'everybody' is none of"),
        (["--auth", "oauth"], "set FLODESK_OAUTH_ISSUER"),
        (["--auth", "headers", "--toolsets", "nothing"], "no toolset 'nothing'"),
        (["--auth", "tokens", "--database-url", "mysql://here"], "names mysql"),
        (["--auth", "tokens", "--database-url", "postgresql://u@127.0.0.1:9/x"], "cannot be reached"),
        (["--auth", "headers", "--oauth-issuer", "http://login.example.com"], "--oauth-issuer: must be https"),
        (["--port", "99999", "--auth", "headers"], "--port: "),
        (["--auth", "sign-in"], "set FLODESK_PUBLIC_URL, too"),
        (["--auth", "sign-in", "--public-url", "http://flodesk.example.com"], "--public-url: must be https"),
        (["--auth", "sign-in", "--public-url", "https://flodesk.example.com/here"], "without a path"),
        (["--auth", "sign-in", "--public-url", "https://flodesk.example.com"], "set FLODESK_ENCRYPTION_KEYS, too"),
    ],
)
def test_what_would_be_unsafe_or_useless_is_not_served(flags: list[str], words: str) -> None:
    result = run("serve", *flags)
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
    assert "hunter2" not in result.stderr


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--database-url", "postgresql://u@127.0.0.1:9/x"], "cannot be reached"),
        (
            [
                "--auth",
                "sign-in,oauth",
                "--oauth-issuer",
                "https://login.example.com",
                "--oauth-audience",
                "https://elsewhere.example.com/mcp",
                "--oauth-jwks-url",
                "https://login.example.com/jwks",
            ],
            "FLODESK_OAUTH_AUDIENCE must be FLODESK_PUBLIC_URL and /mcp",
        ),
    ],
)
@pytest.mark.usefixtures("encryption_key")
def test_sign_in_that_could_not_work_is_not_served(flags: list[str], words: str) -> None:
    result = run("serve", "--auth", "sign-in", "--public-url", "https://flodesk.example.com", *flags)
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stderr.count("\n") == 1


WITH_PASSWORD = (
    "postgresql://someone:hunter2@127.0.0.1:9/x",
    "postgresql://someone:hun/ter2?#@127.0.0.1:9/x",
    "postgresql://:hunter2@127.0.0.1:9/x",
    "postgresql://someone@127.0.0.1:9/x?ssl=off&password=hunter2",
    "postgresql://someone@127.0.0.1:9/x?pass%77ord=hunter2",
)


@pytest.mark.parametrize("url", WITH_PASSWORD)
@pytest.mark.parametrize("command", [("serve", "--auth", "tokens"), ("account",), ("token",)])
def test_a_password_of_the_database_is_no_flag(command: tuple[str, ...], url: str) -> None:
    result = run(*command, "--database-url", url, *([] if command[0] == "serve" else ["list"]))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "flodesk-mcp: --database-url holds a password, which others could see: set FLODESK_DATABASE_URL instead.\n"
    )


@pytest.mark.parametrize("url", WITH_PASSWORD)
def test_a_password_of_the_database_is_shown_nowhere(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLODESK_DATABASE_URL", url)
    settings = load_settings(HostedSettings)
    assert settings.database_address == url
    result = run("serve", "--auth", "tokens", "--log-level", "DEBUG")
    assert result.exit_code == 2
    assert "flodesk-mcp: The database cannot be reached" in result.stderr
    for shown in (
        repr(settings),
        str(settings),
        repr(settings.model_dump()),
        settings.model_dump_json(),
        result.stderr,
    ):
        assert "hunter2" not in shown
        assert "ter2" not in shown


@pytest.mark.usefixtures("_studio")
def test_a_database_without_a_password_may_be_a_flag(tmp_path: Path) -> None:
    elsewhere = f"sqlite:///{tmp_path}/elsewhere.sqlite3"
    assert run("account", "--database-url", elsewhere, "list").stdout == ""
    assert "studio" in run("account", "list").stdout


@pytest.mark.usefixtures("_studio")
def test_a_server_without_the_key_of_its_accounts_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FLODESK_ENCRYPTION_KEYS")
    result = run("serve", "--auth", "tokens")
    assert result.exit_code == 2
    assert "FLODESK_ENCRYPTION_KEYS is not set" in result.stderr


def test_flags_before_and_behind_serve_count_and_the_latter_win(monkeypatch: pytest.MonkeyPatch) -> None:
    served = []
    monkeypatch.setattr(serving, "run", lambda app, host, port, proxies: served.append((host, port)))
    result = run("--sandbox", "--log-level", "ERROR", "serve", "--port", "9000", "--log-level", "WARNING")
    assert result.exit_code == 0, result.stderr
    assert served == [("127.0.0.1", 9000)]


def test_encryption_keys_have_no_flag() -> None:
    assert "--encryption-keys" not in run("serve", "--help").stdout
    assert "--allowed-hosts" in run("serve", "--help").stdout


ABSENT = (
    "sqlalchemy",
    "aiosqlite",
    "asyncpg",
    "alembic",
    "platformdirs",
    "redis",
    "flodesk_mcp.web",
    "flodesk_mcp.store",
)


def test_the_stdio_server_imports_nothing_of_hosting() -> None:
    script = "import sys, flodesk_mcp.cli, flodesk_mcp.server; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()
    bare = subprocess.run(
        [sys.executable, "-c", "import sys, mcp.server.mcpserver; print(*sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert not [module for module in loaded if module.startswith(ABSENT)]
    own = set(loaded) - set(bare)
    assert not [module for module in own if module.startswith(("uvicorn", "cryptography", "jwt"))]


def test_without_the_extra_the_commands_say_what_to_install() -> None:
    script = (
        "import sys; sys.modules['sqlalchemy'] = None\n"
        "from flodesk_mcp.cli.commands import cli; cli(['serve', '--port', '9000'])"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert result.stderr == "flodesk-mcp: serve needs sqlalchemy: install flodesk-mcp[hosted].\n"

"""Every setting by variable and by flag, and what is said when one is wrong."""

import re
from pathlib import Path
from typing import Annotated

import click
import pytest
from click.testing import CliRunner, Result
from pydantic import Field, SecretStr

from flodesk_mcp.cli.commands import COMMANDS, cli
from flodesk_mcp.cli.flags import settings_flags
from flodesk_mcp.flodesk import BASE_URL
from flodesk_mcp.settings import Settings, flag, is_secret, load_settings, variable

from .conftest import Run

# Per setting: what the variable says, what the flag says, and what then holds.
VALUES: dict[str, tuple[str, str, object]] = {
    "base_url": ("https://one.example.com/v1", "http://127.0.0.1:8765/v1/", "http://127.0.0.1:8765/v1"),
    "client_id": ("one", "two", "two"),
    "key_help": ("one", "two", "two"),
    "toolsets": ("all", "segments,webhooks", "segments,webhooks"),
    "tools": ("a", "b", "b"),
    "exclude_tools": ("a", "b", "b"),
    "confirm": ("never", "always", "always"),
    "personal_data": ("masked", "shown", "shown"),
    "requests_per_minute": ("50", "60", 60),
    "batches_per_minute": ("5", "6", 6),
    "max_wait_seconds": ("1", "2.5", 2.5),
    "timeout_seconds": ("1", "2.5", 2.5),
    "folders": ("/one", "/two", (Path("/two"),)),
    "mirror_days": ("1", "2", 2),
    "data_dir": ("/one", "/two", Path("/two")),
    "log_level": ("INFO", "DEBUG", "DEBUG"),
    "flownurture_base_url": ("https://one.example.com", "http://127.0.0.1:8765/v1/", "http://127.0.0.1:8765/v1"),
    "highlevel_location_id": ("one", "two", "two"),
    "highlevel_base_url": ("https://one.example.com", "http://127.0.0.1:8765/v1/", "http://127.0.0.1:8765/v1"),
    "highlevel_version": ("v3", "v4", "v4"),
}
SWITCHES = ("sandbox", "read_only")

pytestmark = pytest.mark.usefixtures("environment")


def _doctor(*flags: str, **variables: str) -> Result:
    return CliRunner().invoke(cli, [*flags, "doctor"], env=variables)


def _flags(*arguments: str) -> dict[str, object]:
    """Return what the command line makes of its arguments."""
    return cli.make_context("flodesk-mcp", [*arguments, "manifest"]).params


def test_every_setting_is_tried_here() -> None:
    open_settings = {name for name, field in Settings.model_fields.items() if not is_secret(field)}
    assert open_settings == VALUES.keys() | set(SWITCHES)


@pytest.mark.parametrize("name", VALUES)
def test_a_flag_wins_over_its_variable(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    by_variable, by_flag, expected = VALUES[name]
    if name == "client_id":
        monkeypatch.setenv("FLODESK_CLIENT_SECRET", "which belongs to it")
    if name == "highlevel_location_id":
        monkeypatch.setenv("HIGHLEVEL_TOKEN", "which-belongs-to-it")
    monkeypatch.setenv(variable(name), by_variable)
    held = getattr(load_settings(), name)
    assert str(held[0] if isinstance(held, tuple) else held) in (by_variable, f"{by_variable}.0")
    assert getattr(load_settings(**_flags(flag(name), by_flag)), name) == expected


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_is_off_until_its_variable_or_flag_turns_it_on(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert getattr(load_settings(**_flags()), name) is False
    assert getattr(load_settings(**_flags(flag(name))), name) is True
    monkeypatch.setenv(variable(name), "1")
    assert getattr(load_settings(**_flags()), name) is True


def test_help_names_the_variable_and_the_flag_of_every_setting() -> None:
    text = CliRunner().invoke(cli, ["--help"]).output
    for name, field in Settings.model_fields.items():
        assert variable(name) in text
        assert (flag(name) in text) is not is_secret(field)


class MoreSettings(Settings):
    """Settings as a later version may have them; nothing but their types tells which are secret."""

    client_secret: SecretStr | None = Field(None, description="A secret")
    signing_key: Annotated[SecretStr, Field(description="Another one")] = SecretStr("default-that-is-hidden")
    client_id: str | None = Field(None, description="No secret")


def test_a_secret_is_known_by_its_type_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    @settings_flags(MoreSettings)
    def command(**flags: object) -> None:
        click.echo(load_settings(MoreSettings, **flags))

    text = CliRunner().invoke(command, ["--help"]).output
    assert "--client-id" in text
    for hidden in ("--client-secret", "--signing-key", "default-that-is-hidden"):
        assert hidden not in text
    for flag_of_a_secret in ("--client-secret", "--signing-key"):
        refused = CliRunner().invoke(command, [flag_of_a_secret, "s3cret"])
        assert refused.exit_code == 2
        assert "s3cret" not in refused.output
    monkeypatch.setenv("FLODESK_CLIENT_SECRET", "s3cret")
    monkeypatch.setenv("FLODESK_SIGNING_KEY", "s3cret")
    shown = CliRunner().invoke(command, ["--client-id", "open"]).output
    assert "open" in shown
    assert "s3cret" not in shown


@pytest.mark.parametrize("name", ["api_key", "access_token", "client_secret"])
def test_a_secret_has_no_flag(name: str) -> None:
    assert _doctor(f"{flag(name)}=secret").exit_code == 2
    assert flag(name) not in CliRunner().invoke(cli, ["--help"]).output


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "Set FLODESK_API_KEY"),
        ({"FLODESK_API_KEY": "k", "FLODESK_ACCESS_TOKEN": "t"}, "unset one of them"),
        ({"FLODESK_API_KEY": "two words"}, "FLODESK_API_KEY is not one word"),
        ({"FLODESK_API_KEY": "user:password"}, "FLODESK_API_KEY has a colon"),
        ({"FLODESK_ACCESS_TOKEN": "clé"}, "FLODESK_ACCESS_TOKEN is not one word"),
        ({"FLODESK_CLIENT_ID": "client"}, "FLODESK_CLIENT_ID and FLODESK_CLIENT_SECRET belong together"),
        ({"FLODESK_CLIENT_SECRET": "s"}, "FLODESK_CLIENT_ID and FLODESK_CLIENT_SECRET belong together"),
        ({"FLODESK_BASE_URL": "http://api.flodesk.com/v1"}, "FLODESK_BASE_URL: must be https"),
        ({"FLODESK_BASE_URL": "http://127.0.0.1.example.com/v1"}, "FLODESK_BASE_URL: must be https"),
        ({"FLODESK_BASE_URL": "https://user:word@api.flodesk.com/v1"}, "FLODESK_BASE_URL: must be an address without"),
        ({"FLODESK_BASE_URL": "https://a:b"}, "FLODESK_BASE_URL: must be an address such as"),
        ({"FLODESK_SANDBOX": "perhaps"}, "FLODESK_SANDBOX: "),
        ({"FLODESK_REQUESTS_PER_MINUTE": "0"}, "FLODESK_REQUESTS_PER_MINUTE: "),
        ({"FLODESK_BATCHES_PER_MINUTE": "many"}, "FLODESK_BATCHES_PER_MINUTE: "),
        ({"FLODESK_MAX_WAIT_SECONDS": "-1"}, "FLODESK_MAX_WAIT_SECONDS: "),
        ({"FLODESK_TIMEOUT_SECONDS": "0"}, "FLODESK_TIMEOUT_SECONDS: "),
        ({"FLODESK_LOG_LEVEL": "LOUD"}, "FLODESK_LOG_LEVEL: "),
        ({"FLODESK_CONFIRM": "perhaps"}, "FLODESK_CONFIRM: "),
        ({"FLODESK_SANDBOX": "1", "FLODESK_TOOLSETS": "segmnts"}, "Did you mean 'segments'?"),
        (
            {"FLODESK_SANDBOX": "1", "FLODESK_TOOLS": "list_flodesk_segments"},
            "Did you mean 'list_all_flodesk_segments'?",
        ),
        ({"FLODESK_SANDBOX": "1", "FLODESK_EXCLUDE_TOOLS": "x"}, "There is no tool 'x'."),
    ],
)
def test_a_wrong_setting_ends_the_start_with_one_line(variables: dict[str, str], expected: str) -> None:
    ended = _doctor(**variables)
    assert ended.exit_code == 2
    assert ended.stderr.startswith("flodesk-mcp: ")
    assert ended.stderr.count("\n") == 1
    assert expected in ended.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_says_of_itself(name: str) -> None:
    group = CliRunner().invoke(cli, ["--help"], terminal_width=200).output
    said = re.search(rf"^  {name} +(.+)$", group, re.MULTILINE)
    assert said is not None
    own = CliRunner().invoke(cli, [name, "--help"], terminal_width=200).output
    assert said[1].strip(" .") in own


def test_a_wrong_flag_is_named_as_a_flag() -> None:
    assert _doctor("--requests-per-minute=0").stderr.startswith("flodesk-mcp: --requests-per-minute: ")


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/v1", "http://localhost/v1", "http://[::1]:1/v1"])
def test_http_is_allowed_on_this_machine(address: str) -> None:
    assert load_settings(base_url=address).base_url == address


def test_the_sandbox_needs_no_credential_and_ignores_contradictory_ones() -> None:
    assert _doctor("--sandbox").exit_code == 0
    assert _doctor("--sandbox", FLODESK_API_KEY="k", FLODESK_ACCESS_TOKEN="t").exit_code == 0


def test_the_default_address_is_that_of_the_client() -> None:
    assert load_settings().base_url == BASE_URL


def test_the_server_without_a_credential_ends_with_one_line(run: Run) -> None:
    ended = run()
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        "flodesk-mcp: Set FLODESK_API_KEY to your Flodesk API key, or keep it in this computer's keychain with "
        "`flodesk-mcp login`, or set FLODESK_SANDBOX=1 to try everything without one.\n"
    )

"""The image and what stands around it. There may be no engine here: what it would run is run without one."""

import json
import os
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml

from deploy.cluster import server_settings
from flodesk_mcp.settings import load_settings
from flodesk_mcp.tools import IN_ALL
from flodesk_mcp.web.settings import HostedSettings
from ports import free_port

from .conftest import ROOT, Packagers, started

pytestmark = pytest.mark.anyio

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
COMPOSE = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))
CATALOG_ENTRY = yaml.safe_load((ROOT / "release/catalog/server.yaml").read_text(encoding="utf-8"))
NGINX = (ROOT / "deploy/nginx.conf").read_text(encoding="utf-8")
KEY = "c2Vjb25kc2Vjb25kc2Vjb25kc2Vjb25kc2Vjb25kc2U="


def instructions(name: str) -> list[str]:
    return re.findall(rf"(?m)^{name} (.*)$", DOCKERFILE)


def image_environment() -> dict[str, str]:
    (told,) = instructions("ENV")
    return dict(part.split("=", 1) for part in shlex.split(told))


def test_the_image_does_not_run_as_root() -> None:
    assert instructions("USER") == ["10001"]


@pytest.mark.parametrize("variables", [image_environment(), COMPOSE["services"]["server"]["environment"]])
def test_every_variable_is_a_setting(variables: dict[str, str]) -> None:
    settings = {f"FLODESK_{name.upper()}" for name in HostedSettings.model_fields}
    assert {name for name in variables if name.startswith("FLODESK_")} <= settings


@pytest.mark.parametrize("name", ["server", "proxy", "valkey"])
def test_what_is_reached_from_outside_can_write_nothing_and_gain_nothing(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_no_secret_is_written_into_the_compose_file() -> None:
    text = (ROOT / "deploy/compose.yaml").read_text(encoding="utf-8")
    for name in ("POSTGRES_PASSWORD", "VALKEY_PASSWORD", "FLODESK_ENCRYPTION_KEYS"):
        assert re.findall(rf"{name}: (?!\$\{{{name}:\?)", text) == []


def test_the_replicas_share_the_quota_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in server_settings(FLODESK_ENCRYPTION_KEYS=KEY).items():
        monkeypatch.setenv(name, value)
    settings = load_settings(HostedSettings)
    assert COMPOSE["services"]["server"]["deploy"]["replicas"] == 2
    assert settings.redis_address == "redis://:any@valkey:6379/0"
    assert (settings.requests_per_minute, settings.batches_per_minute) == (100, 20)


def test_valkey_evicts_nothing_and_shows_its_password_to_no_other_user() -> None:
    command = COMPOSE["services"]["valkey"]["command"]
    assert "--maxmemory-policy noeviction" in command
    assert "requirepass" in command
    assert "--requirepass" not in command


def test_no_session_is_tied_to_a_replica() -> None:
    assert not re.search(r"hash|ip_hash|sticky", NGINX)


def test_a_linter_of_dockerfiles_finds_nothing(packagers: Packagers) -> None:
    assert packagers.run("hadolint", "Dockerfile") == ""


@dataclass(frozen=True)
class Image:
    """What the image holds, in a folder; `command` begins every command that runs in it, without any rights."""

    state: Path
    command: list[str]

    def runs(self, *arguments: str) -> list[str]:
        return [*self.command, *json.loads(instructions("ENTRYPOINT")[0]), *arguments]


@pytest.fixture(scope="module")
def image(packagers: Packagers) -> Iterator[Image]:
    """The image as its commands build it, for a user who may write nothing but the state."""
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin")  # one that everybody may run
    if os.geteuid() != 0 or not shutil.which("runuser") or not python:
        pytest.skip("only root can run a command as a user without rights, on the system's Python")
    (install,) = re.findall(r"pip install (.*?)'\.\[hosted\]'", DOCKERFILE)
    assert install.split()[-2:] == ["--constraint", "constraints.txt"]
    with TemporaryDirectory(prefix="flodesk-image-") as folder:
        place, state = Path(folder), Path(folder) / "state"
        place.chmod(0o755)
        state.mkdir()
        shutil.chown(state, "nobody")
        packagers.run(packagers.uv, "venv", "--relocatable", "--python", python, place / "venv")
        pip = (packagers.uv, "pip", "install", "--python", place / "venv")
        packagers.run(*pip, "--constraint", "constraints.txt", ".[hosted]")
        told = {name: value for name, value in image_environment().items() if name != "PATH"}
        environment = {name: value.replace("/var/lib/flodesk-mcp", str(state)) for name, value in told.items()}
        environment |= {"PATH": f"{place}/venv/bin:/usr/bin:/bin", "FLODESK_PORT": str(free_port()), "HOME": str(state)}
        environment |= {"FLODESK_AUTH": "tokens", "FLODESK_ENCRYPTION_KEYS": KEY}
        yield Image(
            state, ["runuser", "-u", "nobody", "--", "env", "-i", *(f"{n}={v}" for n, v in environment.items())]
        )


def test_the_image_serves_and_its_health_check_says_so(image: Image) -> None:
    with subprocess.Popen(
        image.runs(*json.loads(instructions("CMD")[-1])), cwd=image.state, stderr=subprocess.DEVNULL
    ) as server:
        try:
            assert _healthy(
                [*image.command, *json.loads(re.findall(r"(?m)^HEALTHCHECK .*?CMD (\[.*\])$", DOCKERFILE)[0])]
            )
        finally:
            server.terminate()
    assert (image.state / "state.sqlite3").exists()


async def test_the_catalog_starts_the_image_over_standard_input(image: Image, packagers: Packagers) -> None:
    command = image.runs(*CATALOG_ENTRY["run"]["command"], "--sandbox")
    async with started({"command": command[0], "args": command[1:]}, packagers) as client:
        assert {tool.name for tool in (await client.list_tools()).tools} == {spec.name for spec in IN_ALL}


def _healthy(check: list[str]) -> bool:
    """Tell whether the check succeeds within a minute."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if subprocess.run(check, capture_output=True, check=False).returncode == 0:
            return True
        time.sleep(0.2)
    return False

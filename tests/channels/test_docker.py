"""The image and what stands around it. There may be no engine here: what it would run is run without one."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
import pytest
import yaml
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult

from flodesk_mcp.sandbox import SANDBOX_API_KEY
from flodesk_mcp.tools import CATALOG
from flodesk_mcp.web.settings import HostedSettings
from ports import free_port
from web.serving import serve

from .conftest import ROOT, Packagers, Served, started

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


@pytest.mark.parametrize("name", ["server", "proxy"])
def test_what_is_reached_from_outside_can_write_nothing_and_gain_nothing(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_no_secret_is_written_into_the_compose_file() -> None:
    text = (ROOT / "deploy/compose.yaml").read_text(encoding="utf-8")
    for name in ("POSTGRES_PASSWORD", "FLODESK_ENCRYPTION_KEYS"):
        assert re.findall(rf"{name}: (?!\$\{{{name}:\?)", text) == []


def test_the_replicas_share_the_quota_of_one() -> None:
    server = COMPOSE["services"]["server"]
    assert int(server["environment"]["FLODESK_REQUESTS_PER_MINUTE"]) * server["deploy"]["replicas"] == 100
    assert int(server["environment"]["FLODESK_BATCHES_PER_MINUTE"]) * server["deploy"]["replicas"] == 20


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
        assert {tool.name for tool in (await client.list_tools()).tools} == {spec.name for spec in CATALOG}


def _healthy(check: list[str]) -> bool:
    """Tell whether the check succeeds within a minute."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if subprocess.run(check, capture_output=True, check=False).returncode == 0:
            return True
        time.sleep(0.2)
    return False


@pytest.fixture
def replicas(postgresql: str, served: Served, tmp_path: Path) -> Iterator[tuple[str, list[Any], dict[str, str]]]:
    """Two servers as the compose file sets them, behind its proxy: its address, they, and what sets them."""
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if not nginx:
        pytest.skip("Debian's package nginx-light is not installed")
    port = free_port()
    given = {"FLODESK_ALLOWED_HOSTS": f"127.0.0.1:{port}", "FLODESK_ENCRYPTION_KEYS": KEY, "POSTGRES_PASSWORD": "any"}
    told = {
        name: _substituted(str(value), given) for name, value in COMPOSE["services"]["server"]["environment"].items()
    }
    settings = told | {
        "FLODESK_DATABASE_URL": postgresql,
        "FLODESK_TRUSTED_PROXIES": "127.0.0.1",
        "FLODESK_BASE_URL": f"{served.address}/v1",
    }
    with ExitStack() as running:
        servers = [running.enter_context(serve(tmp_path / f"log{n}", **settings)) for n in (1, 2)]
        upstream = " ".join(f"server 127.0.0.1:{server.port};" for server in servers)
        text = NGINX.replace("server server:8000;", upstream).replace("listen 8080;", f"listen 127.0.0.1:{port};")
        text = text.replace("/tmp/", f"{tmp_path}/").replace(
            "worker_processes auto;", "worker_processes 1; daemon off;"
        )
        (tmp_path / "nginx.conf").write_text(text, encoding="utf-8")
        proxy = subprocess.Popen([nginx, "-e", "/dev/stderr", "-c", tmp_path / "nginx.conf"], stderr=subprocess.DEVNULL)
        running.callback(proxy.wait, 20)
        running.callback(proxy.terminate)
        assert _healthy(["curl", "--fail", "--silent", "--retry", "0", f"http://127.0.0.1:{port}/readyz"])
        yield f"http://127.0.0.1:{port}", servers, settings


def _substituted(value: str, given: dict[str, str]) -> str:
    """Return a value of the compose file as the engine reads it."""
    return re.sub(r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}", lambda found: given.get(found[1], found[2] or ""), value)


async def test_two_replicas_behind_the_proxy_serve_one_account_and_one_may_go(
    replicas: tuple[str, list[Any], dict[str, str]],
) -> None:
    address, servers, settings = replicas
    _command(settings, "account", "add", "studio", entered=f"{SANDBOX_API_KEY}\n")
    token = _command(settings, "token", "create", "agent", "--account", "studio").strip().splitlines()[-1]
    for server in servers:
        assert not (await _listed(f"{address}/mcp", token)).is_error
        server.process.terminate()  # and the next round has one less
        server.process.wait(20)


async def _listed(url: str, token: str) -> CallToolResult:
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        result = await client.call_tool("list_all_flodesk_segments", {"limit": 1})
    assert isinstance(result, CallToolResult)
    return result


def _command(settings: dict[str, str], *arguments: str, entered: str = "") -> str:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("FLODESK_")} | settings
    ended = subprocess.run(
        [sys.executable, "-m", "flodesk_mcp", *arguments],
        env=variables,
        input=entered,
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout

"""What pip, uvx and pipx install: built, checked, and tried in environments of their own."""

import subprocess
import sys
import tarfile
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

import pytest
from mcp_types import CallToolResult

from flodesk_mcp import __version__

from .conftest import ROOT, Packagers, started

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist."""
    if not find_spec("hatchling"):
        pytest.skip("hatchling is not installed: nothing can be built")
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    ended = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    return built / f"flodesk_mcp-{__version__}-py3-none-any.whl"


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names} == {"flodesk_mcp", f"flodesk_mcp-{__version__}.dist-info"}
    skills = {f"flodesk_mcp/{path.relative_to(ROOT).as_posix()}" for path in ROOT.glob("skills/*/*")}
    assert {"flodesk_mcp/py.typed", *skills} <= set(names)


def test_the_sdist_holds_what_the_wheel_is_built_from(built: Path) -> None:
    with tarfile.open(built / f"flodesk_mcp-{__version__}.tar.gz") as packed:
        names = {name.partition("/")[2].partition("/")[0] for name in packed.getnames()}
    assert names == {
        "src",
        "skills",
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "constraints.txt",
        "PKG-INFO",
        ".gitignore",
    }


def test_the_package_index_can_show_it(packagers: Packagers, built: Path) -> None:
    report = packagers.run("twine", "check", "--strict", *built.iterdir())
    assert report.count("PASSED") == 2


@pytest.mark.anyio
@pytest.mark.parametrize("python", PYTHONS)
async def test_it_is_installed_and_works(packagers: Packagers, wheel: Path, python: str, tmp_path: Path) -> None:
    try:
        packagers.run(packagers.uv, "python", "find", "--no-python-downloads", python)
    except AssertionError:
        pytest.skip(f"there is no Python {python} here")
    venv = tmp_path / "venv"
    packagers.run(packagers.uv, "venv", "--python", python, venv)
    packagers.run(packagers.uv, "pip", "install", "--python", venv, f"{wheel}[hosted]")
    command = venv / "bin" / "flodesk-mcp"
    assert packagers.run(command, "--version").strip() == f"flodesk-mcp {__version__}"
    assert "All is well" in packagers.run(command, "--sandbox", "doctor")
    assert "--auth" in packagers.run(command, "serve", "--help")
    async with started({"command": str(command), "args": ["--sandbox", "--toolsets=all"]}, packagers) as client:
        result = await client.call_tool("list_all_flodesk_segments", {"limit": 1})
        assert await client.read_resource("skill://flodesk/launch/SKILL.md")
    assert isinstance(result, CallToolResult)
    assert not result.is_error


@pytest.mark.anyio
async def test_uvx_runs_it_without_an_installation(packagers: Packagers, wheel: Path) -> None:
    uvx = {"command": str(packagers.uv), "args": ["tool", "run", "--from", str(wheel), "flodesk-mcp", "--sandbox"]}
    async with started(uvx, packagers) as client:
        assert (await client.list_tools()).tools

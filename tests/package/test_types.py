"""The types reach those who use the package: small programs pass `mypy --strict` against what a wheel holds."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as a wheel brings it, apart from its sources."""
    if not find_spec("hatchling"):
        pytest.skip("hatchling is not installed: the wheel cannot be built")
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    built = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("*.whl")
    with ZipFile(wheel) as packed:
        packed.extractall(folder / "installed")
    return folder / "installed"


@pytest.fixture(scope="module")
def complaints(installed: Path) -> str:
    """What mypy says of copies of the programs, which find the package where the wheel was unpacked."""
    copies = installed.parent / "programs"
    copies.mkdir()
    for program in PROGRAMS.glob("*.py"):
        text = program.read_text(encoding="utf-8").replace("  # type: ignore[return-value]", "")
        (copies / program.name).write_text(text, encoding="utf-8")
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={installed.parent}/cache", copies],
        cwd=installed.parent,
        env={"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not checked.stderr
    return checked.stdout


def test_the_wheel_says_that_it_has_types(installed: Path) -> None:
    assert (installed / "flodesk_mcp" / "py.typed").exists()
    assert (installed / "flodesk_mcp" / "sandbox" / "sample.json").exists()


def test_the_strictest_check_finds_the_mistake_and_nothing_else(complaints: str) -> None:
    (complaint,) = [line for line in complaints.splitlines() if ": error: " in line]
    assert complaint.startswith("programs/mistaken.py:")
    assert "[return-value]" in complaint


@pytest.mark.parametrize(("name", "printed"), [("library", "True"), ("server", "18")])
def test_the_program_runs_against_the_installed_package(installed: Path, name: str, printed: str) -> None:
    ran = subprocess.run(
        [sys.executable, str(PROGRAMS / f"{name}.py")],
        env={"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.split()[-1] == printed

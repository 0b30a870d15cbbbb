"""The demo as a newcomer runs it."""

import subprocess
import sys
from pathlib import Path

from .conftest import Run

STEPS = (
    "list_all_flodesk_segments",
    "list_all_flodesk_custom_fields",
    "create_a_flodesk_segment",
    "create_a_flodesk_subscriber",
    "list_all_flodesk_workflows",
    "create_a_flodesk_workflow",
    "get_single_flodesk_subscriber_by_id",
    "The account has no  custom field 'wreathSize'",
    "Try again in",
    "Next: ",
)


def test_the_demo_works_through_its_story_within_80_columns(run: Run) -> None:
    shown = run("demo")
    assert (shown.returncode, shown.stderr) == (0, "")
    text = " ".join(line.strip() for line in shown.stdout.splitlines())
    places = [text.find(step.replace("  ", " ")) for step in STEPS]
    assert places == sorted(places)
    assert places[0] > 0
    assert max(map(len, shown.stdout.splitlines())) <= 80
    assert "\x1b" not in shown.stdout


def test_the_demo_depends_on_nothing_around_it(run: Run) -> None:
    shown = run(
        "demo",
        PYTHONIOENCODING="ascii",
        FLODESK_API_KEY="secret-key",
        FLODESK_ACCESS_TOKEN="secret-token",
        FLODESK_BASE_URL="https://flodesk.invalid/v1",
        FLODESK_READ_ONLY="1",
        FLODESK_REQUESTS_PER_MINUTE="none",
    )
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "secret" not in shown.stdout


def test_the_demo_keeps_a_picture(run: Run, tmp_path: Path) -> None:
    picture = tmp_path / "demo.svg"
    assert run("demo", "--svg", str(picture)).returncode == 0
    assert "create_a_flodesk_segment" in picture.read_text(encoding="utf-8")


def test_a_demo_that_goes_astray_fails(environment: dict[str, str]) -> None:
    code = "from flodesk_mcp.cli import commands, demo; demo.GUESTS[0]['colour'] = 'red'; commands.cli(['demo'])"
    astray = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, encoding="utf-8", timeout=60, check=False
    )
    assert astray.returncode == 1
    assert "Error: create_a_flodesk_subscriber should have succeeded." in astray.stderr

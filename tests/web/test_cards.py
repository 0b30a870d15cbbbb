"""The cards inside a host by other people: the Inspector's web client, in Chromium, used as a person uses it.

`.ci/cards` installs what it needs and runs this; NODE_BINARY, NODE_MODULES, BROWSER_MODULES and CHROMIUM say where that
is. With PICTURES set to a folder, every card is kept there as a picture.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flodesk_mcp.sandbox import SANDBOX_API_KEY, Sandbox

from .serving import serve_in_thread

NODE = os.environ.get("NODE_BINARY")
INSPECTOR = os.environ.get("NODE_MODULES")
BROWSER = os.environ.get("BROWSER_MODULES")
CHROMIUM = os.environ.get("CHROMIUM")
SCRIPT = Path(__file__).parent / "cards" / "drive.mjs"

if not (NODE and INSPECTOR and BROWSER and CHROMIUM):
    pytest.skip(".ci/cards installs the Inspector, Chromium and the rest", allow_module_level=True)

HOSTILE = "<img src=x onerror=alert(1)>"
"""What a row has for an address, to see whether a page makes an element of it."""


def rows(kind: str, number: int) -> str:
    return "email,first_name\n" + "".join(f"{kind}{each}@example.com,<b>Nora</b>\n" for each in range(number))


PLANS = {
    "written": {"csv": rows("fair", 120) + f"{HOSTILE},\n", "segment_ids": ["Wedding fair 2026"]},
    "stopped": {"csv": rows("late", 400)},
}


@pytest.fixture(scope="module")
def flodesk() -> Sandbox:
    return Sandbox()


@pytest.fixture(scope="module", params=["legacy", "modern"])
def seen(request: pytest.FixtureRequest, flodesk: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """What a person saw who used the cards, in each era of the protocol."""
    folder = tmp_path_factory.mktemp("cards")
    kept = os.environ.get("PICTURES")
    flodesk.reset()
    with serve_in_thread(flodesk.app) as url:
        server = {
            "type": "stdio",
            "command": sys.executable,
            "args": ["-m", "flodesk_mcp", "--toolsets", "audience", "--confirm", "always"],
            "env": {
                "FLODESK_API_KEY": SANDBOX_API_KEY,
                "FLODESK_BASE_URL": f"{url}/v1",
                "FLODESK_DATA_DIR": str(folder / "data"),
            },
            "protocolEra": request.param,
        }
        catalog = folder / "catalog.json"
        catalog.write_text(json.dumps({"mcpServers": {"flodesk": server}}))
        told = {
            "inspectorModules": INSPECTOR,
            "browserModules": BROWSER,
            "executablePath": CHROMIUM,
            "home": str(folder),
            "catalog": str(catalog),
            "pictures": kept if kept and request.param == "legacy" else str(folder),
            "plans": PLANS,
        }
        done = subprocess.run(
            [str(NODE), str(SCRIPT), json.dumps(told)], capture_output=True, text=True, timeout=400, check=False
        )
        assert done.returncode == 0, done.stderr
        yield json.loads(done.stdout)


def test_the_host_offers_plans_and_the_report_and_not_the_button(seen: Any) -> None:
    assert (seen["apps"], seen["buttons"]) == ("MCP Apps (3)", 0)


@pytest.mark.parametrize("card", ["report", "reportInTheDark", "plan", "running", "done"])
def test_each_card_is_small_and_for_everybody(seen: Any, card: str) -> None:
    assert seen[card]["violations"] == []
    assert seen[card]["height"] <= 500
    assert seen[card]["lang"] == "en"


def test_cards_load_nothing_and_break_nothing(seen: Any) -> None:
    assert (seen["loaded"], seen["errors"]) == ([], [])


def test_the_report_shows_its_numbers_as_pictures_with_words(seen: Any) -> None:
    assert 'heading "Audience"' in seen["report"]["seen"]
    assert "Bars: sign-ups in each of" in seen["report"]["seen"]
    assert seen["report"]["html"].count('class="bar"') > 10


def test_a_card_is_light_and_dark_as_its_host_is(seen: Any) -> None:
    light, dark = seen["report"], seen["reportInTheDark"]
    assert light["background"] != dark["background"]
    assert light["color"] != dark["color"]


def test_texts_of_strangers_are_texts(seen: Any) -> None:
    assert seen["images"] == 0
    assert HOSTILE in seen["plan"]["seen"]


def test_a_plan_shows_numbers_warnings_problems_and_a_button(seen: Any) -> None:
    shown = seen["plan"]["seen"]
    assert 'heading "Write 120 people to Flodesk' in shown
    assert 'heading "Before you agree"' in shown
    assert 'row "122 email' in shown
    assert 'button "Carry it out"' in shown


def test_the_button_carries_the_plan_out_by_keyboard_and_shows_how_far_it_is(seen: Any, flodesk: Sandbox) -> None:
    assert any("still to do" in status for status in seen["statuses"])
    assert 'progressbar "Progress"' in seen["running"]["seen"]
    assert seen["statuses"][-1] == "Done: 120 written, 1 skipped."
    assert seen["focused"] == "status"
    account = flodesk.accounts[SANDBOX_API_KEY]
    written = [person for person in account.subscribers.values() if person.email.startswith("fair")]
    assert {len(person.segment_ids) for person in written} == {1}
    assert len(written) == 120


def test_what_is_over_has_no_button(seen: Any) -> None:
    assert "button" not in seen["done"]["seen"]


def test_a_job_is_stopped_on_its_card(seen: Any) -> None:
    assert seen["stopped"].startswith("Stopped: ")

"""What a client tells its model about the server as a whole."""

from typing import Any

import pytest

from .offers import MODES, TOOLSETS, offered

pytestmark = pytest.mark.anyio


async def instructions(mode: str, **settings: Any) -> str:
    text = (await offered(mode, **settings))["instructions"]
    assert isinstance(text, str)
    return text


def off(text: str) -> dict[str, list[str]]:
    """Return what a text says is turned off, by setting."""
    lines = [line for line in text.splitlines() if line.startswith("Turned off by ")]
    told = [line.removeprefix("Turned off by ").split(", which your user can have changed: ") for line in lines]
    return {setting: [offer.split(" (")[0] for offer in offers.split("), ")] for setting, offers in told}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("toolsets", TOOLSETS)
async def test_they_stay_below_2048_bytes(mode: str, toolsets: str, read_only: bool) -> None:
    assert len((await instructions(mode, toolsets=toolsets, read_only=read_only)).encode()) < 2048


async def test_they_stay_below_2048_bytes_when_everything_is_off() -> None:
    text = await instructions("auto", toolsets="all", tools="get_flodesk_account", exclude_tools="get_flodesk_account")
    assert len(text.encode()) < 2048
    assert sum(len(toolsets) for toolsets in off(text).values()) == 9


async def test_they_explain_the_vocabulary_distrust_cursors_and_quota() -> None:
    text = await instructions("auto")
    for word in (
        "segment",
        "workflow",
        "custom field",
        "never as instructions",
        "next_cursor",
        "100 requests a minute",
    ):
        assert word in text


async def test_by_default_they_tell_what_the_four_other_toolsets_would_give() -> None:
    assert (await instructions("auto")).splitlines()[-1] == (
        "Turned off by FLODESK_TOOLSETS, which your user can have changed: "
        "subscriber_actions (adding to segments, unsubscribing, batches of 50), campaigns (campaigns and drafts), "
        "account (the account itself), audience (work on the whole list)."
    )


async def test_with_everything_on_nothing_is_told_to_be_off() -> None:
    assert off(await instructions("auto", toolsets="all")) == {}


async def test_each_toolset_that_is_off_is_told_with_the_very_setting() -> None:
    assert off(await instructions("auto", toolsets="all", read_only=True)) == {
        "FLODESK_READ_ONLY": ["subscriber_actions"]
    }
    assert off(await instructions("auto", toolsets="default,account", exclude_tools="get_flodesk_account")) == {
        "FLODESK_TOOLSETS": ["subscriber_actions", "campaigns", "audience"],
        "FLODESK_EXCLUDE_TOOLS": ["account"],
    }


async def test_read_only_is_told() -> None:
    assert "Only reading is turned on." in await instructions("auto", read_only=True)
    assert "Only reading is turned on." not in await instructions("auto")

"""Whether an agent that searches for a tool in a person's own words finds the right one."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from flodesk_mcp.tools import CATALOG

from .bm25 import ranked, words

REQUESTS: Mapping[str, list[str]] = tomllib.loads(Path(__file__).with_name("requests.toml").read_text("utf-8"))
TOOLS = {spec.name: f"{spec.name.replace('_', ' ')} {spec.title} {spec.description}" for spec in CATALOG}


@pytest.fixture(scope="module")
def places() -> dict[str, int]:
    """For every request, the place of the right tool among all, from 1."""
    return {
        request: ranked(request, TOOLS).index(tool) + 1 for tool, requests in REQUESTS.items() for request in requests
    }


def test_eighty_requests_ask_for_every_tool(places: dict[str, int]) -> None:
    assert len(places) == 80
    assert REQUESTS.keys() == TOOLS.keys()
    assert all(len(requests) > 1 for requests in REQUESTS.values())


def test_no_request_names_a_tool() -> None:
    for tool, requests in REQUESTS.items():
        assert not [request for request in requests if tool in request or "flodesk_" in request]


def test_the_right_tool_comes_first_for_70_of_80_requests(places: dict[str, int]) -> None:
    elsewhere = {request: place for request, place in places.items() if place > 1}
    assert len(places) - len(elsewhere) >= 70, elsewhere


def test_the_right_tool_is_among_the_first_three_for_78_of_80_requests(places: dict[str, int]) -> None:
    lost = {request: place for request, place in places.items() if place > 3}
    assert len(places) - len(lost) >= 78, lost


def test_a_rare_word_counts_more_than_a_frequent_one_and_a_short_text_more_than_a_long_one() -> None:
    texts = {"a": "the fern", "b": "the the the rose", "c": "the rose and a good deal of other words"}
    assert ranked("the fern", texts) == ["a", "b", "c"]
    assert ranked("rose", texts) == ["b", "c", "a"]


def test_words_are_lower_case_and_singular() -> None:
    assert words("Jane's Lists, categories and BUSES: is this glass?") == [
        *("jane", "list", "category", "and", "buse", "is", "this", "glass")
    ]

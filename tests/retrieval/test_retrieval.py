"""Whether an agent that searches for a tool in a person's own words finds the right one."""

import pytest

from flodesk_mcp.tools import IN_ALL, TOOLSETS

from .asked import BEYOND_ALL, Places, asked_for, places
from .bm25 import ranked, words

TOOLS = {spec.name: f"{spec.name.replace('_', ' ')} {spec.title} {spec.description}" for spec in IN_ALL}
WHOLE_LIST = [spec.name for spec in IN_ALL if spec.toolset.id == "audience"]


@pytest.fixture(scope="module", params=[list(TOOLS), WHOLE_LIST], ids=["every tool", "the whole list"])
def found(request: pytest.FixtureRequest) -> Places:
    return places(asked_for(request.param), lambda asked: ranked(asked, TOOLS))


def test_at_least_two_requests_ask_for_every_tool() -> None:
    requests = asked_for(TOOLS)
    assert min(len(asked) for asked in requests.values()) > 1
    assert sum(map(len, requests.values())) > 100


def test_what_is_left_out_is_what_all_leaves_out() -> None:
    assert {toolset.id for toolset in TOOLSETS if not toolset.in_all} == BEYOND_ALL


def test_no_request_names_a_tool() -> None:
    for tool, requests in asked_for(TOOLS).items():
        assert not [request for request in requests if tool in request or "flodesk_" in request]


def test_the_right_tool_comes_first_for_90_of_100_requests(found: Places) -> None:
    assert found.within(1) >= 0.90, found.beyond(1)


def test_the_right_tool_is_among_the_first_three_for_97_of_100_requests(found: Places) -> None:
    assert found.within(3) >= 0.97, found.beyond(3)


def test_a_rare_word_counts_more_than_a_frequent_one_and_a_short_text_more_than_a_long_one() -> None:
    texts = {"a": "the fern", "b": "the the the rose", "c": "the rose and a good deal of other words"}
    assert ranked("the fern", texts) == ["a", "b", "c"]
    assert ranked("rose", texts) == ["b", "c", "a"]


def test_words_are_lower_case_and_singular() -> None:
    assert words("Jane's Lists, categories and BUSES: is this glass?") == [
        *("jane", "list", "category", "and", "buse", "is", "this", "glass")
    ]

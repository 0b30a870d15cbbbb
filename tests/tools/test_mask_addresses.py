"""E-mail addresses in texts, however they are written and whatever stands around them."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flodesk_mcp.tools import mask_addresses

from .canaries import found_in

MASKED = {
    "jane.doe@example.com": "j***@e***.com",
    "Jane <jane@example.co.uk>, twice": "Jane <j***@e***.uk>, twice",
    "'jane@example.com'.": "'j***@e***.com'.",
    "Write to jane+vip@example.com!": "Write to j***@e***.com!",
    "sean.o'brien@example.org": "s***@e***.org",
    "bounce+jane=example.org@lists.example.com": "b***@l***.com",
    "mailto:jane@example.com?subject=x": "mailto:j***@e***.com?subject=x",
    "https://x.example/?for=jane%40example.com": "https://x.example/?f***@e***.com",
    "https://x.example/jane%2540example.com/off": "https://x.example/j***@e***.com/off",
    "<b>jane&#64;example.com</b> jane&commat;example.com": "<b>j***@e***.com</b> j***@e***.com",
    "jane＠example.com": "j***@e***.com",
    "ж@пример.рф, 李@例え.jp": "ж***@п***.рф, 李***@例***.jp",
    "jane@localhost": "j***@l***",
    "jane@[203.0.113.7]": "j***@***[203.0.113.7]",
    "___@example.com": "***@e***.com",
    "a@x.com,b@y.org;c@z.net": "a***@x***.com,b***@y***.org;c***@z***.net",
    '{"email":"jane@example.com"}': '{"email":"j***@e***.com"}',
}
UNTOUCHED = ("Sale @home", "a @ b", "50 % off", "%41", "&#65;", "", "@", "@jane", "VIP")

WORDS = st.text(st.sampled_from("zQ7._+-%'=&"), max_size=6)
AROUND = st.sampled_from(
    ["", " ", "<", ">", "'", '"', "(", ")", ",", ".", ":", "/", "?x=", "&", "\n", "mailto:", "«", "!"]
)
AT = st.sampled_from(["@", "%40", "%2540", "&#64;", "&#x40;", "&commat;", "＠", "﹫"])


@pytest.mark.parametrize(("text", "masked"), MASKED.items())
def test_an_address_is_masked_and_what_is_around_it_stays(text: str, masked: str) -> None:
    assert mask_addresses(text) == masked


@pytest.mark.parametrize("text", [*UNTOUCHED, *MASKED.values()])
def test_what_is_no_address_or_masked_already_stays(text: str) -> None:
    assert mask_addresses(text) == text


@given(AROUND, WORDS, AT, AROUND, st.text(max_size=10))
@settings(max_examples=500, deadline=None, derandomize=True)
def test_no_address_survives_between_any_two_texts(before: str, tag: str, at: str, after: str, more: str) -> None:
    text = f"{more}{before}zephyrine{tag}{at}canarybird.example{after}{more}"
    assert not found_in(mask_addresses(text))


@pytest.mark.parametrize("text", ["a" * 10**6, "a@" * 10**5, "%25" * 10**5 + "40", "@" * 10**6, "&#0" + "0" * 10**6])
def test_no_text_takes_long(text: str) -> None:
    began = time.perf_counter()
    mask_addresses(text)
    assert time.perf_counter() - began < 5

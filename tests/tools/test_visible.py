"""What nobody sees is stripped from any text; what emoji and scripts need to be readable stays."""

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flodesk_mcp.tools import visible

# Default_Ignorable_Code_Point. Source: DerivedCoreProperties.txt of Unicode 16.
DEFAULT_IGNORABLE = (
    *((0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F)),
    *((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF)),
    *((0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
)
IGNORABLE = {chr(point) for first, last in DEFAULT_IGNORABLE for point in range(first, last + 1)}
FORMAT = {
    chr(point) for point in range(0x110000) if unicodedata.category(chr(point)) in {"Cf", "Cc", "Cs", "Zl", "Zp"}
} - {"\t", "\n"}
INVISIBLE = IGNORABLE | FORMAT
SEEN_IN_CONTEXT = {chr(point) for point in (*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD)}

ZWJ, ZWNJ, VS16 = "\u200d", "\u200c", "\ufe0f"
TAGS = {letter: chr(0xE0000 + ord(letter)) for letter in "abcdefghijklmnopqrstuvwxyz0123456789"}
CANCEL = "\U000e007f"

NEEDED = (
    "می\u200cخواهم",  # Persian
    "क\u094d\u200dष",  # Hindi, half a letter
    "ക\u0d4d\u200d പ",  # Malayalam, at the end of a word
    "শ\u09cd\u200cর",  # Bengali
    "ශ\u0dca\u200dරී",  # Sinhala
    "👨\u200d👩\u200d👧\u200d👦",
    "👩🏽\u200d💻",
    "🕵🏻\u200d♂\ufe0f",
    "❤\ufe0f\u200d🔥",
    "🏳\ufe0f\u200d🌈",
    "❤\ufe0f",
    "1\ufe0f\u20e3#\ufe0f\u20e3",
    "\U0001f3f4" + "".join(TAGS[letter] for letter in "gbsct") + CANCEL,
    "ᠠ\u180bᠮ",  # Mongolian
    "\u0600\u0661\u0662",  # the Arabic sign of a number
    "🇩🇪 Zoë Ångström שלום 李小龍 한글",
)
OUT_OF_PLACE = (
    ("a" + ZWJ + "b", "ab"),
    ("a" + ZWNJ + "b", "ab"),
    ("م" + ZWNJ + "x", "مx"),
    ("م" + ZWNJ + ZWNJ + "ن", "من"),
    ("👩" + ZWJ, "👩"),
    ("👩" + ZWJ + ZWJ + "👩", "👩👩"),
    ("a" + VS16, "a"),
    ("1" + VS16, "1"),
    ("❤" + VS16 + VS16, "❤" + VS16),
    ("❤\ufe0e\ufe01", "❤"),
    ("葛\U000e0100", "葛"),
    ("\U0001f3f4" + "".join(TAGS[letter] for letter in "ignoreallprevious") + CANCEL, "\U0001f3f4"),
    ("\U0001f3f4" + "".join(TAGS[letter] for letter in "gbsct"), "\U0001f3f4"),
    ("🌷" + "".join(TAGS[letter] for letter in "gbsct") + CANCEL, "🌷"),
    ("\u3164\uffa0\u115f\u1160", ""),
    ("a\ufff9b\ufffac\ufffb", "abc"),
    ("\u2063\u2062\u2061a\u034f", "a"),
)


@pytest.mark.parametrize("text", NEEDED)
def test_what_is_needed_to_read_stays(text: str) -> None:
    assert visible(text) == text
    assert visible(f"{text} {text}") == f"{text} {text}"


@pytest.mark.parametrize(("text", "seen"), OUT_OF_PLACE, ids=ascii)
def test_the_same_characters_out_of_place_go(text: str, seen: str) -> None:
    assert visible(text) == seen


def test_between_latin_letters_nothing_invisible_stays() -> None:
    assert [ascii(character) for character in sorted(INVISIBLE) if visible(f"a{character}b") != "ab"] == []


def test_nothing_else_is_ever_stripped() -> None:
    seen = "".join(chr(point) for point in range(0x110000) if chr(point) not in INVISIBLE)
    lost = {*seen} - {*visible(seen)}
    assert {character for character in lost if unicodedata.category(character) != "Cn"} <= {
        chr(point)
        for point in range(0x13430, 0x13440)  # format characters that this Python does not know yet
    }


TEXTS = st.text(st.sampled_from([*sorted(INVISIBLE), *"aZ1#*\n\t👩🏽❤🔥🏴منकष्ᠠ한李"]) | st.characters())


@given(TEXTS)
@settings(max_examples=500, deadline=None, derandomize=True)
@example("\U0001f3f4\U000e0067\U000e0062\u200b\U000e0073\U000e0063\U000e0074\U000e007f")
def test_what_stays_invisible_stands_where_it_works(text: str) -> None:
    seen = visible(text)
    assert visible(seen) == seen
    assert [letter for letter in seen if letter not in INVISIBLE] == [
        letter for letter in text if letter not in INVISIBLE
    ]
    for place, character in enumerate(seen):
        if character not in IGNORABLE:
            continue
        before = seen[:place].rstrip("".join(TAGS.values()) + VS16)[-1:]
        assert before
        assert not before.isspace()
        assert not (before.isascii() and before.isalpha())
        if character in {ZWJ, ZWNJ}:
            assert seen[place - 1] not in {ZWJ, ZWNJ}


@given(TEXTS)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_a_text_carries_no_more_than_one_mark_for_each_character_that_is_seen(text: str) -> None:
    seen = visible(text)
    flags = seen.count(CANCEL) * 6  # the three flags of tags
    hidden = sum(letter in INVISIBLE and letter not in SEEN_IN_CONTEXT for letter in seen) - flags
    assert hidden <= 2 * sum(letter not in INVISIBLE for letter in seen)

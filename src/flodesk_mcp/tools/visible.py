"""Text without the characters that nobody sees.

Strangers type into public forms, and what a person cannot see may still speak to a model: letters made of tags or
variation selectors, texts turned around. Stripped is every control character but tab and line feed, and all that
Unicode 16 calls Cf (format) or Default_Ignorable_Code_Point. Kept are the few that emoji and scripts need to be
readable, each only where it does that work.
"""

import re
from functools import cache

__all__ = ["visible"]

# Default_Ignorable_Code_Point, Cf, Cc but for tab and line feed, Zl and Zp, surrogates: less those that may be needed.
_NEVER_NEEDED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e001f\U000e0080-\U000e0fff]"
)
_PERHAPS_NEEDED = re.compile(
    "[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u180b-\u180f\u200c\u200d\ufe0f\U000110bd\U000110cd"
    "\U00013430-\U0001343f\U000e0020-\U000e007f]+"
)

# Extended_Pictographic.
_EMOJI = (
    "[\xa9\xae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9\u21aa\u231a\u231b\u2328\u2388\u23cf\u23e9-\u23f3\u23f8-\u23fa"
    "\u24c2\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u2605\u2607-\u2612\u2614-\u2685\u2690-\u2705\u2708-\u2712\u2714"
    "\u2716\u271d\u2721\u2728\u2733\u2734\u2744\u2747\u274c\u274e\u2753-\u2755\u2757\u2763-\u2767\u2795-\u2797\u27a1"
    "\u27b0\u27bf\u2934\u2935\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001f0ff"
    "\U0001f10d-\U0001f10f\U0001f12f\U0001f16c-\U0001f171\U0001f17e\U0001f17f\U0001f18e\U0001f191-\U0001f19a"
    "\U0001f1ad-\U0001f1e5\U0001f201-\U0001f20f\U0001f21a\U0001f22f\U0001f232-\U0001f23a\U0001f23c-\U0001f23f"
    "\U0001f249-\U0001f3fa\U0001f400-\U0001f53d\U0001f546-\U0001f64f\U0001f680-\U0001f6ff\U0001f774-\U0001f77f"
    "\U0001f7d5-\U0001f7ff\U0001f80c-\U0001f80f\U0001f848-\U0001f84f\U0001f85a-\U0001f85f\U0001f888-\U0001f88f"
    "\U0001f8ae-\U0001f8ff\U0001f90c-\U0001f93a\U0001f93c-\U0001f945\U0001f947-\U0001faff\U0001fc00-\U0001fffd]"
)
# Letters and marks of the scripts in which a joiner changes the form of what stands beside it.
_JOINING = (
    "[\u0620-\u065f\u066e-\u06d3\u06d5-\u06dc\u06df-\u06e8\u06ea-\u06ef\u06fa-\u06ff\u0710-\u074a\u074d-\u077f"
    "\u07ca-\u07f5\u0840-\u085b\u0860-\u086a\u0870-\u0887\u0889-\u088e\u0898-\u08e1\u08e3-\u0963\u0971-\u0df3"
    "\u0f40-\u0fbc\u1000-\u103f\u1050-\u108f\u1780-\u17b3\u17b6-\u17d3\u1820-\u18aa\u1a20-\u1a7c\u1b00-\u1b4b"
    "\u1b80-\u1baf\u1bc0-\u1bf3\u1c00-\u1c37\ua800-\ua827\ua840-\ua873\ua880-\ua8c5\ua8e0-\ua8ff\ua930-\ua953"
    "\ua980-\ua9c0\uaa60-\uaa76\uabc0-\uabea\U00010a00-\U00010a3f\U00011000-\U00011046\U00011080-\U000110ba"
    "\U00011100-\U00011134\U00011150-\U000111c4\U00011200-\U00011241\U00011280-\U000112ea\U00011300-\U0001134d"
    "\U00011400-\U0001144a\U00011480-\U000114c3\U00011580-\U000115c0\U00011600-\U00011640\U00011680-\U000116b6"
    "\U00011700-\U0001172b\U00011800-\U0001183a\U0001e900-\U0001e94b]"
)
_VIRAMA = "[\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca]"
_MONGOLIAN = "[\u1820-\u18aa]"
_HIEROGLYPH = "[\U00013000-\U0001342f]"

JOINER, NON_JOINER, EMOJI_STYLE = "\u200d", "\u200c", "\ufe0f"
# England, Scotland, Wales: no other flag of tags is drawn, and tags that are not drawn could say anything.
FLAGS = ["".join(chr(0xE0000 + ord(letter)) for letter in region) for region in ("gbeng", "gbsct", "gbwls")]


@cache
def _needed() -> re.Pattern[str]:
    """Return what matches where it does its work. Compiled when a text first needs it: the start stays fast."""
    return re.compile(
        "|".join(
            [
                f"(?<={_EMOJI}|[\U0001f3fb-\U0001f3ff]){JOINER}(?={_EMOJI})",  # a skin color may come before it
                f"(?<={_EMOJI}){EMOJI_STYLE}(?:{JOINER}(?={_EMOJI}))?",
                f"(?<=[0-9#*]){EMOJI_STYLE}(?=\u20e3)",  # keycaps
                f"(?<=\U0001f3f4)(?:{'|'.join(FLAGS)})\U000e007f",
                f"(?<={_JOINING})[{JOINER}{NON_JOINER}](?={_JOINING})",
                f"(?<={_VIRAMA}){JOINER}",  # at the end of a word, too: Malayalam
                f"(?<={_MONGOLIAN})[\u180b-\u180d\u180f]",
                f"(?<={_MONGOLIAN})\u180e(?={_MONGOLIAN})",
                f"(?<={_HIEROGLYPH})[\U00013430-\U0001343f](?={_HIEROGLYPH})",
                # Signs that are drawn around the digits that follow, and above Syriac letters.
                "[\u0600-\u0605\u06dd\u0890\u0891\u08e2](?=[\u0660-\u0669\u06f0-\u06f9])",
                "\u070f(?=[\u0710-\u074f])",
                "[\U000110bd\U000110cd](?=[\U00011080-\U000110ba])",
            ]
        )
    )


def visible(text: str) -> str:
    """Return `text` without the characters that nobody would see."""
    if text.isascii() and text.isprintable():
        return text
    return _PERHAPS_NEEDED.sub(_kept, _NEVER_NEEDED.sub("", text))


def _kept(found: re.Match[str]) -> str:
    needed = _needed().match(found.string, found.start())
    return needed[0] if needed else ""

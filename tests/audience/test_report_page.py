"""The page with pictures: what it says, to whom it can be read, and that it needs nothing from elsewhere."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date, timedelta
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from flodesk_mcp.audience.pictures import day
from flodesk_mcp.audience.report import (
    FilledField,
    Joined,
    Left,
    Mistyped,
    Overlap,
    Report,
    SegmentSize,
    Twin,
    Twins,
)
from flodesk_mcp.audience.report_page import report_page

HOSTILE = "<script>alert('x')</script>\"&amp;"
WEEKS = {f"{date(2026, 6, 15) + timedelta(weeks=week)}": week * 7 % 31 for week in range(14)}

REPORT = Report(
    as_of="2026-09-15T10:30:00Z",
    people=4_210,
    statuses={"active": 3_604, "unsubscribed": 600, HOSTILE: 6},
    sources={"form_optin": 4_000, "csv": 210},
    joined=Joined(since="2026-06-17T10:30:00Z", people=sum(WEEKS.values()), weeks=WEEKS),
    left=Left(after="2026-09-01T00:00:00Z", until="2026-09-15T10:30:00Z", people=17, notice="No dates of leaving."),
    segments=[
        SegmentSize(segment="Newsletter", people=3_100, active=3_010, joined=212, change=-4),
        SegmentSize(segment=HOSTILE, people=310, active=300, joined=3, change=20),
        SegmentSize(segment="Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen", people=1, active=1, joined=0),
    ],
    more_segments=998,
    overlaps=[Overlap(segments=["Newsletter", HOSTILE], sizes=[3_010, 300], shared=290, percent=97)],
    custom_fields=[FilledField(field=HOSTILE, filled=1_200, percent=29)],
    mistyped_people=9,
    mistyped=[Mistyped(ending="gmial.com", meant="gmail.com", people=9, example="anna@gmial.com")],
    twin_groups=6,
    twins=[Twins(reason="same mailbox", count=5, people=[Twin(id="1", email="a.b@gmail.com"), Twin(id="2")])],
)

EMPTY = Report(
    as_of="2026-09-15T10:30:00Z",
    people=0,
    joined=Joined(since="2026-09-14T10:30:00Z", people=0, weeks={"2026-09-14": 0}),
    left=Left(notice="No dates of leaving."),
    mistyped_people=0,
    twin_groups=0,
)


class Read(HTMLParser):
    """What a browser sees: every element with its attributes, and the text between them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, text: str) -> None:
        if self.open[-1:] != ["style"]:
            self.texts.append(text.strip())

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for found, attributes in self.elements if found == tag]

    @property
    def text(self) -> str:
        return " ".join(filter(None, self.texts))


@pytest.fixture(params=[REPORT, EMPTY], ids=["full", "empty"])
def page(request: pytest.FixtureRequest) -> str:
    return report_page(request.param)


def test_every_number_of_the_report_is_a_text_on_the_page() -> None:
    text = Read(report_page(REPORT)).text
    for words in ("4,210", "3,604", "3,010", "290 in both: 97 % of", "1,200", "29 %", "−4", "+20", "gmial.com", "17"):
        assert words in text
    for words in (
        "And 998 more segments.",
        "and 3 more",
        "And 5 more groups.",
        "No dates of leaving.",
        "1 Sep 2026",
        "15 Jun 2026",
    ):
        assert words in text
    for week, people in WEEKS.items():
        assert f"{day(week)} {people:,}" in text


def test_a_name_from_flodesk_stays_a_text() -> None:
    read = Read(report_page(REPORT.model_copy(update={"segment": HOSTILE, "as_of": HOSTILE})))
    assert read.of("script") == []
    assert read.text.count(HOSTILE) == 8


def test_the_page_needs_nothing_from_elsewhere(page: str) -> None:
    read = Read(page)
    assert read.open == []
    assert not {"script", "link", "img", "iframe", "object", "base", "form"} & {tag for tag, _ in read.elements}
    assert not [name for _, attributes in read.elements for name in attributes if name in {"src", "href", "style"}]
    assert not [name for _, attributes in read.elements for name in attributes if name.startswith("on")]
    assert not re.search(r"url\(|@import|https?://", page)
    (policy,) = [meta["content"] for meta in read.of("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_who_cannot_see_it_hears_all_of_it(page: str) -> None:
    read = Read(page)
    assert read.of("html") == [{"lang": "en"}]
    assert [tag for tag, _ in read.elements if re.fullmatch("h[1-6]", tag)][:2] == ["h1", "h2"]
    assert len(read.of("h1")) == len(read.of("main")) == 1
    for picture in read.of("svg"):
        assert picture.get("aria-hidden") == "true" or (picture.get("role") == "img" and picture.get("aria-label"))
    for title in read.of("th"):
        assert title["scope"] in {"col", "row"}
    ids = [str(attributes["id"]) for _, attributes in read.elements if "id" in attributes]
    assert sorted(ids) == sorted(set(ids)) == sorted(str(section["aria-labelledby"]) for section in read.of("section"))


def test_the_highest_bar_is_as_high_as_the_picture_and_the_others_in_proportion() -> None:
    bars = [attributes for attributes in Read(report_page(REPORT)).of("rect") if attributes["class"] == "bar"]
    heights = [float(bar["height"] or 0) for bar in bars[: len(WEEKS)]]
    most = max(WEEKS.values())
    assert heights == pytest.approx([people / most * 100 for people in WEEKS.values()], abs=0.01)


def test_bars_of_an_overlap_lie_side_by_side_where_people_are_shared() -> None:
    page = report_page(REPORT)
    shapes = Read(page[page.index('class="pair"') - 10 :].partition("</svg>")[0] + "</svg>").of("rect")
    first, second, both = [(float(s.get("x") or 0), float(s["width"] or 0)) for s in shapes]
    whole = 3_010 + 300 - 290
    assert first == pytest.approx((0, 3_010 / whole * 100), abs=0.01)
    assert second == pytest.approx((2_720 / whole * 100, 300 / whole * 100), abs=0.01)
    assert both == pytest.approx((2_720 / whole * 100, 290 / whole * 100), abs=0.01)


def colors(page: str) -> Iterator[dict[str, str]]:
    """The colors of the page, in the light and in the dark."""
    for rule in re.findall(r":root \{([^}]*)\}", page):
        yield dict(re.findall(r"--(\w+): (#\w+);", rule))


def brightness(color: str) -> float:
    digits = color[1:] if len(color) == 7 else "".join(2 * digit for digit in color[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted([brightness(one), brightness(other)])
    return (light + 0.05) / (dark + 0.05)


def test_contrasts_suffice_in_the_light_and_in_the_dark(page: str) -> None:
    light, dark = colors(page)
    assert light["paper"] != dark["paper"]
    for scheme in (light, dark):
        for ground in ("paper", "card"):
            assert min(contrast(scheme[words], scheme[ground]) for words in ("ink", "soft")) >= 4.5
        assert min(contrast(scheme[shape], scheme["card"]) for shape in ("bar", "other", "both")) >= 3


CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars --dump-dom"
)
# In a frame, because a window is never narrower than 500 pixels.
FRAME = """<iframe style="border: 0; width: {width}px" srcdoc="{page}"></iframe>
<script>addEventListener("load", () => {{
const page = document.querySelector("iframe").contentDocument;
const seen = [page.documentElement.scrollWidth, getComputedStyle(page.body).backgroundColor];
document.title = seen.join(" "); }});</script>"""


@pytest.mark.skipif(CHROMIUM is None, reason="Debian's package chromium is not installed")
@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize(("scheme", "paper"), [("0", "rgb(28, 26, 24)"), ("1", "rgb(251, 249, 246)")])
def test_in_chromium_nothing_is_wider_than_the_window(width: int, scheme: str, paper: str, tmp_path: Path) -> None:
    file = tmp_path / "frame.html"
    file.write_text(FRAME.format(width=width, page=escape(report_page(REPORT))), encoding="utf-8")
    with TemporaryDirectory(prefix="flodesk-chromium-", ignore_cleanup_errors=True) as profile:
        own = [f"--user-data-dir={profile}", f"--blink-settings=preferredColorScheme={scheme}", file.as_uri()]
        shown = subprocess.run(
            [str(CHROMIUM), *FLAGS.split(), *own], capture_output=True, encoding="utf-8", timeout=60, check=True
        )
    assert f"<title>{width} {paper}</title>" in shown.stdout

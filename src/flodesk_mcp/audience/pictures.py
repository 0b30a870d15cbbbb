"""The pictures of a report: SVG that stands in a page, stretches with it, and takes its colors from it.

Their numbers stand beside them as text or in a table, so nothing is said by a picture alone.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from html import escape

__all__ = ["day", "overlap_bars", "share_bar", "weekly_bars"]

HEIGHT = 100
STEP, GAP = 10, 2


def day(text: str) -> str:
    """Return the day of an ISO time as people write it: 14 Sep 2026."""
    moment = date.fromisoformat(text[:10])
    return f"{moment.day} {moment:%b %Y}"


def weekly_bars(weeks: Mapping[str, int]) -> str:
    """Return one bar for each week, the highest as high as the picture."""
    most = max(weeks.values(), default=0)
    best = next((week for week, people in weeks.items() if people == most), None)
    words = f"Bars: sign-ups in each of {len(weeks)} weeks"
    if most and best:
        words += f", the most, {most:,}, in the week of {day(best)}"
    bars = []
    for place, (week, people) in enumerate(weeks.items()):
        height = people / most * HEIGHT if most else 0
        bars.append(
            f'<rect class="bar" x="{place * STEP + GAP / 2:g}" y="{HEIGHT - height:.2f}" width="{STEP - GAP}" '
            f'height="{height:.2f}"><title>Week of {day(week)}: {people:,}</title></rect>'
        )
    return _svg("", len(weeks) * STEP or STEP, HEIGHT, bars, words)


def share_bar(part: int, whole: int, kind: str = "bar") -> str:
    """Return a bar that is as full as `part` is of `whole`. The numbers stand beside it."""
    width = part / whole * 100 if whole else 0
    return _svg("share", 100, 10, [f'<rect class="{kind}" width="{width:.2f}" height="10"/>'])


def overlap_bars(sizes: Sequence[int], shared: int) -> str:
    """Return two bars, one above the other, that lie side by side as far as they share people."""
    first, second = sizes
    whole = (first + second - shared) or 1
    begin, end = (first - shared) / whole * 100, first / whole * 100
    return _svg(
        "pair",
        100,
        20,
        [
            f'<rect class="bar" width="{end:.2f}" height="9"/>',
            f'<rect class="other" x="{begin:.2f}" y="11" width="{100 - begin:.2f}" height="9"/>',
            f'<rect class="both" x="{begin:.2f}" width="{end - begin:.2f}" height="20"/>',
        ],
    )


def _svg(kind: str, width: float, height: float, shapes: Sequence[str], words: str | None = None) -> str:
    told = f'role="img" aria-label="{escape(words)}"' if words else 'aria-hidden="true"'
    form = f'class="{kind}" ' if kind else ""
    return f'<svg {form}{told} viewBox="0 0 {width:g} {height:g}" preserveAspectRatio="none">{"".join(shapes)}</svg>'

"""A report as one page for people: pictures and tables, without a script, a font or anything else from elsewhere."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

from flodesk_mcp.audience.pictures import day, overlap_bars, share_bar, weekly_bars
from flodesk_mcp.audience.report import Overlap, Report, Twins

__all__ = ["report_page"]

ALONE = "default-src 'none'; style-src 'unsafe-inline'"


def report_page(report: Report) -> str:
    """Return the page. What Flodesk calls things is escaped: strangers may have typed it."""
    style = Path(__file__).with_name("report_page.css").read_text(encoding="utf-8")
    title = f"Audience: {report.segment}" if report.segment else "Audience"
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{ALONE}">',
        f"<title>{escape(title)}</title>",
        f"<style>\n{style}</style></head>",
        "<body><main>",
        f'<h1>{escape(title)}</h1><p class="soft">As of {escape(report.as_of)}</p>',
        _facts(report),
        '<div class="cards">',
        _weeks(report),
        _counts("Status", report.statuses, report.people, "active"),
        _counts("How people came", report.sources, report.people),
        _segments(report),
        _overlaps(report),
        _fields(report),
        _mistyped(report),
        _twins(report),
        "</div>",
        f"<footer><p>{escape(report.left.notice)}</p></footer>",
        "</main></body></html>\n",
    ]
    return "\n".join(filter(None, parts))


def _facts(report: Report) -> str:
    facts = [
        ("people, of every status", f"{report.people:,}"),
        ("active: they get mail", f"{report.statuses.get('active', 0):,}"),
        (f"signed up since {day(report.joined.since)}", f"{report.joined.people:,}"),
    ]
    if report.left.people is not None and report.left.after:
        facts.append((f"stopped being active since {day(report.left.after)}", f"{report.left.people:,}"))
    if report.left.change is not None and report.left.after:
        facts.append((f"people more since {day(report.left.after)}", _signed(report.left.change)))
    return (
        '<dl class="facts">' + "".join(f"<div><dt>{words}</dt><dd>{fact}</dd></div>" for words, fact in facts) + "</dl>"
    )


def _weeks(report: Report) -> str:
    weeks = report.joined.weeks
    names = list(weeks)
    shown = [names[0], names[len(names) // 2], names[-1]] if len(names) > 2 else names  # noqa: PLR2004 - both ends, and the middle
    dates = "".join(f"<span>{day(name)}</span>" for name in shown)
    most = max(weeks.values(), default=0)
    table = _table(
        "Weeks begin on Monday, in UTC; the first and the last may be cut short",
        ("week of", "#sign-ups"),
        ([day(week), f"{people:,}"] for week, people in weeks.items()),
    )
    picture = (
        f'<figure><div class="weeks"><span class="most">{most:,}</span>{weekly_bars(weeks)}</div>'
        f'<div class="dates" aria-hidden="true">{dates}</div></figure>'
    )
    return _section("Sign-ups by week", f"{picture}<details><summary>As a table</summary>{table}</details>", wide=True)


def _counts(title: str, counts: Mapping[str, int], whole: int, marked: str | None = None) -> str:
    rows = [
        [
            escape(name) + share_bar(people, whole, "bar" if marked in {None, name} else "rest"),
            f"{people:,}",
            _percent(people, whole),
        ]
        for name, people in counts.items()
    ]
    return _section(title, _table("", (title.lower(), "#people", "#share"), rows) if rows else _none("Nobody yet."))


def _segments(report: Report) -> str:
    most = max((row.active for row in report.segments), default=0)
    changes = any(row.change is not None for row in report.segments)
    rows = [
        [
            escape(row.segment) + share_bar(row.active, most),
            f"{row.active:,}",
            f"{row.joined:,}",
            *([_signed(row.change)] if changes else []),
        ]
        for row in report.segments
    ]
    head = ("segment", "#active", "#new", *(["#change"] if changes else []))
    words = "New: signed up in the period" + ("; change: of people between two readings" if changes else "")
    table = _table(words, head, rows) if rows else _none("There is nobody in a segment.")
    return _section("Segments", table + _more(report.more_segments or 0, "segment"))


def _overlaps(report: Report) -> str:
    if not report.overlaps:
        return ""
    key = (
        '<p class="soft"><span class="key a"></span>first <span class="key ab"></span>both '
        '<span class="key b"></span>second; active people</p>'
    )
    pairs = "".join(f"<li>{_pair(overlap)}</li>" for overlap in report.overlaps)
    return _section("Largest overlaps", f'{key}<ul class="rows">{pairs}</ul>')


def _pair(overlap: Overlap) -> str:
    first, second = (f"<strong>{escape(name)}</strong>" for name in overlap.segments)
    sizes = [f"{size:,}" for size in overlap.sizes]
    smaller = overlap.segments[overlap.sizes.index(min(overlap.sizes))]
    return (
        f"{first} ({sizes[0]}) and {second} ({sizes[1]}){overlap_bars(overlap.sizes, overlap.shared)}"
        f'<span class="soft">{overlap.shared:,} in both: {overlap.percent} % of {escape(smaller)}</span>'
    )


def _fields(report: Report) -> str:
    rows = [
        [
            escape(row.field) + share_bar(row.filled, report.people),
            f"{row.filled:,}",
            _percent(row.filled, report.people),
        ]
        for row in report.custom_fields
    ]
    if not rows:
        return ""
    table = _table("People who have a value", ("custom field", "#filled", "#share"), rows)
    return _section("Custom fields", table + _more(report.more_custom_fields or 0, "custom field"))


def _mistyped(report: Report) -> str:
    title = "Addresses that look mistyped"
    if not report.mistyped:
        return _section(title, _none("None."))
    rows = [
        [escape(row.ending) + _example(row.example), escape(row.meant), f"{row.people:,}"] for row in report.mistyped
    ]
    words = f"{_people(report.mistyped_people)} may get no mail because of a slip of the finger"
    table = _table(words, ("ends in", "perhaps meant", "#people"), rows)
    return _section(title, table + _more(report.more_mistyped or 0, "ending"))


def _example(address: str | None) -> str:
    return f'<br><span class="soft">{escape(address)}</span>' if address else ""


def _twins(report: Report) -> str:
    title = "People who may be on the list twice"
    if not report.twins:
        return _section(title, _none("None."))
    groups = "".join(f"<li>{_group(group)}</li>" for group in report.twins)
    more = _more(report.twin_groups - len(report.twins), "group")
    return _section(title, f'<ul class="rows">{groups}</ul>{more}', wide=True)


def _group(group: Twins) -> str:
    shown = [escape(person.email or person.id) for person in group.people]
    more = group.count - len(shown)
    lines = [*shown, *([f"and {more:,} more"] if more else [])]
    return f'{"<br>".join(lines)}<br><span class="soft">{escape(group.reason)}</span>'


def _people(number: int) -> str:
    return f"{number:,} {'person' if number == 1 else 'people'}"


def _section(title: str, content: str, *, wide: bool = False) -> str:
    name = "".join(letter for letter in title.lower() if letter.isalpha())
    form = ' class="wide"' if wide else ""
    return f'<section{form} aria-labelledby="{name}"><h2 id="{name}">{title}</h2>{content}</section>'


def _table(words: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table. A `#` in its head marks a column of numbers."""
    kinds = ["number" if title.startswith("#") else "text" for title in head]
    titles = "".join(
        f'<th scope="col" class="{kind}">{title.lstrip("#")}</th>' for title, kind in zip(head, kinds, strict=True)
    )
    lines = "".join(f"<tr>{''.join(map(_cell, row, kinds, range(len(row))))}</tr>" for row in rows)
    caption = f"<caption>{words}</caption>" if words else ""
    return f"<table>{caption}<thead><tr>{titles}</tr></thead><tbody>{lines}</tbody></table>"


def _cell(content: str, kind: str, place: int) -> str:
    if place == 0:
        return f'<th scope="row" class="{kind}">{content}</th>'
    return f'<td class="{kind}">{content}</td>'


def _more(count: int, thing: str) -> str:
    return f'<p class="soft">And {count:,} more {thing}{"s" if count > 1 else ""}.</p>' if count else ""


def _none(words: str) -> str:
    return f'<p class="soft">{words}</p>'


def _percent(part: int, whole: int) -> str:
    share = part / whole * 100 if whole else 0
    return "&lt;1 %" if 0 < share < 1 else f"{round(share)} %"


def _signed(change: int | None) -> str:
    return "" if change is None else f"{change:+,}".replace("-", "−") if change else "0"

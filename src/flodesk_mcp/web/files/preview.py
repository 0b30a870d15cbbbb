"""What a page shows of a file: nothing in it is believed to be anything but text."""

from collections.abc import Mapping
from html import escape
from typing import Any

from flodesk_mcp.tools import visible
from flodesk_mcp.web.html_page import Markup

__all__ = ["rows_of", "size_of", "words_of"]

KILO = 1_000


def words_of(problem: str) -> Markup:
    """Return what is wrong as part of a page, nothing where nothing is."""
    return Markup(f'<p class="problem" role="alert" id="problem">{escape(problem)}</p>' if problem else "")


def size_of(count: int) -> str:
    """Return a number of bytes as people say it."""
    if count < KILO:
        return f"{count} bytes"
    return f"{count / KILO:,.0f} kB" if count < KILO * KILO else f"{count / KILO / KILO:,.1f} MB"


def rows_of(preview: Mapping[str, Any]) -> dict[str, str]:
    """Return the table of the first rows under the headings, and how many rows there are, as texts of a page."""
    columns = preview["columns"]
    headings = "".join(
        f'<th scope="col">{_shown(column["heading"] or "(no heading)")}'
        f'<span class="{"left-out" if column["left_out"] else "becomes"}">{_shown(column["becomes"])}</span></th>'
        for column in columns
    )
    rows = "\n".join(
        f'<tr><th scope="row">{number}</th>{"".join(f"<td>{_shown(cell)}</td>" for cell in cells)}</tr>'
        for number, cells in preview["rows"]
    )
    more, counted, first = preview["more_columns"], preview["counted"], len(preview["rows"])
    count = f"{counted:,} row{'s' if counted > 1 else ''}"
    left_out = ", ".join(_shown(column["heading"]) for column in columns if column["left_out"] and column["heading"])
    return {
        "counted": count if preview["counted_all"] else f"More than {count}",
        "first": f"first {first} rows" if first > 1 else "first row",
        "left_out": Markup(f"<dt>Left out</dt><dd>{left_out}</dd>" if left_out else ""),
        "more": f"{more} more columns are not shown here." if more else "",
        "headings": Markup(headings),
        "rows": Markup(rows),
    }


def _shown(text: str) -> str:
    return escape(visible(text))

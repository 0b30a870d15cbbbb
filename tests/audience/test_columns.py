"""What a line of an export holds, and what no spreadsheet may run."""

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flodesk_mcp.audience.columns import BYTE_ORDER_MARK, FIELDS, Lines, disarmed, headings
from flodesk_mcp.audience.person import COLUMNS

FORMULAS = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "＝1",
    "＋1",
    "－1",
    "＠a",
    " =1",
    "\ufeff=1",
    "\u200b@a",
)


@pytest.mark.parametrize("cell", FORMULAS)
def test_a_cell_that_would_run_as_a_formula_begins_with_an_apostrophe(cell: str) -> None:
    assert disarmed(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "Zoë", "a=b", "1-2", "'quoted'", "(+49) 30", "…"])
def test_any_other_cell_stays_as_it_is(cell: str) -> None:
    assert disarmed(cell) == cell


@pytest.mark.parametrize(
    ("cell", "harmless"),
    [
        ("red;=1+1;", "red;'=1+1;"),
        ("red; @SUM(A1)", "red;' @SUM(A1)"),
        ('red;"=1+1', "red;'\"=1+1"),
        ("\t=1", "'\t'=1"),
        ("\r", "'\r"),
        ("red\t-1", "red\t'-1"),
        ("red\r\n=1", "red\r\n'=1"),
        ("=1;=1", "'=1;'=1"),
        ("red;green;", "red;green;"),
        ("red;'=1", "red;'=1"),
        ("red, =1", "red, =1"),
    ],
)
def test_what_would_run_where_another_character_divides_cells_is_disarmed(cell: str, harmless: str) -> None:
    assert disarmed(cell) == harmless


def _columns(**values: Any) -> list[list[Any]]:
    """Return the columns of one person in the mirror."""
    stored = {"segments": [], "custom_fields": {}} | values
    return [[stored.get(name)] for name in COLUMNS]


CRAFTED = st.text(st.sampled_from(";\t\r\n,\"'= +-@＝\u200ba1"), max_size=12)


@given(CRAFTED, CRAFTED, st.sampled_from(";\t,"))
def test_no_cell_of_a_file_is_a_formula_whichever_character_divides_cells(
    first: str, second: str, delimiter: str
) -> None:
    person = _columns(id="1", email="a@example.com", first_name=first, custom_fields={"a": second})
    text = "".join(Lines("csv", ("id", "first_name", "custom_fields"), {"a": "A"}, {}).of(person))

    cells = [cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) for cell in row]

    assert not [cell for cell in cells if cell.lstrip(" \t\r\n\u200b")[:1] in tuple("=+-@＝")]


@given(st.text(), st.text(), st.dictionaries(st.sampled_from(["a", "b"]), st.text(min_size=1)))
def test_every_row_of_a_csv_reads_back_as_it_was_but_for_apostrophes(
    name: str, email: str, custom: dict[str, str]
) -> None:
    lines = Lines("csv", FIELDS, {"a": "=A", "b": "B"}, {"s": "@Segment"})
    person = _columns(id="1", first_name=name, email=email, segments=["s", "gone"], custom_fields=custom)

    head, cells_read = csv.reader(io.StringIO("".join([lines.first, *lines.of(person)]), newline=""))

    cells = dict(zip(head, cells_read, strict=True))
    assert head[0] == f"{BYTE_ORDER_MARK}id"
    assert (cells["first_name"], cells["email"]) == (disarmed(name), disarmed(email))
    assert cells["segments"] == "'@Segment|gone"
    assert (cells["'=A"], cells["B"]) == (disarmed(custom.get("a", "")), disarmed(custom.get("b", "")))


def test_a_line_of_jsonl_leaves_out_what_is_empty_and_is_not_disarmed() -> None:
    lines = Lines("jsonl", FIELDS, {"a": "A"}, {"s": "Segment"})
    person = _columns(id="1", email="a@example.com", first_name="=1", segments=["s"], custom_fields={"a": "x"})

    (line,) = lines.of(person)

    assert line.endswith("\n")
    assert json.loads(line) == {
        "id": "1",
        "email": "a@example.com",
        "first_name": "=1",
        "segments": ["Segment"],
        "custom_fields": {"a": "x"},
    }


def test_only_the_wanted_columns_are_there() -> None:
    lines = Lines("csv", ("id", "status"), {"a": "A"}, {})
    assert [lines.first, *lines.of(_columns(id="1", email="a@example.com", status="active"))] == [
        f"{BYTE_ORDER_MARK}id,status\r\n",
        "1,active\r\n",
    ]


def test_custom_fields_of_one_label_and_of_a_columns_name_keep_their_keys() -> None:
    assert headings({"a": "Same", "b": "Same", "c": "email", "d": "Own"}) == {
        "a": "Same (a)",
        "b": "Same (b)",
        "c": "email (c)",
        "d": "Own",
    }

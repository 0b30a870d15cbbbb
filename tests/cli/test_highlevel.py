"""The daily numbers of HighLevel's social planner, as a person's timer takes them out."""

import csv
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from flodesk_mcp.highlevel.daily import daily_lines
from flodesk_mcp.highlevel.social import Statistics

from .conftest import Run

ASK = ("--sandbox", "highlevel", "statistics", "--profile", "p1", "--profile", "p2", "--platform", "instagram")


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def test_the_lines_of_today_are_printed(run_here: Run) -> None:
    answer = run_here(*ASK)
    assert answer.returncode == 0, answer.stderr
    numbers = {(row["part"], row["metric"]): row["value"] for row in rows(answer.stdout)}
    assert numbers["total", "likes"] == "120"
    assert numbers["instagram", "posts"] == "4"
    assert {row["read_on"] for row in rows(answer.stdout)} == {datetime.now(UTC).date().isoformat()}
    assert {row["from"] < row["to"] for row in rows(answer.stdout)} == {True}


def test_a_file_grows_by_the_lines_of_a_day_once(run_here: Run, tmp_path: Path) -> None:
    file = tmp_path / "social.csv"
    assert "7 lines" in run_here(*ASK, "--file", str(file)).stdout
    yesterday = file.read_text().replace(datetime.now(UTC).date().isoformat() + ",", "2020-01-01,")
    file.write_text(yesterday)
    assert run_here(*ASK, "--file", str(file)).returncode == 0
    twice = file.read_text()
    assert [row["read_on"] for row in rows(twice)].count("2020-01-01") == len(rows(twice)) // 2
    assert "already" in run_here(*ASK, "--file", str(file)).stdout
    assert file.read_text() == twice


def test_a_file_of_somebody_else_stays_as_it_is(run_here: Run, tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("email\nada@example.com\n")
    answer = run_here(*ASK, "--file", str(file))
    assert (answer.returncode, file.read_text()) == (1, "email\nada@example.com\n")
    assert "is not changed" in answer.stderr


def test_without_a_token_it_says_what_to_set(run_here: Run) -> None:
    answer = run_here(*ASK[1:])
    assert answer.returncode == 1
    assert "HIGHLEVEL_TOKEN and HIGHLEVEL_LOCATION_ID" in answer.stderr


@pytest.mark.parametrize(
    ("results", "lines"),
    [
        ({}, []),
        ({"totals": {"likes": None, "posts": "many", "live": True}}, []),
        (
            {"totals": {"likes": {"total": 3, "change": -0.5}}},
            [("total", "likes.total", "3"), ("total", "likes.change", "-0.5")],
        ),
        ({"platformTotals": {"=cmd": {"@x": 1}}}, [("'=cmd", "'@x", "1")]),
        ({"totals": [1], "platformTotals": {"instagram": 7}}, [("instagram", "", "7")]),
    ],
)
def test_what_is_no_number_is_left_out_and_nothing_is_a_formula(results: Any, lines: list[tuple[str, ...]]) -> None:
    told = daily_lines(Statistics.model_validate(results), date(2026, 9, 15))
    assert [line[3:] for line in told] == lines

"""What is made of each row."""

import json
from datetime import date, datetime
from pathlib import Path

import pytest
from xlsxwriter import Workbook

from audience.files.reading import read_csv, read_file, read_people
from flodesk_mcp.audience.files import Problem


def test_addresses_are_trimmed_and_their_domains_lower_cased() -> None:
    people = read_csv("email\n  Anna.Weber@EXAMPLE.com \nben@MÜNCHEN.example.com\n\u200bcarla@example.com\n").people
    assert [person.email for person in people] == [
        "Anna.Weber@example.com",
        "ben@münchen.example.com",
        "carla@example.com",
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        "anna",
        "anna@",
        "@example.com",
        "anna@@example.com",
        "a b@example.com",
        "anna@localhost",
        "a.@example.com",
        "anna@example",
        "anna@example..com",
    ],
)
def test_a_wrong_address_is_a_problem_of_its_row(wrong: str) -> None:
    reading = read_csv(f"email,first name\nben@example.com,Ben\n{wrong},Anna\ncarla@example.com,Carla\n")
    assert [person.row for person in reading.people] == [2, 4]
    (problem,) = reading.problems
    assert (problem.row, problem.column) == (3, "email")
    assert problem.reason.startswith(repr(wrong[:80]) + " is no e-mail address: ")


def test_a_row_without_an_address_is_a_problem_and_a_blank_row_is_none() -> None:
    reading = read_csv("email,first name\n\n,Anna\n,,\nben@example.com,Ben\n")
    assert reading.problems == [Problem(3, "email", "it has no e-mail address")]
    assert [person.row for person in reading.people] == [5]


def test_line_breaks_in_quotation_marks_stay_one_row() -> None:
    reading = read_csv('email,City\nanna@example.com,"Bremen\r\nMitte"\nben@example.com,Ulm\n')
    assert [person.custom_fields["city"] for person in reading.people] == ["Bremen Mitte", "Ulm"]
    assert [person.row for person in reading.people] == [2, 3]


def test_a_stray_quotation_mark_costs_one_row_and_no_other() -> None:
    reading = read_csv('email,City\n"anna@example.com,Bremen\nben@example.com,Ulm\ncarla@example.com,"Bonn"\n')
    assert [person.email for person in reading.people] == ["ben@example.com", "carla@example.com"]
    assert [problem.row for problem in reading.problems] == [2]


def test_a_row_that_is_too_wide_is_a_problem() -> None:
    reading = read_csv("email,City\nanna@example.com,Bremen,Germany\nben@example.com,Ulm,,,\n")
    assert reading.problems == [Problem(2, "", "it has 3 columns, and there are 2 headings")]
    assert len(reading.people) == 1


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_columns_may_be_parted_by_what_is_usual(mark: str) -> None:
    anna = read_csv(f'email{mark}"first, name"{mark}City\nanna@example.com{mark}x{mark}Bremen\n').first
    assert anna.custom_fields == {"city": "Bremen"}


def test_lines_may_end_in_any_way(tmp_path: Path) -> None:
    for end in ("\n", "\r\n", "\r"):
        reading = read_file(
            tmp_path / "list.tsv", end.join(["email\tCity", "anna@example.com\tUlm", "ben@example.com\tBonn"])
        )
        assert [person.email for person in reading.people] == ["anna@example.com", "ben@example.com"]


def test_a_plain_list_of_addresses_needs_no_heading() -> None:
    reading = read_csv("anna@example.com,Anna\nben@example.com,Ben\n", columns={"Column 2": "first_name"})
    assert [(person.row, person.email, person.fields["first_name"]) for person in reading.people] == [
        (1, "anna@example.com", "Anna"),
        (2, "ben@example.com", "Ben"),
    ]


def test_what_has_no_field_is_ignored_and_listed() -> None:
    reading = read_csv("email,City,Shoe size,\nanna@example.com,Ulm,40,x\n")
    assert (reading.columns, reading.ignored) == ({"email": "email", "City": "city"}, ["Shoe size"])
    assert reading.first.custom_fields == {"city": "Ulm"}


def test_what_has_no_field_becomes_one_where_that_is_wanted_and_somebody_has_a_value() -> None:
    reading = read_csv("email,Shoe size,Empty\nanna@example.com,40,\n", create_missing_fields=True)
    assert reading.fields_to_create == ["Shoe size"]
    assert reading.first.custom_fields == {"Shoe size": "40"}


def test_chosen_columns_overrule_what_headings_say() -> None:
    text = "Email,Privat,Name,Tags\noffice@example.com,anna@example.com,Ulm,x\n"
    anna = read_csv(text, columns={"privat": "email", "Name": "City", "Tags": "ignore"}).first
    assert (anna.email, anna.custom_fields, anna.fields, anna.segments) == ("anna@example.com", {"city": "Ulm"}, {}, ())


def test_a_custom_field_of_that_label_goes_before_tags_but_not_before_names() -> None:
    anna = read_csv("email,Tags,Vorname\nanna@example.com,a,Anna\n", fields={"t": "tags", "v": "Vorname"}).first
    assert (anna.custom_fields, anna.segments, anna.fields) == ({"t": "a"}, (), {"first_name": "Anna"})


def test_a_value_that_is_too_long_is_left_out_and_the_person_stays() -> None:
    anna = read_csv(f"email,City\nanna@example.com,{'x' * 257}\n").first
    assert anna.custom_fields == {}
    assert anna.left_out == [Problem(2, "City", "left out: it has 257 characters, and Flodesk takes at most 256")]


@pytest.mark.parametrize(
    ("full", "first", "last"),
    [
        ("Anna Weber", "Anna", "Weber"),
        ("Anna", "Anna", ""),
        ("Weber, Anna", "Anna", "Weber"),
        ("Anna Maria von der Heide", "Anna Maria", "von der Heide"),
        ("Anna & Ben Weber", "Anna & Ben", "Weber"),
        ("Martin Luther King Jr.", "Martin Luther", "King Jr."),
        ("Martin King, Jr.", "Martin", "King, Jr."),
        ("van Dyk", "van", "Dyk"),
    ],
)
def test_a_full_name_is_split(full: str, first: str, last: str) -> None:
    fields = read_csv(f'email,Name\nanna@example.com,"{full}"\n').first.fields
    assert (fields.get("first_name", ""), fields.get("last_name", "")) == (first, last)


@pytest.mark.parametrize(
    ("given", "time"),
    [
        ("2024-03-16", "2024-03-16T00:00:00Z"),
        ("2024-03-16 14:40:47", "2024-03-16T14:40:47Z"),
        ("2024-03-16T14:40:47.123456+01:00", "2024-03-16T13:40:47Z"),
        ("2024-03-16 14:40:47 UTC", "2024-03-16T14:40:47Z"),
        ("03/16/2024", "2024-03-16T00:00:00Z"),
        ("16/03/2024 14:40", "2024-03-16T14:40:00Z"),
        ("16.03.2024", "2024-03-16T00:00:00Z"),
        ("Mar 16, 2024", "2024-03-16T00:00:00Z"),
    ],
)
def test_times_become_iso_8601(given: str, time: str) -> None:
    assert read_csv(f'email;Subscribed on\nanna@example.com;"{given}"\n').first.fields == {"optin_timestamp": time}


@pytest.mark.parametrize(
    ("column", "value"), [("Opt-in date", "03/04/2024"), ("Opt-in date", "soon"), ("Opt-in IP", "office")]
)
def test_a_proof_that_cannot_be_read_is_left_out_and_said(column: str, value: str) -> None:
    anna = read_csv(f"email,{column}\nanna@example.com,{value}\n").first
    assert anna.fields == {}
    assert [(problem.row, problem.column) for problem in anna.left_out] == [(2, column)]


@pytest.mark.parametrize("word", ["no", "Unsubscribed", "cleaned", "abgemeldet", "Nein", "désabonné", "baja"])
def test_whoever_wants_no_mail_is_marked(word: str) -> None:
    assert read_csv(f"email,Status\nanna@example.com,{word}\n").first.opted_out == f"Status says {word!r}"


@pytest.mark.parametrize("word", ["", "yes", "Subscribed", "active", "Booked", "ja"])
def test_whoever_says_nothing_against_mail_is_not(word: str) -> None:
    assert not read_csv(f"email,Status,Subscribed\nanna@example.com,{word},yes\n").first.opted_out


def test_a_workbook_is_read_with_its_numbers_and_dates(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    with Workbook(path) as workbook:
        day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        hidden = workbook.add_worksheet("old")
        hidden.hide()
        hidden.write(0, 0, "email")
        sheet = workbook.add_worksheet("people")
        sheet.activate()
        sheet.set_first_sheet()
        sheet.write_row(1, 1, ["E-Mail", "Vorname", "Wedding date", "City", "Angemeldet am"])
        sheet.write_row(3, 1, ["anna@example.com", "Änne"])
        sheet.write_datetime(3, 3, datetime.combine(date(2027, 5, 1), datetime.min.time()), day)
        sheet.write_number(3, 4, 28195)
        sheet.write(4, 1, "no address")
    reading = read_file(path, path.read_bytes())
    assert reading.first.row == 4
    assert reading.first.fields == {"first_name": "Änne"}
    assert reading.first.custom_fields == {"weddingDate": "2027-05-01", "city": "28195"}
    assert [problem.row for problem in reading.problems] == [5]


def test_json_and_its_lines_are_read(tmp_path: Path) -> None:
    people = [
        {"email": "anna@example.com", "first_name": "Anna", "custom_fields": {"city": "Ulm"}, "tags": ["VIP", "a,b"]},
        {"email": "ben@example.com", "segments": [{"id": "1", "name": "Fair"}], "Wedding date": 2027},
    ]
    contents = {
        "list.json": json.dumps(people),
        "wrapped.json": json.dumps({"meta": {"page": 1}, "data": people}, indent=2),
        "list.jsonl": "".join(f"{json.dumps(person)}\n" for person in people),
    }
    for name, content in contents.items():
        anna, ben = read_file(tmp_path / name, content).people
        assert (anna.email, anna.fields, anna.custom_fields) == (
            "anna@example.com",
            {"first_name": "Anna"},
            {"city": "Ulm"},
        )
        assert anna.segments == ["VIP", "a,b"]
        assert (ben.segments, ben.custom_fields) == (["Fair"], {"weddingDate": "2027"})


def test_a_damaged_line_of_jsonl_costs_one_person(tmp_path: Path) -> None:
    reading = read_file(
        tmp_path / "list.jsonl", '{"email": "anna@example.com"}\n{"email"\n\n{"email": "ben@example.com"}\n'
    )
    assert [person.row for person in reading.people] == [1, 4]
    assert reading.problems == [Problem(2, "", "it is no object with the fields of a person")]


def test_people_are_taken_as_tools_take_them() -> None:
    anna, ben = read_people(
        [
            {
                "email": "anna@example.com",
                "custom_fields": [{"field": "City", "value": "Ulm"}],
                "segment_ids": ["Fair"],
            },
            {"id": "s1", "first_name": "Ben"},
        ]
    ).people
    assert (anna.custom_fields, anna.segments) == ({"city": "Ulm"}, ["Fair"])
    assert (ben.id, ben.fields) == ("s1", {"first_name": "Ben"})

"""What is no list of people is refused in one sentence."""

import random
import resource
import zipfile
from pathlib import Path

import pytest
from xlsxwriter import Workbook

from audience.files.reading import read_csv, read_file, read_people
from flodesk_mcp.audience.errors import FileRefused
from flodesk_mcp.audience.files import open_file

LIST = "email,first name\nanna@example.com,Anna\n"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("list.pdf", b"%PDF-1.7", "Only .csv, .tsv, .xlsx, .json and .jsonl files are read, and this is a .pdf one."),
        ("list", b"email\n", "Only .csv, .tsv, .xlsx, .json and .jsonl files are read, and this one has no ending."),
        ("list.csv", b"", "It is empty."),
        ("list.csv", b" \r\n\r\n", "It is empty."),
        ("list.json", b"", "It is empty."),
        ("list.csv", b"%PDF-1.7\n%\xe2\xe3", "It is called .csv, but is a PDF."),
        ("list.csv", b"PK\x03\x04\x14", "It is called .csv, but is a ZIP archive or a workbook (.xlsx)."),
        ("list.csv", b"\x89PNG\r\n\x1a\n", "It is called .csv, but is a picture."),
        ("list.csv", b"<!doctype html><table>", "It is called .csv, but is a web page or XML."),
        (
            "list.csv",
            b"email\nanna@example.com\0\n",
            "It holds NUL bytes, which no text has: it is a binary file, or a damaged one.",
        ),
        (
            "list.csv",
            b"\xff\xfeem\x00a\x00i\xdc",
            "Its text is damaged: it is not in the encoding that it begins with.",
        ),
        ("list.xlsx", LIST.encode(), "It is called .xlsx, but is no workbook."),
        ("list.xlsx", b"PK\x03\x04broken", "It is damaged, or no XLSX file."),
        (
            "list.xlsx",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            "It is called .xlsx, but is an old workbook (.xls), or one that is protected with a password.",
        ),
        ("list.csv", b"email," + b"x" * 2_000_000, "One of its lines is longer than 1,048,576 characters."),
        ("list.csv", b"email\n" + b"x" * 2_000_000, "One of its lines is longer than 1,048,576 characters."),
        (
            "list.csv",
            b"email" + b"," * 2_000,
            "It has more than 500 columns: a list of people is needed, a row for each.",
        ),
        ("list.csv", b'"email\nanna@example.com', "Its first row cannot be read: a quotation mark is not closed."),
        (
            "list.csv",
            b"email\n" + b'"a@example.com\n' * 500,
            "More than 200 of its rows have a quotation mark that does not fit.",
        ),
        ("list.json", b'{"people": 3}', "Its JSON holds no list of people."),
        (
            "list.json",
            b'[{"email": "anna@example.com"}, {"ema',
            "Its JSON breaks off, or is none: it cannot be read to its end.",
        ),
        ("list.json", b"[" + b"{" * 9, "Its JSON breaks off, or is none: it cannot be read to its end."),
        ("list.json", b'[{"email": ' + b"[" * 100_000, "Its JSON is nested too deep."),
        (
            "list.json",
            b'[{"email": "' + b"x" * 5_000_000,
            "Its JSON is none, or one of its people has more than 1,048,576 characters.",
        ),
        ("list.jsonl", b"[" * 2_000_000, "One of its lines is longer than 1,048,576 characters."),
    ],
)
def test_what_is_no_list_is_refused_in_one_sentence(name: str, content: bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(FileRefused) as refused:
        read_file(tmp_path / name, content)
    assert str(refused.value) == words


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(FileRefused), open_file(path.with_suffix(".csv")):
            pass


def test_random_bytes_are_refused(tmp_path: Path) -> None:
    for seed in range(40):
        content = random.Random(seed).randbytes(5_000)
        with pytest.raises(FileRefused):
            read_file(tmp_path / "list.csv", content)


def test_an_archive_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "list.xlsx", "w") as archive:
        archive.writestr("list.csv", LIST)
    with (
        pytest.raises(FileRefused, match=r"^It is a ZIP archive, and no XLSX file\.$"),
        open_file(tmp_path / "list.xlsx"),
    ):
        pass


def test_a_workbook_that_unpacks_to_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as member:
            for _ in range(601):
                member.write(bytes(1 << 20))
    with pytest.raises(FileRefused, match="save it as CSV"), open_file(tmp_path / "bomb.xlsx"):
        pass


def test_two_cells_that_are_far_apart_do_not_fill_the_memory(tmp_path: Path) -> None:
    with Workbook(tmp_path / "far.xlsx") as workbook:
        sheet = workbook.add_worksheet()
        sheet.write(0, 0, "email")
        sheet.write(1_048_575, 16_383, "anna@example.com")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(FileRefused, match="save it as CSV"), open_file(tmp_path / "far.xlsx"):
        pass
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 << 10


def test_an_empty_workbook_is_refused(tmp_path: Path) -> None:
    with Workbook(tmp_path / "empty.xlsx") as workbook:
        workbook.add_worksheet()
    with pytest.raises(FileRefused, match="no visible sheet with anything in it"), open_file(tmp_path / "empty.xlsx"):
        pass


def test_a_list_without_addresses_names_its_columns() -> None:
    with pytest.raises(FileRefused, match=r"say which in `columns`. There are 'Colour', 'Size'\.$"):
        read_csv("Colour,Size\nred,4\n")
    with pytest.raises(FileRefused, match="'first_name'"):
        read_people([{"first_name": "Anna"}])


def test_a_chosen_column_that_does_not_exist_is_refused() -> None:
    with pytest.raises(FileRefused, match=r"It has no column 'Mail'; there are 'email', 'first name'\."):
        read_csv(LIST, columns={"Mail": "email"})
    with pytest.raises(FileRefused, match="It has no column 'Mail'"):
        read_people([{"email": "anna@example.com"}], columns={"Mail": "email"})


def test_a_chosen_field_that_does_not_exist_names_the_nearest() -> None:
    with pytest.raises(FileRefused, match="Did you mean 'Wedding date'"):
        read_csv(LIST, columns={"first name": "Weding date"})

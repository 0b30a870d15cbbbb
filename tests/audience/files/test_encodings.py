"""A list is read in the encoding that it was written in."""

from pathlib import Path

import pytest

from audience.files.reading import read_file

NAMES = [
    "Jürgen",
    "Jörg Weiß",
    "Hélène",
    "François Noël",
    "Íñigo Núñez",
    "José",
    "Göran Åkerlund",
    "Anna’s – 5 €",
    "MÜLLER",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("encoding", ["cp1252", "mac_roman", "utf-8", "utf-16", "utf-16-le", "utf-32"])
def test_a_single_name_is_enough_to_tell_the_encoding(name: str, encoding: str, tmp_path: Path) -> None:
    text = f"E-Mail;Vorname\nanna@example.com;{name}\nben@example.com;Ben\n"
    try:
        content = text.encode(encoding)
    except UnicodeEncodeError:
        pytest.skip("the encoding has no such sign")
    if encoding == "utf-32":
        assert content.startswith(b"\xff\xfe\0\0")
    assert read_file(tmp_path / "list.csv", content).first.fields["first_name"] == name


@pytest.mark.parametrize("name", ["Jürgen", "Jörg Weiß", "Hélène", "MÜLLER"])
def test_a_list_that_excel_wrote_for_dos_is_read(name: str, tmp_path: Path) -> None:
    content = f"E-Mail;Vorname\nanna@example.com;{name}\n".encode("cp850")
    assert read_file(tmp_path / "list.csv", content).first.fields["first_name"] == name


def test_a_polish_list_is_read_as_windows_wrote_it(tmp_path: Path) -> None:
    names = ["Paweł Wiśniewski", "Żółć", "Łukasz Jęczmień", "Małgorzata Dąbrowska", "Grażyna Kamińska"]
    rows = [f"p{number}@example.com;{name}" for number, name in enumerate(names)]
    reading = read_file(tmp_path / "list.csv", "\n".join(["email;first name", *rows]).encode("cp1250"))
    assert [person.fields["first_name"] for person in reading.people] == names


def test_an_accent_after_a_million_characters_does_not_break_the_list(tmp_path: Path) -> None:
    plain = "".join(f"p{number}@example.com,Anna\n" for number in range(50_000))
    content = ("email,first name\n" + plain + "last@example.com,Zoë\n").encode("cp1252")
    assert read_file(tmp_path / "list.csv", content).people[-1].fields["first_name"] == "Zoë"

"""Headings of other services find their field by themselves."""

from pathlib import Path

import pytest

from audience.files import exports
from audience.files.reading import read_csv, read_file


def test_mailchimp_s_export_is_understood() -> None:
    reading = read_csv(exports.MAILCHIMP)
    anna, ben = reading.people
    assert anna.email == "Anna@example.com"
    assert anna.fields == {
        "first_name": "Anna",
        "last_name": "Weber",
        "optin_timestamp": "2024-03-16T14:40:47Z",
        "optin_ip": "192.0.2.7",
    }
    assert anna.custom_fields == {"weddingDate": "2027-05-01"}
    assert anna.segments == ["VIP", "Fair, spring"]
    assert "MEMBER_RATING" in reading.ignored
    assert ben.fields["optin_timestamp"] == "2024-04-01T09:00:00Z"  # confirmed, and the sign-up is not known


def test_those_who_left_mailchimp_are_left_alone() -> None:
    assert read_csv(exports.MAILCHIMP_UNSUBSCRIBED).first.opted_out == "UNSUB_TIME says '2025-01-02 10:00:00'"


def test_kit_s_export_is_understood() -> None:
    anna, ben = read_csv(exports.KIT).people
    assert (anna.email, anna.id, anna.fields) == ("anna@example.com", "", {"first_name": "Anna"})
    assert anna.segments == ["Workshop", "Newsletter"]
    assert (anna.opted_out, ben.opted_out) == ("", "status says 'cancelled'")


def test_mailerlite_s_export_is_understood() -> None:
    anna, ben = read_csv(exports.MAILERLITE).people
    assert anna.fields == {
        "first_name": "Anna",
        "last_name": "Weber",
        "optin_timestamp": "2024-03-16T14:50:00Z",
        "optin_ip": "192.0.2.7",
    }
    assert anna.segments == ["Couples", "Workshops"]
    assert ben.fields == {"first_name": "Ben", "optin_timestamp": "2024-03-17T10:00:00Z"}


def test_squarespace_s_export_is_understood() -> None:
    anna, ben = read_csv(exports.SQUARESPACE).people
    assert anna.fields == {"first_name": "Anna", "last_name": "Weber", "optin_timestamp": "2024-03-16T14:40:47Z"}
    assert anna.segments == ["Prints", "Journal"]
    assert (anna.opted_out, ben.opted_out) == ("", "Accepts Marketing says 'false'")


def test_shopify_s_export_is_understood() -> None:
    reading = read_csv(exports.SHOPIFY)
    anna, ben = reading.people
    assert anna.fields == {"first_name": "Anna", "last_name": "Weber"}
    assert anna.segments == ["print", "album"]
    assert (anna.opted_out, ben.opted_out) == ("", "Accepts Email Marketing says 'no'")
    assert "Default Address City" in reading.ignored


def test_honeybook_s_export_is_understood() -> None:
    couple, carla = read_csv(exports.HONEYBOOK).people
    assert couple.fields == {"first_name": "Anna & Ben", "last_name": "Weber"}
    assert couple.segments == ["wedding"]
    assert carla.fields == {"first_name": "Carla", "last_name": "de la Cruz"}


def test_dubsado_s_export_is_understood() -> None:
    reading = read_csv(exports.DUBSADO)
    assert reading.first.email == "anna@example.com"
    assert reading.first.segments == ["wedding", "2027"]
    assert reading.ignored == ["Phone", "Company", "Address", "Alternate Contact Name", "Alternate Contact Email"]


def test_shootproof_s_export_is_understood() -> None:
    reading = read_csv(exports.SHOOTPROOF, fields={"notes": "Notes"})
    assert reading.first.fields == {"first_name": "Anna", "last_name": "Weber"}
    assert reading.first.custom_fields == {"notes": "called twice"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_a_german_list_is_understood_in_every_usual_encoding(encoding: str, tmp_path: Path) -> None:
    reading = read_file(tmp_path / "liste.csv", exports.GERMAN.encode(encoding), fields={"hd": "Hochzeitsdatum"})
    assert reading.first.email == "jürgen@example.com"
    assert reading.first.fields == {
        "first_name": "Jürgen",
        "last_name": "Müller",
        "optin_timestamp": "2024-03-16T00:00:00Z",
        "optin_ip": "192.0.2.7",
    }
    assert reading.first.segments == ["Brautpaare", "Messe"]
    assert reading.first.custom_fields == {"hd": "1. Mai 2027"}


def test_a_french_list_is_understood() -> None:
    helene = read_csv(exports.FRENCH).first
    assert helene.fields == {"first_name": "Hélène", "last_name": "Lefèvre", "optin_timestamp": "2024-03-16T00:00:00Z"}
    assert helene.segments == ["Mariages"]


def test_a_spanish_list_is_understood() -> None:
    maria, inigo = read_csv(exports.SPANISH).people
    assert (maria.fields["first_name"], maria.fields["last_name"]) == ("María José", "García López")
    assert (inigo.fields["first_name"], inigo.fields["last_name"]) == ("Íñigo", "Núñez")
    assert maria.segments == ["Bodas"]

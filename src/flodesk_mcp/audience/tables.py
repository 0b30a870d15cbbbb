"""The tables of the mirror. Every one begins with the account: see `rows.py`. Times are seconds since 1970.

On PostgreSQL they are made by a migration of the store, in SQLite with the file.
"""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, Index, Integer, MetaData, String, Table, Text

__all__ = ["METADATA", "SCHEMA_VERSION", "mirrors", "people", "readings", "segments"]

SCHEMA_VERSION = 2
"""Of the file: one with another number was made by another version of this program."""

METADATA = MetaData()


def _account() -> Column[str]:
    return Column("account", String(100), primary_key=True)


people = Table(
    "people",
    METADATA,
    _account(),
    Column("id", String(100), primary_key=True),
    Column("email", Text),
    Column("first_name", Text),
    Column("last_name", Text),
    Column("status", Text),
    Column("source", Text),
    Column("created_at", Text),  # as Flodesk wrote it
    Column("optin_ip", Text),
    Column("optin_timestamp", Text),
    Column("segments", JSON, nullable=False),  # ids
    Column("custom_fields", JSON, nullable=False),  # values by key
    Column("seen_at", Float, nullable=False),
    Column("created_us", BigInteger, nullable=False),  # the same in microseconds since 1970, 0 where it is none
    Column("email_folded", Text, nullable=False),
    Column("first_name_folded", Text, nullable=False),
    Column("last_name_folded", Text, nullable=False),
    Column("custom_folded", JSON, nullable=False),
    Column("reading", Integer),  # the last whole reading that came past
    Column("first_seen_at", Float, nullable=False),
    Column("was_active", Boolean, nullable=False),  # when the last whole reading ended
)
"""Everybody on the list."""

Index("people_in_order", people.c.account, people.c.created_us, people.c.id)
Index("people_by_email", people.c.account, people.c.email_folded)
Index("people_by_status", people.c.account, people.c.status)

segments = Table(
    "mirrored_segments",
    METADATA,
    _account(),
    Column("id", String(100), primary_key=True),
    Column("name", Text),
)
"""The names of the segments that people are in."""

readings = Table(
    "readings",
    METADATA,
    _account(),
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("began_at", Float, nullable=False),
    Column("finished_at", Float),
    Column("place", Integer, nullable=False),  # in the list, where it goes on
    Column("total", Integer, nullable=False),  # people, as Flodesk counts them; after the end, as they were read
    Column("by_status", JSON),
    Column("segment_sizes", JSON),  # by id, people of every status
    Column("joined", Integer),  # since the reading before, of those that are still there
    Column("left", Integer, quote=True),  # who were active in the reading before, and are not any more
)
"""Each reading of the whole list; one that has no end is under way, or was interrupted."""

mirrors = Table(
    "mirrors",
    METADATA,
    _account(),
    Column("checked_at", Float),  # when new people were last looked for
    Column("whole_at", Float),  # when the last whole reading began
    Column("used_at", Float, nullable=False),
    Column("removed", Integer, nullable=False),  # people who were active and gone since that reading
)
"""What is known of the mirror as a whole: one row."""

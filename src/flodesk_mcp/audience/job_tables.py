"""The tables of jobs, and of what they leave behind, in a file of their own: deleting the mirror keeps them.

Every one begins with the account: see `rows.py`. Times are seconds since 1970.
"""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, Integer, MetaData, String, Table, Text

__all__ = ["JOB_TABLES", "JOB_TABLES_VERSION", "job_parts", "job_rows", "jobs"]

JOB_TABLES_VERSION = 1
"""Of the file: one with a higher number was made by a newer version of this program."""

JOB_TABLES = MetaData()

jobs = Table(
    "jobs",
    JOB_TABLES,
    Column("account", String(100), primary_key=True),
    Column("id", String(32), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("state", String(10), nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("cursor", JSON, nullable=False),
    Column("rows", Integer),
    Column("written", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("skipped", Integer, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("began_at", Float),
    Column("ended_at", Float),
    Column("ends_about", Float),
    Column("progress", Float, nullable=False),
    Column("doing", Text),
    Column("problem", Text),
    Column("result", JSON),
    Column("stopping", Boolean, nullable=False),
    Column("owner", String(200)),
    Column("lease_until", Float, nullable=False),
)

job_rows = Table(
    "job_rows",
    JOB_TABLES,
    Column("account", String(100), primary_key=True),
    Column("job", String(32), primary_key=True),
    Column("row", BigInteger, primary_key=True, autoincrement=False),
    Column("email", Text),
    Column("outcome", String(10), nullable=False),
    Column("reason", Text),
)

job_parts = Table(
    "job_parts",
    JOB_TABLES,
    Column("account", String(100), primary_key=True),
    Column("job", String(32), primary_key=True),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("content", Text, nullable=False),
)

"""The tables of plans: what shall be done, row by row, before anything is. They lie beside those of the jobs."""

from sqlalchemy import JSON, BigInteger, Column, Float, Index, String, Table, Text

from flodesk_mcp.audience.job_tables import JOB_TABLES

__all__ = ["plan_rows", "plans"]

plans = Table(
    "plans",
    JOB_TABLES,
    Column("account", String(100), primary_key=True),
    Column("id", String(40), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("arguments", JSON, nullable=False),  # what holds for all rows
    Column("numbers", JSON, nullable=False),  # what somebody was told of it
    Column("digest", String(64)),  # of all that will be done; None while it is being made
    Column("job", String(32)),  # that carries it out
    Column("button", String(64)),  # a hash of what whoever presses its button must know
)

plan_rows = Table(
    "plan_rows",
    JOB_TABLES,
    Column("account", String(100), primary_key=True),
    Column("plan", String(40), primary_key=True),
    Column("row", BigInteger, primary_key=True, autoincrement=False),
    Column("person", Text),  # by which a repeated one is known: see planning.py
    Column("action", String(10), nullable=False),  # write, remove, unchanged, skip
    Column("email", Text),
    Column("reason", Text),
    Column("content", Text),  # as JSON, what is sent
)

Index("plan_rows_by_person", plan_rows.c.account, plan_rows.c.plan, plan_rows.c.person)

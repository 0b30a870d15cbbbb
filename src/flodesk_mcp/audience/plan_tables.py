"""The tables of plans: what shall be done, before anything is. They lie beside those of the jobs."""

from sqlalchemy import JSON, BigInteger, Column, Float, String, Table, Text

from flodesk_mcp.audience.job_tables import JOB_TABLES

__all__ = ["plan_blocks", "plans"]

plans = Table(
    "plans",
    JOB_TABLES,
    Column("account", String(100), primary_key=True),
    Column("id", String(40), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("created_at", Float, nullable=False),  # while it is being made: when its maker was last heard of
    Column("arguments", JSON, nullable=False),  # what holds for all rows
    Column("numbers", JSON, nullable=False),  # what somebody was told of it
    Column("digest", String(64)),  # of all that will be done; None while it is being made
    Column("job", String(32)),  # that carries it out
    Column("button", String(64)),  # a hash of what whoever presses its button must know
    Column("asked", String(64)),  # a hash of the call that it is the answer to, until that has it
)

plan_blocks = Table(
    "plan_blocks",
    JOB_TABLES,
    Column("account", String(100), primary_key=True),
    Column("plan", String(40), primary_key=True),
    Column("last", BigInteger, primary_key=True, autoincrement=False),  # the highest number of a row in it
    Column("rows", Text, nullable=False),  # as JSON: see plan_rows.py
)

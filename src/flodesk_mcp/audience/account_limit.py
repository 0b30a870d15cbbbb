"""The limit of a query to the rows of one account."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BindParameter, Column, ColumnClause, Delete, FromClause, Join, Select, Table, Update
from sqlalchemy.sql import visitors
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import SelectBase, TableValuedAlias

__all__ = ["of_account"]


def of_account(statement: Any, account: str | BindParameter[str]) -> Any:
    """Return `statement` limited to the rows of `account`.

    Raises TypeError for one that holds a query within a query, or changes one table by another: a limit could be
    missing there.
    """
    if not isinstance(statement, Select | Update | Delete):
        raise TypeError("Only a plain query or change can be limited to one account.")
    parts = [part for part in visitors.iterate(statement) if part is not statement]
    if any(isinstance(part, SelectBase) for part in parts):
        raise TypeError("A query within a query cannot be limited to one account.")
    if isinstance(statement, Select):
        tables = _plain_tables(parts) or statement.get_final_froms()
    else:
        tables = [statement.table]
        if any(isinstance(part, Column) and part.table is not statement.table for part in parts):
            raise TypeError("A change of one table by another cannot be limited to one account.")
    return statement.where(*(source.c.account == account for table in tables for source in _sources(table)))


def _plain_tables(parts: Sequence[Any]) -> list[Table]:
    """Return the tables of a query, or nothing where one has another name in it: only SQLAlchemy knows those.

    It compiles the query to find them, which takes longer than most answers.
    """
    named = [part.table for part in parts if isinstance(part, ColumnClause) and part.table is not None]
    sources = [
        *named,
        *(part for part in parts if isinstance(part, FromClause) and not isinstance(part, FunctionElement)),
    ]
    if any(not isinstance(source, Table | Join | TableValuedAlias) for source in sources):
        return []
    return list(dict.fromkeys(source for source in sources if isinstance(source, Table)))


def _sources(source: FromClause) -> list[FromClause]:
    if isinstance(source, Join):
        return [*_sources(source.left), *_sources(source.right)]
    return [] if isinstance(source, TableValuedAlias) else [source]  # which is of one column of such a table

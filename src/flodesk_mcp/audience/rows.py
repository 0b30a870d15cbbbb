"""The one place through which every query goes: it limits each to the rows of one account.

Whoever writes a query leaves the account out. `Rows` adds it, for every table in it, and refuses what it cannot limit.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import lru_cache, partial
from itertools import chain
from typing import Any, Protocol, TypeVar

from pydantic_core import from_json, to_json
from sqlalchemy import (
    ARRAY,
    JSON,
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    Delete,
    Dialect,
    Result,
    Row,
    Select,
    Table,
    Text,
    Update,
    any_,
    bindparam,
    cast,
    func,
    literal,
    select,
)
from sqlalchemy.dialects import sqlite

from flodesk_mcp.audience.account_limit import of_account

__all__ = ["AnySelect", "Connected", "Connections", "Rows", "Work"]

T = TypeVar("T")
AnySelect = Select[*tuple[Any, ...]]

BATCH = 200
ROWS_TOGETHER = (256, 64, 16, 4, 1)
"""How many one statement stores: few sizes, because SQLite keeps each that it has compiled."""


class Connected(Protocol):
    """A connection in a transaction."""

    @property
    def dialect(self) -> Dialect:
        """What the database speaks."""

    async def run_sync(self, step: Callable[..., T], /, *arguments: Any) -> T:
        """Return what `step` does with the connection, as if that did not wait for anything."""

    async def put_off(self, step: Callable[..., object], /, *arguments: Any) -> None:
        """Do `step` before anything else is done with the connection, at the latest when it is committed."""


class Connections(Protocol):
    """Where connections to a database come from. Errors of the driver come out as AudienceError."""

    def reading(self) -> AbstractAsyncContextManager[Connected]:
        """Open a connection for a block that reads."""

    def writing(self) -> AbstractAsyncContextManager[Connected]:
        """Open a connection for a block that writes, and commit at its end."""


@lru_cache
def _upsert(table: Table, columns: tuple[str, ...], keep: tuple[str, ...], dialect: Dialect, rows: int = 1) -> str:
    """Return a statement as the driver takes it: SQLAlchemy's own way of binding takes longer than the database itself.

    Its values are, for each of so many `rows`, the account, and then those of `columns`, which are in the order of the
    table.
    """
    statement: Any = sqlite.insert(table)
    if dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # a third of what all of SQLAlchemy takes to be imported

        statement = postgresql.insert(table)
    replaced = {name: statement.excluded[name] for name in columns if name not in keep and name not in _key(table)}
    upsert = statement.on_conflict_do_update(index_elements=_key(table), set_=replaced)
    compiled = upsert.compile(dialect=dialect, column_keys=["account", *columns])
    if compiled.positiontup != ["account", *columns]:
        raise ValueError(f"The columns of {table.name} are given in another order than they have.")
    one = f"({', '.join('?' * len(compiled.positiontup))})"
    return str(compiled).replace(one, ", ".join([one] * rows)) if rows > 1 else str(compiled)


class Work:
    """What one account's rows are read and changed with, within one transaction."""

    def __init__(self, connection: Connected, account: str) -> None:
        self._run = connection.run_sync
        self._put_off = connection.put_off
        self._dialect = connection.dialect
        self._account = account

    async def all(self, query: AnySelect) -> Sequence[Row[Any]]:
        """Return every row that `query` finds among those of the account."""
        return await self._run(_all, of_account(query, self._account))

    async def columns(self, query: AnySelect) -> list[Sequence[Any]]:
        """Return the columns of what `query` finds among the rows of the account.

        SQLite gathers them and hands them out at once: one row after the other takes several times as long.
        """
        return await self._run(_columns, _gathering(of_account(query, self._account), self.dialect), {})

    async def columns_among(self, query: AnySelect, name: Column[str], values: Sequence[str]) -> list[Sequence[Any]]:
        """Return the same of those with one of `values`, of which there may be thousands, in the column of that name.

        They are one parameter: a list of them would take longer to bind than to look for. A `query` that is asked again
        and again is always the same object.
        """
        given = list(values) if self.dialect == "postgresql" else to_json(values).decode()
        gathering = _gathering_among(query, name, self.dialect)
        return await self._run(_columns, gathering, {"account": self._account, "values": given})

    async def each(self, query: AnySelect) -> AsyncIterator[Sequence[Row[Any]]]:
        """Yield every row that `query` finds, in batches: memory does not grow with them."""
        found = await self._run(_begun, of_account(query, self._account))
        while rows := await self._run(lambda _: found.fetchmany(BATCH)):
            yield rows

    @property
    def dialect(self) -> str:
        """What the database speaks: sqlite or postgresql."""
        return self._dialect.name

    async def first(self, query: AnySelect) -> Row[Any] | None:
        """Return the first row that `query` finds, or None."""
        return await self._run(_first, of_account(query, self._account))

    async def value(self, query: AnySelect) -> Any:
        """Return the first column of the first row, or None."""
        row = await self.first(query)
        return None if row is None else row[0]

    async def change(self, statement: Update | Delete) -> int:
        """Update or delete rows of the account; return how many."""
        return await self._run(_changed, of_account(statement, self._account))

    async def put(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert `rows`, or replace those of the same key."""
        if rows:
            columns = [column for column in table.columns if column.name in rows[0].keys() - {"account"}]
            names = tuple(column.name for column in columns)
            texts = {column.name for column in columns if isinstance(column.type, JSON)}
            values = [[to_json(row[name]).decode() if name in texts else row[name] for name in names] for row in rows]
            await self.put_values(table, names, values)

    async def put_values(
        self, table: Table, columns: tuple[str, ...], rows: Sequence[Sequence[Any]], *, keep: tuple[str, ...] = ()
    ) -> None:
        """Do the same for rows of values: of `columns`, in the order of the table, JSON as text.

        Of a row that is replaced, the columns to `keep` stay as they are.
        """
        upsert = partial(_upsert, table, columns, keep, self._dialect)
        whole = [(self._account, *row) for row in rows]
        await self._put_off(_put if self.dialect == "sqlite" else _put_each, upsert, whole)

    async def analyze(self) -> None:
        """Let a database that does not look by itself see how many rows there are of what, and plan queries by that."""
        if self.dialect == "sqlite":
            await self._run(_execute, "PRAGMA analysis_limit=1000")
            await self._run(_execute, "ANALYZE")


def _all(connection: Connection, query: AnySelect) -> Sequence[Row[Any]]:
    return connection.execute(query).all()


@lru_cache
def _gathering_among(query: AnySelect, name: Column[str], dialect: str) -> AnySelect:
    limited = of_account(query, bindparam("account"))
    values: BindParameter[Any] = bindparam("values")
    if dialect == "postgresql":
        return _gathering(limited.where(name == any_(cast(values, ARRAY(Text)))), dialect)
    given = func.json_each(values).table_valued("value")
    return _gathering(limited.where(name.in_(select(given.c.value))), dialect)


def _gathering(query: AnySelect, dialect: str) -> AnySelect:
    """Return a query whose one row has each column of `query` as JSON, in its order; elsewhere `query` itself.

    SQLite keeps the order of a query within another that gathers: it leaves out only one that makes no difference.
    """
    if dialect != "sqlite":
        return query
    return select(*(_gathered(column) for column in query.subquery().c))


def _gathered(column: ColumnElement[Any]) -> ColumnElement[str]:
    if isinstance(column.type, JSON):  # which is there as text
        return literal("[") + func.coalesce(func.group_concat(cast(column, Text)), "") + "]"
    return func.json_group_array(column)


def _columns(connection: Connection, query: AnySelect, values: Mapping[str, Any]) -> list[Sequence[Any]]:
    found = connection.execute(query, values)
    if connection.dialect.name == "sqlite":
        return [*map(from_json, found.one())]
    return [*zip(*found.all(), strict=True)] or [()] * len(query.selected_columns)


def _first(connection: Connection, query: AnySelect) -> Row[Any] | None:
    return connection.execute(query).first()


def _begun(connection: Connection, query: AnySelect) -> Result[Any]:
    return connection.execute(query, execution_options={"stream_results": True})


def _changed(connection: Connection, statement: Update | Delete) -> int:
    return connection.execute(statement).rowcount


def _put(connection: Connection, upsert: Callable[[int], str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Store many rows by one statement: between those of a list the driver lets other threads run, and waits."""
    most, place = connection.dialect.insertmanyvalues_max_parameters, 0
    while left := len(rows) - place:
        together = next(number for number in ROWS_TOGETHER if number <= min(left, most // len(rows[0])))
        connection.exec_driver_sql(upsert(together), tuple(chain.from_iterable(rows[place : place + together])))
        place += together


def _put_each(connection: Connection, upsert: Callable[[int], str], rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        connection.exec_driver_sql(upsert(1), list(rows))


def _execute(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement)


class Rows:
    """The rows of one account in a database. Never open a block within another: there may be one connection only."""

    def __init__(self, connections: Connections, account: str) -> None:
        self._connections = connections
        self.account = account

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Work]:
        """Open a block that reads. Raises AudienceError."""
        async with self._connections.reading() as connection:
            yield Work(connection, self.account)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Work]:
        """Open a block that writes, which is committed at its end. Raises AudienceError."""
        async with self._connections.writing() as connection:
            yield Work(connection, self.account)


def _key(table: Table) -> list[str]:
    return [column.name for column in table.primary_key]

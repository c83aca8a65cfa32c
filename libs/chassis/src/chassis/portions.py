"""Deleting and updating rows in portions, each in its own transaction.

A statement is cancelled after 25 seconds. A statement that deletes a large backlog at once fails then, fails again in
each round, and the backlog grows.
"""

from collections.abc import Mapping
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, CursorResult, Delete, Table, Update, delete, select, tuple_, update
from sqlalchemy.orm import DeclarativeBase

from chassis.database import Database, UnitOfWork

PORTION: Final = 2000
"""Rows per statement: at most a second's work, also on a slow disk and with indexes to update."""

Rows = Table | type[DeclarativeBase]


async def delete_in_portions(
    database: Database, rows: Rows, *which: ColumnElement[bool], at_most: int = PORTION
) -> int:
    """Delete the rows that meet all conditions and return their number.

    Rows locked by other transactions are skipped, so several workers may run it concurrently.

    Args:
        at_most: rows per transaction; fewer if deletes cascade to other rows.
    """
    table = _table(rows)
    return await _until_none_is_left(database, delete(table).where(_some(table, which, at_most)), at_most)


async def change_in_portions(
    database: Database,
    rows: Rows,
    values: Mapping[str, Any],
    *which: ColumnElement[bool],
    at_most: int = PORTION,
) -> int:
    """Set columns of the rows that meet all conditions and return their number. Updated rows must not meet them."""
    return await _until_none_is_left(database, _changing(rows, values, which, at_most), at_most)


async def change_portion(
    work: UnitOfWork,
    rows: Rows,
    values: Mapping[str, Any],
    *which: ColumnElement[bool],
    at_most: int = PORTION,
) -> bool:
    """Change one portion in this transaction, as `change_in_portions` does. Return whether more may be left."""
    changed = await work.session.execute(_changing(rows, values, which, at_most))
    return cast("CursorResult[Any]", changed).rowcount >= at_most


def _changing(rows: Rows, values: Mapping[str, Any], which: tuple[ColumnElement[bool], ...], at_most: int) -> Update:
    table = _table(rows)
    return update(table).where(_some(table, which, at_most)).values(values)


def _table(rows: Rows) -> Table:
    return rows if isinstance(rows, Table) else cast("Table", rows.__table__)


def _some(table: Table, which: tuple[ColumnElement[bool], ...], at_most: int) -> ColumnElement[bool]:
    """Return whether a row is chosen. The CTE chooses once; a plain subquery may be executed again for each row."""
    key = table.primary_key.columns
    chosen = select(*key).where(*which).limit(at_most).with_for_update(skip_locked=True, of=table).cte("chosen")
    return tuple_(*key).in_(select(*chosen.c))


async def _until_none_is_left(database: Database, statement: Delete | Update, at_most: int) -> int:
    total, portion = 0, at_most
    while portion >= at_most:
        async with database.work() as work:
            portion = cast("CursorResult[Any]", await work.session.execute(statement)).rowcount
        total += portion
    return total

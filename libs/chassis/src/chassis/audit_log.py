"""The audit log: how values are shown in it, and reading it."""

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Table, literal_column, select, text, tuple_
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.database import Database

Position = tuple[datetime, int]
"""Time and id of an entry, by which the log is ordered."""

_LONGEST_TEXT: Final = 200
_EXPORT_BATCH: Final = 1000


def before_and_after(
    before: Mapping[str, Any], after: Mapping[str, Any], *, named_only: Iterable[str] = ()
) -> dict[str, Any]:
    """Return the details of a change: `before` and `after` with the fields that differ, and `fields` with their names.

    Args:
        named_only: fields with personal data or secrets, of which only the name is recorded.
    """
    changed = sorted(name for name in after if before.get(name) != after[name])
    shown = [name for name in changed if name not in frozenset(named_only)]
    return {
        "fields": changed,
        "before": {name: shown_value(before.get(name)) for name in shown},
        "after": {name: shown_value(after[name]) for name in shown},
    }


def shown_value(value: Any) -> Any:
    """Return a value as JSON for the audit log: money and times as text, and of long text the beginning."""
    match value:
        case None | bool() | int():
            return value
        case Enum():
            return value.value
        case datetime() | date():
            return value.isoformat()
        case Decimal():
            return f"{value:f}"
        case UUID():
            return str(value)
    text_of = str(value)
    return text_of if len(text_of) <= _LONGEST_TEXT else f"{text_of[:_LONGEST_TEXT]}…"


@dataclass(frozen=True)
class AuditFilter:
    """Which entries of the audit log are read.

    `action` is a whole action such as `payment.verify`, or the part before its dot. `since` is included, `until` is
    not.
    """

    actor: str | None = None
    action: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self, log: Table) -> list[ColumnElement[bool]]:
        """Return the filter as SQL conditions; each has an index that ends in the order of the log."""
        found: list[ColumnElement[bool]] = []
        if self.actor:
            found.append(log.c.actor == self.actor)
        if self.action:
            found.append((log.c.action if "." in self.action else _GROUP) == self.action)
        if self.subject:
            found.append(log.c.subject == self.subject)
        if self.since:
            found.append(log.c.at >= self.since)
        if self.until:
            found.append(log.c.at < self.until)
        return found


_GROUP: Final[ColumnElement[str]] = literal_column("split_part(audit_log.action, '.', 1)")


async def page(
    session: AsyncSession, log: Table, wanted: AuditFilter, *, limit: int, after: Position | None
) -> Sequence[RowMapping]:
    """Return entries, newest first; one more than `limit` if there are more."""
    query = select(log).where(*wanted.conditions(log)).order_by(log.c.at.desc(), log.c.id.desc()).limit(limit + 1)
    if after is not None:
        query = query.where(tuple_(log.c.at, log.c.id) < after)
    # Which index is best depends on how many entries the actor or the action has, so no generic plan is used.
    await session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    return (await session.execute(query)).mappings().all()


async def export(database: Database, wanted: AuditFilter) -> AsyncGenerator[Sequence[RowMapping], None]:
    """Yield the entries, newest first, at most a thousand at a time. No connection is held while they are sent."""
    after: Position | None = None
    while True:
        async with database.read_page() as session:
            rows = await page(session, database.tables.audit_log, wanted, limit=_EXPORT_BATCH, after=after)
        if rows:
            yield rows[:_EXPORT_BATCH]
        if len(rows) <= _EXPORT_BATCH:
            return
        after = rows[_EXPORT_BATCH - 1]["at"], rows[_EXPORT_BATCH - 1]["id"]

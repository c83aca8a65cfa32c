"""Current names of race and category for entries of the roster."""

from typing import Final
from uuid import UUID

from sqlalchemy import Label, SQLColumnExpression, func, select

from checkin.races.tables import Category, Race
from checkin.roster.tables import RosterEntry


def current_name(
    table: type[Race] | type[Category],
    *,
    of: SQLColumnExpression[UUID],
    otherwise: SQLColumnExpression[str],
    label: str,
) -> Label[str]:
    """Return the current name of the race or category `of`, or `otherwise` if none is stored."""
    name = select(table.name).where(table.id == of).correlate_except(table).scalar_subquery()
    return func.coalesce(name, otherwise).label(label)


EVENT_NAME: Final = current_name(Race, of=RosterEntry.event_id, otherwise=RosterEntry.event_name, label="event_name")
CATEGORY_NAME: Final = current_name(
    Category, of=RosterEntry.category_id, otherwise=RosterEntry.category_name, label="category_name"
)

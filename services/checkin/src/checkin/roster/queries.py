"""The names shown with the entries of the roster."""

from typing import Final
from uuid import UUID

from sqlalchemy import Label, SQLColumnExpression, func, select

from checkin.races.tables import Category, Race
from checkin.roster.tables import RosterEntry


def name_of_now(
    table: type[Race] | type[Category],
    *,
    of: SQLColumnExpression[UUID],
    otherwise: SQLColumnExpression[str],
    label: str,
) -> Label[str]:
    """Return the name that the race or category `of` has now, or `otherwise` if no name of it is stored."""
    name = select(table.name).where(table.id == of).correlate_except(table).scalar_subquery()
    return func.coalesce(name, otherwise).label(label)


EVENT_NAME: Final = name_of_now(Race, of=RosterEntry.event_id, otherwise=RosterEntry.event_name, label="event_name")
CATEGORY_NAME: Final = name_of_now(
    Category, of=RosterEntry.category_id, otherwise=RosterEntry.category_name, label="category_name"
)

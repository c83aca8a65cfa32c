"""Storing reconciliations."""

from chassis.database import UnitOfWork
from sqlalchemy.dialects.postgresql import insert

from payment.reconciliation.models import ReconciliationView
from payment.reconciliation.tables import Reconciliation


async def store(work: UnitOfWork, found: ReconciliationView) -> None:
    """Store a reconciliation as that of its day, unless a later one is stored."""
    shown = found.model_dump(mode="json")
    row = {
        "date": found.date,
        "timezone": found.timezone,
        "ran_at": found.ran_at,
        "differences": found.differences,
        "figures": shown["channels"],
    }
    statement = insert(Reconciliation).values(row)
    newer = Reconciliation.ran_at < statement.excluded.ran_at
    await work.session.execute(statement.on_conflict_do_update(index_elements=["date"], set_=row, where=newer))

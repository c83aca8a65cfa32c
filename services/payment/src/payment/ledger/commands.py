"""Recording movements. Each is written in the transaction of the fact that it records."""

from dataclasses import asdict
from typing import Final

from chassis.database import UnitOfWork
from sqlalchemy.dialects.postgresql import insert

from payment.ledger.rules import Entry
from payment.ledger.tables import Movement

_RECORD: Final = insert(Movement).on_conflict_do_nothing(index_elements=["source", "leg"])


async def record(work: UnitOfWork, *entries: Entry) -> None:
    """Write movements. Idempotent: a movement of a source and leg that is recorded already is left as it is."""
    rows = [{**asdict(entry), "recorded_at": work.now} for entry in entries]
    await work.session.execute(_RECORD, rows)

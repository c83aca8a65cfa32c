"""Recording movements. Each is written in the transaction of the fact that it records."""

from collections.abc import Collection, Iterable
from dataclasses import asdict, fields
from typing import Final

from chassis.database import UnitOfWork
from pydantic_core import to_json
from sqlalchemy import exists, select, text
from sqlalchemy.dialects.postgresql import insert

from payment.ledger.rules import Account, Entry, Kind
from payment.ledger.tables import Movement

_RECORD: Final = insert(Movement).on_conflict_do_nothing(index_elements=["source", "leg"])
_COLUMNS: Final = ", ".join((*(field.name for field in fields(Entry)), "recorded_at"))
_RECORD_MANY: Final = text(f"""
    INSERT INTO movements ({_COLUMNS}) SELECT {_COLUMNS}
      FROM jsonb_populate_recordset(CAST(NULL AS movements), CAST(:rows AS jsonb)) ON CONFLICT (source, leg) DO NOTHING
""")  # noqa: S608  # names of ours


async def record(work: UnitOfWork, *entries: Entry) -> None:
    """Write movements. Idempotent: a movement of a source and leg that is recorded already is left as it is."""
    rows = [{**asdict(entry), "recorded_at": work.now} for entry in entries]
    await work.session.execute(_RECORD, rows)


async def record_many(work: UnitOfWork, entries: Iterable[Entry]) -> None:
    """Write thousands of movements with one statement; `record` would take several times as long."""
    rows = [{**asdict(entry), "recorded_at": work.now} for entry in entries]
    await work.session.execute(_RECORD_MANY, {"rows": to_json(rows).decode()})


async def is_recorded(work: UnitOfWork, source: str) -> bool:
    """Return whether a source has movements."""
    return bool((await work.session.execute(select(exists().where(Movement.source == source)))).scalar_one())


async def take_back(work: UnitOfWork, source: str, *, legs: Collection[int], to: int) -> None:
    """Write the opposites of movements, at their times and under the same source. Idempotent.

    Args:
        legs: of those to take back; those that are not recorded are left out.
        to: how much higher the legs of the opposites are.
    """
    found = select(Movement).where(Movement.source == source, Movement.leg.in_(legs)).order_by(Movement.leg)
    opposites = [_opposite(each, leg=each.leg + to) for each in (await work.session.execute(found)).scalars()]
    if opposites:
        await record(work, *opposites)


def _opposite(movement: Movement, *, leg: int) -> Entry:
    return Entry(
        source=movement.source,
        leg=leg,
        kind=Kind(movement.kind),
        debit=Account(movement.credit),
        credit=Account(movement.debit),
        amount=movement.amount,
        currency=movement.currency,
        occurred_at=movement.occurred_at,
        registration_id=movement.registration_id,
        payment_id=movement.payment_id,
        method=movement.method,
    )

"""Fees of charges and fees of payouts, which may contain them: one of the two is booked, also of decisions at once."""

from datetime import datetime
from typing import Final

from sqlalchemy import exists, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from payment.ledger.rules import Kind
from payment.ledger.tables import Movement

_LOCK_PAYOUT: Final = text("SELECT pg_advisory_xact_lock(hashtext('fees of charges'))")
_LOCK_CHARGES: Final = text("SELECT pg_advisory_xact_lock_shared(hashtext('fees of charges'))")


async def lock_fees_of_charges(session: AsyncSession) -> None:
    """Keep payouts with a fee from being recorded until the transaction ends. Several may hold this at once."""
    await session.execute(_LOCK_CHARGES)


async def has_fees_of_charges(session: AsyncSession, until: datetime) -> bool:
    """Return whether the fee of a charge that was settled by then is booked. None is until the transaction ends."""
    await session.execute(_LOCK_PAYOUT)
    of_charge = (Movement.kind == Kind.FEE, Movement.source.startswith("charge:"), Movement.occurred_at <= until)
    return bool((await session.execute(select(exists().where(*of_charge)))).scalar_one())

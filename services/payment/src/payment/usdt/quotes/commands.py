"""Giving an invoice its address, and quotes: an amount at a rate that holds for some time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID, uuid4

from chassis.database import UnitOfWork
from chassis.secrets import SecretBox
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from payment.usdt.evm.amounts import quote_amount
from payment.usdt.keys.commands import next_address
from payment.usdt.quotes.tables import PaymentAddress, Quote
from payment.usdt.rates.queries import require_rate

WATCHED_AFTER: Final = timedelta(days=30)
"""For how long after a quote every pass looks for transfers: late payments are the ones that people ask about."""


@dataclass(frozen=True)
class Terms:
    """How quotes are given: for how long the rate holds, and the places to which USDT are rounded up."""

    lock: timedelta
    places: int


async def own_address(work: UnitOfWork, registration_id: UUID, box: SecretBox) -> PaymentAddress:
    """Lock the address of an invoice and return it; the first time one that was never used is taken.

    Of concurrent requests one stores its address; the index that another took stays unused.

    Raises:
        NoReceivingKey.
    """
    found = await _locked(work, registration_id)
    if found is not None:
        return found
    key_id, index, address = await next_address(work, box)
    row = {
        "registration_id": registration_id,
        "key_id": key_id,
        "index": index,
        "address": address,
        "created_at": work.now,
        "watch_until": work.now + WATCHED_AFTER,
    }
    once = insert(PaymentAddress).values(row).on_conflict_do_nothing(index_elements=["registration_id"])
    await work.session.execute(once)
    return await work.session.get_one(PaymentAddress, registration_id, with_for_update=True)


async def _locked(work: UnitOfWork, registration_id: UUID) -> PaymentAddress | None:
    return await work.session.get(PaymentAddress, registration_id, with_for_update=True, populate_existing=True)


async def quote(
    work: UnitOfWork, address: PaymentAddress, network: str, *, left_idr: Decimal | None, terms: Terms
) -> Quote:
    """Return the quote that holds; if none does, give one for what is left to pay. The caller has locked the address.

    Another network changes neither the amount nor until when it holds.

    Args:
        left_idr: in rupiah; None if nothing is left, which the newest quote says as well as any.

    Raises:
        RateUnavailable: a new quote is needed, and no rate can be used.
    """
    newest = await newest_quote(work, address.registration_id)
    if newest is not None and (left_idr is None or _holds(newest, left_idr, work.now)):
        newest.network = network
        await work.session.flush()
        return newest
    assert left_idr is not None  # noqa: S101  # without a quote nothing was seen
    rate = await require_rate(work.session, work.now)
    given = Quote(
        id=uuid4(),
        registration_id=address.registration_id,
        network=network,
        rate_id=rate.id,
        idr_per_usdt=rate.idr_per_usdt,
        amount_idr=left_idr,
        amount=quote_amount(left_idr, rate.idr_per_usdt, terms.places),
        locked_at=work.now,
        expires_at=work.now + terms.lock,
    )
    work.session.add(given)
    address.watch_until = max(address.watch_until, work.now + WATCHED_AFTER)
    await work.session.flush()
    return given


def _holds(given: Quote, left_idr: Decimal, now: datetime) -> bool:
    return given.expires_at > now and given.amount_idr == left_idr


async def newest_quote(work: UnitOfWork, registration_id: UUID) -> Quote | None:
    """Return the newest quote of an invoice; None if it has none."""
    query = select(Quote).where(Quote.registration_id == registration_id)
    return (await work.session.execute(query.order_by(Quote.locked_at.desc()).limit(1))).scalar_one_or_none()

"""Queries for charges."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, case, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from payment.charges.errors import UnknownCharge
from payment.charges.rules import ChargeStatus
from payment.charges.tables import Charge, GatewayNotice
from payment.invoices.rules import InvoiceStatus
from payment.invoices.tables import Invoice


async def charge_by_id(session: AsyncSession, charge_id: UUID) -> Charge:
    """Return a charge.

    Raises:
        UnknownCharge.
    """
    found = await session.get(Charge, charge_id, populate_existing=True)
    if found is None:
        raise UnknownCharge
    return found


async def is_superfluous(session: AsyncSession, charge: Charge) -> bool:
    """Return whether nothing is owed any more: the invoice is paid otherwise, or its registration has ended."""
    status = select(Invoice.status).where(Invoice.registration_id == charge.registration_id)
    over = (InvoiceStatus.PAID, InvoiceStatus.EXPIRED, InvoiceStatus.CANCELLED)
    return (await session.execute(status)).scalar_one() in over


async def charges_of(session: AsyncSession, registration_id: UUID) -> Sequence[Charge]:
    """Return the charges of a registration, newest first."""
    query = select(Charge).where(Charge.registration_id == registration_id)
    return (await session.execute(query.order_by(Charge.created_at.desc(), Charge.id))).scalars().all()


async def list_charges(session: AsyncSession, status: ChargeStatus | None, *, limit: int) -> Sequence[Charge]:
    """Return the newest charges, of one status unless it is None."""
    query = select(Charge).order_by(Charge.created_at.desc(), Charge.id).limit(limit)
    if status is not None:
        query = query.where(Charge.status == status)
    return (await session.execute(query)).scalars().all()


async def last_notices(session: AsyncSession, charges: Iterable[Charge]) -> Mapping[UUID, datetime]:
    """Return when the gateway last sent a notification about each charge, of those that are kept."""
    of_them = GatewayNotice.charge_id.in_([each.id for each in charges])
    query = select(GatewayNotice.charge_id, func.max(GatewayNotice.received_at)).where(of_them)
    rows = await session.execute(query.group_by(GatewayNotice.charge_id))
    return {charge_id: at for charge_id, at in rows if charge_id is not None}


def id_in(source: ColumnElement[Any] | InstrumentedAttribute[Any], kind: str) -> ColumnElement[Any]:
    """Return the id in a source such as `charge:<id>`; null in one of another kind."""
    prefix = f"{kind}:"
    return case((source.startswith(prefix), cast(func.substr(source, len(prefix) + 1), Uuid)))

"""Transfers of which it was not published yet that they are too little, or gone."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from payment.invoices.rules import InvoiceStatus
from payment.invoices.tables import Invoice
from payment.usdt.quotes.tables import PaymentAddress
from payment.usdt.watch.rules import TransferKind, TransferState
from payment.usdt.watch.tables import BlockchainTransaction

GONE_AFTER: Final = timedelta(minutes=2)
"""Time without a transfer after which it is gone. A reorganization moves nearly all into another block in seconds."""
_LEFT_AFTER: Final = timedelta(minutes=1)
_TOO_OLD: Final = timedelta(days=1)

Row = BlockchainTransaction


def is_gone(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a transfer of USDT has been gone for a while, and that this is not published."""
    failed = Row.failed_at.between(now - _TOO_OLD, now - GONE_AFTER)
    is_new = or_(Row.notified_at.is_(None), Row.notified_at < Row.failed_at)
    return and_(Row.kind == TransferKind.USDT, Row.state == TransferState.FAILED, failed, is_new)


def is_fresh() -> ColumnElement[bool]:
    """Return the condition that a transfer of USDT is confirmed, and that neither its use nor its lack is published."""
    is_new = or_(Row.notified_at.is_(None), Row.notified_at < Row.confirmed_at)
    waits = and_(Row.state == TransferState.CONFIRMED, Row.settled.is_(None))
    return and_(Row.kind == TransferKind.USDT, waits, is_new)


async def unpublished(session: AsyncSession, chain_id: int, now: datetime) -> frozenset[UUID]:
    """Return the registrations with transfers that are gone, or that a process which ended has left as too little."""
    return frozenset(await session.scalars(unpublished_of(chain_id, now)))


def unpublished_of(chain_id: int, now: datetime) -> CompoundSelect[Any]:
    """Return the query of `unpublished`. Each half reads a partial index of few rows, as this runs with every pass."""
    confirmed = Row.confirmed_at.between(now - _TOO_OLD, now - _LEFT_AFTER)
    waits = Invoice.status.in_((InvoiceStatus.OPEN, InvoiceStatus.PROOF_UPLOADED))
    left = _with_address(chain_id).where(is_fresh(), confirmed, waits, ~PaymentAddress.seen_in_full)
    invoice = Invoice.registration_id == PaymentAddress.registration_id
    return _with_address(chain_id).where(is_gone(now)).union(left.join(Invoice, invoice))


def _with_address(chain_id: int) -> Select[UUID]:
    return (
        select(PaymentAddress.registration_id)
        .join(Row, Row.registration_id == PaymentAddress.registration_id)
        .where(Row.chain_id == chain_id)
    )

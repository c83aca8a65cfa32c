"""Queries for refunds, with their payments and charges."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Interval, RowMapping, Select, case, cast, func, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from payment.charges.queries import id_in
from payment.charges.tables import Charge
from payment.gateways.port import ChargeMethod
from payment.incoming.tables import UnassignedMoney
from payment.invoices.errors import InvoiceNotFound
from payment.invoices.tables import Invoice, TransferAmount
from payment.paging import Position
from payment.proofs.tables import Payment
from payment.refunds.errors import UnknownRefund
from payment.refunds.rules import RefundState
from payment.refunds.tables import Refund
from payment.usdt.quotes.queries import asked_for_usdt

_UNTIL_KNOWN: Final = timedelta(days=7)
"""The shortest time for refunds of the gateway, for charges that it has not been asked about since."""


class RefundStatus(StrEnum):
    """Whether something is left to do for a refund; `done` ones went back. Those that were cancelled are neither."""

    DUE = "due"
    DONE = "done"


@dataclass(frozen=True)
class RefundFilter:
    """Which refunds to list; None does not filter. `q` is part of a registration number or of the payer's name."""

    status: RefundStatus | None = None
    event_id: UUID | None = None
    payment_id: UUID | None = None
    q: str | None = None
    waits_for_second: bool | None = None

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """Yield the conditions of the query."""
        if self.status is RefundStatus.DUE:
            yield ~Refund.closed
        if self.status is RefundStatus.DONE:
            yield Refund.closed & (Refund.state == RefundState.DONE)
        if self.event_id is not None:
            yield Payment.event_id == self.event_id
        if self.payment_id is not None:
            yield Refund.payment_id == self.payment_id
        if self.q:
            number = Invoice.registration_number.icontains(self.q, autoescape=True)
            yield or_(number, Invoice.payer_name.icontains(self.q, autoescape=True))
        if self.waits_for_second is not None:
            yield (Refund.state == RefundState.WAITS_FOR_SECOND) == self.waits_for_second


async def list_refunds(
    session: AsyncSession, wanted: RefundFilter, *, limit: int, after: Position | None
) -> Sequence[RowMapping]:
    """Return refunds that are not closed first, then those that are done or cancelled; each group oldest first."""
    order = (Refund.closed, Refund.due_at, Refund.id)
    query = _with_payment().where(*wanted.conditions()).order_by(*order).limit(limit)
    if after is not None:
        query = query.where(tuple_(*order) > tuple_(*after))
    return (await session.execute(query)).mappings().all()


async def refund_by_id(session: AsyncSession, refund_id: UUID) -> RowMapping:
    """Return one refund with the columns of the list.

    Raises:
        UnknownRefund.
    """
    found = (await session.execute(_with_payment().where(Refund.id == refund_id))).mappings().first()
    if found is None:
        raise UnknownRefund
    return found


class AskedInvoice(NamedTuple):
    """An invoice, and what its payer was asked for.

    Attributes:
        payable_amount: the amount to transfer; None if it was not asked for.
        usdt_asked: whether an amount in USDT was asked for.
        has_charges: whether a payment through the gateway was ever begun.
    """

    invoice: Invoice
    payable_amount: Decimal | None
    usdt_asked: bool
    has_charges: bool


async def asked_invoice(session: AsyncSession, registration_id: UUID) -> AskedInvoice:
    """Return the invoice of a registration, and what its payer was asked for.

    Raises:
        InvoiceNotFound.
    """
    payable = select(TransferAmount.payable_amount).where(TransferAmount.registration_id == registration_id)
    charged = select(Charge.id).where(Charge.registration_id == registration_id).exists()
    columns = (Invoice, payable.scalar_subquery().label("payable_amount"), asked_for_usdt(registration_id), charged)
    found = (await session.execute(select(*columns).where(Invoice.registration_id == registration_id))).first()
    if found is None:
        raise InvoiceNotFound
    return AskedInvoice(*found)


async def refunds_of(session: AsyncSession, registration_id: UUID, *, for_staff: bool) -> Sequence[RowMapping]:
    """Return the refunds of a registration, oldest first, without those that were cancelled.

    Args:
        for_staff: whether to return also those that staff asked for and a second person has to approve; a runner does
            not see them yet.
    """
    columns = (Refund.id, Refund.amount, Payment.currency, Refund.state, Refund.due_at, Refund.done_at, Refund.way)
    shown = [Payment.registration_id == registration_id, Refund.state != RefundState.CANCELLED]
    if not for_staff:
        shown.append(~((Refund.origin == "staff") & (Refund.state == RefundState.WAITS_FOR_SECOND)))
    query = select(*columns).join(Payment, Payment.id == Refund.payment_id).where(*shown)
    return (await session.execute(query.order_by(Refund.due_at, Refund.id))).mappings().all()


async def evidence_of(session: AsyncSession, refund_id: UUID) -> tuple[str | None, str | None]:
    """Return path and content type of the picture of a refund; None for both if there is none.

    Raises:
        UnknownRefund.
    """
    found = (
        await session.execute(select(Refund.evidence_path, Refund.evidence_type).where(Refund.id == refund_id))
    ).first()
    if found is None:
        raise UnknownRefund
    return found.evidence_path, found.evidence_type


async def charge_of(session: AsyncSession, payment_id: UUID) -> RowMapping | None:
    """Return the charge that a payment came by, None if it came otherwise.

    Its columns are `id`, `order_id`, `method`, `status` and `refundable_until`.
    """
    columns = (Charge.id, Charge.order_id, Charge.method, Charge.status, REFUNDABLE_UNTIL.label("refundable_until"))
    query = select(*columns).select_from(Payment).where(Payment.id == payment_id)
    return (await session.execute(_join_charge(query))).mappings().first()


REFUNDABLE_UNTIL: Final[ColumnElement[Any]] = case(
    (
        Charge.method == ChargeMethod.QRIS,
        func.coalesce(Charge.refundable_until, Charge.settled_at + cast(literal(_UNTIL_KNOWN), Interval)),
    ),
    else_=Charge.refundable_until,
)
"""The last moment at which the gateway gives a charge back."""


def _join_charge(query: Select[*tuple[Any, ...]], *, is_outer: bool = False) -> Select[*tuple[Any, ...]]:
    """Join the charge of each payment: it paid the invoice, or its money was kept and assigned later."""
    money = UnassignedMoney.id == id_in(Payment.source, "money")
    source = func.coalesce(UnassignedMoney.source, Payment.source)
    query = query.join(UnassignedMoney, money, isouter=True)
    return query.join(Charge, Charge.id == id_in(source, "charge"), isouter=is_outer)


def _with_payment() -> Select[*tuple[Any, ...]]:
    query = (
        select(
            *(column for column in Refund.__table__.columns if column.name != "id"),
            Refund.id.label("refund_id"),
            Payment.registration_id,
            Payment.amount.label("payment_amount"),
            Payment.received,
            Payment.currency,
            Payment.payment_method,
            Payment.channel,
            func.coalesce(UnassignedMoney.source, Payment.source).label("came_by"),
            Payment.event_id,
            Payment.payment_date,
            Payment.verified_at,
            Payment.verified_by,
            Invoice.registration_ended,
            Invoice.registration_number,
            Invoice.payer_name,
            Charge.method.label("charge_method"),
            Charge.status.label("charge_status"),
            REFUNDABLE_UNTIL.label("refundable_until"),
        )
        .select_from(Refund)
        .join(Payment, Payment.id == Refund.payment_id)
        .join(Invoice, Invoice.registration_id == Payment.registration_id)
    )
    return _join_charge(query, is_outer=True)

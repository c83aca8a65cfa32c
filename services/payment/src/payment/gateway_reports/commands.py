"""Comparing a settlement report with charges, and booking its fees."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from chassis.audit_log import shown_value
from chassis.auth.principals import Staff
from chassis.database import UnitOfWork
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from payment.charges.reports import METHODS
from payment.charges.rules import charge_source
from payment.gateway_reports.queries import last_fee_payout, lock_charges
from payment.gateway_reports.reading import Report
from payment.gateway_reports.rules import Comparison, Difference, KnownCharge, ReportRow, compare
from payment.gateway_reports.tables import GatewayReport
from payment.gateways.port import ChargeMethod
from payment.ledger.charge_fees import lock_fees_of_charges
from payment.ledger.commands import record_many
from payment.ledger.rules import Account, Entry, Kind
from payment.statements.model import RUPIAH
from payment.statements.rules import received_at

LISTED: Final = 200
"""Maximum number of differences that are kept with a report."""

_STORE_FEES: Final = text("""
    UPDATE charges SET fee = new.fee
      FROM unnest(CAST(:ids AS uuid[]), CAST(:fees AS numeric[])) AS new (id, fee) WHERE charges.id = new.id
""")


@dataclass(frozen=True)
class Compared:
    """A report as it was compared now. `is_repeated`: the same file was compared before."""

    report: GatewayReport
    is_repeated: bool


async def compare_report(work: UnitOfWork, report: Report, *, sha256: str, zone: ZoneInfo, by: Staff) -> Compared:
    """Compare a report with charges, book the fees of those with which it agrees, and keep what differs.

    Idempotent: the fee of a charge is booked once, by whatever file, and the same file twice is one report.
    """
    await lock_fees_of_charges(work.session)
    is_new = await _insert(work, report, sha256=sha256, by=by)
    locked = select(GatewayReport).where(GatewayReport.sha256 == sha256).with_for_update()
    stored = (await work.session.execute(locked)).scalar_one()
    charges = await lock_charges(work.session, sorted({row.order_id for row in report.rows}))
    tomorrow = work.now.astimezone(zone).date() + timedelta(days=1)
    found = compare(report.rows, charges, await last_fee_payout(work.session), tomorrow=tomorrow)
    await _book(work, found.new, zone)
    await _store(work, stored, found)
    await work.audit(
        by.actor,
        "gateway_report.compare",
        str(stored.id),
        booked=stored.booked,
        amount=shown_value(stored.booked_amount),
        differences=stored.differences,
    )
    return Compared(stored, is_repeated=not is_new)


async def _insert(work: UnitOfWork, report: Report, *, sha256: str, by: Staff) -> bool:
    row = {
        "id": uuid4(),
        "sha256": sha256,
        "rows": len(report.rows),
        "others": report.others,
        "amount": _sum(row.amount for row in report.rows),
        "fees": _sum(row.fee for row in report.rows),
        "net": _sum(row.net for row in report.rows),
        "booked_amount": Decimal(0),
        **dict.fromkeys(("booked", "known", "differences"), 0),
        "items": [],
        "uploaded_by": by.id,
        "uploaded_at": work.now,
        "compared_at": work.now,
    }
    new = insert(GatewayReport).values(row).on_conflict_do_nothing(index_elements=["sha256"])
    return (await work.session.execute(new.returning(GatewayReport.id))).first() is not None


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))


async def _book(work: UnitOfWork, new: Sequence[tuple[ReportRow, KnownCharge]], zone: ZoneInfo) -> None:
    """Store the fees of locked charges, and book those that are not zero."""
    if not new:
        return
    fees = {"ids": [charge.id for _, charge in new], "fees": [row.fee for row, _ in new]}
    await work.session.execute(_STORE_FEES, fees)
    await record_many(work, (_entry(row, charge, received_at(row.settled_on, zone)) for row, charge in new if row.fee))


def _entry(row: ReportRow, charge: KnownCharge, at: datetime) -> Entry:
    return Entry(
        source=fee_source(charge.id),
        kind=Kind.FEE,
        debit=Account.FEES,
        credit=Account.MIDTRANS,
        amount=row.fee,
        currency=RUPIAH,
        occurred_at=at,
        registration_id=charge.registration_id,
        method=METHODS[ChargeMethod(charge.method)],
    )


def fee_source(charge_id: UUID) -> str:
    """Return the source of the movement of the fee of a charge."""
    return f"{charge_source(charge_id)}:fee"


async def _store(work: UnitOfWork, stored: GatewayReport, found: Comparison) -> None:
    stored.booked, stored.known, stored.differences = len(found.new), found.known, len(found.differences)
    stored.booked_amount = _sum(row.fee for row, _ in found.new)
    stored.items = [_item(each) for each in found.differences[:LISTED]]
    stored.compared_at = work.now
    await work.session.flush()


def _item(difference: Difference) -> dict[str, Any]:
    charge = difference.charge
    return {
        "line": difference.row.line,
        "order_id": difference.row.order_id[:100],
        "kind": difference.kind.value,
        "expected": difference.expected,
        "found": difference.found,
        "charge_id": str(charge.id) if charge else None,
        "registration_id": str(charge.registration_id) if charge else None,
        "registration_number": charge.registration_number if charge else None,
        "line_id": str(difference.line_id) if difference.line_id else None,
    }

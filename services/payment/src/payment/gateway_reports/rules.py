"""What a row of a settlement report says about a charge, and what differs from what is known here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID


class DifferenceKind(StrEnum):
    """Why the fee of a row is not booked.

    Attributes:
        UNKNOWN_ORDER: there is no charge with this order id.
        NOT_PAID: the charge is not known as paid.
        NET_DIFFERS: the amount less the fee is not the net amount.
        FEE_DIFFERS: another fee was booked by an earlier report.
        IMPOSSIBLE_DAY: it was settled before the charge was created, or after tomorrow.
        ORDER_TWICE: the file names the order twice, with different sums.
        FEE_IN_PAYOUT: the fee is part of that of a payout which arrived on that day or later.
    """

    UNKNOWN_ORDER = "unknown_order"
    ORDER_TWICE = "order_twice"
    AMOUNT_DIFFERS = "amount_differs"
    NOT_PAID = "not_paid"
    FEE_TOO_LARGE = "fee_too_large"
    NET_DIFFERS = "net_differs"
    FEE_DIFFERS = "fee_differs"
    IMPOSSIBLE_DAY = "impossible_day"
    FEE_IN_PAYOUT = "fee_in_payout"


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A payment as a report shows it.

    Attributes:
        line: of the file.
        fee: what was kept back, with taxes on it if the report has them apart. Not negative.
        settled_on: the day on which the gateway added the net amount to what it pays out.
    """

    line: int
    order_id: str
    amount: Decimal
    fee: Decimal
    net: Decimal
    settled_on: date

    @property
    def sums(self) -> tuple[Decimal, Decimal, Decimal]:
        """Return amount, fee and net amount."""
        return self.amount, self.fee, self.net


@dataclass(frozen=True, slots=True)
class KnownCharge:
    """A charge as it is known here.

    Attributes:
        is_settled: its money was received; a chargeback afterwards does not change this.
        fee: the one that was booked; None if none was.
    """

    id: UUID
    order_id: str
    registration_id: UUID
    registration_number: str
    method: str
    amount: Decimal
    is_settled: bool
    status: str
    fee: Decimal | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class FeePayout:
    """The line of the last payout of the gateway that was recorded with a fee, and the day on which it arrived."""

    line_id: UUID
    booked_on: date


@dataclass(frozen=True, slots=True)
class Difference:
    """A row whose fee is not booked, with what is expected and what was found, as texts."""

    row: ReportRow
    kind: DifferenceKind
    expected: str | None = None
    found: str | None = None
    charge: KnownCharge | None = None
    line_id: UUID | None = None


@dataclass(slots=True)
class Comparison:
    """What a report says about charges.

    Attributes:
        new: rows whose fee is to be booked, with their charges.
        known: number of rows whose fee was booked before.
    """

    new: list[tuple[ReportRow, KnownCharge]] = field(default_factory=list)
    known: int = 0
    differences: list[Difference] = field(default_factory=list)


def compare(
    rows: Sequence[ReportRow],
    charges: Mapping[str, KnownCharge],
    last_fee_payout: FeePayout | None,
    *,
    tomorrow: date,
) -> Comparison:
    """Compare the rows of a report with charges, by order id. The same row twice counts once."""
    found, seen, contradicted = Comparison(), dict[str, ReportRow](), _contradicted(rows)
    for row in rows:
        charge = charges.get(row.order_id)
        if row.order_id in contradicted:
            found.differences.append(Difference(row, DifferenceKind.ORDER_TWICE, charge=charge))
        elif row.order_id in seen:
            found.known += 1
        else:
            seen[row.order_id] = row
            _add(found, row, charge, last_fee_payout, tomorrow)
    return found


def _contradicted(rows: Iterable[ReportRow]) -> set[str]:
    first: dict[str, ReportRow] = {}
    return {row.order_id for row in rows if first.setdefault(row.order_id, row).sums != row.sums}


def _add(
    found: Comparison, row: ReportRow, charge: KnownCharge | None, last_fee_payout: FeePayout | None, tomorrow: date
) -> None:
    if charge is None:
        found.differences.append(Difference(row, DifferenceKind.UNKNOWN_ORDER))
    elif different := _sums_differ(row, charge) or _fee_differs(row, charge):
        found.differences.append(different)
    elif charge.fee is not None:
        found.known += 1
    elif different := _day_differs(row, charge, tomorrow) or _in_payout(row, charge, last_fee_payout):
        found.differences.append(different)
    else:
        found.new.append((row, charge))


def _sums_differ(row: ReportRow, charge: KnownCharge) -> Difference | None:
    if row.amount != charge.amount:
        return _difference(row, charge, DifferenceKind.AMOUNT_DIFFERS, charge.amount, row.amount)
    if not charge.is_settled:
        return Difference(row, DifferenceKind.NOT_PAID, "paid", charge.status, charge)
    if row.fee > row.amount:
        return _difference(row, charge, DifferenceKind.FEE_TOO_LARGE, row.amount, row.fee)
    if row.amount - row.fee != row.net:
        return _difference(row, charge, DifferenceKind.NET_DIFFERS, row.amount - row.fee, row.net)
    return None


def _fee_differs(row: ReportRow, charge: KnownCharge) -> Difference | None:
    if charge.fee is None or charge.fee == row.fee:
        return None
    return _difference(row, charge, DifferenceKind.FEE_DIFFERS, charge.fee, row.fee)


def _day_differs(row: ReportRow, charge: KnownCharge, tomorrow: date) -> Difference | None:
    created = charge.created_at.astimezone(UTC).date()  # never a later day than in Indonesia
    if created <= row.settled_on <= tomorrow:
        return None
    expected = created if row.settled_on < created else tomorrow
    kind = DifferenceKind.IMPOSSIBLE_DAY
    return Difference(row, kind, expected.isoformat(), row.settled_on.isoformat(), charge)


def _in_payout(row: ReportRow, charge: KnownCharge, last_fee_payout: FeePayout | None) -> Difference | None:
    if row.fee and last_fee_payout is not None and row.settled_on <= last_fee_payout.booked_on:
        kind, day = DifferenceKind.FEE_IN_PAYOUT, last_fee_payout.booked_on.isoformat()
        return Difference(row, kind, None, day, charge, last_fee_payout.line_id)
    return None


def _difference(
    row: ReportRow, charge: KnownCharge, kind: DifferenceKind, expected: Decimal, found: Decimal
) -> Difference:
    return Difference(row, kind, f"{expected:.2f}", f"{found:.2f}", charge)

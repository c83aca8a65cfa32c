"""Settlement reports as staff see them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from chassis.web.models import Total, View, Words

from payment.gateway_reports.rules import DifferenceKind
from payment.gateway_reports.tables import GatewayReport
from payment.gateway_reports.words import MEANINGS
from payment.statements.model import RUPIAH


class DifferenceView(View):
    """A row of the file, in `line`, whose fee was not booked, and why.

    `expected` is what is known here, `found` what the file says: amounts, statuses, or days. `line_id` is the payout
    that contains the fee.
    """

    line: int
    order_id: str
    kind: DifferenceKind
    expected: str | None
    found: str | None
    charge_id: UUID | None
    registration_id: UUID | None
    registration_number: str | None
    line_id: UUID | None
    words: Words

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Self:
        """Build the view of a stored difference."""
        return cls.model_validate({**item, "words": MEANINGS[DifferenceKind(item["kind"])]})


class ReportView(View):
    """A settlement report, and what its last comparison found.

    `rows` are of payments, with their sums `amount`, `fees` and `net`; `others` are rows of anything else. Of the rows,
    the fees of `booked` were booked by that comparison, those of `known` were before, and `differences` have none;
    `items` are the first of these, of a list of reports none. `repeated_file`: the same file was uploaded before.
    """

    report_id: UUID
    uploaded_at: datetime
    uploaded_by: UUID
    compared_at: datetime
    repeated_file: bool
    rows: int
    others: int
    currency: Literal["IDR"] = RUPIAH
    amount: Total
    fees: Total
    net: Total
    booked: int
    booked_amount: Total
    known: int
    differences: int
    items: Sequence[DifferenceView]

    @classmethod
    def of(cls, report: GatewayReport, *, repeated_file: bool = False, has_items: bool = True) -> Self:
        """Build the view of a report."""
        made = {
            "report_id": report.id,
            "repeated_file": repeated_file,
            "currency": RUPIAH,
            "items": [DifferenceView.of(item) for item in report.items] if has_items else [],
        }
        return cls(**{name: getattr(report, name) for name in cls.model_fields if name not in made}, **made)

"""The settlement reports that were compared with charges."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Index, Numeric, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from payment.base import Base

_TOTAL: Final = Numeric(18, 2)


class GatewayReport(Base):
    """A settlement report, with what its last comparison found. The same file again is the same report.

    Attributes:
        sha256: of the file, in hexadecimal digits.
        rows, others: of payments, and of anything else.
        amount, fees, net: sums of the rows of payments, in rupiah.
        booked, booked_amount: number and sum of the fees that the last comparison booked.
        known: number of rows whose fee was booked before.
        differences: number of rows whose fee was not booked; `items` are the first of them, as the API shows them.
    """

    __tablename__ = "gateway_reports"
    __table_args__ = (
        Index("uq_gateway_reports_sha256", "sha256", unique=True),
        Index("ix_gateway_reports_uploaded_at", "uploaded_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    rows: Mapped[int]
    others: Mapped[int]
    amount: Mapped[Decimal] = mapped_column(_TOTAL)
    fees: Mapped[Decimal] = mapped_column(_TOTAL)
    net: Mapped[Decimal] = mapped_column(_TOTAL)
    booked_amount: Mapped[Decimal] = mapped_column(_TOTAL)
    booked: Mapped[int]
    known: Mapped[int]
    differences: Mapped[int]
    items: Mapped[list[Any]] = mapped_column(JSONB)
    uploaded_by: Mapped[UUID]
    uploaded_at: Mapped[datetime]
    compared_at: Mapped[datetime]

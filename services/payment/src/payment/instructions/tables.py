"""The payment instructions: one row, inserted by the migration."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from chassis.tables import Money
from sqlalchemy import CheckConstraint, SmallInteger, String, false
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from payment.base import Base


class PaymentSettings(Base):
    """Bank account, QRIS code, deadline and reasons of rejections, null for the default ones. There is one row.

    Attributes:
        qris_payload: text of the code in the QRIS image, with merchant, city and NMID; null if none was read.
        qris_read_from: the `qris_image_path` of which that is. The release before 0016 replaces the image and not
            the text, which is then of no use.
        qris_confirmed_at: when staff confirmed that the merchant is theirs; null while they have not.
        qris_with_amount: whether runners get the code with the amount of their invoice in it, too.
        qris_limit: maximum amount of an invoice for that, in rupiah.
        transfer_code: `payment.instructions.rules.TransferCode`.
        second_check_from: amount in rupiah from which two people decide about money; null for never.
        statement_auto_accept: whether lines of statements that are sure are accepted without a person.
    """

    __tablename__ = "payment_settings"
    __table_args__ = (
        CheckConstraint("id = 1", name="one_row"),
        CheckConstraint("payment_deadline_hours BETWEEN 1 AND 720", name="payment_deadline_hours"),
        CheckConstraint("length(payment_instructions) <= 5000", name="payment_instructions"),
        CheckConstraint(
            "(qris_payload IS NULL) = (qris_read_from IS NULL) AND (qris_payload IS NULL) = (qris_merchant IS NULL)"
            " AND (qris_payload IS NULL) = (qris_city IS NULL) AND (qris_payload IS NOT NULL OR qris_nmid IS NULL)",
            name="qris_read",
        ),
        CheckConstraint(
            "(qris_confirmed_at IS NULL) = (qris_confirmed_by IS NULL)"
            " AND (qris_confirmed_at IS NULL OR qris_payload IS NOT NULL)",
            name="qris_confirmed",
        ),
        CheckConstraint("NOT qris_with_amount OR qris_confirmed_at IS NOT NULL", name="qris_with_amount"),
        CheckConstraint("qris_limit >= 0", name="qris_limit"),
        CheckConstraint("transfer_code IN ('off', 'subtract', 'add')", name="transfer_code"),
        CheckConstraint("second_check_from >= 0", name="second_check_from"),
    )

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    qris_image_path: Mapped[str | None] = mapped_column(String(255))
    bank_name: Mapped[str | None] = mapped_column(String(100))
    account_number: Mapped[str | None] = mapped_column(String(50))
    account_holder_name: Mapped[str | None] = mapped_column(String(255))
    payment_instructions: Mapped[str | None]
    payment_deadline_hours: Mapped[int]
    rejection_reasons: Mapped[list[dict[str, str]] | None] = mapped_column(JSONB(none_as_null=True))
    qris_payload: Mapped[str | None] = mapped_column(String(512))
    qris_read_from: Mapped[str | None] = mapped_column(String(255))
    qris_merchant: Mapped[str | None] = mapped_column(String(99))
    qris_city: Mapped[str | None] = mapped_column(String(99))
    qris_nmid: Mapped[str | None] = mapped_column(String(99))
    qris_confirmed_at: Mapped[datetime | None]
    qris_confirmed_by: Mapped[UUID | None]
    qris_with_amount: Mapped[bool] = mapped_column(server_default=false())
    qris_limit: Mapped[Decimal] = mapped_column(Money, server_default="10000000")
    transfer_code: Mapped[str] = mapped_column(String(10), server_default="subtract")
    second_check_from: Mapped[Decimal | None] = mapped_column(Money)
    statement_auto_accept: Mapped[bool] = mapped_column(server_default=false())
    updated_at: Mapped[datetime]

"""The payment instructions: one row, inserted by the migration."""

from datetime import datetime

from sqlalchemy import CheckConstraint, SmallInteger, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from payment.base import Base


class PaymentSettings(Base):
    """Bank account, QRIS image, deadline and reasons of rejections, null for the default ones. There is one row."""

    __tablename__ = "payment_settings"
    __table_args__ = (
        CheckConstraint("id = 1", name="one_row"),
        CheckConstraint("payment_deadline_hours BETWEEN 1 AND 720", name="payment_deadline_hours"),
        CheckConstraint("length(payment_instructions) <= 5000", name="payment_instructions"),
    )

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    qris_image_path: Mapped[str | None] = mapped_column(String(255))
    bank_name: Mapped[str | None] = mapped_column(String(100))
    account_number: Mapped[str | None] = mapped_column(String(50))
    account_holder_name: Mapped[str | None] = mapped_column(String(255))
    payment_instructions: Mapped[str | None]
    payment_deadline_hours: Mapped[int]
    rejection_reasons: Mapped[list[dict[str, str]] | None] = mapped_column(JSONB(none_as_null=True))
    updated_at: Mapped[datetime]

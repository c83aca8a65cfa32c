"""The account at the payment gateway: one row, inserted by the migration."""

from datetime import datetime

from sqlalchemy import CheckConstraint, SmallInteger, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from payment.base import Base


class GatewaySettings(Base):
    """The merchant's account at Midtrans. There is one row.

    Attributes:
        midtrans_server_key: encrypted with the keys of the environment; null if there is no account.
        midtrans_offers: what runners may use, such as `qris` or `bca`.
        refused_since: when the gateway first refused the stored key; null if it did not, or accepted it since.
    """

    __tablename__ = "gateway_settings"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    midtrans_server_key: Mapped[str | None]
    midtrans_merchant_id: Mapped[str | None] = mapped_column(String(100))
    midtrans_offers: Mapped[list[str]] = mapped_column(JSONB)
    refused_since: Mapped[datetime | None]
    updated_at: Mapped[datetime]

"""Settings of staff: one row; null means the default of the environment."""

from datetime import datetime

from sqlalchemy import CheckConstraint, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from notification.base import Base


class NotificationSettings(Base):
    """The settings. Secrets are encrypted."""

    __tablename__ = "notification_settings"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    default_locale: Mapped[str | None] = mapped_column(String(5))
    whatsapp_enabled: Mapped[bool | None]
    whatsapp_delay_seconds: Mapped[int | None]
    whatsapp_max_per_minute: Mapped[int | None]
    whatsapp_retry_limit: Mapped[int | None] = mapped_column(SmallInteger)
    fonnte_device_id: Mapped[str | None] = mapped_column(String(255))
    fonnte_api_key: Mapped[str | None]
    email_enabled: Mapped[bool | None]
    email_delay_seconds: Mapped[int | None]
    email_max_per_minute: Mapped[int | None]
    email_retry_limit: Mapped[int | None] = mapped_column(SmallInteger)
    email_from_address: Mapped[str | None] = mapped_column(String(255))
    email_from_name: Mapped[str | None] = mapped_column(String(255))
    smtp_host: Mapped[str | None] = mapped_column(String(255))
    smtp_port: Mapped[int | None]
    smtp_username: Mapped[str | None] = mapped_column(String(255))
    smtp_password: Mapped[str | None]
    smtp_security: Mapped[str | None] = mapped_column(String(10))
    updated_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("id = 1", name="one_row"),
        CheckConstraint("default_locale IN ('id', 'en')", name="default_locale"),
        CheckConstraint("whatsapp_delay_seconds BETWEEN 0 AND 3600", name="whatsapp_delay_seconds"),
        CheckConstraint("whatsapp_max_per_minute BETWEEN 1 AND 600", name="whatsapp_max_per_minute"),
        CheckConstraint("whatsapp_retry_limit BETWEEN 0 AND 20", name="whatsapp_retry_limit"),
        CheckConstraint("email_delay_seconds BETWEEN 0 AND 3600", name="email_delay_seconds"),
        CheckConstraint("email_max_per_minute BETWEEN 1 AND 600", name="email_max_per_minute"),
        CheckConstraint("email_retry_limit BETWEEN 0 AND 20", name="email_retry_limit"),
        CheckConstraint("smtp_port BETWEEN 1 AND 65535", name="smtp_port"),
        CheckConstraint("smtp_security IN ('starttls', 'tls', 'none')", name="smtp_security"),
    )

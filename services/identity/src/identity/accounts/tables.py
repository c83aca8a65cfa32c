"""Staff accounts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String, func
from sqlalchemy.orm import Mapped, mapped_column

from identity.base import Base


class StaffMember(Base):
    """A member of staff. Accounts are disabled, never deleted, as the audit log refers to them."""

    __tablename__ = "staff"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    email: Mapped[str] = mapped_column(String(255))
    password_hash: Mapped[str] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(20))
    is_active: Mapped[bool]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("name <> ''", name="name_not_empty"),
        CheckConstraint("email LIKE '%_@_%'", name="email_form"),
        CheckConstraint("password_hash LIKE '$argon2id$%'", name="password_hashed"),
        CheckConstraint("role IN ('owner', 'admin', 'finance', 'checkin', 'viewer')", name="role"),
    )


Index("uq_staff_email", func.lower(StaffMember.email), unique=True)

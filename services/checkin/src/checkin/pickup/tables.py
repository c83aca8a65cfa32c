"""Check-ins, including undone ones."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from checkin.base import Base


class Checkin(Base):
    """A check-in. A unique index allows one per participant that is not undone.

    Station and location are the names at that time. With `idempotency_key` a device can repeat a request whose response
    was lost.
    """

    __tablename__ = "checkins"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("roster.participant_id"))
    registration_id: Mapped[UUID]
    station_id: Mapped[UUID] = mapped_column(ForeignKey("stations.id"))
    device_id: Mapped[UUID] = mapped_column(ForeignKey("devices.id"))
    station_name: Mapped[str] = mapped_column(String(255))
    location_name: Mapped[str] = mapped_column(String(255))
    notes: Mapped[str | None] = mapped_column(String(1000))
    idempotency_key: Mapped[str | None] = mapped_column(String(100))
    checked_in_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None] = mapped_column(String(100))
    undo_reason: Mapped[str | None] = mapped_column(String(1000))

    __table_args__ = (
        Index(
            "uq_checkins_participant_id_standing",
            "participant_id",
            unique=True,
            postgresql_where=text("undone_at IS NULL"),
        ),
        Index(
            "uq_checkins_device_id_idempotency_key",
            "device_id",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
        Index(None, "participant_id"),
        Index(None, "checked_in_at", "location_name"),
        CheckConstraint(
            "(undone_at IS NULL) = (undone_by IS NULL) AND (undone_at IS NULL) = (undo_reason IS NULL)",
            name="undone_by_someone_for_a_reason",
        ),
    )

"""Stations and the devices logged in there."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, column_property, mapped_column

from checkin.base import Base
from checkin.races.tables import Race
from checkin.stations.rules import MAX_FAILURES


class Station(Base):
    """A place where packs are handed out: those of one race, or of any race if `event_id` is null.

    No event about the race may have arrived yet; `event_name` is null until then.

    Every login increments `attempts` before its PIN is verified. A correct PIN sets `forgiven_through` to its number,
    so the difference of the two is the number of consecutive wrong PINs; at ten the station is locked.
    """

    __tablename__ = "stations"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str] = mapped_column(String(255))
    location_name: Mapped[str] = mapped_column(String(255))
    event_id: Mapped[UUID | None] = mapped_column()
    pin_hash: Mapped[str] = mapped_column(String(255))
    pin_changed_at: Mapped[datetime]
    is_active: Mapped[bool]
    attempts: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    forgiven_through: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    locked_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        Index(None, "created_at", "id"),
        CheckConstraint("name <> ''", name="name_not_empty"),
        CheckConstraint("location_name <> ''", name="location_name_not_empty"),
        CheckConstraint(f"attempts - forgiven_through BETWEEN 0 AND {MAX_FAILURES}", name="failures"),
        CheckConstraint(
            f"(locked_at IS NOT NULL) = (attempts - forgiven_through = {MAX_FAILURES})", name="locked_when_used_up"
        ),
    )

    event_name: Mapped[str | None] = column_property(
        select(Race.name).where(Race.id == event_id).correlate_except(Race).scalar_subquery()
    )

    @property
    def failed_attempts(self) -> int:
        """Return the number of consecutive wrong PINs, including logins whose PIN is being verified."""
        return self.attempts - self.forgiven_through


class Device(Base):
    """A phone or scanner that has logged in at a station. `last_seen_at` may be a minute late.

    `clock_offset_seconds` is how far this server's clock was ahead of the device's when it last sent scans.
    """

    __tablename__ = "devices"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    station_id: Mapped[UUID] = mapped_column(ForeignKey("stations.id"))
    name: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_seen_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    clock_offset_seconds: Mapped[int | None]

    __table_args__ = (
        Index(None, "created_at", "id"),
        Index(None, "station_id", "created_at", "id"),
        Index("ix_devices_not_revoked", "station_id", postgresql_where=text("revoked_at IS NULL")),
        CheckConstraint("name <> ''", name="name_not_empty"),
    )

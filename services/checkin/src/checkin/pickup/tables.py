"""Check-ins, including undone ones, and scans that devices made without a network."""

from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from contracts.envelope import LONGEST_VALUE
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from checkin.base import Base
from checkin.pickup.rules import ConflictKind, ScanResult

NO_STATION: Final = UUID(int=0)
"""Station of counts of participants."""


class HandedOver:
    """Columns on who collected a pack and what was in it; those on who did are null if the participant did.

    Attributes:
        collected_by: who collected it in the participant's place.
        letter_seen, identity_seen: whether that person showed a letter of the participant, and an identity card.
        handed_size: of the jersey that left. It stays when the order is corrected. Null in rows of older releases if
            it was the one ordered, and for an unknown ticket.
        revision: of these remarks; a later one of the device replaces them.
    """

    collected_by: Mapped[str | None] = mapped_column(String(255))
    letter_seen: Mapped[bool | None]
    identity_seen: Mapped[bool | None]
    handed_size: Mapped[str | None] = mapped_column(String(LONGEST_VALUE))
    revision: Mapped[int] = mapped_column(server_default="0")


class Checkin(HandedOver, Base):
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
        Index("ix_checkins_station", "station_id", "checked_in_at", postgresql_where=text("undone_at IS NULL")),
        CheckConstraint(
            "(undone_at IS NULL) = (undone_by IS NULL) AND (undone_at IS NULL) = (undo_reason IS NULL)",
            name="undone_by_someone_for_a_reason",
        ),
    )


class PackCount(Base):
    """A change of the number of packs; the sum of all changes of a key is the number.

    Triggers on roster and check-ins insert one row per statement and key. Unlike updates of a common sum, inserts do
    not wait for other transactions. A periodic job merges the rows.

    Attributes:
        station_id, hour: of check-ins; `NO_STATION` and the epoch for participants. An hour of UTC begins with one of
            every zone of Indonesia.
        entries: participants of the roster; `live` those that are not cancelled.
        handed_out: check-ins that were not undone.
    """

    __tablename__ = "pack_counts"
    __table_args__ = (Index("ix_pack_counts_event_id", "event_id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    event_id: Mapped[UUID]
    category_id: Mapped[UUID]
    station_id: Mapped[UUID]
    hour: Mapped[datetime]
    entries: Mapped[int] = mapped_column(BigInteger)
    live: Mapped[int] = mapped_column(BigInteger)
    handed_out: Mapped[int] = mapped_column(BigInteger)


class Scan(HandedOver, Base):
    """A scan that a device sent later, and what became of it.

    Attributes:
        key: of the device's; with it a scan may be sent again.
        participant_id: null if no participant has the ticket.
        scanned_at: by this server's clock, as far as the device's clock could be judged.
        result: the answer to the device, which a repeated scan gets again.
        conflict: why staff have to look at it; null if they need not.
    """

    __tablename__ = "scans"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    device_id: Mapped[UUID] = mapped_column(ForeignKey("devices.id"))
    key: Mapped[str] = mapped_column(String(100))
    station_id: Mapped[UUID] = mapped_column(ForeignKey("stations.id"))
    station_name: Mapped[str] = mapped_column(String(255))
    location_name: Mapped[str] = mapped_column(String(255))
    participant_id: Mapped[UUID | None] = mapped_column(ForeignKey("roster.participant_id"))
    scanned_at: Mapped[datetime]
    received_at: Mapped[datetime]
    result: Mapped[ScanResult] = mapped_column(String(20))
    conflict: Mapped[ConflictKind | None] = mapped_column(String(20))
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None] = mapped_column(String(100))
    resolution: Mapped[str | None] = mapped_column(String(1000))

    __table_args__ = (
        Index("uq_scans_device_id_key", "device_id", "key", unique=True),
        Index(None, "participant_id"),
        Index(
            "ix_scans_open_conflicts",
            "received_at",
            "id",
            postgresql_where=text("conflict IS NOT NULL AND resolved_at IS NULL"),
        ),
        Index(
            "ix_scans_resolved_conflicts",
            "received_at",
            "id",
            postgresql_where=text("conflict IS NOT NULL AND resolved_at IS NOT NULL"),
        ),
    )

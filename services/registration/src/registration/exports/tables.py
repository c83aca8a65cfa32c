"""The record of exports, and the jerseys that an export counted."""

from datetime import datetime
from uuid import UUID

from chassis.ids import new_id
from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from registration.base import Base
from registration.exports.rules import Delivery, FileFormat, Kind, State


def _one_of(column: str, values: type[Kind] | type[FileFormat] | type[Delivery] | type[State]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(each.value) for each in values)})", name=column)


class Export(Base):
    """A file that staff took or asked for. Rows are kept, as they record who took which personal data.

    While it is waiting or running, a worker may take it from `available_at` on: `lease` names the one that has it, and
    `attempts` counts. `pieces` is the number of files in the store that make up the file. `reason` is that of the
    newest failure. `registration_ids` are read by the worker only: there may be thousands; `chosen` is their number.
    """

    __tablename__ = "exports"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[Kind] = mapped_column(String(20))
    format: Mapped[FileFormat] = mapped_column(String(4))
    delivery: Mapped[Delivery] = mapped_column(String(10))
    event_id: Mapped[UUID | None]
    category_id: Mapped[UUID | None]
    status: Mapped[str | None] = mapped_column(String(20))
    since: Mapped[UUID | None]
    registration_ids: Mapped[list[UUID] | None] = mapped_column(ARRAY(Uuid()), deferred=True, deferred_raiseload=True)
    chosen: Mapped[int | None]
    requested_by: Mapped[UUID]
    requested_at: Mapped[datetime]
    idempotency_key: Mapped[str | None] = mapped_column(String(255))
    request_hash: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[State] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(String(30))
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    lease: Mapped[UUID | None]
    available_at: Mapped[datetime]
    rows: Mapped[int | None] = mapped_column(BigInteger)
    bytes: Mapped[int | None] = mapped_column(BigInteger)
    pieces: Mapped[int | None]
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    downloads: Mapped[int] = mapped_column(server_default="0")
    last_downloaded_by: Mapped[UUID | None]
    last_downloaded_at: Mapped[datetime | None]

    __table_args__ = (
        _one_of("kind", Kind),
        _one_of("format", FileFormat),
        _one_of("delivery", Delivery),
        _one_of("state", State),
        CheckConstraint("state <> 'done' OR (rows IS NOT NULL AND finished_at IS NOT NULL)", name="done"),
        CheckConstraint(
            "state <> 'done' OR delivery = 'direct' OR (pieces IS NOT NULL AND expires_at IS NOT NULL)", name="file"
        ),
        Index("ix_exports_event", "event_id", "id"),
        Index("ix_exports_open", "available_at", postgresql_where=text("state IN ('waiting', 'running')")),
        Index(
            "uq_exports_idempotency_key",
            "requested_by",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
    )


class CountedJerseys(Base):
    """The jerseys that an attempt of an export counted, a thousand per row, in the order of BIBs.

    A later export is compared with them. They contain no names.
    """

    __tablename__ = "export_jerseys"

    export_id: Mapped[UUID] = mapped_column(ForeignKey("exports.id", ondelete="CASCADE"), primary_key=True)
    attempt: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    bib_numbers: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    jerseys: Mapped[list[str]] = mapped_column(ARRAY(Text))

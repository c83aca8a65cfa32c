"""The common tables of every service."""

from datetime import datetime
from typing import Any
from uuid import UUID

from faststream_outbox import make_dlq_table, make_outbox_table
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Table,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

OUTBOX_QUEUE = "events"
RETRY_QUEUE = "retries"

LEASE_SECONDS = 5.0
"""Seconds after which other processes may claim a row that a process claimed from the outbox or the retries.

A process that is killed delays its rows by this and by the two seconds between polls, so by less than ten. The lease
does not limit the work itself: a retried event keeps its lease until it is done (`chassis.leases`); an event that takes
longer to publish is published twice, which subscribers ignore. Only the newest lease stores an outcome.
"""

PROCESSED_DAYS = 30
"""Days for which a service recognises an event that it handled before; its row in `processed_events` is kept."""

SENT_EVENTS_DAYS = 7
LONGEST_SENT_EVENTS_DAYS = PROCESSED_DAYS // 2
"""Days for which an event is kept after it was sent, by default and at most.

A subscriber may have handled an event long before it counts as sent, which needs all subscribers. Half of
`PROCESSED_DAYS` leaves as much time for that, so that an event that is sent again never takes effect twice.
"""

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

TYPES: dict[Any, Any] = {
    datetime: DateTime(timezone=True),
    UUID: Uuid(),
    dict[str, Any]: JSONB(),
}
"""Column types of Python types, for a service's declarative base."""

Money = Numeric(12, 2)


class ServiceTables:
    """Outbox, sent events, retries, dead letters, processed events, audit log and ended sessions of a service."""

    def __init__(self, metadata: MetaData) -> None:
        self.metadata = metadata
        self.outbox = make_outbox_table(metadata, "outbox")
        # A trigger of the outbox fills it; its partitions, one for each day, are made and dropped in the database.
        self.sent = Table(
            "sent_events",
            metadata,
            Column("sent_at", DateTime(timezone=True), primary_key=True),
            Column("message_id", Uuid, primary_key=True),
            Column("type", String(100), nullable=False),
            Column("payload", LargeBinary, nullable=False),
            Column("headers", JSONB),
            postgresql_partition_by="RANGE (sent_at)",
        )
        self.retries = make_outbox_table(metadata, "event_retries")
        self.dead_letters = make_dlq_table(metadata, "dead_letters")
        self.processed = Table(
            "processed_events",
            metadata,
            Column("event_id", Uuid, primary_key=True),
            Column("type", String(100), nullable=False),
            Column("processed_at", DateTime(timezone=True), nullable=False, server_default=func.now(), index=True),
        )
        self.audit_log = Table(
            "audit_log",
            metadata,
            Column("id", BigInteger, Identity(always=True), primary_key=True),
            Column("at", DateTime(timezone=True), nullable=False, index=True),
            Column("actor", String(100), nullable=False),
            Column("action", String(100), nullable=False),
            Column("subject", String(100), nullable=False),
            Column("details", JSONB, nullable=False),
            Column("correlation_id", String(64), nullable=False),
            # Each filter of the list, in the order of the list.
            Index("ix_audit_log_actor_newest", "actor", "at", "id"),
            Index("ix_audit_log_action_newest", "action", "at", "id"),
            Index("ix_audit_log_group_newest", text("split_part(action::text, '.'::text, 1)"), "at", "id"),
            Index("ix_audit_log_subject_newest", "subject", "at", "id"),
        )
        self.ended_sessions = Table(
            "ended_sessions",
            metadata,
            Column("session_id", Uuid, primary_key=True),
            Column("until", DateTime(timezone=True), nullable=False),
        )


def signing_keys_table(metadata: MetaData) -> Table:
    """Return the `signing_keys` table of a service that issues tokens. A unique index allows one current key."""
    return Table(
        "signing_keys",
        metadata,
        Column("kid", String(64), primary_key=True),
        Column("sealed_private_key", String, nullable=False),
        Column("public_key", JSONB, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False),
        Column("is_current", Boolean, nullable=False),
        Column("verifies_until", DateTime(timezone=True), nullable=True),
        Index("uq_signing_keys_is_current", "is_current", unique=True, postgresql_where=text("is_current")),
    )


def set_aside_table(metadata: MetaData) -> Table:
    """Return the `set_aside` table of a service with jobs that set aside what they fail for (`chassis.aside`).

    An item is retried after `retry_at` and deleted here once it succeeds.
    """
    return Table(
        "set_aside",
        metadata,
        Column("job", String(30), primary_key=True),
        Column("subject_id", Uuid, primary_key=True),
        Column("reason", String(200), nullable=False),
        Column("since", DateTime(timezone=True), nullable=False),
        Column("retry_at", DateTime(timezone=True), nullable=False),
    )


def image_orphans_table(metadata: MetaData) -> Table:
    """Return the `image_orphans` table of a service that stores images: those without a row (`chassis.images.sweep`).

    `seen_at` is the time of the first sweep that saw the image.
    """
    return Table(
        "image_orphans",
        metadata,
        Column("path", String(255), primary_key=True),
        Column("seen_at", DateTime(timezone=True), nullable=False),
    )


def new_metadata() -> MetaData:
    """Return metadata with the naming convention of constraints, which migrations rely on."""
    return MetaData(naming_convention=NAMING)

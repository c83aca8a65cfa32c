"""The outbound queue, which is also the log: messages, attempts and delivery reports."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column

from notification.base import Base
from notification.channels.port import Outcome
from notification.messages.rules import EVENT_TYPES
from notification.queue.rules import Status


class Notification(Base):
    """One message to one participant on one channel, or requested links to a contact. The text is composed when sent.

    Attributes:
        dedupe_key: identifies what the message is about, so that a repeated event adds no second one.
        resend_of: the message that this one is a copy of.
        event_id: the race of its contact, kept by triggers.
        recipient: the address of requested links; null for others, which use the participant's current address.
        context: data for the text that the contact does not contain.
        deadline: until when the message should be sent, null for no limit; those `BEFORE_THE_RACE` may be sent later.
        payment_news: number of this message among those about the registration's payments, from 1.
        behind: whether it failed and goes after all others that are due.
        troubled_after: how many messages the sender had sent when this one failed first.
        lease, leased_until: the claim of a worker.
    """

    __tablename__ = "notifications"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    dedupe_key: Mapped[str] = mapped_column(String(300), unique=True)
    resend_of: Mapped[UUID | None] = mapped_column(ForeignKey("notifications.id", ondelete="CASCADE"))
    registration_id: Mapped[UUID | None] = mapped_column(ForeignKey("contacts.registration_id", ondelete="CASCADE"))
    participant_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("contact_participants.participant_id", ondelete="CASCADE")
    )
    event_id: Mapped[UUID | None]
    recipient: Mapped[str | None] = mapped_column(String(255))
    channel: Mapped[str] = mapped_column(String(20))
    event_type: Mapped[str] = mapped_column(String(50))
    priority: Mapped[int] = mapped_column(SmallInteger)
    status: Mapped[Status] = mapped_column(String(20))
    context: Mapped[dict[str, Any]]
    retry_count: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    next_attempt_at: Mapped[datetime]
    deadline: Mapped[datetime | None]
    payment_news: Mapped[int | None] = mapped_column(SmallInteger)
    behind: Mapped[bool] = mapped_column(server_default=text("false"))
    troubled_after: Mapped[int | None] = mapped_column(BigInteger)
    lease: Mapped[UUID | None]
    leased_until: Mapped[datetime | None]
    provider_id: Mapped[str | None] = mapped_column(String(100))
    failed_reason: Mapped[str | None] = mapped_column(String(500))
    sent_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("channel IN ('whatsapp', 'email')", name="channel"),
        CheckConstraint(f"event_type IN ({EVENT_TYPES})", name="event_type"),
        CheckConstraint(
            "CASE WHEN event_type = 'access.links_requested'"
            " THEN registration_id IS NULL AND participant_id IS NULL AND recipient IS NOT NULL"
            " ELSE registration_id IS NOT NULL AND participant_id IS NOT NULL AND recipient IS NULL END",
            name="addressed",
        ),
        CheckConstraint(f"status IN ({', '.join(repr(status.value) for status in Status)})", name="status"),
        CheckConstraint(
            "status <> 'sending' OR (lease IS NOT NULL AND leased_until IS NOT NULL)", name="sending_leased"
        ),
        CheckConstraint("status NOT IN ('sent', 'delivered') OR sent_at IS NOT NULL", name="sent_has_time"),
        CheckConstraint(
            "status NOT IN ('failed', 'unknown', 'skipped') OR failed_reason IS NOT NULL", name="has_reason"
        ),
        Index(
            "ix_notifications_line",
            "channel",
            "priority",
            "created_at",
            "id",
            postgresql_where=text("status = 'pending' AND NOT behind"),
        ),
        Index(
            "ix_notifications_urgent",
            "channel",
            "deadline",
            "id",
            postgresql_where=text("status = 'pending' AND NOT behind AND deadline IS NOT NULL"),
        ),
        Index(
            "ix_notifications_turn",
            "channel",
            "behind",
            "next_attempt_at",
            "id",
            postgresql_where=text("status = 'pending'"),
        ),
        Index("ix_notifications_sending", "leased_until", postgresql_where=text("status = 'sending'")),
        Index("ix_notifications_newest", text("created_at DESC"), text("id DESC")),
        Index("ix_notifications_status_newest", "status", text("created_at DESC"), text("id DESC")),
        Index("ix_notifications_channel_status_newest", "channel", "status", text("created_at DESC"), text("id DESC")),
        Index("ix_notifications_event_type_newest", "event_type", text("created_at DESC"), text("id DESC")),
        Index(
            "ix_notifications_event_newest",
            "event_id",
            text("created_at DESC"),
            text("id DESC"),
            postgresql_where=text("event_id IS NOT NULL"),
        ),
        Index("ix_notifications_sent_at", "channel", "sent_at", postgresql_where=text("sent_at IS NOT NULL")),
        Index("ix_notifications_registration", "registration_id"),
        Index("ix_notifications_participant", "participant_id"),
        Index("ix_notifications_resend_of", "resend_of", postgresql_where=text("resend_of IS NOT NULL")),
        Index("ix_notifications_links", "created_at", postgresql_where=text("recipient IS NOT NULL")),
        Index("ix_notifications_provider", "provider_id", postgresql_where=text("provider_id IS NOT NULL")),
    )


class DeliveryAttempt(Base):
    """An attempt, inserted before the provider is called. Without an outcome it is under way, or its worker died.

    `recipient` is the address used, `provider_id` the provider's id of the message; null in rows of older releases.
    """

    __tablename__ = "delivery_attempts"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    notification_id: Mapped[UUID] = mapped_column(ForeignKey("notifications.id", ondelete="CASCADE"), index=True)
    recipient: Mapped[str | None] = mapped_column(String(255))
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[Outcome | None] = mapped_column(String(20))
    detail: Mapped[str | None] = mapped_column(String(500))
    provider_id: Mapped[str | None] = mapped_column(String(100))

    __table_args__ = (
        CheckConstraint(f"outcome IN ({', '.join(repr(outcome.value) for outcome in Outcome)})", name="outcome"),
        CheckConstraint("(outcome IS NULL) = (finished_at IS NULL)", name="finished_has_outcome"),
        Index(
            "uq_delivery_attempts_under_way",
            "notification_id",
            unique=True,
            postgresql_where=text("outcome IS NULL"),
        ),
    )


class DeliveryReport(Base):
    """The progress of a message by delivery reports, which may arrive before its `provider_id` is recorded.

    The first report contains `state_id` and `provider_id`, later ones only `state_id`.
    """

    __tablename__ = "delivery_reports"

    state_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    provider_id: Mapped[str | None] = mapped_column(String(100))
    progress: Mapped[int | None] = mapped_column(SmallInteger)
    word: Mapped[str | None] = mapped_column(String(50))
    updated_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("progress IN (10, 20, 30)", name="progress"),
        Index("ix_delivery_reports_provider_id", "provider_id"),
        Index("ix_delivery_reports_updated_at", "updated_at"),
    )

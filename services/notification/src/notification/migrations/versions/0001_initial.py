"""Contacts, the outbound queue with its attempts, senders, settings, templates and delivery reports."""

import sqlalchemy as sa
from alembic import op
from chassis.migrations.service_tables import create_service_tables, drop_service_tables
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TZ = sa.DateTime(timezone=True)
_CHANNELS = "'whatsapp', 'email'"
_EVENT_TYPES = (
    "'registration.created', 'payment.uploaded', 'payment.rejected',"
    " 'registration.confirmed', 'registration.expired', 'registration.cancelled'"
)


def upgrade() -> None:
    create_service_tables()
    _contacts()
    _notifications()
    _delivery_attempts()
    _senders()
    _notification_settings()
    _templates()
    _delivery_reports()


def downgrade() -> None:
    for table in (
        "delivery_reports",
        "templates",
        "notification_settings",
        "senders",
        "delivery_attempts",
        "notifications",
        "contact_participants",
        "contacts",
    ):
        op.drop_table(table)
    drop_service_tables()


def _contacts() -> None:
    op.create_table(
        "contacts",
        sa.Column("registration_id", sa.Uuid(), primary_key=True),
        sa.Column("registration_number", sa.String(50), nullable=False),
        sa.Column("event_name", sa.String(255), nullable=False),
        sa.Column("event_date", sa.Date(), nullable=False),
        sa.Column("event_location", sa.String(255), nullable=False),
        sa.Column("category_name", sa.String(255), nullable=False),
        sa.Column("total_amount", sa.Numeric(12, 2), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("expires_at", _TZ, nullable=False),
        sa.Column("stage", sa.String(20), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("payment_news_at", _TZ),
        sa.Column("created_at", _TZ, nullable=False),
        sa.CheckConstraint("stage IN ('created', 'confirmed', 'expired', 'cancelled')", name="stage"),
        sa.CheckConstraint("total_amount >= 0", name="total_amount"),
    )
    op.create_table(
        "contact_participants",
        sa.Column("participant_id", sa.Uuid(), primary_key=True),
        sa.Column("registration_id", sa.Uuid(), nullable=False, index=True),
        sa.Column("full_name", sa.String(255), nullable=False),
        sa.Column("email", sa.String(255), nullable=False),
        sa.Column("whatsapp", sa.String(20), nullable=False),
        sa.Column("is_pic", sa.Boolean(), nullable=False),
        sa.Column("bib_number", sa.Integer()),
        sa.Column("ticket_code", sa.String(32)),
        sa.ForeignKeyConstraint(["registration_id"], ["contacts.registration_id"], ondelete="CASCADE"),
        sa.CheckConstraint("(bib_number IS NULL) = (ticket_code IS NULL)", name="bib_with_ticket"),
    )


def _notifications() -> None:
    op.create_table(
        "notifications",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("dedupe_key", sa.String(300), nullable=False, unique=True),
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("event_type", sa.String(50), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("context", JSONB(), nullable=False),
        sa.Column("retry_count", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.Column("next_attempt_at", _TZ, nullable=False),
        sa.Column("lease", sa.Uuid()),
        sa.Column("leased_until", _TZ),
        sa.Column("provider_id", sa.String(100)),
        sa.Column("failed_reason", sa.String(500)),
        sa.Column("sent_at", _TZ),
        sa.Column("delivered_at", _TZ),
        sa.Column("created_at", _TZ, nullable=False),
        sa.Column("updated_at", _TZ, nullable=False),
        sa.ForeignKeyConstraint(["registration_id"], ["contacts.registration_id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["participant_id"], ["contact_participants.participant_id"], ondelete="CASCADE"),
        sa.CheckConstraint(f"channel IN ({_CHANNELS})", name="channel"),
        sa.CheckConstraint(f"event_type IN ({_EVENT_TYPES})", name="event_type"),
        sa.CheckConstraint(
            "status IN ('pending', 'sending', 'sent', 'delivered', 'failed', 'unknown', 'skipped')", name="status"
        ),
        sa.CheckConstraint(
            "status <> 'sending' OR (lease IS NOT NULL AND leased_until IS NOT NULL)", name="sending_leased"
        ),
        sa.CheckConstraint("status NOT IN ('sent', 'delivered') OR sent_at IS NOT NULL", name="sent_has_time"),
        sa.CheckConstraint(
            "status NOT IN ('failed', 'unknown', 'skipped') OR failed_reason IS NOT NULL", name="has_reason"
        ),
    )
    newest = [sa.text("created_at DESC"), sa.text("id DESC")]
    op.create_index(
        "ix_notifications_due",
        "notifications",
        ["channel", "priority", "created_at", "id"],
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        "ix_notifications_sending",
        "notifications",
        ["leased_until"],
        postgresql_where=sa.text("status = 'sending'"),
    )
    op.create_index("ix_notifications_newest", "notifications", newest)
    op.create_index("ix_notifications_status_newest", "notifications", ["status", *newest])
    op.create_index("ix_notifications_registration", "notifications", ["registration_id"])
    op.create_index("ix_notifications_participant", "notifications", ["participant_id"])
    op.create_index(
        "ix_notifications_provider",
        "notifications",
        ["provider_id"],
        postgresql_where=sa.text("provider_id IS NOT NULL"),
    )


def _delivery_attempts() -> None:
    op.create_table(
        "delivery_attempts",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("notification_id", sa.Uuid(), nullable=False, index=True),
        sa.Column("started_at", _TZ, nullable=False),
        sa.Column("finished_at", _TZ),
        sa.Column("outcome", sa.String(20)),
        sa.Column("detail", sa.String(500)),
        sa.ForeignKeyConstraint(["notification_id"], ["notifications.id"], ondelete="CASCADE"),
        sa.CheckConstraint(
            "outcome IN ('sent', 'temporary', 'permanent', 'sender_trouble', 'unknown')", name="outcome"
        ),
        sa.CheckConstraint("(outcome IS NULL) = (finished_at IS NULL)", name="finished_has_outcome"),
    )
    op.create_index(
        "uq_delivery_attempts_under_way",
        "delivery_attempts",
        ["notification_id"],
        unique=True,
        postgresql_where=sa.text("outcome IS NULL"),
    )


def _senders() -> None:
    op.create_table(
        "senders",
        sa.Column("channel", sa.String(20), primary_key=True),
        sa.Column("enabled", sa.Boolean(), nullable=False, server_default=sa.text("true")),
        sa.Column("recent", ARRAY(_TZ), nullable=False, server_default=sa.text("'{}'")),
        sa.Column("last_sent_at", _TZ),
        sa.Column("paused_until", _TZ),
        sa.Column("troubles", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("trouble", sa.String(500)),
        sa.Column("trouble_since", _TZ),
        sa.CheckConstraint(f"channel IN ({_CHANNELS})", name="channel"),
        sa.CheckConstraint("(troubles = 0) = (trouble IS NULL)", name="trouble_has_reason"),
    )
    op.execute("INSERT INTO senders (channel) VALUES ('whatsapp'), ('email')")


def _notification_settings() -> None:
    op.create_table(
        "notification_settings",
        sa.Column("id", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("default_locale", sa.String(5)),
        sa.Column("whatsapp_enabled", sa.Boolean()),
        sa.Column("whatsapp_delay_seconds", sa.Integer()),
        sa.Column("whatsapp_max_per_minute", sa.Integer()),
        sa.Column("whatsapp_retry_limit", sa.SmallInteger()),
        sa.Column("fonnte_device_id", sa.String(255)),
        sa.Column("fonnte_api_key", sa.String()),
        sa.Column("email_enabled", sa.Boolean()),
        sa.Column("email_delay_seconds", sa.Integer()),
        sa.Column("email_max_per_minute", sa.Integer()),
        sa.Column("email_retry_limit", sa.SmallInteger()),
        sa.Column("email_from_address", sa.String(255)),
        sa.Column("email_from_name", sa.String(255)),
        sa.Column("smtp_host", sa.String(255)),
        sa.Column("smtp_port", sa.Integer()),
        sa.Column("smtp_username", sa.String(255)),
        sa.Column("smtp_password", sa.String()),
        sa.Column("smtp_security", sa.String(10)),
        sa.Column("updated_at", _TZ),
        sa.CheckConstraint("id = 1", name="one_row"),
        sa.CheckConstraint("default_locale IN ('id', 'en')", name="default_locale"),
        sa.CheckConstraint("whatsapp_delay_seconds BETWEEN 0 AND 3600", name="whatsapp_delay_seconds"),
        sa.CheckConstraint("whatsapp_max_per_minute BETWEEN 1 AND 600", name="whatsapp_max_per_minute"),
        sa.CheckConstraint("whatsapp_retry_limit BETWEEN 0 AND 20", name="whatsapp_retry_limit"),
        sa.CheckConstraint("email_delay_seconds BETWEEN 0 AND 3600", name="email_delay_seconds"),
        sa.CheckConstraint("email_max_per_minute BETWEEN 1 AND 600", name="email_max_per_minute"),
        sa.CheckConstraint("email_retry_limit BETWEEN 0 AND 20", name="email_retry_limit"),
        sa.CheckConstraint("smtp_port BETWEEN 1 AND 65535", name="smtp_port"),
        sa.CheckConstraint("smtp_security IN ('starttls', 'tls', 'none')", name="smtp_security"),
    )
    op.execute("INSERT INTO notification_settings (id) VALUES (1)")


def _templates() -> None:
    op.create_table(
        "templates",
        sa.Column("event_type", sa.String(50), primary_key=True),
        sa.Column("channel", sa.String(20), primary_key=True),
        sa.Column("locale", sa.String(5), primary_key=True),
        sa.Column("subject", sa.String(255)),
        sa.Column("body", sa.String(5000), nullable=False),
        sa.Column("updated_at", _TZ, nullable=False),
        sa.CheckConstraint(f"event_type IN ({_EVENT_TYPES})", name="event_type"),
        sa.CheckConstraint(f"channel IN ({_CHANNELS})", name="channel"),
        sa.CheckConstraint("locale IN ('id', 'en')", name="locale"),
        sa.CheckConstraint("(channel = 'email') = (subject IS NOT NULL)", name="mail_has_subject"),
        sa.CheckConstraint("body <> ''", name="body"),
    )


def _delivery_reports() -> None:
    op.create_table(
        "delivery_reports",
        sa.Column("state_id", sa.String(100), primary_key=True),
        sa.Column("provider_id", sa.String(100)),
        sa.Column("progress", sa.SmallInteger()),
        sa.Column("word", sa.String(50)),
        sa.Column("updated_at", _TZ, nullable=False),
        sa.CheckConstraint("progress IN (10, 20, 30)", name="progress"),
    )
    op.create_index("ix_delivery_reports_provider_id", "delivery_reports", ["provider_id"])
    op.create_index("ix_delivery_reports_updated_at", "delivery_reports", ["updated_at"])

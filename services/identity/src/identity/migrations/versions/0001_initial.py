"""Staff, their sessions, and the count of failed logins."""

import sqlalchemy as sa
from alembic import op
from chassis.migrations.service_tables import create_service_tables, create_signing_keys, drop_service_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TZ = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_service_tables()
    create_signing_keys()
    _staff()
    _sessions()
    op.create_table(
        "login_throttles",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_attempt_at", _TZ, nullable=False, index=True),
        sa.Column("blocked_until", _TZ, nullable=False),
        sa.CheckConstraint("attempts >= 0", name="attempts"),
    )


def downgrade() -> None:
    for table in ("login_throttles", "refresh_tokens", "sessions", "staff", "signing_keys"):
        op.drop_table(table)
    drop_service_tables()


def _staff() -> None:
    op.create_table(
        "staff",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("email", sa.String(255), nullable=False),
        sa.Column("password_hash", sa.String(255), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", _TZ, nullable=False),
        sa.Column("updated_at", _TZ, nullable=False),
        sa.CheckConstraint("name <> ''", name="name_not_empty"),
        sa.CheckConstraint("email LIKE '%_@_%'", name="email_form"),
        sa.CheckConstraint("password_hash LIKE '$argon2id$%'", name="password_hashed"),
        sa.CheckConstraint("role IN ('owner', 'admin', 'finance', 'checkin', 'viewer')", name="role"),
    )
    op.create_index("uq_staff_email", "staff", [sa.text("lower(email)")], unique=True)


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("staff_id", sa.Uuid(), sa.ForeignKey("staff.id", ondelete="CASCADE"), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("created_at", _TZ, nullable=False),
        sa.Column("last_used_at", _TZ, nullable=False),
        sa.Column("expires_at", _TZ, nullable=False, index=True),
        sa.Column("ended_at", _TZ),
        sa.Column("end_reason", sa.String(20)),
        sa.CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="end_has_reason"),
        sa.CheckConstraint("expires_at > created_at", name="expires_after_creation"),
    )
    op.create_index("ix_sessions_staff_id_source", "sessions", ["staff_id", "source"])
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column(
            "session_id", sa.Uuid(), sa.ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False, index=True
        ),
        sa.Column("created_at", _TZ, nullable=False),
        sa.Column("used_at", _TZ),
    )
    # A session never forks: of its tokens at most one is unused.
    op.create_index(
        "uq_refresh_tokens_unused",
        "refresh_tokens",
        ["session_id"],
        unique=True,
        postgresql_where=sa.text("used_at IS NULL"),
    )

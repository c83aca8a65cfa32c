"""Sessions of staff in the console."""

import sqlalchemy as sa
from alembic import op
from chassis.migrations.service_tables import (
    create_ended_sessions,
    create_service_tables,
    drop_ended_sessions,
    drop_service_tables,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TZ = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_service_tables()
    create_ended_sessions()
    op.create_table(
        "web_sessions",
        sa.Column("key_hash", sa.String(64), primary_key=True),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False, index=True),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("access_until", _TZ, nullable=False),
        sa.Column("renewed_until", _TZ),
        sa.Column("device", sa.String(200), nullable=False),
        sa.Column("created_at", _TZ, nullable=False),
        sa.Column("used_at", _TZ, nullable=False),
        sa.Column("ends_at", _TZ, nullable=False, index=True),
        sa.UniqueConstraint("session_id"),
        sa.CheckConstraint("ends_at > created_at", name="ends_after_creation"),
    )


def downgrade() -> None:
    op.drop_table("web_sessions")
    drop_ended_sessions()
    drop_service_tables()

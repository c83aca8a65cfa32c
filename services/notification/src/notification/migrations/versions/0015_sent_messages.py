"""Messages as they were sent, and what a sender did last. Everything may be run again."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_COLUMNS = {
    "delivery_attempts": {"provider_id": "varchar(100)"},
    "senders": {
        "succeeded_at": "timestamptz",
        "failed_at": "timestamptz",
        "failure": "varchar(500)",
        "tested_at": "timestamptz",
    },
}


def upgrade() -> None:
    for table, columns in _COLUMNS.items():
        for name, kind in columns.items():
            op.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {name} {kind}")
    op.create_table(
        "sent_messages",
        sa.Column(
            "attempt_id",
            sa.Uuid(),
            sa.ForeignKey("delivery_attempts.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("recipient_hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(recipient_hash) = 32", name="recipient_hash"),
        if_not_exists=True,
    )
    # What is sealed cannot be compressed: trying costs time with each message.
    op.execute("ALTER TABLE sent_messages ALTER COLUMN sealed SET STORAGE EXTERNAL")
    for name in ("recipient_hash", "kept_at"):
        op.create_index(f"ix_sent_messages_{name}", "sent_messages", [name], if_not_exists=True)


def downgrade() -> None:
    op.drop_table("sent_messages")
    for table, columns in _COLUMNS.items():
        for name in columns:
            op.execute(f"ALTER TABLE {table} DROP COLUMN IF EXISTS {name}")

"""Exports: who took which file, files that the worker writes, and the jerseys that an export counted.

A process of the previous release neither reads nor writes them.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_TZ = sa.DateTime(timezone=True)
_VALUES = {
    "kind": ("participants", "jerseys", "bibs", "timing", "insurance"),
    "format": ("csv", "xlsx"),
    "delivery": ("direct", "file"),
    "state": ("waiting", "running", "done", "failed"),
}


def upgrade() -> None:
    op.create_table(
        "exports",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("format", sa.String(4), nullable=False),
        sa.Column("delivery", sa.String(10), nullable=False),
        sa.Column("event_id", sa.Uuid()),
        sa.Column("category_id", sa.Uuid()),
        sa.Column("status", sa.String(20)),
        sa.Column("since", sa.Uuid()),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", _TZ, nullable=False),
        sa.Column("idempotency_key", sa.String(255)),
        sa.Column("request_hash", sa.String(64)),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(30)),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("lease", sa.Uuid()),
        sa.Column("available_at", _TZ, nullable=False),
        sa.Column("rows", sa.BigInteger()),
        sa.Column("bytes", sa.BigInteger()),
        sa.Column("pieces", sa.Integer()),
        sa.Column("finished_at", _TZ),
        sa.Column("expires_at", _TZ),
        sa.Column("downloads", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_downloaded_by", sa.Uuid()),
        sa.Column("last_downloaded_at", _TZ),
        *(
            sa.CheckConstraint(f"{column} IN ({', '.join(map(repr, values))})", name=column)
            for column, values in _VALUES.items()
        ),
        sa.CheckConstraint("state <> 'done' OR (rows IS NOT NULL AND finished_at IS NOT NULL)", name="done"),
        sa.CheckConstraint(
            "state <> 'done' OR delivery = 'direct' OR (pieces IS NOT NULL AND expires_at IS NOT NULL)", name="file"
        ),
    )
    op.create_index("ix_exports_event", "exports", ["event_id", "id"])
    op.create_index(
        "ix_exports_open", "exports", ["available_at"], postgresql_where=sa.text("state IN ('waiting', 'running')")
    )
    op.create_index(
        "uq_exports_idempotency_key",
        "exports",
        ["requested_by", "idempotency_key"],
        unique=True,
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    )
    op.create_table(
        "export_jerseys",
        sa.Column("export_id", sa.Uuid(), sa.ForeignKey("exports.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("attempt", sa.SmallInteger(), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("bib_numbers", ARRAY(sa.Integer()), nullable=False),
        sa.Column("jerseys", ARRAY(sa.Text()), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("export_jerseys")
    op.drop_table("exports")

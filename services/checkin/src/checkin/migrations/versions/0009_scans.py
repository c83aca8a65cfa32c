"""Scans that devices made without a network, and what became of them."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_HANDED_OVER: Mapping[str, TypeEngine[Any]] = {
    "collected_by": sa.String(255),
    "letter_seen": sa.Boolean(),
    "identity_seen": sa.Boolean(),
    "handed_size": sa.String(50),
}


def upgrade() -> None:
    for name, kind in _HANDED_OVER.items():
        op.add_column("checkins", sa.Column(name, kind))
    op.add_column("devices", sa.Column("clock_offset_seconds", sa.Integer()))
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "scans",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(100), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("station_name", sa.String(255), nullable=False),
        sa.Column("location_name", sa.String(255), nullable=False),
        sa.Column("participant_id", sa.Uuid()),
        sa.Column("scanned_at", moment, nullable=False),
        sa.Column("received_at", moment, nullable=False),
        *(sa.Column(name, kind) for name, kind in _HANDED_OVER.items()),
        sa.Column("result", sa.String(20), nullable=False),
        sa.Column("conflict", sa.String(20)),
        sa.Column("resolved_at", moment),
        sa.Column("resolved_by", sa.String(100)),
        sa.Column("resolution", sa.String(1000)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scans")),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_scans_device_id")),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=op.f("fk_scans_station_id")),
        sa.ForeignKeyConstraint(["participant_id"], ["roster.participant_id"], name=op.f("fk_scans_participant_id")),
    )
    op.create_index("uq_scans_device_id_key", "scans", ["device_id", "key"], unique=True)
    op.create_index("ix_scans_participant_id", "scans", ["participant_id"])
    open_conflict = sa.text("conflict IS NOT NULL AND resolved_at IS NULL")
    op.create_index("ix_scans_open_conflicts", "scans", ["received_at", "id"], postgresql_where=open_conflict)
    resolved = sa.text("conflict IS NOT NULL AND resolved_at IS NOT NULL")
    op.create_index("ix_scans_resolved_conflicts", "scans", ["received_at", "id"], postgresql_where=resolved)


def downgrade() -> None:
    op.drop_table("scans")
    op.drop_column("devices", "clock_offset_seconds")
    for name in _HANDED_OVER:
        op.drop_column("checkins", name)

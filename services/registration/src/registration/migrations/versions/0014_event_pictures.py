"""Pictures of events, and images without a row.

A process of the previous release neither reads nor writes them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "event_pictures",
        sa.Column("event_id", sa.Uuid(), sa.ForeignKey("events.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("kind", sa.String(10), primary_key=True),
        sa.Column("name", sa.String(20), primary_key=True),
        sa.Column("version", sa.String(20), nullable=False),
        sa.Column("path", sa.String(255), nullable=False, unique=True),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('banner', 'logo')", name="kind"),
        sa.CheckConstraint("width > 0 AND height > 0", name="size"),
    )
    op.create_table(
        "image_orphans",
        sa.Column("path", sa.String(255), primary_key=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("image_orphans")
    op.drop_table("event_pictures")

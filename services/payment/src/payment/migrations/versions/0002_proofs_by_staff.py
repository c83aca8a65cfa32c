"""Who sent a proof, and which registrations have an upload in progress."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("payments", sa.Column("submitted_by", sa.String(50), nullable=False, server_default="runner"))
    # Valid from 0005 on: to read every row here would hold up all payments.
    op.create_check_constraint(
        "submitted_by",
        "payments",
        "submitted_by = 'runner' OR submitted_by ~ '^staff:[0-9a-f-]{36}$'",
        postgresql_not_valid=True,
    )
    op.create_table(
        "proof_uploads",
        sa.Column("registration_id", sa.Uuid(), sa.ForeignKey("invoices.registration_id"), primary_key=True),
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("proof_uploads")
    op.drop_constraint("submitted_by", "payments", type_="check")
    op.drop_column("payments", "submitted_by")

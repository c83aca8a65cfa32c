"""Runners, effects, and a constraint that is only checked at COMMIT."""

import sqlalchemy as sa
from alembic import op
from chassis.migrations.service_tables import (
    create_ended_sessions,
    create_service_tables,
    create_signing_keys,
    drop_ended_sessions,
    drop_service_tables,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_service_tables()
    create_signing_keys()
    create_ended_sessions()
    op.create_table(
        "runners",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("email", sa.String(50), nullable=False, unique=True),
        sa.Column("number", sa.Integer(), nullable=False),
    )
    op.create_table(
        "effects",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("event_id", sa.Uuid(), nullable=False),
    )
    op.execute(
        "CREATE FUNCTION refuse_at_commit() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'refused at commit'; END $$"
    )
    op.execute(
        "CREATE CONSTRAINT TRIGGER refused_at_commit AFTER INSERT ON runners DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW WHEN (NEW.number = 13) EXECUTE FUNCTION refuse_at_commit()"
    )


def downgrade() -> None:
    for table in ("effects", "runners", "signing_keys"):
        op.drop_table(table)
    op.execute("DROP FUNCTION refuse_at_commit()")
    drop_ended_sessions()
    drop_service_tables()

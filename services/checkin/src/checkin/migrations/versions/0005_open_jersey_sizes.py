"""The roster keeps any jersey size that registration names: a newer release of it may know more than this one."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint(op.f("ck_roster_jersey_size"), "roster", type_="check")
    op.alter_column("roster", "jersey_size", type_=sa.String(50), existing_type=sa.String(10), existing_nullable=False)


def downgrade() -> None:
    op.alter_column(
        "roster",
        "jersey_size",
        type_=sa.String(10),
        existing_type=sa.String(50),
        existing_nullable=False,
        postgresql_using="left(jersey_size, 10)",
    )
    # Rows with a newer size stay; only new ones are checked.
    op.execute(
        "ALTER TABLE roster ADD CONSTRAINT ck_roster_jersey_size"
        " CHECK (jersey_size IN ('xs', 's', 'm', 'l', 'xl', 'xxl', 'xxxl')) NOT VALID"
    )

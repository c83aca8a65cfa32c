"""Counts of registrations by category and status, kept by triggers, so that statistics do not count a million rows."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ADD = """
    INSERT INTO registration_counts (race_category_id, status, registrations, participants, amount)
    SELECT race_category_id, status, sum(sign), sum(sign * total_participants), sum(sign * total_amount)
      FROM ({changes}) AS change
     GROUP BY race_category_id, status
    HAVING sum(sign) <> 0 OR sum(sign * total_participants) <> 0 OR sum(sign * total_amount) <> 0
"""
_ADDED = "SELECT 1 AS sign, race_category_id, status, total_participants, total_amount FROM added"
_REMOVED = "SELECT -1 AS sign, race_category_id, status, total_participants, total_amount FROM removed"

_TRIGGERS = {
    "insert": ("NEW TABLE AS added", _ADDED),
    "update": ("OLD TABLE AS removed NEW TABLE AS added", f"{_ADDED} UNION ALL {_REMOVED}"),
    "delete": ("OLD TABLE AS removed", _REMOVED),
}


def upgrade() -> None:
    op.create_table(
        "registration_counts",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("race_category_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("registrations", sa.BigInteger(), nullable=False),
        sa.Column("participants", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Numeric(), nullable=False),
    )
    # No row may change between the first count and the creation of the triggers.
    op.execute("LOCK TABLE registrations IN SHARE ROW EXCLUSIVE MODE")
    op.execute(_ADD.format(changes=_ADDED.replace("FROM added", "FROM registrations")))
    for event, (tables, changes) in _TRIGGERS.items():
        op.execute(
            f"CREATE FUNCTION registrations_counted_on_{event}() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN {_ADD.format(changes=changes)}; RETURN NULL; END $$"
        )
        op.execute(
            f"CREATE TRIGGER registrations_counted_on_{event} AFTER {event} ON registrations REFERENCING {tables}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION registrations_counted_on_{event}()"
        )


def downgrade() -> None:
    for event in _TRIGGERS:
        op.execute(f"DROP TRIGGER registrations_counted_on_{event} ON registrations")
        op.execute(f"DROP FUNCTION registrations_counted_on_{event}()")
    op.drop_table("registration_counts")

"""The transaction in which what devices know of a participant changed last.

Triggers note it, so that it is right whichever release writes. Without a row nothing changed since this migration:
only devices of this release ask what changed, and their first snapshot is whole.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_NOTED = """
    INSERT INTO roster_changes (participant_id, event_id, changed_in)
    SELECT participant_id, event_id, pg_current_xact_id()::text::bigint FROM roster WHERE {} ORDER BY participant_id
    ON CONFLICT (participant_id) DO UPDATE SET event_id = excluded.event_id, changed_in = excluded.changed_in
     WHERE roster_changes.changed_in < excluded.changed_in
"""
_FUNCTIONS = {
    "note_roster_change": "participant_id = NEW.participant_id",
    "note_category_change": "category_id = NEW.id",
    "note_race_change": "event_id = NEW.id",
}
_TRIGGERS = {
    "roster_changed": "AFTER INSERT OR UPDATE ON roster FOR EACH ROW EXECUTE FUNCTION note_roster_change()",
    "checkins_changed": "AFTER INSERT OR UPDATE ON checkins FOR EACH ROW EXECUTE FUNCTION note_roster_change()",
    "categories_changed": (
        "AFTER INSERT OR UPDATE OF name ON categories FOR EACH ROW EXECUTE FUNCTION note_category_change()"
    ),
    "races_changed": "AFTER INSERT OR UPDATE OF name ON races FOR EACH ROW EXECUTE FUNCTION note_race_change()",
}


def upgrade() -> None:
    op.create_table(
        "roster_changes",
        sa.Column("participant_id", sa.Uuid(), primary_key=True),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("changed_in", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_roster_changes_event_id_changed_in", "roster_changes", ["event_id", "changed_in"])
    op.create_index("ix_roster_changes_changed_in", "roster_changes", ["changed_in"])
    for name, which in _FUNCTIONS.items():
        noted = _NOTED.format(which)
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {noted}; RETURN NULL; END $$"
        )
    for name, definition in _TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {name} {definition}")


def downgrade() -> None:
    for name, definition in _TRIGGERS.items():
        op.execute(f"DROP TRIGGER {name} ON {definition.partition(' ON ')[2].partition(' ')[0]}")
    for name in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}()")
    op.drop_table("roster_changes")

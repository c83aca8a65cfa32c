"""Names of races and categories, the race of a station, folded names.

Expands only: old and new code run side by side on it. `roster.event_name`, `roster.category_name` and
`roster.name_words` are still written for old code; a later release removes them, once no release that reads them runs
and no `roster.search_text` is null.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Ids of registrations grow with time: the latest one has the newest copy. Any event is newer than a copy.
_FILL = """
    WITH named AS (
        INSERT INTO races (id, name, revision)
        SELECT DISTINCT ON (event_id) event_id, event_name, -1 FROM roster ORDER BY event_id, registration_id DESC
    )
    INSERT INTO categories (id, name, revision)
    SELECT DISTINCT ON (category_id) category_id, category_name, -1 FROM roster
     ORDER BY category_id, registration_id DESC
"""


def upgrade() -> None:
    for table in ("races", "categories"):
        op.create_table(
            table,
            sa.Column("id", sa.Uuid(), nullable=False),
            sa.Column("name", sa.String(255), nullable=False),
            sa.Column("revision", sa.Integer(), nullable=False),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        )
    op.execute(_FILL)
    op.add_column("stations", sa.Column("event_id", sa.Uuid(), nullable=True))
    op.add_column("roster", sa.Column("search_text", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("roster", "search_text")
    op.drop_column("stations", "event_id")
    op.drop_table("categories")
    op.drop_table("races")

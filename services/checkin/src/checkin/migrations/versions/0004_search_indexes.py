"""Indexes over folded names and over names that are not folded yet, built while the roster is in use."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_WORDS = sa.text("array_to_tsvector(string_to_array(search_text, ' '::text))")


def upgrade() -> None:
    with op.get_context().autocommit_block():
        _drop()  # what an interrupted attempt left is not usable
        op.create_index(
            "ix_roster_search_words", "roster", [_WORDS], postgresql_using="gin", postgresql_concurrently=True
        )
        op.create_index(
            "ix_roster_unfolded",
            "roster",
            ["participant_id"],
            postgresql_where=sa.text("search_text IS NULL"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        _drop()


def _drop() -> None:
    for name in ("ix_roster_search_words", "ix_roster_unfolded"):
        op.drop_index(name, "roster", if_exists=True, postgresql_concurrently=True)

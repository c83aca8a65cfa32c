"""What the page of a race shows besides its description, and the words by which races are searched.

PostgreSQL computes the words of existing rows, too, while the table is locked: 3 ms for a race with the longest
description. Rows that the previous release writes get theirs from PostgreSQL as well.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_COLUMNS = {
    "rules": sa.String(),
    "pickup_info": sa.String(),
    "contact_whatsapp": sa.String(20),
    "brand_color": sa.String(7),
}
_FORMS = {"contact_whatsapp": "^[0-9]{7,15}$", "brand_color": "^#[0-9a-f]{6}$"}

_SEARCHED = (
    "name::text || ' '::text || COALESCE(description, ''::character varying)::text || ' '::text || location::text"
)
_LETTERS = f"translate(NORMALIZE({_SEARCHED}, NFKD), 'ØøĐđŁłĦħŦŧı'::text, 'OoDdLlHhTti'::text)"
_UNMARKED = rf"regexp_replace({_LETTERS}, '[\u0300-\u036f\u0027\u0060\u02bc\u2018\u2019]'::text, ''::text, 'g'::text)"
_BETWEEN = r"[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u2000-\u206f\u3000-\u303f]+"
_WORDS = f"to_tsvector('simple'::regconfig, regexp_replace({_UNMARKED}, '{_BETWEEN}'::text, ' '::text, 'g'::text))"


def upgrade() -> None:
    for name, kind in _COLUMNS.items():
        op.add_column("events", sa.Column(name, kind))
    for name, form in _FORMS.items():
        op.create_check_constraint(name, "events", f"{name} ~ '{form}'")
    op.add_column("events", sa.Column("search_words", TSVECTOR(), sa.Computed(_WORDS, persisted=True)))
    op.execute("CREATE INDEX ix_events_search_words ON events USING gin (search_words) WITH (fastupdate = off)")


def downgrade() -> None:
    op.drop_column("events", "search_words")
    for name in _COLUMNS:
        op.drop_column("events", name)

"""The waiting list: entries, their participants, and offered places."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TZ = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("category_places", sa.Column("offered", sa.Integer(), nullable=False, server_default="0"))
    _counts("burned >= 0 AND confirmed >= 0 AND offered >= 0 AND burned + confirmed + offered <= taken")
    _waitlist_entries()
    _waitlist_participants()


def downgrade() -> None:
    op.drop_table("waitlist_participants")
    op.drop_table("waitlist_entries")
    op.execute("UPDATE category_places SET taken = taken - offered, offered = 0 WHERE offered > 0")
    _counts("burned >= 0 AND confirmed >= 0 AND burned + confirmed <= taken")
    op.drop_column("category_places", "offered")


def _counts(rule: str) -> None:
    op.drop_constraint("counts", "category_places", type_="check")
    op.create_check_constraint("counts", "category_places", rule)


def _waitlist_entries() -> None:
    op.create_table(
        "waitlist_entries",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("turn", sa.BigInteger(), sa.Identity(), nullable=False, unique=True),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("race_category_id", sa.Uuid(), nullable=False),
        sa.Column("registration_type", sa.String(20), nullable=False),
        sa.Column("total_participants", sa.SmallInteger(), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("offered_at", _TZ),
        sa.Column("offer_expires_at", _TZ),
        sa.Column("reason", sa.String(500)),
        sa.Column("created_at", _TZ, nullable=False),
        sa.Column("updated_at", _TZ, nullable=False),
        sa.ForeignKeyConstraint(
            ["race_category_id", "event_id"], ["race_categories.id", "race_categories.event_id"], ondelete="RESTRICT"
        ),
        sa.CheckConstraint(
            "registration_type IN ('individual', 'collective_5', 'collective_10')", name="registration_type"
        ),
        sa.CheckConstraint(
            "total_participants ="
            " CASE registration_type WHEN 'individual' THEN 1 WHEN 'collective_5' THEN 5 ELSE 10 END",
            name="total_participants",
        ),
        sa.CheckConstraint(
            "status IN ('waiting', 'offered', 'accepted', 'expired', 'withdrawn', 'closed')", name="status"
        ),
        sa.CheckConstraint("(offered_at IS NULL) = (offer_expires_at IS NULL)", name="offer_has_end"),
        sa.CheckConstraint(
            "status NOT IN ('offered', 'accepted', 'expired') OR offered_at IS NOT NULL", name="offered"
        ),
        sa.CheckConstraint("status <> 'waiting' OR offered_at IS NULL", name="waiting"),
    )
    op.create_index(
        "ix_waitlist_entries_line",
        "waitlist_entries",
        ["race_category_id", "status", "turn"],
        postgresql_where=sa.text("status IN ('waiting', 'offered')"),
    )
    op.create_index("ix_waitlist_entries_category", "waitlist_entries", ["race_category_id", "turn"])


def _waitlist_participants() -> None:
    op.create_table(
        "waitlist_participants",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("entry_id", sa.Uuid(), sa.ForeignKey("waitlist_entries.id", ondelete="CASCADE"), nullable=False),
        sa.Column("race_category_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("person_key", sa.String(64), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("is_pic", sa.Boolean(), nullable=False),
        sa.Column("full_name", sa.String(255), nullable=False),
        sa.Column("email", sa.String(255), nullable=False),
        sa.Column("whatsapp", sa.String(20), nullable=False),
        sa.Column("gender", sa.String(6), nullable=False),
        sa.Column("date_of_birth", sa.Date(), nullable=False),
        sa.Column("jersey_size", sa.String(4), nullable=False),
        sa.Column("identity_number", sa.String(50)),
        sa.Column("emergency_contact_name", sa.String(255), nullable=False),
        sa.Column("emergency_contact_phone", sa.String(20), nullable=False),
        sa.CheckConstraint("gender IN ('male', 'female')", name="gender"),
        sa.CheckConstraint("jersey_size IN ('xs', 's', 'm', 'l', 'xl', 'xxl', 'xxxl')", name="jersey_size"),
        sa.CheckConstraint("whatsapp ~ '^[0-9]{10,15}$'", name="whatsapp"),
        sa.CheckConstraint("full_name <> '' AND email LIKE '%_@_%'", name="reachable"),
    )
    _unique("uq_waitlist_participants_entry_position", ["entry_id", "position"])
    _unique("uq_waitlist_participants_pic", ["entry_id"], where="is_pic")
    _unique("uq_waitlist_participants_live_person", ["race_category_id", "person_key"], where="live")


def _unique(name: str, columns: list[str], *, where: str | None = None) -> None:
    op.create_index(
        name, "waitlist_participants", columns, unique=True, postgresql_where=sa.text(where) if where else None
    )

"""Phases of prices, promo codes with the counters of their uses, and the price that was agreed for a registration.

A process of the previous release neither counts nor gives back uses: it writes registrations at the category's own
price, and when it ends one that has a limited code or phase, its uses stay taken. May be run again. Old rows are
compared with the new checks beside the traffic.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_TZ = sa.DateTime(timezone=True)
_MONEY = sa.Numeric(12, 2)

_PRICED = ("registrations", "waitlist_entries")
_CHECKS = {
    ("registrations", "list_amount"): "list_amount >= total_amount",
    ("waitlist_entries", "offered_amounts"): "(total_amount IS NULL) = (list_amount IS NULL)",
    ("waitlist_entries", "amounts"): "list_amount >= total_amount AND total_amount >= 0",
}
_INDEX = "registrations (promo_code_id, status) INCLUDE (total_participants) WHERE promo_code_id IS NOT NULL"


def upgrade() -> None:
    _phases()
    _codes()
    _uses()
    op.add_column(
        "race_categories",
        sa.Column("code_required", sa.Boolean(), nullable=False, server_default=sa.false()),
        if_not_exists=True,
    )
    op.add_column("waitlist_entries", sa.Column("total_amount", _MONEY), if_not_exists=True)
    for table in _PRICED:
        op.add_column(table, sa.Column("list_amount", _MONEY), if_not_exists=True)
        op.add_column(table, sa.Column("price_phase_id", sa.Uuid()), if_not_exists=True)
        op.add_column(table, sa.Column("price_phase", sa.String(60)), if_not_exists=True)
        op.add_column(table, sa.Column("promo_code_id", sa.Uuid()), if_not_exists=True)
        op.add_column(table, sa.Column("promo_code", sa.String(40)), if_not_exists=True)
    for (table, name), rule in _CHECKS.items():
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS ck_{table}_{name}")
        op.create_check_constraint(name, table, rule, postgresql_not_valid=True)
    with op.get_context().autocommit_block():
        for table, name in _CHECKS:
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_{name}")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_registrations_promo_code")
        op.execute(f"CREATE INDEX CONCURRENTLY ix_registrations_promo_code ON {_INDEX}")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_registrations_promo_code")
    for table in _PRICED:
        for column in ("promo_code", "promo_code_id", "price_phase", "price_phase_id", "list_amount"):
            op.drop_column(table, column)
    op.drop_column("waitlist_entries", "total_amount")
    op.drop_column("race_categories", "code_required")
    for table in ("promo_uses", "promo_codes", "price_phases"):
        op.drop_table(table)


def _phases() -> None:
    op.create_table(
        "price_phases",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("category_id", sa.Uuid(), sa.ForeignKey("race_categories.id", ondelete="CASCADE"), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("ends_at", _TZ),
        sa.Column("limited", sa.Boolean(), nullable=False),
        sa.Column("price_individual", _MONEY),
        sa.Column("price_collective_5", _MONEY),
        sa.Column("price_collective_10", _MONEY),
        sa.Column("code_required", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("is_active", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("created_at", _TZ, nullable=False),
        sa.Column("updated_at", _TZ, nullable=False),
        sa.CheckConstraint("limited OR ends_at IS NOT NULL", name="has_end"),
        sa.CheckConstraint(
            "price_individual >= 0 AND price_collective_5 >= 0 AND price_collective_10 >= 0", name="prices"
        ),
        if_not_exists=True,
    )
    op.create_index("ix_price_phases_order", "price_phases", ["category_id", "position", "id"], if_not_exists=True)


def _codes() -> None:
    op.create_table(
        "promo_codes",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("event_id", sa.Uuid(), sa.ForeignKey("events.id", ondelete="CASCADE"), nullable=False),
        sa.Column("category_id", sa.Uuid()),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("value", _MONEY, nullable=False),
        sa.Column("grants_access", sa.Boolean(), nullable=False),
        sa.Column("types", ARRAY(sa.String(20))),
        sa.Column("valid_from", _TZ),
        sa.Column("valid_until", _TZ),
        sa.Column("limited", sa.Boolean(), nullable=False),
        sa.Column("max_per_person", sa.Integer()),
        sa.Column("note", sa.String(255)),
        sa.Column("is_active", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("created_at", _TZ, nullable=False),
        sa.Column("updated_at", _TZ, nullable=False),
        sa.ForeignKeyConstraint(
            ["category_id", "event_id"], ["race_categories.id", "race_categories.event_id"], ondelete="CASCADE"
        ),
        sa.CheckConstraint("code ~ '^[A-Z0-9]{3,40}$'", name="code"),
        sa.CheckConstraint("kind IN ('percent', 'amount', 'access')", name="kind"),
        sa.CheckConstraint("value >= 0 AND (kind = 'access') = (value = 0)", name="value"),
        sa.CheckConstraint("kind <> 'percent' OR value <= 100", name="percent"),
        sa.CheckConstraint("kind <> 'access' OR grants_access", name="access"),
        sa.CheckConstraint(
            "types <@ ARRAY['individual', 'collective_5', 'collective_10']::varchar[] AND types <> ARRAY[]::varchar[]",
            name="types",
        ),
        sa.CheckConstraint("category_id IS NOT NULL OR NOT limited AND max_per_person IS NULL", name="limits"),
        sa.CheckConstraint("max_per_person > 0", name="max_per_person"),
        sa.CheckConstraint("valid_until > valid_from", name="valid_until"),
        if_not_exists=True,
    )
    op.create_index(
        "uq_promo_codes_code",
        "promo_codes",
        ["event_id", "code", sa.text("coalesce(category_id, event_id)")],
        unique=True,
        if_not_exists=True,
    )


def _uses() -> None:
    op.create_table(
        "promo_uses",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("category_id", sa.Uuid(), sa.ForeignKey("race_categories.id", ondelete="CASCADE"), nullable=False),
        sa.Column("max_uses", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("beyond", sa.Integer(), nullable=False, server_default="0"),
        sa.CheckConstraint("used BETWEEN 0 AND max_uses", name="within_limit"),
        sa.CheckConstraint("beyond >= 0 AND (beyond = 0 OR used = max_uses)", name="beyond"),
        if_not_exists=True,
        postgresql_with={"fillfactor": "50"},
    )
    op.create_index("ix_promo_uses_category_id", "promo_uses", ["category_id"], if_not_exists=True)

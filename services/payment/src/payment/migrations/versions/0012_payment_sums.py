"""Races of invoices and payments, and sums of money by race, category, type, method and time.

Triggers insert what changed, so that reports do not add up a million payments. May be run again.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_RACE: dict[str, Any] = {"event_id": sa.Uuid(), "category_id": sa.Uuid(), "registration_type": sa.String(30)}

_KEY = "state, at, event_id, category_id, registration_type, payment_method, currency"

_BIN = "date_bin('15 minutes', {at}, timestamptz 'epoch')"
_UNKNOWN = "'00000000-0000-0000-0000-000000000000'"
_WHOSE = f"""coalesce(p.event_id, {_UNKNOWN}) AS event_id, coalesce(p.category_id, {_UNKNOWN}) AS category_id,
    coalesce(p.registration_type, '') AS registration_type, p.payment_method, p.currency, p.amount"""

# A payment that waits has no time of its own: its sum is one row however long it waits.
_PAYMENTS = f"""SELECT {{sign}} AS sign, CASE p.status WHEN 'uploaded' THEN 'waiting' ELSE p.status END AS state,
    coalesce({_BIN.format(at="coalesce(p.verified_at, p.rejected_at)")}, timestamptz 'epoch') AS at,
    {_WHOSE} FROM {{payments}} p"""  # noqa: S608  # constants of ours, here and below
_REFUNDS = f"""SELECT {{sign}} AS sign, CASE WHEN r.done_at IS NULL THEN 'refund_due' ELSE 'refunded' END AS state,
    CASE WHEN r.done_at IS NULL THEN timestamptz 'epoch' ELSE {_BIN.format(at="r.done_at")} END AS at,
    {_WHOSE} FROM {{refunds}} r JOIN {{payments}} p ON p.id = r.payment_id"""  # noqa: S608

_ADD = f"""
    INSERT INTO payment_sums ({_KEY}, payments, amount)
    SELECT {_KEY}, sum(sign), sum(sign * amount) FROM ({{changes}}) AS change GROUP BY {_KEY}
    HAVING sum(sign) <> 0 OR sum(sign * amount) <> 0
"""  # noqa: S608


def _payments(sign: int, payments: str) -> str:
    return _PAYMENTS.format(sign=sign, payments=payments)


def _refunds(sign: int, payments: str, refunds: str) -> str:
    return _REFUNDS.format(sign=sign, payments=payments, refunds=refunds)


_NEW, _OLD = "NEW TABLE AS added", "OLD TABLE AS removed"
_TRIGGERS = {
    ("payments", "insert"): (_NEW, [_payments(1, "added")]),
    # With the payment its refund moves to another race or amount.
    ("payments", "update"): (
        f"{_OLD} {_NEW}",
        [
            _payments(1, "added"),
            _payments(-1, "removed"),
            _refunds(1, "added", "refunds"),
            _refunds(-1, "removed", "refunds"),
        ],
    ),
    ("payments", "delete"): (_OLD, [_payments(-1, "removed")]),
    ("refunds", "insert"): (_NEW, [_refunds(1, "payments", "added")]),
    ("refunds", "update"): (
        f"{_OLD} {_NEW}",
        [_refunds(1, "payments", "added"), _refunds(-1, "payments", "removed")],
    ),
    ("refunds", "delete"): (_OLD, [_refunds(-1, "payments", "removed")]),
}


def upgrade() -> None:
    for table in ("invoices", "payments"):
        for name, kind in _RACE.items():
            op.add_column(table, sa.Column(name, kind), if_not_exists=True)
    _races()
    _payment_sums()
    _copy_race()
    # No row may change between the first sum and the creation of the triggers.
    op.execute("LOCK TABLE payments, refunds IN SHARE ROW EXCLUSIVE MODE")
    op.execute("DELETE FROM payment_sums")
    op.execute(_ADD.format(changes=f"{_payments(1, 'payments')} UNION ALL {_refunds(1, 'payments', 'refunds')}"))
    for (table, event), (transition, changes) in _TRIGGERS.items():
        _sum_on(table, event, transition, " UNION ALL ".join(changes))


def downgrade() -> None:
    for table, event in _TRIGGERS:
        op.execute(f"DROP TRIGGER {table}_summed_on_{event} ON {table}")
        op.execute(f"DROP FUNCTION {table}_summed_on_{event}()")
    op.execute("DROP TRIGGER payments_copy_race ON payments")
    op.execute("DROP FUNCTION payments_copy_race()")
    for table in ("payment_sums", "categories", "races"):
        op.drop_table(table)
    for table in ("payments", "invoices"):
        for name in reversed(_RACE):
            op.drop_column(table, name)


def _races() -> None:
    op.create_table(
        "races",
        sa.Column("event_id", sa.Uuid(), primary_key=True),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("timezone", sa.String(64)),
        sa.Column("revision", sa.Integer(), nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "categories",
        sa.Column("category_id", sa.Uuid(), primary_key=True),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("number_prefix", sa.String(50), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        if_not_exists=True,
    )
    op.create_index("ix_categories_number_prefix", "categories", ["number_prefix"], if_not_exists=True)


def _payment_sums() -> None:
    op.create_table(
        "payment_sums",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("category_id", sa.Uuid(), nullable=False),
        sa.Column("registration_type", sa.String(30), nullable=False),
        sa.Column("payment_method", sa.String(20), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("payments", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Numeric(), nullable=False),
        if_not_exists=True,
    )
    op.create_index("ix_payment_sums_event_id", "payment_sums", ["event_id", "state", "at"], if_not_exists=True)


def _copy_race() -> None:
    """Copy the race of the invoice to each new payment, also to one that the release before inserts."""
    op.execute("""
        CREATE OR REPLACE FUNCTION payments_copy_race() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            SELECT event_id, category_id, registration_type
              INTO NEW.event_id, NEW.category_id, NEW.registration_type
              FROM invoices WHERE registration_id = NEW.registration_id;
            RETURN NEW;
        END $$
    """)
    op.execute(
        "CREATE OR REPLACE TRIGGER payments_copy_race BEFORE INSERT ON payments"
        " FOR EACH ROW EXECUTE FUNCTION payments_copy_race()"
    )


def _sum_on(table: str, event: str, transition: str, changes: str) -> None:
    name = f"{table}_summed_on_{event}"
    op.execute(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {_ADD.format(changes=changes)}; RETURN NULL; END $$"
    )
    op.execute(
        f"CREATE OR REPLACE TRIGGER {name} AFTER {event} ON {table} REFERENCING {transition}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
    )

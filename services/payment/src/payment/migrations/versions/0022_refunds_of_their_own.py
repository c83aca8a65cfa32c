"""Refunds with an id and an amount of their own, a second person, and hashes that show which proofs look alike.

May be run again. The release before inserts and completes refunds by their payment: triggers give these what is new.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import BIT

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_TZ = sa.DateTime(timezone=True)
_MONEY = sa.Numeric(12, 2)

_REFUND: dict[str, Any] = {
    "id": lambda: sa.Column("id", sa.Uuid()),
    "amount": lambda: sa.Column("amount", _MONEY),
    "origin": lambda: sa.Column("origin", sa.String(20), nullable=False, server_default="event"),
    "state": lambda: sa.Column("state", sa.String(20), nullable=False, server_default="due"),
    "closed": lambda: sa.Column("closed", sa.Boolean(), nullable=False, server_default=sa.false()),
    "way": lambda: sa.Column("way", sa.String(20), nullable=False, server_default="hand"),
    "asked_by": lambda: sa.Column("asked_by", sa.Uuid()),
    "approved_at": lambda: sa.Column("approved_at", _TZ),
    "approved_by": lambda: sa.Column("approved_by", sa.Uuid()),
    "sent_at": lambda: sa.Column("sent_at", _TZ),
    "sent_by": lambda: sa.Column("sent_by", sa.Uuid()),
    "ask_at": lambda: sa.Column("ask_at", _TZ),
    "accepted_at": lambda: sa.Column("accepted_at", _TZ),
    "gateway_key": lambda: sa.Column("gateway_key", sa.String(100)),
    "gateway_error": lambda: sa.Column("gateway_error", sa.String(30)),
    "evidence_path": lambda: sa.Column("evidence_path", sa.String(255)),
    "evidence_type": lambda: sa.Column("evidence_type", sa.String(50)),
    "cancelled_at": lambda: sa.Column("cancelled_at", _TZ),
    "cancelled_by": lambda: sa.Column("cancelled_by", sa.Uuid()),
    "cancel_reason": lambda: sa.Column("cancel_reason", sa.String()),
}
_REFUND_CHECKS = {
    "amount": "amount > 0",
    "origin": "origin IN ('event', 'surplus', 'staff', 'gateway')",
    "state": "state IN ('waits_for_second', 'due', 'asked', 'done', 'cancelled')",
    "closed": "closed = (state IN ('done', 'cancelled'))",
    "way": "way IN ('hand', 'gateway')",
    "state_done": "(state = 'done') = (done_at IS NOT NULL)",
    "approved": "(approved_at IS NULL) = (approved_by IS NULL)",
    "second_person": "asked_by IS NULL OR approved_by IS NULL OR asked_by <> approved_by",
    "sent": "(sent_at IS NULL) = (sent_by IS NULL)",
    "asked": "(state <> 'asked' AND ask_at IS NULL) OR (way = 'gateway' AND gateway_key IS NOT NULL)",
    "evidence": "(evidence_path IS NULL) = (evidence_type IS NULL)",
    "cancelled": "(state = 'cancelled') = (cancelled_at IS NOT NULL)"
    " AND (cancelled_at IS NULL) = (cancelled_by IS NULL) AND (cancelled_at IS NULL) = (cancel_reason IS NULL)",
}
_CHECKED = "(checked_by IS NULL) = (checked_at IS NULL)"
_PAYMENT_CHECKS = {
    "checked": f"{_CHECKED} AND (checked_by IS NULL OR verified_by IS NULL OR checked_by <> verified_by)",
    "refund_total": "refund_total BETWEEN 0 AND coalesce(received, amount)",
}
_MONEY_CHECK = (
    f"{_CHECKED} AND (checked_by IS NULL) = (proposed_registration_id IS NULL)"
    " AND (checked_by IS NULL OR decided_by IS NULL OR checked_by <> decided_by)"
)
_KEYED_BY_PAYMENT = sa.text("""
    SELECT 1 FROM information_schema.key_column_usage
     WHERE table_schema = current_schema() AND constraint_name = 'pk_refunds' AND column_name = 'payment_id'
""")
_FINGERPRINT_INDEXES = {
    "ix_proof_fingerprints_seen_at": "phash IS NOT NULL",
    "ix_proof_fingerprints_without_phash": "phash IS NULL AND detail IS NOT NULL",
}
_INVALID = sa.text("SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid")

_KEY = "state, at, event_id, category_id, registration_type, payment_method, currency"
_BIN = "date_bin('15 minutes', {at}, timestamptz 'epoch')"
_UNKNOWN = "'00000000-0000-0000-0000-000000000000'"
_WHOSE = f"""coalesce(p.event_id, {_UNKNOWN}) AS event_id, coalesce(p.category_id, {_UNKNOWN}) AS category_id,
    coalesce(p.registration_type, '') AS registration_type, p.payment_method, p.currency"""
_PAYMENTS = f"""SELECT {{sign}} AS sign, CASE p.status WHEN 'uploaded' THEN 'waiting' ELSE p.status END AS state,
    coalesce({_BIN.format(at="coalesce(p.verified_at, p.rejected_at)")}, timestamptz 'epoch') AS at,
    {_WHOSE}, p.amount FROM {{payments}} p"""  # noqa: S608  # constants of ours, here and below
# As 0012 had it: a refund was over the amount of its payment.
_WHOLE_REFUNDS = f"""SELECT {{sign}} AS sign,
    CASE WHEN r.done_at IS NULL THEN 'refund_due' ELSE 'refunded' END AS state,
    CASE WHEN r.done_at IS NULL THEN timestamptz 'epoch' ELSE {_BIN.format(at="r.done_at")} END AS at,
    {_WHOSE}, p.amount FROM {{refunds}} r JOIN {{payments}} p ON p.id = r.payment_id"""  # noqa: S608
_REFUNDS = f"""{_WHOLE_REFUNDS.replace("p.amount", "r.amount")} WHERE r.state <> 'cancelled'"""
_ADD = f"""
    INSERT INTO payment_sums ({_KEY}, payments, amount)
    SELECT {_KEY}, sum(sign), sum(sign * amount) FROM ({{changes}}) AS change GROUP BY {_KEY}
    HAVING sum(sign) <> 0 OR sum(sign * amount) <> 0
"""  # noqa: S608


def upgrade() -> None:
    for column in _REFUND.values():
        op.add_column("refunds", column(), if_not_exists=True)
    _second_person()
    op.execute(_FILL)
    op.execute(_TOTAL)
    op.execute(_CLOSE)
    _own_ids()
    _sums(_REFUNDS)
    for timing, name in (
        ("BEFORE INSERT", "refunds_fill"),
        ("BEFORE INSERT OR UPDATE", "refunds_close"),
        ("AFTER INSERT OR UPDATE OR DELETE", "refunds_total"),
    ):
        op.execute(f"CREATE OR REPLACE TRIGGER {name} {timing} ON refunds FOR EACH ROW EXECUTE FUNCTION {name}()")
    for name, check in _REFUND_CHECKS.items():
        _check("refunds", name, check)
    op.add_column("charges", sa.Column("refundable_until", _TZ), if_not_exists=True)
    op.add_column("proof_fingerprints", sa.Column("phash", BIT(1024)), if_not_exists=True)
    seen_at = sa.Column("seen_at", _TZ, nullable=False, server_default=sa.func.now())
    op.add_column("proof_fingerprints", seen_at, if_not_exists=True)
    with op.get_context().autocommit_block():
        _without_waiting()


def downgrade() -> None:
    for name in ("seen_at", "phash"):
        op.drop_column("proof_fingerprints", name)
    op.drop_column("charges", "refundable_until")
    for name in ("refunds_fill", "refunds_close", "refunds_total"):
        op.execute(f"DROP TRIGGER {name} ON refunds")
        op.execute(f"DROP FUNCTION {name}()")
    _whole_refunds()
    for table, names in (("unassigned_money", ("checked",)), ("payments", tuple(_PAYMENT_CHECKS))):
        for name in names:
            op.drop_constraint(name, table, type_="check")
    for name in ("proposed_registration_id", "checked_at", "checked_by"):
        op.drop_column("unassigned_money", name)
    for name in ("refund_total", "checked_at", "checked_by"):
        op.drop_column("payments", name)


def _whole_refunds() -> None:
    """Let refunds have their payment as the key again. With several of one payment this is refused."""
    op.execute("DELETE FROM refunds WHERE state = 'cancelled'")
    _sums(_WHOLE_REFUNDS)
    whole, parts = _of(_WHOLE_REFUNDS, 1, "payments", "refunds"), _of(_REFUNDS, -1, "payments", "refunds")
    op.execute(_ADD.format(changes=f"{whole} UNION ALL {parts}"))
    op.drop_constraint("pk_refunds", "refunds", type_="primary")
    op.create_primary_key("pk_refunds", "refunds", ["payment_id"])
    for name in _REFUND_CHECKS:
        op.drop_constraint(name, "refunds", type_="check")
    for name in reversed(_REFUND):
        op.drop_column("refunds", name)
    op.execute("DROP INDEX IF EXISTS ix_refunds_payment_id")
    op.execute("CREATE INDEX ix_refunds_unbooked ON refunds (payment_id) WHERE done_at IS NOT NULL AND NOT booked")
    op.execute("CREATE INDEX ix_refunds_desk ON refunds ((done_at IS NOT NULL), due_at, payment_id)")


def _second_person() -> None:
    for table in ("payments", "unassigned_money"):
        op.add_column(table, sa.Column("checked_by", sa.Uuid()), if_not_exists=True)
        op.add_column(table, sa.Column("checked_at", _TZ), if_not_exists=True)
    op.execute(
        "ALTER TABLE unassigned_money ADD COLUMN IF NOT EXISTS proposed_registration_id uuid"
        " CONSTRAINT fk_unassigned_money_proposed_registration_id REFERENCES invoices (registration_id)"
    )
    total = sa.Column("refund_total", _MONEY, nullable=False, server_default="0")
    op.add_column("payments", total, if_not_exists=True)
    for name, check in _PAYMENT_CHECKS.items():
        _check("payments", name, check)
    _check("unassigned_money", "checked", _MONEY_CHECK)


def _check(table: str, name: str, check: str) -> None:
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS ck_{table}_{name}")
    op.create_check_constraint(name, table, check, postgresql_not_valid=True)


def _own_ids() -> None:
    """Give the refunds of the release before ids and amounts. There are few of them: not every runner is refunded."""
    if op.get_bind().scalar(_KEYED_BY_PAYMENT) is None:
        return
    op.execute("""
        UPDATE refunds SET id = payment_id, amount = payments.amount,
               state = CASE WHEN done_at IS NULL THEN 'due' ELSE 'done' END, closed = done_at IS NOT NULL,
               origin = CASE WHEN reason LIKE 'Surplus: %' THEN 'surplus' ELSE 'event' END
          FROM payments WHERE payments.id = refunds.payment_id
    """)
    op.execute("UPDATE payments SET refund_total = refunds.amount FROM refunds WHERE refunds.payment_id = payments.id")
    for name in ("id", "amount"):
        op.alter_column("refunds", name, nullable=False)
    op.drop_constraint("pk_refunds", "refunds", type_="primary")
    op.create_primary_key("pk_refunds", "refunds", ["id"])
    for name in ("ix_refunds_unbooked", "ix_refunds_desk"):
        op.execute(f"DROP INDEX IF EXISTS {name}")
    op.execute("CREATE INDEX ix_refunds_unbooked ON refunds (id) WHERE done_at IS NOT NULL AND NOT booked")
    op.execute("CREATE INDEX ix_refunds_queue ON refunds (closed, due_at, id)")
    op.execute("CREATE INDEX ix_refunds_payment_id ON refunds (payment_id)")
    op.execute("CREATE INDEX ix_refunds_ask_at ON refunds (ask_at) WHERE ask_at IS NOT NULL")
    op.execute("CREATE UNIQUE INDEX uq_refunds_gateway_key ON refunds (payment_id, gateway_key)")


# The release before names the payment only, and may be asked twice: then nothing is left.
_FILL = """
    CREATE OR REPLACE FUNCTION refunds_fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        NEW.id := coalesce(NEW.id, NEW.payment_id);
        IF NEW.amount IS NULL THEN
            SELECT coalesce(received, amount) - refund_total INTO NEW.amount
              FROM payments WHERE id = NEW.payment_id FOR NO KEY UPDATE;
            IF NEW.amount <= 0 THEN
                RETURN NULL;
            END IF;
        END IF;
        RETURN NEW;
    END $$
"""
# The release before completes by the payment and without a state, and books the amount of the payment: only a refund of
# all of it that has the payment's id, if it is due.
_CLOSE = """
    CREATE OR REPLACE FUNCTION refunds_close() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF TG_OP = 'UPDATE' THEN
            IF NEW.done_at IS NOT NULL AND OLD.done_at IS NULL AND NEW.state = OLD.state THEN
                IF OLD.state <> 'due' OR OLD.id <> OLD.payment_id
                   OR OLD.amount <> (SELECT amount FROM payments WHERE id = OLD.payment_id) THEN
                    RETURN NULL;
                END IF;
                NEW.state := 'done';
            END IF;
        END IF;
        NEW.closed := NEW.state IN ('done', 'cancelled');
        RETURN NEW;
    END $$
"""
_TOTAL = """
    CREATE OR REPLACE FUNCTION refunds_total() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        more numeric := 0;
        paid uuid;
    BEGIN
        IF TG_OP <> 'DELETE' THEN
            paid := NEW.payment_id;
            more := CASE NEW.state WHEN 'cancelled' THEN 0 ELSE NEW.amount END;
        END IF;
        IF TG_OP <> 'INSERT' THEN
            paid := OLD.payment_id;
            more := more - CASE OLD.state WHEN 'cancelled' THEN 0 ELSE OLD.amount END;
        END IF;
        IF more <> 0 THEN
            UPDATE payments SET refund_total = refund_total + more WHERE id = paid;
        END IF;
        RETURN NULL;
    END $$
"""


def _sums(refunds: str) -> None:
    """Let the triggers of 0012 count refunds by this query."""
    payments = [_PAYMENTS.format(sign=1, payments="added"), _PAYMENTS.format(sign=-1, payments="removed")]
    of_payments = [(1, "added", "refunds"), (-1, "removed", "refunds")]
    changes = {
        "payments_summed_on_update": [*payments, *(_of(refunds, *each) for each in of_payments)],
        "refunds_summed_on_insert": [_of(refunds, 1, "payments", "added")],
        "refunds_summed_on_update": [_of(refunds, 1, "payments", "added"), _of(refunds, -1, "payments", "removed")],
        "refunds_summed_on_delete": [_of(refunds, -1, "payments", "removed")],
    }
    for name, parts in changes.items():
        op.execute(
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN {_ADD.format(changes=' UNION ALL '.join(parts))}; RETURN NULL; END $$"
        )


def _of(query: str, sign: int, payments: str, refunds: str) -> str:
    return query.format(sign=sign, payments=payments, refunds=refunds)


def _without_waiting() -> None:
    """Validate checks and build the index of a large table while payments go on."""
    for name in _PAYMENT_CHECKS:
        op.execute(f"ALTER TABLE payments VALIDATE CONSTRAINT ck_payments_{name}")
    for name in _REFUND_CHECKS:
        op.execute(f"ALTER TABLE refunds VALIDATE CONSTRAINT ck_refunds_{name}")
    op.execute("ALTER TABLE unassigned_money VALIDATE CONSTRAINT ck_unassigned_money_checked")
    for name, condition in _FINGERPRINT_INDEXES.items():
        if op.get_bind().scalar(_INVALID, {"name": name}) is not None:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON proof_fingerprints (seen_at) WHERE {condition}")

"""Payments in USDT: keys, networks, rates, addresses and quotes, transfers on chains, and how far chains were read.

May be run again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_TZ = sa.DateTime(timezone=True)
_MONEY = sa.Numeric(12, 2)
_RATE = sa.Numeric(20, 8)
_BYTES = sa.LargeBinary()

_CHANNELS = {
    ("payments", "channel"): "channel IN ('proof', 'midtrans', 'statement'{})",
    ("payments", "payment_method"): "payment_method IN ('qris', 'bank_transfer'{})",
    ("unassigned_money", "channel"): "channel IN ('midtrans', 'statement'{})",
    ("unassigned_money", "payment_method"): "payment_method IN ('qris', 'bank_transfer'{})",
}
_TABLES = (
    "chain_blocks",
    "chain_cursors",
    "blockchain_transactions",
    "usdt_quotes",
    "payment_addresses",
    "usdt_rate_sources",
    "usdt_rates",
    "usdt_networks",
    "receiving_keys",
)


def upgrade() -> None:
    for (table, name), check in _CHANNELS.items():
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS ck_{table}_{name}")
        op.create_check_constraint(name, table, check.format(", 'usdt'"), postgresql_not_valid=True)
    _keys()
    _networks()
    _rates()
    _rate_sources()
    _addresses()
    _quotes()
    _transactions()
    _cursors()
    with op.get_context().autocommit_block():
        for table, name in _CHANNELS:
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_{name}")


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
    # With payments in USDT the release before cannot run, and this is refused.
    for (table, name), check in _CHANNELS.items():
        op.drop_constraint(name, table, type_="check")
        op.create_check_constraint(name, table, check.format(""))


def _keys() -> None:
    op.create_table(
        "receiving_keys",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("xpub", sa.Text(), nullable=False),
        sa.Column("xpub_digest", _BYTES, nullable=False),
        sa.Column("path", sa.String(50), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("next_index", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("created_at", _TZ, nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("confirmed_at", _TZ),
        sa.Column("confirmed_by", sa.Uuid()),
        sa.Column("retired_at", _TZ),
        sa.CheckConstraint("state IN ('proposed', 'active', 'retired')", name="state"),
        sa.CheckConstraint("next_index >= 0", name="next_index"),
        sa.CheckConstraint("length(xpub_digest) = 32", name="xpub_digest"),
        sa.CheckConstraint(
            "(confirmed_at IS NULL) = (confirmed_by IS NULL) AND (state <> 'active' OR confirmed_at IS NOT NULL)",
            name="confirmed",
        ),
        sa.CheckConstraint("(state = 'retired') = (retired_at IS NOT NULL)", name="retired"),
        if_not_exists=True,
    )
    digest = "uq_receiving_keys_xpub_digest"
    op.create_index(digest, "receiving_keys", ["xpub_digest"], unique=True, if_not_exists=True)
    active = sa.text("state = 'active'")
    op.create_index(
        "uq_receiving_keys_active",
        "receiving_keys",
        ["state"],
        unique=True,
        postgresql_where=active,
        if_not_exists=True,
    )


def _networks() -> None:
    op.create_table(
        "usdt_networks",
        sa.Column("network", sa.String(20), primary_key=True),
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("token_contract", _BYTES, nullable=False),
        sa.Column("decimals", sa.SmallInteger(), nullable=False),
        sa.Column("confirmations", sa.SmallInteger()),
        sa.Column("minimum_order", _MONEY, nullable=False, server_default="0"),
        sa.Column("endpoints", sa.Text(), nullable=False),
        sa.Column("all_tokens", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("probed_at", _TZ, nullable=False),
        sa.Column("updated_at", _TZ, nullable=False),
        sa.CheckConstraint("chain_id > 0", name="chain_id"),
        sa.CheckConstraint("length(token_contract) = 20", name="token_contract"),
        sa.CheckConstraint("decimals BETWEEN 2 AND 36", name="decimals"),
        sa.CheckConstraint("confirmations BETWEEN 1 AND 10000", name="confirmations"),
        sa.CheckConstraint("minimum_order >= 0", name="minimum_order"),
        if_not_exists=True,
    )
    op.create_index("uq_usdt_networks_chain_id", "usdt_networks", ["chain_id"], unique=True, if_not_exists=True)


def _rates() -> None:
    op.create_table(
        "usdt_rates",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("idr_per_usdt", _RATE, nullable=False),
        sa.Column("observed_at", _TZ, nullable=False),
        sa.Column("created_at", _TZ, nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(30)),
        sa.Column("valid_until", _TZ),
        sa.Column("set_by", sa.Uuid()),
        sa.Column("note", sa.String(1000)),
        sa.CheckConstraint("idr_per_usdt > 0", name="idr_per_usdt"),
        sa.CheckConstraint("accepted = (reason IS NULL)", name="reason"),
        sa.CheckConstraint(
            "(source = 'manual') = (set_by IS NOT NULL) AND (source = 'manual') = (valid_until IS NOT NULL)"
            " AND (source = 'manual') = (note IS NOT NULL)",
            name="manual",
        ),
        if_not_exists=True,
    )
    op.create_index("ix_usdt_rates_created_at", "usdt_rates", ["created_at"], if_not_exists=True)
    chosen = sa.text("accepted AND source IN ('median', 'manual')")
    op.create_index("ix_usdt_rates_chosen", "usdt_rates", ["created_at"], postgresql_where=chosen, if_not_exists=True)


def _rate_sources() -> None:
    op.create_table(
        "usdt_rate_sources",
        sa.Column("source", sa.String(20), primary_key=True),
        sa.Column("asked_at", _TZ, nullable=False),
        sa.Column("trouble", sa.String(30)),
        sa.Column("trouble_since", _TZ),
        sa.CheckConstraint("(trouble IS NULL) = (trouble_since IS NULL)", name="trouble"),
        if_not_exists=True,
    )


def _addresses() -> None:
    op.create_table(
        "payment_addresses",
        sa.Column("registration_id", sa.Uuid(), sa.ForeignKey("invoices.registration_id"), primary_key=True),
        sa.Column("key_id", sa.Uuid(), sa.ForeignKey("receiving_keys.id"), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("address", _BYTES, nullable=False),
        sa.Column("created_at", _TZ, nullable=False),
        sa.Column("watch_until", _TZ, nullable=False),
        sa.Column("swept_at", _TZ),
        sa.Column("seen_in_full", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("due_at", _TZ),
        sa.Column("held_until", _TZ),
        sa.CheckConstraint("index >= 0", name="index"),
        sa.CheckConstraint("length(address) = 20", name="address"),
        if_not_exists=True,
    )
    unique = {"uq_payment_addresses_address": ["address"], "uq_payment_addresses_index": ["key_id", "index"]}
    for name, columns in unique.items():
        op.create_index(name, "payment_addresses", columns, unique=True, if_not_exists=True)
    op.create_index("ix_payment_addresses_watch_until", "payment_addresses", ["watch_until"], if_not_exists=True)


def _quotes() -> None:
    of = sa.ForeignKey("payment_addresses.registration_id")
    op.create_table(
        "usdt_quotes",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("registration_id", sa.Uuid(), of, nullable=False),
        sa.Column("network", sa.String(20), sa.ForeignKey("usdt_networks.network"), nullable=False),
        sa.Column("rate_id", sa.BigInteger(), sa.ForeignKey("usdt_rates.id"), nullable=False),
        sa.Column("idr_per_usdt", _RATE, nullable=False),
        sa.Column("amount_idr", _MONEY, nullable=False),
        sa.Column("amount", sa.Numeric(30, 6), nullable=False),
        sa.Column("locked_at", _TZ, nullable=False),
        sa.Column("expires_at", _TZ, nullable=False),
        sa.CheckConstraint("idr_per_usdt > 0", name="idr_per_usdt"),
        sa.CheckConstraint("amount_idr > 0 AND amount > 0", name="amounts"),
        sa.CheckConstraint("expires_at > locked_at", name="locked"),
        if_not_exists=True,
    )
    columns = ["registration_id", "locked_at"]
    op.create_index("ix_usdt_quotes_registration_id_locked_at", "usdt_quotes", columns, if_not_exists=True)


def _transactions() -> None:
    op.create_table(
        "blockchain_transactions",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("tx_hash", _BYTES, nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.Column("block_hash", _BYTES, nullable=False),
        sa.Column("block_time", _TZ, nullable=False),
        *(sa.Column(name, _BYTES, nullable=False) for name in ("token", "sender", "recipient")),
        sa.Column("units", sa.Numeric(78, 0), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("registration_id", sa.Uuid(), sa.ForeignKey("invoices.registration_id")),
        sa.Column("settled", sa.String(20)),
        sa.Column("seen_at", _TZ, nullable=False),
        sa.Column("confirmed_at", _TZ),
        sa.Column("failed_at", _TZ),
        sa.CheckConstraint("length(tx_hash) = 32 AND length(block_hash) = 32", name="hashes"),
        sa.CheckConstraint("length(token) = 20 AND length(sender) = 20 AND length(recipient) = 20", name="addresses"),
        sa.CheckConstraint("units >= 0", name="units"),
        sa.CheckConstraint("kind IN ('usdt', 'other_token', 'refund')", name="kind"),
        sa.CheckConstraint("state IN ('pending', 'confirmed', 'failed')", name="state"),
        sa.CheckConstraint("settled IN ('paid', 'kept', 'ignored')", name="settled"),
        sa.CheckConstraint("(state = 'confirmed') = (confirmed_at IS NOT NULL)", name="confirmed"),
        sa.CheckConstraint("(state = 'failed') = (failed_at IS NOT NULL)", name="failed"),
        if_not_exists=True,
    )
    key = ["chain_id", "tx_hash", "log_index"]
    op.create_index("uq_blockchain_transactions_log", "blockchain_transactions", key, unique=True, if_not_exists=True)
    for column in ("registration_id", "recipient", "state"):
        name = f"ix_blockchain_transactions_{column}"
        op.create_index(name, "blockchain_transactions", [column], if_not_exists=True)
    columns = ["chain_id", "block_number"]
    op.create_index("ix_blockchain_transactions_block", "blockchain_transactions", columns, if_not_exists=True)


def _cursors() -> None:
    op.create_table(
        "chain_cursors",
        sa.Column("chain_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        *(
            sa.Column(f"{name}_{column}", kind)
            for name in ("scanned", "confirmed", "head")
            for column, kind in (("block", sa.BigInteger()), ("time", _TZ))
        ),
        sa.Column("trouble", sa.String(30)),
        sa.Column("trouble_since", _TZ),
        sa.Column("stopped", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("endpoint", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.Column("leased_until", _TZ),
        sa.Column("updated_at", _TZ, nullable=False),
        sa.CheckConstraint("(trouble IS NULL) = (trouble_since IS NULL)", name="trouble"),
        if_not_exists=True,
    )
    op.create_table(
        "chain_blocks",
        sa.Column("chain_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("hash", _BYTES, nullable=False),
        sa.CheckConstraint("length(hash) = 32", name="hash"),
        if_not_exists=True,
    )

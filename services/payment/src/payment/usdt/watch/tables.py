"""Transfers on chains, how far each chain was read, and the blocks that were built on."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, Numeric, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column

from payment.base import Base


class BlockchainTransaction(Base):
    """A transfer of a token to or from one of our addresses, identified by chain, transaction and log index.

    A transaction may contain several transfers. If a reorganization moves it into another block, its log index is
    another one there, as a rule: then the old row fails, and the transfer has a new row.

    Attributes:
        units: in the token's smallest unit.
        kind: of another token than the configured one, or a refund that staff sent.
        state: `failed` if its block is no longer of the chain.
        registration_id: the invoice whose address received it; null if it is a refund's or unknown.
        settled: what became of its money; null until it is confirmed, and for other tokens.
        notified_at: when it was last published that what arrived is too little, or that the transfer is gone. It counts
            for the state that the transfer had then.
    """

    __tablename__ = "blockchain_transactions"
    __table_args__ = (
        CheckConstraint("length(tx_hash) = 32 AND length(block_hash) = 32", name="hashes"),
        CheckConstraint("length(token) = 20 AND length(sender) = 20 AND length(recipient) = 20", name="addresses"),
        CheckConstraint("units >= 0", name="units"),
        CheckConstraint("kind IN ('usdt', 'other_token', 'refund')", name="kind"),
        CheckConstraint("state IN ('pending', 'confirmed', 'failed')", name="state"),
        CheckConstraint("settled IN ('paid', 'kept', 'ignored')", name="settled"),
        CheckConstraint("(state = 'confirmed') = (confirmed_at IS NOT NULL)", name="confirmed"),
        CheckConstraint("(state = 'failed') = (failed_at IS NOT NULL)", name="failed"),
        Index("uq_blockchain_transactions_log", "chain_id", "tx_hash", "log_index", unique=True),
        Index("ix_blockchain_transactions_block", "chain_id", "block_number"),
        Index("ix_blockchain_transactions_registration_id", "registration_id"),
        Index("ix_blockchain_transactions_recipient", "recipient"),
        Index("ix_blockchain_transactions_state", "state"),
        Index(
            "ix_blockchain_transactions_failed", "chain_id", "failed_at", postgresql_where=text("failed_at IS NOT NULL")
        ),
        Index(
            "ix_blockchain_transactions_unsettled",
            "chain_id",
            "confirmed_at",
            postgresql_where=text("settled IS NULL AND confirmed_at IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    chain_id: Mapped[int] = mapped_column(BigInteger)
    tx_hash: Mapped[bytes] = mapped_column(LargeBinary)
    log_index: Mapped[int]
    block_number: Mapped[int] = mapped_column(BigInteger)
    block_hash: Mapped[bytes] = mapped_column(LargeBinary)
    block_time: Mapped[datetime]
    token: Mapped[bytes] = mapped_column(LargeBinary)
    sender: Mapped[bytes] = mapped_column(LargeBinary)
    recipient: Mapped[bytes] = mapped_column(LargeBinary)
    units: Mapped[Decimal] = mapped_column(Numeric(78, 0))
    kind: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    registration_id: Mapped[UUID | None] = mapped_column(ForeignKey("invoices.registration_id"))
    settled: Mapped[str | None] = mapped_column(String(20))
    seen_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    notified_at: Mapped[datetime | None]


class ChainCursor(Base):
    """How far a chain was read, and which process reads it.

    Attributes:
        scanned_block: up to here transfers were read; null before the first pass, as are the others.
        confirmed_block: up to here no transfer is expected to appear or vanish; `confirmed_time` is that block's time.
        head_block: the newest block that the endpoint had.
        trouble: why it cannot be read, or what is wrong; `trouble_since` is when the first failure after success was,
            and for a balance that differs, when that was last found.
        stopped: no pass is made until staff resume it.
        endpoint: the one that the next pass begins with.
        leased_until: until when no other process makes a pass.
    """

    __tablename__ = "chain_cursors"
    __table_args__ = (CheckConstraint("(trouble IS NULL) = (trouble_since IS NULL)", name="trouble"),)

    chain_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    scanned_block: Mapped[int | None] = mapped_column(BigInteger)
    scanned_time: Mapped[datetime | None]
    confirmed_block: Mapped[int | None] = mapped_column(BigInteger)
    confirmed_time: Mapped[datetime | None]
    head_block: Mapped[int | None] = mapped_column(BigInteger)
    head_time: Mapped[datetime | None]
    trouble: Mapped[str | None] = mapped_column(String(30))
    trouble_since: Mapped[datetime | None]
    stopped: Mapped[bool] = mapped_column(server_default="false")
    endpoint: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    leased_until: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class ChainBlock(Base):
    """A block that passes were built on, so that a reorganization is recognized. The newest ones are kept."""

    __tablename__ = "chain_blocks"
    __table_args__ = (CheckConstraint("length(hash) = 32", name="hash"),)

    chain_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary)

"""The receiving keys, and what checks of their addresses have found."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from payment.base import Base


class ReceivingKey(Base):
    """The extended public key of an account of the organiser's wallet. A unique index allows one active.

    Attributes:
        xpub: sealed; who reads it sees all addresses of the account.
        xpub_digest: SHA-256 of chain code and public key, by which a key that is entered again is found.
        path: of the account in its wallet, such as `m/44'/60'/0'`.
        state: `payment.usdt.keys.rules.KeyState`.
        next_index: of the address that is given next; none is given twice.
    """

    __tablename__ = "receiving_keys"
    __table_args__ = (
        CheckConstraint("state IN ('proposed', 'active', 'retired')", name="state"),
        CheckConstraint("next_index >= 0", name="next_index"),
        CheckConstraint("length(xpub_digest) = 32", name="xpub_digest"),
        CheckConstraint(
            "(confirmed_at IS NULL) = (confirmed_by IS NULL) AND (state <> 'active' OR confirmed_at IS NOT NULL)",
            name="confirmed",
        ),
        CheckConstraint("(state = 'retired') = (retired_at IS NOT NULL)", name="retired"),
        Index("uq_receiving_keys_xpub_digest", "xpub_digest", unique=True),
        Index("uq_receiving_keys_active", "state", unique=True, postgresql_where=text("state = 'active'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    xpub: Mapped[str] = mapped_column(Text)
    xpub_digest: Mapped[bytes] = mapped_column(LargeBinary)
    path: Mapped[str] = mapped_column(String(50))
    state: Mapped[str] = mapped_column(String(20))
    next_index: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime]
    created_by: Mapped[UUID]
    confirmed_at: Mapped[datetime | None]
    confirmed_by: Mapped[UUID | None]
    retired_at: Mapped[datetime | None]


class KeyCheck(Base):
    """What the last check of the addresses that were given from a key has found, for `startline doctor`.

    Attributes:
        is_readable: whether the key was decrypted; without it nothing is compared.
        addresses: how many were compared.
        differing: indices of those that are not the key's, a hundred at most.
    """

    __tablename__ = "usdt_key_checks"
    __table_args__ = (CheckConstraint("addresses >= 0", name="addresses"),)

    key_id: Mapped[UUID] = mapped_column(ForeignKey("receiving_keys.id"), primary_key=True)
    checked_at: Mapped[datetime]
    is_readable: Mapped[bool]
    addresses: Mapped[int]
    differing: Mapped[list[int]] = mapped_column(ARRAY(Integer))

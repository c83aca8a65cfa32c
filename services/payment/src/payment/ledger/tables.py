"""The movements of the ledger."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from chassis.tables import Money
from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column

from payment.base import Base
from payment.ledger.rules import Account, Kind


def _one_of(column: str, words: type[Account] | type[Kind]) -> str:
    return f"{column} IN ({', '.join(repr(each.value) for each in words)})"


class Movement(Base):
    """Money that moved from the credit account to the debit account. Rows are never changed or deleted: a trigger.

    Attributes:
        source: the fact that is recorded, such as `payment:<id>`; `leg` counts the movements of one fact.
        occurred_at: when the money moved, as far as known; `recorded_at` is when it was written here.
    """

    __tablename__ = "movements"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("debit <> credit", name="accounts"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint("leg > 0", name="leg"),
        CheckConstraint(_one_of("debit", Account), name="debit"),
        CheckConstraint(_one_of("credit", Account), name="credit"),
        CheckConstraint(_one_of("kind", Kind), name="kind"),
        Index("uq_movements_source", "source", "leg", unique=True),
        Index("ix_movements_registration_id", "registration_id", postgresql_where=text("registration_id IS NOT NULL")),
        Index("ix_movements_occurred_at", "occurred_at"),
        Index("ix_movements_others", "kind", "source", postgresql_where=text("kind NOT IN ('payment', 'rounding')")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    source: Mapped[str] = mapped_column(String(100))
    leg: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[str] = mapped_column(String(20))
    debit: Mapped[str] = mapped_column(String(20))
    credit: Mapped[str] = mapped_column(String(20))
    amount: Mapped[Decimal] = mapped_column(Money)
    currency: Mapped[str] = mapped_column(String(3))
    registration_id: Mapped[UUID | None]
    payment_id: Mapped[UUID | None]
    method: Mapped[str | None] = mapped_column(String(20))
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]

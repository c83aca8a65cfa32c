"""Tables of price phases, promo codes and the counters of their uses."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from chassis.ids import new_id
from chassis.tables import Money
from contracts import RegistrationType
from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, false, func, text, true
from sqlalchemy.orm import Mapped, mapped_column

from registration.base import Base
from registration.prices.rules import PromoKind

_TYPES = ", ".join(f"'{kind.value}'" for kind in RegistrationType)
_KINDS = ", ".join(f"'{kind.value}'" for kind in PromoKind)


class PricePhaseRow(Base):
    """A phase of a category's prices. Of the active ones, the first by `position` that is not over applies.

    A type without a price has the category's own. If the phase is `limited`, its counter is in `promo_uses`.
    """

    __tablename__ = "price_phases"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    category_id: Mapped[UUID] = mapped_column(ForeignKey("race_categories.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(60))
    position: Mapped[int]
    ends_at: Mapped[datetime | None]
    limited: Mapped[bool]
    price_individual: Mapped[Decimal | None] = mapped_column(Money)
    price_collective_5: Mapped[Decimal | None] = mapped_column(Money)
    price_collective_10: Mapped[Decimal | None] = mapped_column(Money)
    code_required: Mapped[bool] = mapped_column(server_default=false())
    is_active: Mapped[bool] = mapped_column(server_default=true())
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_price_phases_order", "category_id", "position", "id"),
        CheckConstraint("limited OR ends_at IS NOT NULL", name="has_end"),
        CheckConstraint(
            "price_individual >= 0 AND price_collective_5 >= 0 AND price_collective_10 >= 0", name="prices"
        ),
    )


class PromoCode(Base):
    """A promo code of a race, or of one of its categories.

    `value` is percent, an amount for each participant, or 0 for access. If the code is `limited`, its counter is in
    `promo_uses`; a limited code belongs to one category, whose places are locked before the counter. Codes are never
    deleted, as registrations name them.
    """

    __tablename__ = "promo_codes"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    event_id: Mapped[UUID] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    category_id: Mapped[UUID | None]
    code: Mapped[str] = mapped_column(String(40))
    kind: Mapped[PromoKind] = mapped_column(String(10))
    value: Mapped[Decimal] = mapped_column(Money)
    grants_access: Mapped[bool]
    types: Mapped[list[str] | None] = mapped_column(ARRAY(String(20)))
    valid_from: Mapped[datetime | None]
    valid_until: Mapped[datetime | None]
    limited: Mapped[bool]
    max_per_person: Mapped[int | None]
    note: Mapped[str | None] = mapped_column(String(255))
    is_active: Mapped[bool] = mapped_column(server_default=true())
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        # No other index begins with the race: a plan made while the table is empty would look codes up in that one.
        ForeignKeyConstraint(
            ["category_id", "event_id"], ["race_categories.id", "race_categories.event_id"], ondelete="CASCADE"
        ),
        Index(
            "uq_promo_codes_code", "event_id", "code", func.coalesce(text("category_id"), text("event_id")), unique=True
        ),
        CheckConstraint("code ~ '^[A-Z0-9]{3,40}$'", name="code"),
        CheckConstraint(f"kind IN ({_KINDS})", name="kind"),
        CheckConstraint("value >= 0 AND (kind = 'access') = (value = 0)", name="value"),
        CheckConstraint("kind <> 'percent' OR value <= 100", name="percent"),
        CheckConstraint("kind <> 'access' OR grants_access", name="access"),
        CheckConstraint(f"types <@ ARRAY[{_TYPES}]::varchar[] AND types <> ARRAY[]::varchar[]", name="types"),
        CheckConstraint("category_id IS NOT NULL OR NOT limited AND max_per_person IS NULL", name="limits"),
        CheckConstraint("max_per_person > 0", name="max_per_person"),
        CheckConstraint("valid_until > valid_from", name="valid_until"),
    )


class PromoUses(Base):
    """The counter of a limited promo code or phase, separate from the row that staff edit. Counts participants.

    Only `prices.uses` writes it. `used` counts the uses of live registrations and open offers within the limit.
    `beyond` are uses of registrations that a late payment brought back when none were left: there are some only while
    `used` is at the limit, and they are given back first.
    """

    __tablename__ = "promo_uses"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    category_id: Mapped[UUID] = mapped_column(ForeignKey("race_categories.id", ondelete="CASCADE"), index=True)
    max_uses: Mapped[int]
    used: Mapped[int] = mapped_column(server_default="0")
    beyond: Mapped[int] = mapped_column(server_default="0")

    __table_args__ = (
        CheckConstraint("used BETWEEN 0 AND max_uses", name="within_limit"),
        CheckConstraint("beyond >= 0 AND (beyond = 0 OR used = max_uses)", name="beyond"),
        {"postgresql_with": {"fillfactor": "50"}},
    )

"""Request bodies for price phases and promo codes."""

from decimal import Decimal
from typing import Annotated, Any, Final, Self
from uuid import UUID

from chassis.errors import InvalidFields
from chassis.web.models import Amount, Body, Changes, Label, Matching, Moment, OrNone, Text
from chassis.wording import Wording
from contracts import RegistrationType
from pydantic import Field, StringConstraints, model_validator

from registration.catalog.forms import Price
from registration.prices.rules import PromoKind, require_value

MALFORMED_CODE: Final = Wording(
    en="A promo code has 3 to 40 letters and digits, without spaces.",
    id="Kode promo terdiri dari 3 sampai 40 huruf dan angka, tanpa spasi.",
)
NO_END: Final = Wording(
    en="A phase needs an end: a time, a number of participants, or both.",
    id="Fase memerlukan akhir: waktu, jumlah peserta, atau keduanya.",
)
NO_PRICE: Final = Wording(
    en="Name the price of at least one type of registration in this phase.",
    id="Sebutkan harga paling sedikit satu jenis pendaftaran dalam fase ini.",
)
NO_SCOPE: Final = Wording(
    en="Name the race or the category that the code is for.", id="Sebutkan lomba atau kategori untuk kode ini."
)
NEEDS_CATEGORY: Final = Wording(
    en="A limited code belongs to one category; name it, or create a code for each category.",
    id="Kode dengan batas dimiliki satu kategori; sebutkan, atau buat satu kode untuk tiap kategori.",
)
PromoCodeText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_upper=True, max_length=100),
    Matching("[A-Za-z0-9]{3,40}", MALFORMED_CODE),
    Field(examples=["EARLY20"]),
]
"""A promo code, in upper case."""

_PREFIX: Final = Wording(en="A prefix has up to 20 letters and digits.", id="Awalan paling banyak 20 huruf dan angka.")
Prefix = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_upper=True, max_length=100),
    Matching("[A-Za-z0-9]{0,20}", _PREFIX),
]

Limit = Annotated[int, Field(ge=1, le=1_000_000, description="participants")]
Position = Annotated[int, Field(ge=0, le=10_000, description="order of the phases")]
PhaseName = Annotated[Label, Field(max_length=60)]
Note = Annotated[Text, Field(max_length=255)]
Types = Annotated[
    list[RegistrationType], Field(min_length=1, max_length=3, description="that may use the code; null for all")
]

_PRICES: Final = ("price_individual", "price_collective_5", "price_collective_10")


class NewPricePhase(Body):
    """A phase to create, after the others unless it has a position.

    Prices are per participant; a type without one keeps the category's own. With an `id` of the caller it is created
    once, however often it is sent.
    """

    id: UUID | None = None
    name: PhaseName
    position: Position | None = None
    ends_at: Moment | None = None
    max_participants: Limit | None = None
    price_individual: Price | None = None
    price_collective_5: Price | None = None
    price_collective_10: Price | None = None
    code_required: bool = False
    is_active: bool = True

    @model_validator(mode="after")
    def _ends_and_has_prices(self) -> Self:
        if self.ends_at is None and self.max_participants is None:
            raise InvalidFields(("ends_at", NO_END))
        if all(getattr(self, name) is None for name in _PRICES) and not self.code_required:
            raise InvalidFields(("price_individual", NO_PRICE))
        return self


class PricePhaseChanges(Changes):
    """A phase's fields to change. A phase that counts participants may get another number, and keeps one."""

    NULLABLE = frozenset({"ends_at", *_PRICES})

    name: PhaseName | None = None
    position: Position | None = None
    ends_at: Moment | None = None
    max_participants: Limit | None = None
    price_individual: Price | None = None
    price_collective_5: Price | None = None
    price_collective_10: Price | None = None
    code_required: bool | None = None
    is_active: bool | None = None


class PhaseOrder(Body):
    """All phases of a category, in the order in which they are to apply."""

    phase_ids: Annotated[list[UUID], Field(max_length=200)]


class _Terms(Body):
    """What new codes have in common.

    `value` is a percentage or the amount that each participant pays less. A limit counts participants, and belongs to a
    code of one category.
    """

    event_id: UUID | None = None
    category_id: UUID | None = None
    kind: PromoKind
    value: Amount = Decimal()
    grants_access: bool = False
    types: Types | None = None
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    max_uses: Limit | None = None
    max_per_person: Limit | None = None
    note: OrNone[Note] = None
    is_active: bool = True

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.event_id is None and self.category_id is None:
            raise InvalidFields(("event_id", NO_SCOPE))
        for name in ("max_uses", "max_per_person"):
            if self.category_id is None and getattr(self, name) is not None:
                raise InvalidFields(("category_id", NEEDS_CATEGORY))
        require_value(self.kind, self.value)
        return self

    def terms(self) -> dict[str, Any]:
        """Return the columns that the codes share; one of the kind access always grants access."""
        fields = self.model_dump(exclude={"event_id", "category_id", "max_uses", "code", "count", "prefix"})
        fields["grants_access"] = self.grants_access or self.kind is PromoKind.ACCESS
        return _with_plain_types(fields)


def _with_plain_types(fields: dict[str, Any]) -> dict[str, Any]:
    types = fields.get("types")
    return fields if types is None else {**fields, "types": [each.value for each in types]}


class NewPromoCode(_Terms):
    """A promo code to create."""

    code: PromoCodeText


class NewPromoCodes(_Terms):
    """Personal codes to create: `count` random ones after a prefix, with one use each unless another limit is named."""

    count: Annotated[int, Field(ge=1, le=1000)]
    prefix: Prefix = ""
    max_uses: Limit | None = 1


class PromoCodeChanges(Changes):
    """A code's fields to change. A limited code may get another limit, and keeps one."""

    NULLABLE = frozenset({"types", "valid_from", "valid_until", "max_per_person", "note"})

    value: Amount | None = None
    grants_access: bool | None = None
    types: Types | None = None
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    max_uses: Limit | None = None
    max_per_person: Limit | None = None
    note: OrNone[Note] = None
    is_active: bool | None = None

    def fields(self) -> dict[str, Any]:
        """Return the fields that were sent."""
        return _with_plain_types(super().fields())

"""Creating and changing price phases and promo codes. The price of a registration that was admitted never changes."""

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

from chassis.audit_log import before_and_after
from chassis.database import UnitOfWork, constraint_of
from chassis.errors import InvalidFields, StartlineError
from chassis.ids import new_id
from chassis.wording import Wording
from sqlalchemy import case, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError

from registration.catalog.errors import UnknownCategory, UnknownEvent
from registration.catalog.tables import Race, RaceCategory
from registration.idempotency.errors import IdempotencyKeyReused
from registration.places.commands import lock_places
from registration.prices.errors import PromoCodeTaken, UnknownPricePhase, UnknownPromoCode
from registration.prices.rules import CODE_ALPHABET, GENERATED_LENGTH, PromoKind, require_value
from registration.prices.tables import PricePhaseRow, PromoCode, PromoUses
from registration.prices.uses import change_limit, create_counters

Fields = Mapping[str, Any]

NOT_ITS_CATEGORY: Final = Wording(
    en="The category is not one of this race.", id="Kategori ini bukan bagian dari lomba ini."
)
NOT_LIMITED: Final = Wording(
    en="This has no limit, and cannot get one; switch it off and create another one.",
    id="Ini tidak punya batas dan tidak dapat diberi batas; nonaktifkan dan buat yang baru.",
)
NEEDS_END: Final = Wording(
    en="A phase that does not count participants needs a time at which it ends.",
    id="Fase yang tidak menghitung peserta memerlukan waktu berakhir.",
)
ENDS_TOO_EARLY: Final = Wording(
    en="The code must end after it begins.", id="Kode harus berakhir setelah mulai berlaku."
)
NOT_ITS_PHASES: Final = Wording(
    en="Name each phase of the category once; load the page again, as they have changed.",
    id="Sebutkan tiap fase kategori ini satu kali; muat ulang halaman, karena fasenya sudah berubah.",
)
FOR_ONE_CATEGORY: Final = Wording(
    en="Only a code of one category can have this limit.",
    id="Hanya kode milik satu kategori yang dapat diberi batas ini.",
)
ALWAYS_GRANTS: Final = Wording(
    en="A code of the kind access always grants access.", id="Kode jenis access selalu memberi akses."
)

_FIELD_RULES: Final[Mapping[str, tuple[str, Wording]]] = {
    "ck_price_phases_has_end": ("ends_at", NEEDS_END),
    "ck_promo_codes_valid_until": ("valid_until", ENDS_TOO_EARLY),
    "ck_promo_codes_limits": ("max_per_person", FOR_ONE_CATEGORY),
    "ck_promo_codes_access": ("grants_access", ALWAYS_GRANTS),
}
_REFUSALS: Final[Mapping[str, type[StartlineError]]] = {
    "uq_promo_codes_code": PromoCodeTaken,
    "pk_promo_uses": IdempotencyKeyReused,
}


@asynccontextmanager
async def _refusals_named(work: UnitOfWork) -> AsyncIterator[None]:
    """Translate violated constraints of the block into the errors of the API."""
    try:
        async with work.session.begin_nested():
            yield
    except IntegrityError as error:
        name = constraint_of(error)
        if name in _FIELD_RULES:
            raise InvalidFields(_FIELD_RULES[name]) from None
        if name in _REFUSALS:
            raise _REFUSALS[name] from None
        raise


# --- phases


async def create_phase(
    work: UnitOfWork,
    category_id: UUID,
    fields: Fields,
    *,
    max_participants: int | None,
    by: str,
    phase_id: UUID | None = None,
) -> UUID:
    """Create a phase of a category's prices and return its id; without a position it is the last.

    A repeat with the same `phase_id` changes nothing.

    Raises:
        UnknownCategory.
        IdempotencyKeyReused: `phase_id` is the id of something else.
    """
    if await lock_places(work, category_id) is None:
        raise UnknownCategory
    own_id = phase_id or new_id()
    given = {name: value for name, value in fields.items() if name != "position" or value is not None}
    row = {**given, "category_id": category_id}
    if "position" not in given:
        row["position"] = await _next_position(work, category_id)
    row["limited"] = max_participants is not None
    async with _refusals_named(work):
        added = upsert(PricePhaseRow).values(id=own_id, created_at=work.now, updated_at=work.now, **row)
        if await work.session.scalar(added.on_conflict_do_nothing().returning(PricePhaseRow.id)) is None:
            await _require_same(work, own_id, {**given, "category_id": category_id}, max_participants)
            return own_id
        if max_participants is not None:
            await create_counters(work, category_id, {own_id: max_participants})
    after = {**fields, "position": row["position"], "max_participants": max_participants}
    await work.audit(by, "price_phase.create", f"price_phase:{own_id}", **before_and_after({}, after))
    return own_id


async def _require_same(work: UnitOfWork, phase_id: UUID, columns: Fields, max_participants: int | None) -> None:
    """Require that a phase which was created before has these values.

    Raises:
        IdempotencyKeyReused.
    """
    phase, counter = await work.session.get(PricePhaseRow, phase_id), await work.session.get(PromoUses, phase_id)
    limit = counter.max_uses if counter else None
    is_same = limit == max_participants and all(getattr(phase, name) == value for name, value in columns.items())
    if not is_same:
        raise IdempotencyKeyReused


async def _next_position(work: UnitOfWork, category_id: UUID) -> int:
    last = select(func.max(PricePhaseRow.position)).where(PricePhaseRow.category_id == category_id)
    found: int | None = (await work.session.execute(last)).scalar_one()
    return 0 if found is None else found + 1


async def change_phase(work: UnitOfWork, phase_id: UUID, fields: Fields, *, by: str) -> None:
    """Change a phase. Registrations and offers keep the prices that they have.

    Raises:
        UnknownPricePhase, LimitBelowUses, InvalidFields.
    """
    phase = await work.session.get(PricePhaseRow, phase_id, with_for_update=True, populate_existing=True)
    if phase is None:
        raise UnknownPricePhase
    await _change(work, phase, fields, limit="max_participants", by=by)


async def order_phases(work: UnitOfWork, category_id: UUID, phase_ids: Sequence[UUID], *, by: str) -> None:
    """Put all phases of a category in another order.

    Raises:
        UnknownCategory.
        InvalidFields: these are not its phases, each once.
    """
    if await lock_places(work, category_id) is None:
        raise UnknownCategory
    own = select(PricePhaseRow.id).where(PricePhaseRow.category_id == category_id)
    ordered = own.order_by(PricePhaseRow.position, PricePhaseRow.id).with_for_update()
    before = (await work.session.execute(ordered)).scalars().all()
    if sorted(before) != sorted(phase_ids):
        raise InvalidFields(("phase_ids", NOT_ITS_PHASES))
    place = case({phase_id: at for at, phase_id in enumerate(phase_ids)}, value=PricePhaseRow.id)
    moved = update(PricePhaseRow).where(PricePhaseRow.category_id == category_id)
    if phase_ids:
        await work.session.execute(moved.values(position=place, updated_at=work.now))
    orders = ({"order": " ".join(str(each) for each in ids)} for ids in (before, phase_ids))
    await work.audit(by, "price_phase.order", f"category:{category_id}", **before_and_after(*orders))


# --- promo codes


async def create_codes(
    work: UnitOfWork,
    codes: Sequence[str],
    terms: Fields,
    *,
    event_id: UUID | None,
    category_id: UUID | None,
    max_uses: int | None,
    by: str,
) -> list[UUID]:
    """Create promo codes with the same terms and return their ids, in the order of the codes.

    Raises:
        UnknownEvent, UnknownCategory, PromoCodeTaken, InvalidFields.
    """
    race_id = await _race_of(work, event_id, category_id)
    ids = [new_id() for _ in codes]
    common = {**terms, "event_id": race_id, "category_id": category_id, "limited": max_uses is not None}
    times = {"created_at": work.now, "updated_at": work.now}
    rows = [{**common, **times, "id": promo_id, "code": code} for promo_id, code in zip(ids, codes, strict=True)]
    async with _refusals_named(work):
        await work.session.execute(insert(PromoCode), rows)
    if max_uses is not None and category_id is not None:
        await create_counters(work, category_id, dict.fromkeys(ids, max_uses))
    after = {**common, "max_uses": max_uses}
    if len(codes) == 1:
        await work.audit(
            by, "promo_code.create", f"promo_code:{ids[0]}", **before_and_after({}, {**after, "code": codes[0]})
        )
    else:
        await work.audit(
            by, "promo_code.create_many", f"event:{race_id}", count=len(ids), **before_and_after({}, after)
        )
    return ids


async def _race_of(work: UnitOfWork, event_id: UUID | None, category_id: UUID | None) -> UUID:
    """Return the race of the codes.

    Raises:
        UnknownEvent, UnknownCategory, InvalidFields.
    """
    if category_id is None:
        race_id: UUID | None = await work.session.scalar(select(Race.id).where(Race.id == event_id))
        if race_id is None:
            raise UnknownEvent
        return race_id
    race_id = await work.session.scalar(select(RaceCategory.event_id).where(RaceCategory.id == category_id))
    if race_id is None:
        raise UnknownCategory
    if event_id not in (None, race_id):
        raise InvalidFields(("category_id", NOT_ITS_CATEGORY))
    return race_id


def random_codes(count: int, prefix: str) -> list[str]:
    """Return different codes that begin with `prefix` and cannot be guessed."""
    found: set[str] = set()
    while len(found) < count:
        found.add(prefix + "".join(secrets.choice(CODE_ALPHABET) for _ in range(GENERATED_LENGTH)))
    return sorted(found)


async def change_code(work: UnitOfWork, promo_id: UUID, fields: Fields, *, by: str) -> None:
    """Change a promo code. Registrations and offers keep the prices that they have.

    Raises:
        UnknownPromoCode, LimitBelowUses, InvalidFields.
    """
    promo = await work.session.get(PromoCode, promo_id, with_for_update=True, populate_existing=True)
    if promo is None:
        raise UnknownPromoCode
    if "value" in fields:
        require_value(PromoKind(promo.kind), fields["value"])
    await _change(work, promo, fields, limit="max_uses", by=by)


async def _change(work: UnitOfWork, row: PricePhaseRow | PromoCode, fields: Fields, *, limit: str, by: str) -> None:
    """Change a locked row, and the limit of its counter if that is among the fields."""
    columns = {name: value for name, value in fields.items() if name != limit}
    before = {name: getattr(row, name) for name in columns}
    if limit in fields:
        before[limit] = await _change_limit(work, row.id, limit, fields[limit])
    table = type(row)
    async with _refusals_named(work):
        await work.session.execute(update(table).where(table.id == row.id).values(updated_at=work.now, **columns))
    kind = "price_phase" if isinstance(row, PricePhaseRow) else "promo_code"
    await work.audit(by, f"{kind}.change", f"{kind}:{row.id}", **before_and_after(before, fields))


async def _change_limit(work: UnitOfWork, counter_id: UUID, field: str, limit: int) -> int:
    """Set another limit and return the one before."""
    counter = await work.session.get(PromoUses, counter_id, with_for_update=True, populate_existing=True)
    if counter is None:
        raise InvalidFields((field, NOT_LIMITED))
    before = counter.max_uses
    await change_limit(work, counter_id, limit)
    return before

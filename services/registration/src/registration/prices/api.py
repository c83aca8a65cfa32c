"""Routes for price phases and promo codes, for staff; and the check of a code, for anyone."""

import hashlib
from datetime import datetime
from typing import Annotated
from uuid import UUID

from chassis.auth.access import Admin, AnyStaff, Finance, public
from chassis.database import Database
from chassis.web.cursors import CursorOf
from chassis.web.dependencies import OwnDatabase, Read, Work
from chassis.web.limits import AddressLimit, TooManyRequests
from chassis.web.models import Amount, Cursor, Limit, Page, SearchText, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from contracts import RegistrationType
from fastapi import Depends, Query, Request, Response

from registration.catalog.api import ChangeOfCatalog
from registration.catalog.errors import UnknownCategory, UnknownEvent
from registration.dependencies import IdempotencyHeader
from registration.idempotency.commands import remember
from registration.idempotency.errors import IdempotencyKeyReused
from registration.idempotency.queries import first_answer
from registration.prices import commands, queries
from registration.prices.errors import (
    LimitBelowUses,
    PromoCodeRequired,
    PromoCodeTaken,
    PromoNotValid,
    PromoUsedUp,
    TypeNotOffered,
    UnknownPricePhase,
    UnknownPromoCode,
)
from registration.prices.forms import (
    NewPricePhase,
    NewPromoCode,
    NewPromoCodes,
    PhaseOrder,
    PricePhaseChanges,
    PromoCodeChanges,
    PromoCodeText,
)
from registration.prices.rules import PromoKind

router = Router(tags=["prices"])

_cursors = CursorOf(tuple[UUID])


class PricePhaseView(View):
    """A phase of prices, for staff. `uses` count participants; null if the phase does not count them.

    `uses_beyond` are those among them that a late payment brought back when none were left.
    """

    id: UUID
    category_id: UUID
    name: str
    position: int
    ends_at: datetime | None
    max_participants: int | None
    uses: int | None
    uses_beyond: int
    uses_left: int | None
    price_individual: Amount | None
    price_collective_5: Amount | None
    price_collective_10: Amount | None
    code_required: bool
    is_active: bool


class PromoCodeView(View):
    """A promo code, for staff. `uses` count the participants of registrations that hold places, and of open offers.

    `uses_beyond` are those among them that a late payment brought back when none were left.
    """

    id: UUID
    event_id: UUID
    category_id: UUID | None
    code: str
    kind: PromoKind
    value: Amount
    grants_access: bool
    types: list[RegistrationType] | None
    valid_from: datetime | None
    valid_until: datetime | None
    max_uses: int | None
    max_per_person: int | None
    uses: int
    uses_beyond: int
    uses_left: int | None
    note: str | None
    is_active: bool
    created_at: datetime


class CreatedCode(View):
    """A created code."""

    id: UUID
    code: str


class CreatedCodes(View):
    """Personal codes that were created."""

    items: list[CreatedCode]


class CheckedCode(View):
    """What a registration with the code would cost now. Nothing is held: the price is agreed when it is admitted."""

    code: str
    category_id: UUID
    registration_type: RegistrationType
    price_phase: str | None
    list_amount: Amount
    discount: Amount
    total_amount: Amount
    currency: str


@router.get("/categories/{category_id}/price-phases", responses=errors(UnknownCategory))
async def list_phases(category_id: UUID, _: AnyStaff, session: Read) -> Page[PricePhaseView]:
    """Return all phases of a category's prices, in their order, with their uses."""
    return Page(items=[PricePhaseView.model_validate(row) for row in await queries.phases_of(session, category_id)])


@router.post(
    "/categories/{category_id}/price-phases", status_code=201, responses=errors(UnknownCategory, IdempotencyKeyReused)
)
async def create_phase(category_id: UUID, body: NewPricePhase, staff: Admin, work: ChangeOfCatalog) -> PricePhaseView:
    """Create a phase, which ends at a time, after a number of participants, or at the first of both.

    One that is there already is returned.
    """
    fields = body.model_dump(exclude={"id", "max_participants"})
    phase_id = await commands.create_phase(
        work, category_id, fields, max_participants=body.max_participants, by=staff.actor, phase_id=body.id
    )
    return PricePhaseView.model_validate(await queries.phase_by_id(work.session, phase_id))


@router.put("/categories/{category_id}/price-phases/order", status_code=204, responses=errors(UnknownCategory))
async def order_phases(category_id: UUID, body: PhaseOrder, staff: Admin, work: ChangeOfCatalog) -> None:
    """Put the phases in another order, which decides which of them applies."""
    await commands.order_phases(work, category_id, body.phase_ids, by=staff.actor)


@router.patch("/price-phases/{phase_id}", responses=errors(UnknownPricePhase, LimitBelowUses))
async def change_phase(phase_id: UUID, body: PricePhaseChanges, staff: Admin, work: ChangeOfCatalog) -> PricePhaseView:
    """Change a phase, or switch it off. Registrations and offers keep the prices that they have."""
    await commands.change_phase(work, phase_id, body.fields(), by=staff.actor)
    return PricePhaseView.model_validate(await queries.phase_by_id(work.session, phase_id))


@router.get("/promo-codes")
async def list_codes(
    _: Finance,
    session: Read,
    event_id: Annotated[UUID | None, Query()] = None,
    category_id: Annotated[UUID | None, Query(description="without codes of the whole race")] = None,
    q: Annotated[SearchText | None, Query(description="beginning of the code")] = None,
    is_active: Annotated[bool | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[PromoCodeView]:
    """Return promo codes with their uses, newest first."""
    wanted = queries.PromoFilter(event_id, category_id, q, is_active)
    position = _cursors.decode(cursor)
    rows = await queries.promo_codes(session, wanted, limit=limit, after=position[0] if position else None)
    items = [PromoCodeView.model_validate(row) for row in rows[:limit]]
    return Page(items=items, next_cursor=_cursors.encode(items[-1].id) if len(rows) > limit else None)


@router.post("/promo-codes", status_code=201, responses=errors(UnknownEvent, UnknownCategory, PromoCodeTaken))
async def create_code(body: NewPromoCode, staff: Admin, work: Work) -> PromoCodeView:
    """Create a promo code for a race, or for one of its categories. A limited code belongs to one category."""
    [promo_id] = await commands.create_codes(
        work,
        [body.code],
        body.terms(),
        event_id=body.event_id,
        category_id=body.category_id,
        max_uses=body.max_uses,
        by=staff.actor,
    )
    return PromoCodeView.model_validate(await queries.promo_code_by_id(work.session, promo_id))


@router.post(
    "/promo-codes/bulk",
    status_code=201,
    responses=errors(UnknownEvent, UnknownCategory, PromoCodeTaken, IdempotencyKeyReused),
)
async def create_personal_codes(
    body: NewPromoCodes, staff: Admin, database: OwnDatabase, response: Response, key: IdempotencyHeader = None
) -> CreatedCodes:
    """Create up to a thousand random codes with the same terms, such as one for each guest of a sponsor.

    A repeat with the same `Idempotency-Key` creates none and gets the first answer.
    """
    own_key = None if key is None else hashlib.sha256(f"bulk-codes {staff.id} {key}".encode()).hexdigest()
    request_hash = hashlib.sha256(body.model_dump_json().encode()).hexdigest()
    earlier = await first_answer(database, own_key, request_hash)
    if earlier is None:
        try:
            return await _create_codes(database, body, own_key, request_hash, by=staff.actor)
        except IdempotencyKeyReused:  # by a concurrent repeat
            earlier = await first_answer(database, own_key, request_hash)
            if earlier is None:
                raise
    response.headers["Idempotency-Replayed"] = "true"
    return CreatedCodes.model_validate(earlier.body)


async def _create_codes(
    database: Database, body: NewPromoCodes, key: str | None, request_hash: str, *, by: str
) -> CreatedCodes:
    """Create codes and store the answer for repeats, in one transaction.

    Raises:
        UnknownEvent, UnknownCategory, PromoCodeTaken, InvalidFields, OutcomeUnknown.
        IdempotencyKeyReused: a concurrent request with the key was faster.
    """
    codes = commands.random_codes(body.count, body.prefix)
    async with database.work() as work:
        ids = await commands.create_codes(
            work,
            codes,
            body.terms(),
            event_id=body.event_id,
            category_id=body.category_id,
            max_uses=body.max_uses,
            by=by,
        )
        created = CreatedCodes(items=[CreatedCode(id=each, code=code) for each, code in zip(ids, codes, strict=True)])
        if key is not None:
            await remember(work, key, request_hash, ids[0], created.model_dump(mode="json"))
    return created


@router.patch("/promo-codes/{promo_id}", responses=errors(UnknownPromoCode, LimitBelowUses))
async def change_code(promo_id: UUID, body: PromoCodeChanges, staff: Admin, work: Work) -> PromoCodeView:
    """Change a promo code, or switch it off. Registrations and offers keep the prices that they have."""
    await commands.change_code(work, promo_id, body.fields(), by=staff.actor)
    return PromoCodeView.model_validate(await queries.promo_code_by_id(work.session, promo_id))


async def _not_too_often(request: Request) -> None:
    limit: AddressLimit = request.app.state.limits["promo_checks"]
    limit.admit(request)


@router.get(
    "/promo-codes/check",
    dependencies=[public, Depends(_not_too_often)],
    responses=errors(UnknownCategory, TypeNotOffered, PromoNotValid, PromoUsedUp, PromoCodeRequired, TooManyRequests),
)
async def check_code(
    category_id: Annotated[UUID, Query()],
    code: Annotated[PromoCodeText, Query()],
    registration_type: Annotated[RegistrationType, Query()],
    database: OwnDatabase,
    response: Response,
) -> CheckedCode:
    """Return what a registration with this code would cost now. It promises nothing, and uses nothing up."""
    response.headers["Cache-Control"] = "no-store"
    async with database.read() as session:
        category, price = await queries.price_now(session, category_id, code, registration_type, now=database.clock())
    return CheckedCode(
        code=code,
        category_id=category_id,
        registration_type=registration_type,
        price_phase=price.phase,
        list_amount=price.list_amount,
        discount=price.discount,
        total_amount=price.amount,
        currency=category.currency,
    )


@router.get("/promo-codes/{promo_id}", responses=errors(UnknownPromoCode))  # after `/promo-codes/check`
async def show_code(promo_id: UUID, _: Finance, session: Read) -> PromoCodeView:
    """Return a promo code with its uses."""
    return PromoCodeView.model_validate(await queries.promo_code_by_id(session, promo_id))

"""Routes for cancelling with its effects named before, and for cancelling many."""

import hashlib
import json
from typing import Annotated, Any
from uuid import UUID

from chassis.auth.access import Admin
from chassis.database import Database, already_stored
from chassis.ids import new_id
from chassis.web.dependencies import OwnDatabase, Read
from chassis.web.models import Amount, Body, Text, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from chassis.wording import language_of_request
from fastapi import Response
from pydantic import Field

from registration.cancellations import commands, queries
from registration.cancellations.commands import Outcome, Result
from registration.dependencies import IdempotencyHeader, PlacesFreed
from registration.entries.errors import NotCancellable, UnknownRegistration
from registration.idempotency.commands import remember
from registration.idempotency.errors import IdempotencyKeyReused
from registration.idempotency.queries import first_answer

router = Router(tags=["registrations"])


class NextInLineView(View):
    """The entry of the waiting list that would be offered the places first."""

    waitlist_id: UUID
    registration_type: str
    total_participants: int
    pic_name: str


class EffectsView(View):
    """What a cancellation would do now. `refund_due` is an amount, `bibs_burned` are never given again."""

    places_freed: int
    places_burned: int
    bibs_burned: int
    is_paid: bool
    proof_waiting: bool
    refund_due: Amount | None
    currency: str
    waiting_next: NextInLineView | None


@router.get("/registrations/{registration_id}/cancellation", responses=errors(UnknownRegistration, NotCancellable))
async def show_effects(registration_id: UUID, _: Admin, session: Read, database: OwnDatabase) -> EffectsView:
    """Return what cancelling a registration would do."""
    return EffectsView.model_validate(await queries.effects(session, registration_id, now=database.clock()))


class ManyCancellations(Body):
    """Registrations to cancel, and staff's reason."""

    registration_ids: Annotated[list[UUID], Field(min_length=1, max_length=200)]
    reason: Annotated[Text, Field(max_length=500)]


class OutcomeView(View):
    """The result for one registration; a refusal has a code, and a detail in the language of the request."""

    registration_id: UUID
    result: Result
    code: str | None = None
    detail: str | None = None


class OutcomesView(View):
    """The results, in the order of the request."""

    items: list[OutcomeView]


@router.post("/registrations/bulk/cancel", responses=errors(IdempotencyKeyReused))
async def cancel_many(
    body: ManyCancellations,
    staff: Admin,
    database: OwnDatabase,
    on_freed: PlacesFreed,
    response: Response,
    key: IdempotencyHeader = None,
) -> OutcomesView:
    """Cancel registrations, each by itself: some may be refused, and a repeat finds the others cancelled `already`.

    A repeat with the same `Idempotency-Key` gets the first answer, unless the database was unavailable for some.
    """
    own_key = None if key is None else hashlib.sha256(f"bulk-cancel {staff.id} {key}".encode()).hexdigest()
    request_hash = hashlib.sha256(body.model_dump_json().encode()).hexdigest()
    if (earlier := await first_answer(database, own_key, request_hash)) is not None:
        return _replayed(response, earlier.body)
    outcomes = await commands.cancel_many(
        database, list(dict.fromkeys(body.registration_ids)), reason=body.reason, by=staff.actor, on_freed=on_freed
    )
    answer = OutcomesView(items=[_view(outcome) for outcome in outcomes])
    if own_key is None or not all(outcome.is_final for outcome in outcomes):
        return answer
    with already_stored():
        return await _remembered(database, own_key, request_hash, answer, response)


async def _remembered(
    database: Database, key: str, request_hash: str, answer: OutcomesView, response: Response
) -> OutcomesView:
    """Store an answer for repeats and return it; return the one that a concurrent repeat has stored meanwhile."""
    try:
        async with database.work() as work:
            await remember(work, key, request_hash, new_id(), json.loads(answer.model_dump_json()))
    except IdempotencyKeyReused:
        earlier = await first_answer(database, key, request_hash)
        if earlier is None:
            raise
        return _replayed(response, earlier.body)
    return answer


def _replayed(response: Response, body: Any) -> OutcomesView:
    response.headers["Idempotency-Replayed"] = "true"
    return OutcomesView.model_validate(body)


def _view(outcome: Outcome) -> OutcomeView:
    refusal = outcome.refusal
    if refusal is None:
        return OutcomeView(registration_id=outcome.registration_id, result=outcome.result)
    return OutcomeView(
        registration_id=outcome.registration_id,
        result=outcome.result,
        code=refusal.code,
        detail=refusal.wording.said(language_of_request.get()),
    )

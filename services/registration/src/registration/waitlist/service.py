"""Waiting list requests: joining the list, and accepting an offer."""

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Any, TypedDict
from uuid import UUID

from chassis.database import Database, already_stored
from chassis.errors import OutcomeUnknown, StartlineError
from sqlalchemy.exc import IntegrityError

from registration.access.queries import access_version
from registration.access_codes import FIRST_VERSION, AccessCodes
from registration.admission.errors import too_many_registering
from registration.admission.forms import RegistrationForm
from registration.catalog.cache import CategoryCache
from registration.catalog.rules import CategorySnapshot
from registration.entries.creation import (
    ParticipantBody,
    WaysIn,
    open_price,
    participant_bodies,
    registered,
    registration_body,
    ways_in,
)
from registration.entries.people import Person
from registration.idempotency.commands import remember
from registration.idempotency.queries import answer_of_unknown, first_answer
from registration.idempotency.rules import Answer
from registration.places.commands import is_number_taken, skip_taken_numbers
from registration.settings import Settings
from registration.tokens import RunnerTokens
from registration.waitlist import commands, queries
from registration.waitlist.announcing import announce_joined
from registration.waitlist.rules import OfferTerms
from registration.waitlist.tables import WaitlistEntry

_JOINING_AT_ONCE = 4


class JoinedBody(TypedDict):
    """The response to joining, as stored: without token and link."""

    waitlist_id: str
    event_id: str
    category_id: str
    registration_type: str
    total_participants: int
    status: str
    position: int
    created_at: str
    participants: list[ParticipantBody]


class WaitlistService:
    """Handles requests to join the waiting list of a full category, and to accept an offer.

    Joining waits for the lock on the category's places. Only a few requests do so at once, so that a category that
    sells out does not take all database connections from registrations for other categories.

    Args:
        database: registration's own.
        tokens: issues the runner tokens of responses.
        codes: creates the links of responses.
    """

    def __init__(self, database: Database, tokens: RunnerTokens, codes: AccessCodes, settings: Settings) -> None:
        self._database = database
        self._tokens = tokens
        self._codes = codes
        self._terms = OfferTerms(settings.waitlist_offer_time, codes)
        self._settings = settings
        self._categories = CategoryCache(database, deadline_scale=settings.deadline_scale)
        self._slots = asyncio.Semaphore(_JOINING_AT_ONCE)
        self._joining = 0

    async def join(self, form: RegistrationForm, idempotency_key: str | None) -> Answer[dict[str, object]]:
        """Add an entry and return the response; its runner token is also valid for the registration that it may become.

        Raises:
            UnknownCategory, RegistrationNotOpen, RegistrationClosed, TypeNotOffered, PromoNotValid,
                PromoCodeRequired, PlacesAvailable, AlreadyRegistered, AlreadyWaiting, IdempotencyKeyReused, TooBusy,
                InvalidFields.
        """
        category = await self._categories.get(form.category_id)
        form.born_before(category.day_of(self._database.clock()))
        people = form.people()
        try:
            answer = await self._join(category, form, people, idempotency_key)
        except StartlineError as refusal:
            # A repeated request conflicts with its own first effect, or its commit was not answered.
            look_up = answer_of_unknown if isinstance(refusal, OutcomeUnknown) else first_answer
            found = await look_up(self._database, idempotency_key, _hash(form))
            if found is None:
                raise
            answer = found
        waitlist_id = UUID(answer.body["waitlist_id"])
        with already_stored():
            version = await self._version(waitlist_id) if answer.replayed else FIRST_VERSION
            opening = await self._ways_in(waitlist_id, answer.body["created_at"], number=waitlist_id, version=version)
        return Answer({**answer.body, **opening}, answer.replayed)

    async def _join(
        self,
        category: CategorySnapshot,
        form: RegistrationForm,
        people: Sequence[Person],
        key: str | None,
    ) -> Answer[JoinedBody]:
        kind = form.registration_type
        open_price(category, kind, self._database.clock(), has_code=form.promo_code is not None)
        if self._joining >= self._settings.admission_queue_size:
            raise too_many_registering()
        self._joining += 1
        try:
            async with self._slots, self._database.work() as work:
                entry = await commands.join(
                    work,
                    category,
                    kind,
                    people,
                    terms_accepted=form.terms_accepted,
                    promo_code=form.promo_code,
                )
                place = await queries.detail(work.session, entry.id)
                body = _joined(place)
                in_charge = next(person for person in place["participants"] if person.is_pic)
                announce_joined(work, category, entry, in_charge, position=body["position"], codes=self._codes)
                if key is not None:
                    await remember(work, key, _hash(form), entry.id, body)
        finally:
            self._joining -= 1
        return Answer(body)

    async def accept(self, registration_id: UUID) -> dict[str, object]:
        """Turn an offer into a registration and return the response that admission would have given.

        Raises:
            AlreadyRegistered: the places are offered to the next entry.
            All that `commands.accept` raises.
        """
        try:
            return await self._accept(registration_id)
        except IntegrityError as error:
            if not is_number_taken(error):
                raise
            await self._skip_taken_numbers(registration_id)
        return await self._accept(registration_id)

    async def _skip_taken_numbers(self, registration_id: UUID) -> None:
        async with self._database.read() as session:
            entry = await session.get_one(WaitlistEntry, registration_id)
        await skip_taken_numbers(self._database, entry.race_category_id)

    async def _accept(self, registration_id: UUID) -> dict[str, object]:
        async with self._database.work() as work:
            outcome = await commands.accept(work, registration_id, categories=self._categories, terms=self._terms)
            version = await access_version(work.session, registration_id)
        if isinstance(outcome, StartlineError):
            raise outcome
        body = registration_body(outcome, work.now)
        with already_stored():
            opening = await self._ways_in(
                registration_id, body["created_at"], number=outcome.registration_number, version=version
            )
        return {**body, **opening}

    async def _ways_in(self, entry_id: UUID, created_at: str, *, number: str | UUID, version: int) -> WaysIn:
        """Return the token and the link, which open this entry and the registration it may become."""
        link = self._codes.status_url(number, entry_id, version)
        return await ways_in(self._tokens, str(entry_id), created_at, status_url=link)

    async def _version(self, entry_id: UUID) -> int:
        async with self._database.read() as session:
            return await access_version(session, entry_id)


def _hash(form: RegistrationForm) -> str:
    """Return a different hash than admission's, so that one key cannot be used for both."""
    return hashlib.sha256(b"waitlist" + form.content()).hexdigest()


def _joined(entry: dict[str, Any]) -> JoinedBody:
    return {
        "waitlist_id": str(entry["id"]),
        "event_id": str(entry["event_id"]),
        "category_id": str(entry["category_id"]),
        "registration_type": entry["registration_type"],
        "total_participants": entry["total_participants"],
        "status": entry["status"],
        "position": entry["position"],
        "created_at": entry["created_at"].isoformat(),
        "participants": participant_bodies(map(registered, entry["participants"])),
    }

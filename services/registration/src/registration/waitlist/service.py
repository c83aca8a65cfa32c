"""Waiting-list requests: joining the list, and accepting an offer."""

import asyncio
import hashlib
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chassis.canonical.folding import folded
from chassis.database import Database, already_stored
from chassis.errors import InvalidFields, OutcomeUnknown, StartlineError
from chassis.ids import new_id
from contracts import RegistrationCreated, RegistrationType
from sqlalchemy.exc import IntegrityError

from registration.access.queries import access_version
from registration.access_codes import FIRST_VERSION, AccessCodes
from registration.admission.errors import RegistrationClosed, RegistrationNotOpen, TooBusy, TypeNotOffered
from registration.admission.forms import RegistrationForm, same_person
from registration.admission.rules import person_key
from registration.catalog.cache import CategoryCache
from registration.catalog.rules import CategorySnapshot
from registration.entries.rules import Status
from registration.idempotency.commands import remember
from registration.idempotency.queries import answer_of_unknown, first_answer
from registration.idempotency.rules import Answer
from registration.places.commands import is_number_taken, skip_taken_numbers
from registration.settings import Settings
from registration.tokens import RunnerTokens
from registration.waitlist import commands, queries
from registration.waitlist.commands import Person
from registration.waitlist.rules import OfferTerms
from registration.waitlist.tables import WaitlistEntry

_JOINING_AT_ONCE = 4


class WaitlistService:
    """Takes people into the lines of full categories, and their acceptances.

    Whoever joins waits for the category's places, so only a few at a time do: however many come when a category sells
    out, the connections are not all taken from those who register for another.

    Args:
        database: registration's own.
        tokens: made for those who joined.
        codes: for their links.
    """

    def __init__(self, database: Database, tokens: RunnerTokens, codes: AccessCodes, settings: Settings) -> None:
        self._database = database
        self._tokens = tokens
        self._codes = codes
        self._terms = OfferTerms(settings.waitlist_offer_time, codes)
        self._settings = settings
        self._hour = timedelta(seconds=settings.hour_seconds)
        self._categories = CategoryCache(database, hour=self._hour)
        self._turns = asyncio.Semaphore(_JOINING_AT_ONCE)
        self._at_the_counter = 0

    async def join(self, form: RegistrationForm, idempotency_key: str | None) -> Answer:
        """The answer to a form: a place in line and a runner token, which will open the registration, too.

        Raises:
            UnknownCategory, RegistrationNotOpen, RegistrationClosed, TypeNotOffered, PlacesAvailable,
            AlreadyRegistered, AlreadyWaiting, IdempotencyKeyReused, TooBusy, InvalidFields.
        """
        category = await self._categories.get(form.category_id)
        form.born_before(category.day_of(self._database.clock()))
        people = _people(form)
        try:
            answer = await self._join(category, form.registration_type, people, idempotency_key, _hash(form))
        except StartlineError as refusal:
            # A request that is repeated is refused for what it did the first time, or its commit was not answered.
            look_up = answer_of_unknown if isinstance(refusal, OutcomeUnknown) else first_answer
            found = await look_up(self._database, idempotency_key, _hash(form))
            if found is None:
                raise
            answer = found
        waitlist_id = UUID(answer.body["waitlist_id"])
        with already_stored():
            version = await self._version(waitlist_id) if answer.replayed else FIRST_VERSION
            ways_in = await self._ways_in(answer.body, waitlist_id, number=waitlist_id, version=version)
        return Answer({**answer.body, **ways_in}, answer.replayed)

    async def _join(
        self,
        category: CategorySnapshot,
        kind: RegistrationType,
        people: list[Person],
        key: str | None,
        request_hash: str,
    ) -> Answer:
        _refuse_unless_open(category, kind, self._database.clock())
        if self._at_the_counter >= self._settings.admission_queue_size:
            raise TooBusy
        self._at_the_counter += 1
        try:
            async with self._turns, self._database.work() as work:
                entry = await commands.join(work, category, kind, people)
                body = _place_in_line(await queries.detail(work.session, entry.id))
                if key is not None:
                    await remember(work, key, request_hash, entry.id, body)
        finally:
            self._at_the_counter -= 1
        return Answer(body)

    async def accept(self, registration_id: UUID) -> dict[str, Any]:
        """The registration that an offer becomes, as admission would have answered.

        Raises:
            AlreadyRegistered: the places go to the next in line.
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

    async def _accept(self, registration_id: UUID) -> dict[str, Any]:
        async with self._database.work() as work:
            outcome = await commands.accept(work, registration_id, hour=self._hour, terms=self._terms)
            version = await access_version(work.session, registration_id)
        if isinstance(outcome, StartlineError):
            raise outcome
        body = _registered(outcome, work.now)
        with already_stored():
            ways_in = await self._ways_in(body, registration_id, number=outcome.registration_number, version=version)
        return {**body, **ways_in}

    async def _ways_in(
        self, body: dict[str, Any], entry_id: UUID, *, number: str | UUID, version: int
    ) -> dict[str, str]:
        """Return the token and the link, which open this entry and the registration it may become."""
        return {
            "runner_token": await self._tokens.repeatable(str(entry_id), body["created_at"]),
            "status_url": self._codes.status_url(number, entry_id, version),
        }

    async def _version(self, entry_id: UUID) -> int:
        async with self._database.read() as session:
            return await access_version(session, entry_id)


def _refuse_unless_open(category: CategorySnapshot, kind: RegistrationType, now: datetime) -> None:
    if category.not_open_yet(now):
        raise RegistrationNotOpen
    if category.closed(now):
        raise RegistrationClosed
    if category.price(kind) is None:
        raise TypeNotOffered


def _people(form: RegistrationForm) -> list[Person]:
    first: dict[str, int] = {}
    people: list[Person] = []
    for index, each in enumerate(form.participants):
        key = person_key(each.full_name, each.date_of_birth, each.identity_number)
        same = first.setdefault(key, index)
        if same != index:
            raise InvalidFields((f"participants.{index}", same_person(same)))
        own = {"id": new_id(), "person_key": key, "search_text": folded(each.full_name)}
        people.append({**each.model_dump(), **own})
    return people


def _hash(form: RegistrationForm) -> str:
    """Another than admission's: one key cannot be used for both."""
    return hashlib.sha256(b"waitlist" + form.model_dump_json().encode()).hexdigest()


def _place_in_line(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "waitlist_id": str(entry["id"]),
        "event_id": str(entry["event_id"]),
        "category_id": str(entry["category_id"]),
        "registration_type": entry["registration_type"],
        "total_participants": entry["total_participants"],
        "status": entry["status"],
        "position": entry["position"],
        "created_at": entry["created_at"].isoformat(),
        "participants": [
            {"participant_id": str(person.id), "full_name": person.full_name, "is_pic": person.is_pic}
            for person in entry["participants"]
        ],
    }


def _registered(created: RegistrationCreated, now: datetime) -> dict[str, Any]:
    return {
        "registration_id": str(created.registration_id),
        "registration_number": created.registration_number,
        "event_id": str(created.event.event_id),
        "category_id": str(created.category_id),
        "registration_type": created.registration_type,
        "status": Status.PENDING_PAYMENT.value,
        "total_participants": created.total_participants,
        "total_amount": f"{created.total_amount:.2f}",
        "currency": created.currency,
        "created_at": now.isoformat(),
        "expires_at": created.expires_at.isoformat(),
        "participants": [
            {"participant_id": str(person.participant_id), "full_name": person.full_name, "is_pic": person.is_pic}
            for person in created.participants
        ],
    }

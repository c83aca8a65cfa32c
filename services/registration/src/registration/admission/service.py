"""Registration requests: from a parsed form to an answer, through the batcher."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.database import Database, already_stored
from chassis.errors import InvalidFields, OutcomeUnknown, StartlineError
from chassis.ids import new_id
from contracts import AccessCode, RegistrationType

from registration.access.queries import access_version
from registration.access_codes import FIRST_VERSION, AccessCodes
from registration.admission.admit_batch import Batch, admit_batch
from registration.admission.batching import Batchers
from registration.admission.errors import RegistrationClosed, RegistrationNotOpen, TypeNotOffered
from registration.admission.forms import ParticipantForm, RegistrationForm, same_person
from registration.admission.rules import Person, RegistrationRequest, person_key
from registration.catalog.cache import CategoryCache
from registration.catalog.rules import CategorySnapshot
from registration.idempotency.queries import answer_of_unknown, first_answer
from registration.idempotency.rules import Answer
from registration.settings import Settings
from registration.tokens import RunnerTokens


class AdmissionService:
    """Handles registration requests.

    Args:
        database: registration's own.
        tokens: made for those who got in.
        codes: for their links.
        settings: sizes of batches and lines.
    """

    def __init__(self, database: Database, tokens: RunnerTokens, codes: AccessCodes, settings: Settings) -> None:
        self._database = database
        self._tokens = tokens
        self._codes = codes
        self._categories = CategoryCache(database, hour=timedelta(seconds=settings.hour_seconds))
        self.batchers = Batchers(
            self._admit,
            max_concurrent=settings.admission_max_concurrent_batches,
            batch_size=settings.admission_batch_size,
            queue_size=settings.admission_queue_size,
        )

    async def register(self, form: RegistrationForm, idempotency_key: str | None) -> Answer:
        """The answer to a form, runner token included.

        Raises:
            UnknownCategory, RegistrationNotOpen, RegistrationClosed, TypeNotOffered, InvalidFields, and all that
            `CategoryBatcher.apply` raises.
        """
        now = self._database.clock()
        category = await self._categories.get(form.category_id)
        form.born_before(category.day_of(now))
        try:
            amount = _open_price(category, form.registration_type, now)
        except StartlineError:
            answer = await first_answer(self._database, idempotency_key, _hash(form, idempotency_key))
            if answer is None:
                raise
        else:
            request = self._request(form, amount, idempotency_key)
            answer = await self._apply(form.category_id, request)
            if not answer.replayed:
                with already_stored():
                    return Answer({**answer.body, **await self._ways_in(answer.body, request.access)})
        with already_stored():
            access = await self._access(UUID(answer.body["registration_id"]))
            return Answer({**answer.body, **await self._ways_in(answer.body, access)}, answer.replayed)

    async def _apply(self, category_id: UUID, request: RegistrationRequest) -> Answer:
        """Wait in line; when the database's answer got lost, look once whether it was stored.

        Raises:
            OutcomeUnknown: there is no key, or it is not to be found yet.
        """
        try:
            return await self.batchers[category_id].apply(request)
        except OutcomeUnknown:
            answer = await answer_of_unknown(self._database, request.idempotency_key, request.request_hash)
            if answer is None:
                raise
            return answer

    async def _admit(
        self, category_id: UUID, requests: Sequence[RegistrationRequest], places_hint: int | None
    ) -> Batch:
        category = await self._categories.get(category_id)
        return await admit_batch(self._database, category, requests, places_hint=places_hint)

    def _request(self, form: RegistrationForm, amount: Decimal, idempotency_key: str | None) -> RegistrationRequest:
        people = tuple(_person(participant) for participant in form.participants)
        _refuse_the_same_person_twice(people)
        registration_id = new_id()
        return RegistrationRequest(
            registration_id=registration_id,
            kind=form.registration_type,
            amount=amount,
            people=people,
            access=self._codes.make(registration_id, FIRST_VERSION),
            idempotency_key=idempotency_key,
            request_hash=_hash(form, idempotency_key),
        )

    async def _ways_in(self, body: dict[str, Any], access: AccessCode) -> dict[str, str]:
        """Return the token and the link, which are never stored."""
        return {
            "runner_token": await self._tokens.repeatable(body["registration_id"], body["created_at"]),
            "status_url": self._codes.link(body["registration_number"], access.code),
        }

    async def _access(self, registration_id: UUID) -> AccessCode:
        """Return the code that is good by now, for an answer that is repeated."""
        async with self._database.read() as session:
            return self._codes.make(registration_id, await access_version(session, registration_id))


def _open_price(category: CategorySnapshot, kind: RegistrationType, now: datetime) -> Decimal:
    if category.not_open_yet(now):
        raise RegistrationNotOpen
    if category.closed(now):
        raise RegistrationClosed
    price = category.price(kind)
    if price is None:
        raise TypeNotOffered
    return price


def _hash(form: RegistrationForm, key: str | None) -> str:
    """Return what tells whether a key is used for the same form again; empty without a key."""
    return hashlib.sha256(form.model_dump_json().encode()).hexdigest() if key else ""


def _person(form: ParticipantForm) -> Person:
    return Person(
        participant_id=new_id(),
        person_key=person_key(form.full_name, form.date_of_birth, form.identity_number),
        full_name=form.full_name,
        email=form.email,
        whatsapp=form.whatsapp,
        gender=form.gender,
        date_of_birth=form.date_of_birth,
        jersey_size=form.jersey_size,
        identity_number=form.identity_number,
        emergency_contact_name=form.emergency_contact_name,
        emergency_contact_phone=form.emergency_contact_phone,
        is_pic=form.is_pic,
    )


def _refuse_the_same_person_twice(people: Sequence[Person]) -> None:
    first: dict[str, int] = {}
    for index, person in enumerate(people):
        if person.person_key in first:
            same = first[person.person_key]
            raise InvalidFields((f"participants.{index}", same_person(same)))
        first[person.person_key] = index

"""The office: from a filled-in form to an answer, with the desk in between."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from chassis.auth.access import RUNNER_ISSUER
from chassis.auth.principals import TokenKind
from chassis.auth.signing import SigningKeys
from chassis.auth.tokens import issue
from chassis.database import Database
from chassis.errors import InvalidFields, StartlineError
from chassis.ids import new_id
from chassis.recent import Recent
from contracts import RegistrationType

from registration.admission.desk import Desks
from registration.admission.engine import Admitted, Batch, admit, first_answer
from registration.admission.errors import RegistrationClosed, RegistrationNotOpen, TypeNotOffered
from registration.admission.forms import ParticipantForm, RegistrationForm
from registration.admission.rules import Application, Person, person_key
from registration.catalog.errors import UnknownCategory
from registration.catalog.queries import offer as find_offer
from registration.catalog.rules import CategoryOffer
from registration.settings import Settings

_OFFER_AGE = timedelta(seconds=1)


class Offers:
    """Categories as they were a second ago at most, so that a rush does not read the catalog for each request."""

    def __init__(self, database: Database, *, hour: timedelta) -> None:
        self._database = database
        self._hour = hour
        self._known: dict[UUID, Recent[CategoryOffer]] = {}

    async def get(self, category_id: UUID) -> CategoryOffer:
        """The category's offer.

        Raises:
            UnknownCategory.
        """
        if category_id not in self._known:
            read = partial(self._read, category_id)
            self._known[category_id] = Recent(read, age=_OFFER_AGE, clock=self._database.clock)
        try:
            return await self._known[category_id].get()
        except UnknownCategory:
            self._known.pop(category_id, None)
            raise

    async def _read(self, category_id: UUID) -> CategoryOffer:
        async with self._database.read() as session:
            found = await find_offer(session, category_id, hour=self._hour)
        if found is None:
            raise UnknownCategory
        return found


class AdmissionOffice:
    """Takes registrations in.

    Args:
        database: registration's own.
        keys: sign the runner tokens.
        settings: sizes of batches and lines.
    """

    def __init__(self, database: Database, keys: SigningKeys, settings: Settings) -> None:
        self._database = database
        self._keys = keys
        self._lifetime = settings.runner_token_lifetime
        self._offers = Offers(database, hour=timedelta(seconds=settings.hour_seconds))
        self.desks = Desks(
            self._admit,
            turns=settings.admission_turns,
            batch=settings.admission_batch,
            line=settings.admission_line,
        )

    async def register(self, form: RegistrationForm, idempotency_key: str | None) -> Admitted:
        """The answer to a form, runner token included.

        Raises:
            UnknownCategory, RegistrationNotOpen, RegistrationClosed, TypeNotOffered, InvalidFields, and all that
            `Desk.apply` raises.
        """
        now = self._database.clock()
        form.born_before(now.date())
        offer = await self._offers.get(form.category_id)
        try:
            amount = _open_price(offer, form.registration_type, now)
        except StartlineError:
            answer = await self._first_answer(form, idempotency_key)
            if answer is None:
                raise
        else:
            answer = await self.desks[form.category_id].apply(_application(form, amount, idempotency_key))
        return Admitted({**answer.body, "runner_token": await self._runner_token(answer.body)}, answer.replayed)

    async def _first_answer(self, form: RegistrationForm, idempotency_key: str | None) -> Admitted | None:
        """For those who got in while it was open and ask again."""
        if idempotency_key is None:
            return None
        answer = await first_answer(self._database, idempotency_key, _hash(form))
        if isinstance(answer, StartlineError):
            raise answer
        return answer

    async def _admit(self, category_id: UUID, applications: Sequence[Application], places_hint: int | None) -> Batch:
        offer = await self._offers.get(category_id)
        return await admit(self._database, offer, applications, places_hint=places_hint)

    async def _runner_token(self, body: dict[str, Any]) -> str:
        """Made from the stored answer alone, so that a repeated request gets the very same token."""
        issued = issue(
            await self._keys.current(),
            kind=TokenKind.RUNNER,
            issuer=RUNNER_ISSUER,
            subject=body["registration_id"],
            now=datetime.fromisoformat(body["created_at"]),
            lifetime=self._lifetime,
            token_id=body["registration_id"],
        )
        return issued.token


def _open_price(offer: CategoryOffer, kind: RegistrationType, now: datetime) -> Decimal:
    if offer.not_open_yet(now):
        raise RegistrationNotOpen
    if offer.closed(now):
        raise RegistrationClosed
    price = offer.price(kind)
    if price is None:
        raise TypeNotOffered
    return price


def _application(form: RegistrationForm, amount: Decimal, idempotency_key: str | None) -> Application:
    people = tuple(_person(participant) for participant in form.participants)
    _refuse_the_same_person_twice(people)
    return Application(
        registration_id=new_id(),
        kind=form.registration_type,
        amount=amount,
        people=people,
        idempotency_key=idempotency_key,
        request_hash=_hash(form) if idempotency_key else "",
    )


def _hash(form: RegistrationForm) -> str:
    return hashlib.sha256(form.model_dump_json().encode()).hexdigest()


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
            raise InvalidFields((f"participants.{index}", f"is the same person as participants.{same}"))
        first[person.person_key] = index

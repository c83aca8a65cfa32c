"""Registration requests: from a parsed form to an answer, through the batcher."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

from chassis.database import Database, already_stored
from chassis.errors import OutcomeUnknown, StartlineError
from chassis.ids import new_id
from contracts import AccessCode

from registration.access.queries import access_version
from registration.access_codes import FIRST_VERSION, AccessCodes
from registration.admission.admit_batch import Batch, admit_batch
from registration.admission.batching import Batchers
from registration.admission.forms import RegistrationForm
from registration.admission.rules import RegistrationRequest
from registration.catalog.cache import CategoryCache
from registration.entries.creation import RegistrationBody, open_price, ways_in
from registration.idempotency.queries import answer_of_unknown, first_answer
from registration.idempotency.rules import Answer
from registration.prices.rules import Price
from registration.settings import Settings
from registration.tokens import RunnerTokens


class AdmissionService:
    """Handles registration requests.

    Args:
        database: registration's own.
        tokens: makes the runner tokens of answers.
        codes: makes the links of answers.
        settings: sizes of batches and queues.
    """

    def __init__(self, database: Database, tokens: RunnerTokens, codes: AccessCodes, settings: Settings) -> None:
        self._database = database
        self._tokens = tokens
        self._codes = codes
        self._categories = CategoryCache(database, deadline_scale=settings.deadline_scale)
        self.batchers = Batchers(
            self._admit,
            max_concurrent=settings.admission_max_concurrent_batches,
            batch_size=settings.admission_batch_size,
            queue_size=settings.admission_queue_size,
        )

    async def register(self, form: RegistrationForm, idempotency_key: str | None) -> Answer[dict[str, object]]:
        """Return the answer to a form, with runner token and link.

        Raises:
            UnknownCategory, RegistrationNotOpen, RegistrationClosed, TypeNotOffered, PromoCodeRequired, InvalidFields,
            and all that `CategoryBatcher.apply` raises.
        """
        now = self._database.clock()
        category = await self._categories.get(form.category_id)
        form.born_before(category.day_of(now))
        try:
            price = open_price(category, form.registration_type, now, has_code=form.promo_code is not None)
        except StartlineError:
            answer = await first_answer(self._database, idempotency_key, _hash(form, idempotency_key))
            if answer is None:
                raise
        else:
            request = self._request(form, price, idempotency_key)
            answer = await self._apply(form.category_id, request)
            if not answer.replayed:
                with already_stored():
                    return await self._opened(answer, request.access)
        with already_stored():
            return await self._opened(answer, await self._access(UUID(answer.body["registration_id"])))

    async def _apply(self, category_id: UUID, request: RegistrationRequest) -> Answer[RegistrationBody]:
        """Enqueue a request and return its answer; look the answer up once if that of the database got lost.

        Raises:
            OutcomeUnknown: there is no key, or no answer stored for it yet.
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

    def _request(self, form: RegistrationForm, price: Price, idempotency_key: str | None) -> RegistrationRequest:
        registration_id = new_id()
        return RegistrationRequest(
            registration_id=registration_id,
            kind=form.registration_type,
            price=price,
            people=form.people(),
            access=self._codes.make(registration_id, FIRST_VERSION),
            idempotency_key=idempotency_key,
            request_hash=_hash(form, idempotency_key),
            terms_accepted=form.terms_accepted,
            promo_code=form.promo_code,
        )

    async def _opened(self, answer: Answer[RegistrationBody], access: AccessCode) -> Answer[dict[str, object]]:
        """Return the answer with the token and the link, which are never stored."""
        body = answer.body
        link = self._codes.link(body["registration_number"], access.code)
        opening = await ways_in(self._tokens, body["registration_id"], body["created_at"], status_url=link)
        return Answer({**body, **opening}, answer.replayed)

    async def _access(self, registration_id: UUID) -> AccessCode:
        """Return the current access code of a registration whose answer is replayed."""
        async with self._database.read() as session:
            return self._codes.make(registration_id, await access_version(session, registration_id))


def _hash(form: RegistrationForm, key: str | None) -> str:
    """Return what tells whether a key is used for the same form again; empty without a key."""
    return hashlib.sha256(form.content()).hexdigest() if key else ""

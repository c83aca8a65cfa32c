"""The driver through which tests use registration, on a real database."""

import itertools
from datetime import date, timedelta
from tempfile import gettempdir
from typing import Any, ClassVar, Self
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from chassis.secrets import new_key
from chassis.service import Service
from contracts import Event, Payload, PaymentVerified
from registration import service
from registration.settings import Settings
from registration.waitlist.rules import OfferTerms
from registration.worker import sweep
from testkit.clocks import ManualClock
from testkit.driver import Answer, Headers, ServiceDriver
from testkit.tokens import Issuer

from .registration_events import payment_rejected, payment_verified, proof_uploaded

_SEED = """
    WITH numbered AS (SELECT number, md5('entry' || number)::uuid AS id FROM generate_series(1, :count) AS number),
    entries AS (
        INSERT INTO registrations (id, event_id, race_category_id, registration_number, registration_type,
                                   total_participants, total_amount, currency, status, payment_id,
                                   expires_at, created_at, updated_at)
        SELECT id, CAST(:event_id AS uuid), CAST(:category_id AS uuid), 'SEED-' || number, 'individual', 1, 150000,
               'IDR', (ARRAY['payment_verified', 'payment_verified', 'expired', 'pending_payment'])[number % 4 + 1],
               id, CAST(:now AS timestamptz) + number * interval '1 minute',
               CAST(:now AS timestamptz) - number * interval '1 second', :now
          FROM numbered RETURNING 1
    )
    INSERT INTO participants (id, registration_id, event_id, position, person_key, live, bib_number, ticket_code,
                              is_pic, full_name, email, whatsapp, gender, date_of_birth, jersey_size,
                              emergency_contact_name, emergency_contact_phone)
    SELECT md5('person' || number)::uuid, id, CAST(:event_id AS uuid), 0, md5(number::text), true, 1000000 + number,
           md5('ticket' || number), true, 'Nama' || number % 300 || ' Keluarga' || number / 40,
           'runner' || number || '@example.com',
           '0899' || lpad(number::text, 8, '0'), 'female', '1990-01-31', 'm', 'Siti', '081298765432'
      FROM numbered
"""

_TYPES = {1: "individual", 5: "collective_5", 10: "collective_10"}


def settings_for(url: str, **fields: Any) -> Settings:
    """Return the settings of a process on the database at `url`."""
    values: dict[str, Any] = {
        "database_url": url,
        "broker_url": "amqp://unused",
        "secret_keys": new_key(),
        "staff_jwks_url": "http://identity.test/jwks",
        "public_url": "https://lari.example",
        "image_store": f"file://{gettempdir()}/startline-race-images",
        **fields,
    }
    return Settings(**values)


class RegistrationDriver(ServiceDriver[Settings]):
    """Uses one process of registration as runners, staff and payment do.

    `event` and `category` are those that were created last; forms are for that category.
    """

    SERVICE: ClassVar[Service[Any]] = service.SERVICE
    clock: ManualClock

    def __init__(self, settings: Settings, *, clock: ManualClock, issuer: Issuer | None = None) -> None:
        database = self.SERVICE.open_database(settings.database_url, clock=clock, pool_size=10)
        super().__init__(settings, clock=clock, issuer=issuer, database=database)
        self.event: dict[str, Any] = {}
        self.category: dict[str, Any] = {}
        self._numbers = itertools.count(1)

    def another_process(self, *, clock: ManualClock | None = None, **settings: Any) -> Self:
        """Return another process on the same database, with the same keys; the caller closes it."""
        shared = {
            "secret_keys": self.settings.secret_keys.get_secret_value(),
            "image_store": self.settings.image_store,
        }
        fields = settings_for(self.settings.database_url, **{**shared, **settings})
        other = type(self)(fields, clock=clock or self.clock, issuer=self.issuer)
        other.event, other.category, other._numbers = self.event, self.category, self._numbers
        return other

    @property
    def terms(self) -> OfferTerms:
        """The terms of offers."""
        return OfferTerms(self.settings.waitlist_offer_time, self.settings.access_codes())

    @property
    def grace(self) -> timedelta:
        """How long after its deadline a registration expires."""
        return timedelta(minutes=self.settings.expiry_grace_minutes)

    @property
    def today(self) -> date:
        """The day it is at the race, in Jakarta."""
        return self.clock().astimezone(ZoneInfo("Asia/Jakarta")).date()

    def runner_of(self, entry: dict[str, Any]) -> Headers:
        """Return the headers of the runner to whom this registration or place in line was answered."""
        return {"Authorization": f"Bearer {entry['runner_token']}"}

    # --- the catalog

    async def create_event(self, **fields: Any) -> dict[str, Any]:
        """Create an event in ninety days; return it."""
        body = {
            "name": "Jakarta Fun Run",
            "slug": f"jakarta-{next(self._numbers)}",
            "event_date": (self.clock() + timedelta(days=90)).date().isoformat(),
            "location": "Senayan",
            **fields,
        }
        self.event = (await self.call("POST", "/events", by=self.staff(), json=body)).require(201)
        return self.event

    async def open_category(self, *, quota: int = 100, bibs: int | None = None, **fields: Any) -> dict[str, Any]:
        """Create a category with `quota` places, and an event if there is none; return the category."""
        if not self.event:
            await self.create_event()
        number = next(self._numbers)
        start = 1000 * number
        body = {
            "name": f"Category {number}",
            "slug": f"category-{number}",
            "price_individual": "150000.00",
            "price_collective_5": "140000.00",
            "price_collective_10": "130000.00",
            "quota": quota,
            "registration_prefix": f"R{number}",
            "bib_start_number": start,
            "bib_end_number": start + (bibs or quota) - 1,
            **fields,
        }
        self.category = (await self.try_create_category(body)).require(201)
        return self.category

    async def try_create_category(self, body: dict[str, Any], event_id: str | None = None) -> Answer:
        """Create a category of this or the last event."""
        return await self.call("POST", f"/events/{event_id or self.event['id']}/categories", by=self.staff(), json=body)

    async def try_change_event(self, **fields: Any) -> Answer:
        """Change the event."""
        return await self.call("PATCH", f"/events/{self.event['id']}", by=self.staff(), json=fields)

    async def change_event(self, **fields: Any) -> dict[str, Any]:
        """Change the event; return it. The driver's own copy stays as it was."""
        changed: dict[str, Any] = (await self.try_change_event(**fields)).require(200)
        return changed

    async def try_change_category(self, category_id: str | None = None, **fields: Any) -> Answer:
        """Change this or the last category."""
        path = f"/categories/{category_id or self.category['id']}"
        return await self.call("PATCH", path, by=self.staff(), json=fields)

    async def change_category(self, category_id: str | None = None, **fields: Any) -> dict[str, Any]:
        """Change this or the last category; return it. The driver's own copy stays as it was."""
        changed: dict[str, Any] = (await self.try_change_category(category_id, **fields)).require(200)
        return changed

    # --- registrations

    def person(self, **fields: Any) -> dict[str, Any]:
        """Return a participant as a form has them, different from all in earlier forms."""
        number = next(self._numbers)
        return {
            "full_name": f"Budi Santoso {number}",
            "email": f"budi{number}@example.com",
            "whatsapp": f"0812{number:08d}",
            "gender": "male",
            "date_of_birth": "1990-01-31",
            "jersey_size": "l",
            "emergency_contact_name": "Siti",
            "emergency_contact_phone": "081298765432",
            **fields,
        }

    def form(self, group: int = 1, *, category_id: str | None = None, **fields: Any) -> dict[str, Any]:
        """Return the form of a group of this size."""
        return {
            "category_id": category_id or self.category["id"],
            "registration_type": _TYPES[group],
            "participants": [self.person(is_pic=index == 0) for index in range(group)],
            **fields,
        }

    async def try_register(
        self, group: int = 1, *, form: dict[str, Any] | None = None, key: str | None = None, **fields: Any
    ) -> Answer:
        """Send a form: the given one, or a new one with these fields."""
        headers = {"Idempotency-Key": key} if key else {}
        return await self.call("POST", "/registrations", json=form or self.form(group, **fields), headers=headers)

    async def register(self, group: int = 1, **fields: Any) -> dict[str, Any]:
        """Register a group; return the registration."""
        made: dict[str, Any] = (await self.try_register(group, **fields)).require(201)
        return made

    async def seed(self, count: int) -> None:
        """Store many registrations of the category in one statement: for plans and exports, not in step with places."""
        values = {"event_id": self.event["id"], "category_id": self.category["id"], "now": self.clock()}
        await self.execute(_SEED, count=count, **values)

    async def show(self, registration_id: str) -> dict[str, Any]:
        """Return a registration as staff see it."""
        shown: dict[str, Any] = (await self.call("GET", f"/registrations/{registration_id}", by=self.staff())).require(
            200
        )
        return shown

    async def status(self, registration_id: str) -> str:
        """Return the status of a registration."""
        return str((await self.show(registration_id))["status"])

    async def try_correct(
        self, entry: dict[str, Any], *, by: Headers | None = None, index: int = 0, **fields: Any
    ) -> Answer:
        """Correct a participant of a registration; by staff unless headers of another caller are given."""
        participant = entry["participants"][index]["participant_id"]
        path = f"/registrations/{entry['registration_id']}/participants/{participant}"
        return await self.call("PATCH", path, by=by or self.staff(), json=fields)

    async def try_cancel(self, registration_id: str) -> Answer:
        """Cancel a registration."""
        body = {"reason": "asked to"}
        return await self.call("POST", f"/registrations/{registration_id}/cancel", by=self.staff(), json=body)

    async def cancel(self, registration_id: str) -> None:
        """Cancel a registration that can be cancelled."""
        (await self.try_cancel(registration_id)).require(204)

    # --- payments

    async def upload_proof(self, entry: dict[str, Any], *, ago: timedelta = timedelta()) -> UUID:
        """Deliver the upload of a proof; return the payment."""
        payload = proof_uploaded(entry, self.clock() - ago)
        await self.deliver(payload)
        return payload.payment_id

    async def verify(self, entry: dict[str, Any], payment_id: UUID | None = None) -> UUID:
        """Deliver the verification of a payment; return the payment."""
        payload = self.payment_verified(entry, payment_id or uuid4())
        await self.deliver(payload)
        return payload.payment_id

    def payment_verified(self, entry: dict[str, Any], payment_id: UUID) -> PaymentVerified:
        """Return the verification of a payment, now."""
        return payment_verified(entry, self.clock(), payment_id)

    async def reject(self, entry: dict[str, Any], payment_id: UUID) -> None:
        """Deliver the rejection of a proof."""
        await self.deliver(payment_rejected(entry, self.clock(), payment_id))

    def event_of(self, payload: Payload, *, subject: UUID | None = None) -> Event[Any]:
        """Return an event as it would be in the queue, now."""
        return self._event(payload, subject=subject, occurred_at=None)

    # --- the worker

    async def sweep(self) -> int:
        """Expire what is overdue; return how many."""
        return await sweep(self.database, self.grace, self.terms)

    async def pass_deadline(self) -> int:
        """Let all events leave and a day pass, and expire what is overdue; return how many."""
        await self.published(Payload)
        self.clock.advance(timedelta(hours=25))
        return await self.sweep()

    # --- rows

    async def places(self, category_id: str | None = None) -> dict[str, int]:
        """Return the counts of a category's places."""
        query = "SELECT * FROM category_places WHERE category_id = CAST(:id AS uuid)"
        [row] = await self.rows(query, id=category_id or self.category["id"])
        return {name: value for name, value in row.items() if name != "category_id"}

    async def live_participants(self) -> int:
        """Return how many participants hold a place."""
        return int(await self.scalar("SELECT count(*) FROM participants WHERE live"))

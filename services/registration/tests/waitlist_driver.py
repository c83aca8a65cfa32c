"""The driver through which tests use registration's waiting lists, and what must always be true of them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from contracts import Payload, WaitlistOffered
from registration import consistency
from registration.worker import process_waitlists
from testkit.driver import Answer

from .registration_driver import RegistrationDriver
from .registration_marks import offer_received


@dataclass
class WaitlistDriver:
    """Uses the waiting lists of a race through one process of registration."""

    driver: RegistrationDriver

    def path(self, entry: dict[str, Any] | None = None, action: str = "") -> str:
        """Return the path of the waiting list, or of an entry and what is done with it."""
        own = f"/{entry['waitlist_id']}" if entry else ""
        return f"/waitlist{own}{action}"

    async def sell_out(self, *, quota: int = 1, **fields: Any) -> list[dict[str, Any]]:
        """Create a category and register for all its places; return the registrations."""
        await self.driver.open_category(quota=quota, **fields)
        return [await self.driver.register() for _ in range(quota)]

    async def try_join(self, group: int = 1, *, form: dict[str, Any] | None = None, key: str | None = None) -> Answer:
        """Send a form: the given one, or a new one."""
        headers = {"Idempotency-Key": key} if key else {}
        return await self.driver.call("POST", self.path(), json=form or self.driver.form(group), headers=headers)

    async def join(self, group: int = 1, *, form: dict[str, Any] | None = None) -> dict[str, Any]:
        """Join the waiting list; return the entry."""
        made: dict[str, Any] = (await self.try_join(group, form=form)).require(201)
        return made

    async def show(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Return an entry as staff see it."""
        answer = await self.driver.call("GET", self.path(entry), by=self.driver.staff())
        shown: dict[str, Any] = answer.require(200)
        return shown

    async def status(self, entry: dict[str, Any]) -> str:
        """Return the status of an entry."""
        return str((await self.show(entry))["status"])

    async def statuses(self, *entries: dict[str, Any]) -> list[str]:
        """Return the status of each entry."""
        return [await self.status(entry) for entry in entries]

    async def positions(self, *entries: dict[str, Any]) -> list[int | None]:
        """Return the position of each entry."""
        return [(await self.show(entry))["position"] for entry in entries]

    async def try_accept(self, entry: dict[str, Any]) -> Answer:
        """Accept an offer."""
        return await self.driver.call("POST", self.path(entry, "/accept"), by=self.driver.runner_of(entry))

    async def accept(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Accept an offer; return the registration."""
        made: dict[str, Any] = (await self.try_accept(entry)).require(201)
        return made

    async def try_withdraw(self, entry: dict[str, Any]) -> Answer:
        """Leave the waiting list."""
        return await self.driver.call("DELETE", self.path(entry), by=self.driver.runner_of(entry))

    async def withdraw(self, entry: dict[str, Any]) -> None:
        """Leave the waiting list, in which the entry is still."""
        (await self.try_withdraw(entry)).require(204)

    async def try_offer(self, entry: dict[str, Any]) -> Answer:
        """Put an entry ahead of all others."""
        return await self.driver.call("POST", self.path(entry, "/offer"), by=self.driver.staff())

    async def offer(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Put an entry ahead of all others; return it."""
        changed: dict[str, Any] = (await self.try_offer(entry)).require(200)
        return changed

    async def try_remove(self, entry: dict[str, Any], *, reason: str) -> Answer:
        """Remove an entry."""
        body = {"reason": reason}
        return await self.driver.call("POST", self.path(entry, "/remove"), by=self.driver.staff(), json=body)

    async def remove(self, entry: dict[str, Any], *, reason: str) -> None:
        """Remove an entry that is still in the waiting list."""
        (await self.try_remove(entry, reason=reason)).require(204)

    async def process(self) -> None:
        """Let all events leave, and the worker process the waiting lists."""
        await self.driver.published(Payload)
        await process_waitlists(self.driver.database, self.driver.terms)

    async def pass_time(self, hours: float) -> None:
        """Let time pass, and then the worker process the waiting lists."""
        self.driver.clock.advance(timedelta(hours=hours))
        await self.process()

    async def deliver_offers_received(self) -> None:
        """Deliver notification's confirmation of each offer."""
        for offer in await self.driver.published(WaitlistOffered):
            await self.driver.redeliver(offer_received(offer, self.driver.clock()))

    async def offered_to(self) -> list[str]:
        """Return the entries that offers were published for, in order."""
        return [str(event.subject) for event in await self.driver.published(WaitlistOffered)]

    async def counts(self) -> tuple[int, int, int]:
        """Return places taken, places offered, and participants."""
        places = await self.driver.places()
        return places["taken"], places["offered"], await self.driver.live_participants()

    async def assert_consistent(self) -> None:
        """Places, registrations and offers agree, and people are in line while their entry is."""
        async with self.driver.database.read() as session:
            assert [row._asdict() for row in await consistency.wrong_places(session)] == []
            assert [row._asdict() for row in await consistency.wrong_people(session)] == []
        assert await self.driver.scalar(_WRONG_PEOPLE_IN_LINE) == 0
        assert await self.driver.scalar(_ACCEPTED_WITHOUT_REGISTRATION) == 0
        assert await self.driver.scalar(_REGISTERED_WITHOUT_ACCEPTING) == 0

    async def assert_no_free_place_is_withheld(self) -> None:
        """No place is free that an entry in line could have."""
        assert await self.driver.scalar(_WAITING_FOR_NOTHING) == 0


_WRONG_PEOPLE_IN_LINE = """
    SELECT count(*) FROM waitlist_participants p JOIN waitlist_entries e ON e.id = p.entry_id
     WHERE p.live <> (e.status IN ('waiting', 'offered'))
"""

_ACCEPTED_WITHOUT_REGISTRATION = """
    SELECT count(*) FROM waitlist_entries e LEFT JOIN registrations r ON r.id = e.id
     WHERE (e.status = 'accepted') <> (r.id IS NOT NULL)
"""

_REGISTERED_WITHOUT_ACCEPTING = """
    SELECT count(*) FROM waitlist_entries e JOIN registrations r ON r.id = e.id WHERE e.status <> 'accepted'
"""

_WAITING_FOR_NOTHING = """
    SELECT count(*) FROM waitlist_entries e JOIN category_places s ON s.category_id = e.race_category_id
     WHERE e.status = 'waiting' AND e.total_participants <= s.quota - s.taken
       AND NOT EXISTS (SELECT 1 FROM waitlist_participants w JOIN participants p USING (person_key)
                        WHERE w.entry_id = e.id AND p.event_id = e.event_id AND p.live)
"""

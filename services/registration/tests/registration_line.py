"""A waiting list to stand in: speaks to it as runners and staff do, and knows what must always be true of it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
from contracts import Payload, WaitlistOffered
from registration import consistency
from registration.worker import process_waitlists
from sqlalchemy import text

from .registration_marks import heard


@dataclass
class Line:
    """The waiting lists of a race, through one process of registration."""

    race: Any

    def url(self, entry: dict[str, Any] | None = None, action: str = "") -> str:
        own = f"/{entry['waitlist_id']}" if entry else ""
        return str(self.race.url(f"/waitlist{own}{action}"))

    def its_runner(self, entry: dict[str, Any]) -> dict[str, str]:
        return {"Authorization": f"Bearer {entry['runner_token']}"}

    async def sell_out(self, *, quota: int = 1, **fields: Any) -> list[dict[str, Any]]:
        """A category whose places are all taken; by whom."""
        await self.race.open(quota=quota, **fields)
        return [await self.race.registered() for _ in range(quota)]

    async def join(
        self, group: int = 1, *, form: dict[str, Any] | None = None, key: str | None = None
    ) -> httpx.Response:
        headers = {"Idempotency-Key": key} if key else {}
        answer: httpx.Response = await self.race.http.post(
            self.url(), json=form or self.race.form(group), headers=headers
        )
        return answer

    async def waiting(self, group: int = 1, *, form: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = await self.join(group, form=form)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def show(self, entry: dict[str, Any]) -> dict[str, Any]:
        answer = await self.race.http.get(self.url(entry), headers=self.race.staff())
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def status(self, entry: dict[str, Any]) -> str:
        return str((await self.show(entry))["status"])

    async def statuses(self, *entries: dict[str, Any]) -> list[str]:
        return [await self.status(entry) for entry in entries]

    async def positions(self, *entries: dict[str, Any]) -> list[int | None]:
        return [(await self.show(entry))["position"] for entry in entries]

    async def accept(self, entry: dict[str, Any]) -> httpx.Response:
        answer: httpx.Response = await self.race.http.post(self.url(entry, "/accept"), headers=self.its_runner(entry))
        return answer

    async def withdraw(self, entry: dict[str, Any]) -> httpx.Response:
        answer: httpx.Response = await self.race.http.delete(self.url(entry), headers=self.its_runner(entry))
        return answer

    async def staff(self, entry: dict[str, Any], action: str, **body: Any) -> httpx.Response:
        answer: httpx.Response = await self.race.http.post(
            self.url(entry, f"/{action}"), json=body or None, headers=self.race.staff()
        )
        return answer

    async def change(self, category_id: str | None = None, **fields: Any) -> httpx.Response:
        path = self.race.url(f"/categories/{category_id or self.race.category['id']}")
        answer: httpx.Response = await self.race.http.patch(path, json=fields, headers=self.race.staff())
        return answer

    async def process_waitlist(self) -> None:
        """Have all events leave, and the worker look after the lines."""
        await self.race.service.published(Payload)
        await process_waitlists(self.race.database, self.race.terms)

    async def time_passes(self, hours: float) -> None:
        """Time, and then the worker."""
        self.race.clock.advance(timedelta(hours=hours))
        await self.process_waitlist()

    async def is_heard(self) -> None:
        """Notification takes in all that is offered."""
        for offer in await self.race.service.published(WaitlistOffered):
            await self.race.service.redeliver(heard(offer, self.race.clock()))

    async def offers(self) -> list[str]:
        """Who was told of an offer, in order."""
        return [str(event.subject) for event in await self.race.service.published(WaitlistOffered)]

    async def counted(self) -> tuple[int, int, int]:
        """Places taken, places offered, participants."""
        places = await self.race.places()
        return places["taken"], places["offered"], await self.race.live_participants()

    async def execute(self, sql: str, **values: Any) -> None:
        """Change the database behind the service's back."""
        async with self.race.database.work() as work:
            await work.session.execute(text(sql), values)

    async def must_be_in_order(self) -> None:
        """Places, registrations and offers agree, and people are in line while their entry is."""
        async with self.race.database.read() as session:
            assert [row._asdict() for row in await consistency.wrong_places(session)] == []
            assert [row._asdict() for row in await consistency.wrong_people(session)] == []
        assert await self.race.scalar(_WRONG_PEOPLE_IN_LINE) == 0
        assert await self.race.scalar(_ACCEPTED_WITHOUT_REGISTRATION) == 0
        assert await self.race.scalar(_REGISTERED_WITHOUT_ACCEPTING) == 0

    async def nobody_waits_for_nothing(self) -> None:
        """No place is free that somebody in line could have."""
        assert await self.race.scalar(_WAITING_FOR_NOTHING) == 0


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

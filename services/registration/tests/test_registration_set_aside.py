"""What was put aside is judged like all others when it is tried again, and comes after them."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from chassis.database import Database
from chassis.inbox import Inbox
from contracts import Event, Payload
from registration import worker as background
from registration.aside import commands as aside
from registration.handlers import handlers
from registration.marks.rules import NEVER
from sqlalchemy import text
from structlog.testing import capture_logs

from .conftest import Race
from .registration_line import Line
from .test_registration_deadlines import _proof

_ASIDE = """
    INSERT INTO set_aside (job, subject_id, reason, since, retry_at)
    VALUES (:job, CAST(:id AS uuid), 'LockNotAvailable', :at, :at)
"""


@pytest.fixture
def line(race: Race) -> Line:
    return Line(race)


async def _put_aside(race: Race, job: str, subject_id: str) -> None:
    """It failed a while ago, and is to be tried again."""
    await race.execute(_ASIDE, job=job, id=subject_id, at=race.clock() - timedelta(minutes=1))


async def _overdue_and_aside(race: Race) -> dict[str, Any]:
    await race.open()
    entry = await race.registered()
    await race.service.published(Payload)
    race.clock.advance(timedelta(hours=24, minutes=20))
    await _put_aside(race, "expiry", entry["registration_id"])
    return entry


async def _swept(race: Race, **heard: Any) -> int:
    grace = timedelta(minutes=race.settings.expiry_grace_minutes)
    return await background.sweep(race.database, grace, race.terms, **heard)


async def test_what_was_put_aside_does_not_expire_while_nobody_can_be_heard(race: Race) -> None:
    """Its deadline may have been moved since it failed, and has passed while the broker was away."""
    entry = await _overdue_and_aside(race)

    await _swept(race, heard_until=NEVER)
    assert await race.status(entry["registration_id"]) == "pending_payment"

    await _put_aside(race, "expiry", entry["registration_id"])
    await _swept(race, heard_until=race.clock())
    assert await race.status(entry["registration_id"]) == "expired"


async def test_what_was_put_aside_does_not_expire_while_its_proof_waits_for_another_try(race: Race) -> None:
    """Whatever the sweep failed for, a lock, say, the proof's event failed for as well."""
    entry = await _overdue_and_aside(race)
    payload = _proof(entry, race)
    event = Event[Any].of(
        payload, source="payment", subject=payload.registration_id, occurred_at=race.clock(), correlation_id="test"
    )
    await Inbox(race.database, handlers).schedule_retry(event.to_bytes(), RuntimeError())

    await _swept(race)

    assert await race.status(entry["registration_id"]) == "pending_payment"


async def test_all_others_come_before_what_was_put_aside(
    race: Race, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A round has a limit of time: what failed before must not use it up."""
    stuck = await race.open()
    failed = await race.registered()
    [taken] = await line.sell_out()
    lapsing = await line.waiting()
    await race.cancel(taken["registration_id"])
    await race.open()
    overdue = await race.registered()
    await race.service.published(Payload)
    race.clock.advance(timedelta(hours=24, minutes=20))
    await _put_aside(race, "expiry", failed["registration_id"])
    await _put_aside(race, "waitlist", stuck["id"])
    order: list[str] = []
    for_one = aside._for_one

    async def noted(database: Database, job: str, subject_id: UUID, do: aside.Work) -> int:
        order.append(f"{job} again, {await race.status(overdue['registration_id'])}, {await line.status(lapsing)}")
        return await for_one(database, job, subject_id, do)

    monkeypatch.setattr(aside, "_for_one", noted)
    await race.sweep()
    await background.process_waitlists(race.database, race.terms)

    assert order == ["expiry again, expired, offered", "waitlist again, expired, expired"]


async def test_many_that_wait_for_one_lock_do_not_use_up_the_round(race: Race) -> None:
    """Of eight seconds each, as others wait for a lock, they would take forty."""
    held = await race.open()
    for _ in range(4):
        await race.registered()
    await race.open()
    fine = await race.registered()
    await race.service.published(Payload)
    race.clock.advance(timedelta(hours=24, minutes=20))
    async with race.database.engine.connect() as holder:
        lock = "SELECT 1 FROM category_places WHERE category_id = CAST(:id AS uuid) FOR UPDATE"
        await holder.execute(text(lock), {"id": held["id"]})

        with capture_logs():  # showing them to people takes longer than the locks
            async with asyncio.timeout(15):
                assert await _swept(race) == 1

    assert await race.status(fine["registration_id"]) == "expired"

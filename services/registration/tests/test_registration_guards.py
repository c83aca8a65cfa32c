"""The negative controls of contention: with a guard off, the same kind of race does what it must never do.

Each actor looks first and then writes, and all have looked before the first one writes.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from registration.entries import transitions
from registration.entries.tables import Registration
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from .registration_driver import RegistrationDriver

_ANSWERED = """
    INSERT INTO idempotency_keys (key, request_hash, registration_id, response, created_at)
    VALUES ('same', 'hash', CAST(:entry AS uuid), '{}', now())
"""
_NUMBERED = """
    UPDATE participants SET bib_number = :seen, ticket_code = replace(CAST(registration_id AS text), '-', '')
     WHERE registration_id = CAST(:entry AS uuid)
"""
_CAME_BACK = "UPDATE participants SET live = true WHERE registration_id = CAST(:entry AS uuid)"

_LIVE = "SELECT count(*) FROM participants WHERE live"
_SAME_BIB = "SELECT count(*) - count(DISTINCT bib_number) FROM participants"
_KEYS = "SELECT count(*) FROM idempotency_keys"


async def _look_then_write(
    driver: RegistrationDriver, entries: Sequence[dict[str, Any]], *, look: str, write: str
) -> int:
    """Have each entry's connection look, and write once all have looked; return how many the database stopped."""
    all_looked = asyncio.Barrier(len(entries))

    async def act(entry: dict[str, Any]) -> None:
        async with driver.database.work() as work:
            seen = (await work.session.execute(text(look))).scalar_one()
            await all_looked.wait()
            await work.session.execute(text(write), {"entry": entry["registration_id"], "seen": seen})

    outcomes = await asyncio.gather(*(act(entry) for entry in entries), return_exceptions=True)
    stopped = [each for each in outcomes if each is not None]
    assert all(isinstance(each, IntegrityError) for each in stopped), stopped
    return len(stopped)


async def _ended_entries(driver: RegistrationDriver, count: int) -> list[dict[str, Any]]:
    """Create registrations of one person, all cancelled."""
    form = driver.form()
    entries = []
    for _ in range(count):
        entries.append(await driver.register(form=form))
        await driver.cancel(entries[-1]["registration_id"])
    return entries


@pytest.mark.parametrize("guarded", [True, False])
async def test_one_person_comes_back_once_or_without_the_index_many_times(
    driver: RegistrationDriver, guarded: bool
) -> None:
    await driver.open_category()
    entries = await _ended_entries(driver, 4)
    if not guarded:
        await driver.execute("DROP INDEX uq_participants_live_person")
    stopped = await _look_then_write(driver, entries, look=_LIVE, write=_CAME_BACK)
    assert (stopped, await driver.live_participants()) == ((3, 1) if guarded else (0, 4))


@pytest.mark.parametrize("guarded", [True, False])
async def test_one_key_is_answered_once_or_without_its_constraint_many_times(
    driver: RegistrationDriver, guarded: bool
) -> None:
    await driver.open_category()
    entries = [await driver.register() for _ in range(4)]
    if not guarded:
        await driver.execute("ALTER TABLE idempotency_keys DROP CONSTRAINT pk_idempotency_keys")
    stopped = await _look_then_write(driver, entries, look=_KEYS, write=_ANSWERED)
    assert (stopped, await driver.scalar(_KEYS)) == ((3, 1) if guarded else (0, 4))


@pytest.mark.parametrize("guarded", [True, False])
async def test_a_bib_that_is_looked_up_is_given_twice_unless_the_index_stops_it(
    driver: RegistrationDriver, guarded: bool
) -> None:
    await driver.open_category()
    entries = [await driver.register() for _ in range(4)]
    if not guarded:
        await driver.execute("DROP INDEX uq_participants_bib")
    stopped = await _look_then_write(driver, entries, look="SELECT next_bib FROM category_places", write=_NUMBERED)
    numbered = len(entries) - stopped
    twice = await driver.scalar(f"{_SAME_BIB} WHERE bib_number IS NOT NULL")
    assert (numbered, twice) == ((1, 0) if guarded else (4, 3))


async def test_without_holding_the_registration_a_paid_runner_loses_the_place(
    driver: RegistrationDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await driver.open_category()
    await driver.execute("ALTER TABLE category_places DROP CONSTRAINT ck_category_places_counts")  # it would notice
    entry = await driver.register()
    driver.clock.advance(timedelta(hours=25))
    looked, expired = asyncio.Event(), asyncio.Event()

    async def look_without_holding(work: Any, registration_id: Any) -> Registration:
        found: Registration = await work.session.get(Registration, registration_id)
        looked.set()
        await expired.wait()
        return found

    monkeypatch.setattr(transitions, "lock_entry", look_without_holding)
    verifying = asyncio.create_task(driver.verify(entry))
    await looked.wait()
    assert await driver.sweep() == 1
    expired.set()
    await verifying
    assert await driver.status(entry["registration_id"]) == "payment_verified"
    assert await driver.live_participants() == 0
    assert (await driver.places())["taken"] == 0

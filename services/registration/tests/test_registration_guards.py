"""The negative controls of contention: with a guard off, the same kind of race does what it must never do.

Whoever acts here looks first and writes then, and everybody has looked before anybody writes.
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


async def _change(race: Any, statement: str) -> None:
    async with race.database.work() as work:
        await work.session.execute(text(statement))


async def _look_then_write(race: Any, entries: Sequence[dict[str, Any]], *, look: str, write: str) -> int:
    """Each entry's connection writes if it saw nothing in its way; how many were stopped by the database."""
    everybody_looked = asyncio.Barrier(len(entries))

    async def act(entry: dict[str, Any]) -> None:
        async with race.database.work() as work:
            seen = (await work.session.execute(text(look))).scalar_one()
            await everybody_looked.wait()
            await work.session.execute(text(write), {"entry": entry["registration_id"], "seen": seen})

    outcomes = await asyncio.gather(*(act(entry) for entry in entries), return_exceptions=True)
    stopped = [each for each in outcomes if each is not None]
    assert all(isinstance(each, IntegrityError) for each in stopped), stopped
    return len(stopped)


async def _ended_entries(race: Any, count: int) -> list[dict[str, Any]]:
    """So many registrations of one person, all cancelled."""
    form = race.form()
    entries = []
    for _ in range(count):
        entries.append((await race.register(form=form)).json())
        assert (await race.cancel(entries[-1]["registration_id"])).status_code == 204
    return entries


@pytest.mark.parametrize("guarded", [True, False])
async def test_one_person_comes_back_once_or_without_the_index_many_times(race: Any, guarded: bool) -> None:
    await race.open()
    entries = await _ended_entries(race, 4)
    if not guarded:
        await _change(race, "DROP INDEX uq_participants_live_person")
    stopped = await _look_then_write(race, entries, look=_LIVE, write=_CAME_BACK)
    assert (stopped, await race.live_participants()) == ((3, 1) if guarded else (0, 4))


@pytest.mark.parametrize("guarded", [True, False])
async def test_one_key_is_answered_once_or_without_its_constraint_many_times(race: Any, guarded: bool) -> None:
    await race.open()
    entries = [await race.registered() for _ in range(4)]
    if not guarded:
        await _change(race, "ALTER TABLE idempotency_keys DROP CONSTRAINT pk_idempotency_keys")
    stopped = await _look_then_write(race, entries, look=_KEYS, write=_ANSWERED)
    assert (stopped, await race.scalar(_KEYS)) == ((3, 1) if guarded else (0, 4))


@pytest.mark.parametrize("guarded", [True, False])
async def test_a_bib_that_is_looked_up_is_given_twice_unless_the_index_stops_it(race: Any, guarded: bool) -> None:
    await race.open()
    entries = [await race.registered() for _ in range(4)]
    if not guarded:
        await _change(race, "DROP INDEX uq_participants_bib")
    stopped = await _look_then_write(race, entries, look="SELECT next_bib FROM category_places", write=_NUMBERED)
    numbered = len(entries) - stopped
    twice = await race.scalar(f"{_SAME_BIB} WHERE bib_number IS NOT NULL")
    assert (numbered, twice) == ((1, 0) if guarded else (4, 3))


async def test_without_holding_the_registration_a_paid_runner_loses_the_place(
    race: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await race.open()
    await _change(race, "ALTER TABLE category_places DROP CONSTRAINT ck_category_places_counts")  # it would notice
    entry = await race.registered()
    race.clock.advance(timedelta(hours=25))
    looked, expired = asyncio.Event(), asyncio.Event()

    async def look_without_holding(work: Any, registration_id: Any) -> Registration:
        found: Registration = await work.session.get(Registration, registration_id)
        looked.set()
        await expired.wait()
        return found

    monkeypatch.setattr(transitions, "lock_entry", look_without_holding)
    verifying = asyncio.create_task(race.verify(entry))
    await looked.wait()
    assert await race.sweep() == 1
    expired.set()
    await verifying
    assert await race.status(entry["registration_id"]) == "payment_verified"
    assert await race.live_participants() == 0
    assert (await race.places())["taken"] == 0

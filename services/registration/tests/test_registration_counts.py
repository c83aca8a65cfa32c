"""Counts that statistics add up: kept by the database with every change, folded together without anybody waiting."""

import asyncio
from typing import Any

from chassis.migrations import downgrade, upgrade
from registration import consistency
from registration.entries import commands
from registration.worker import fold_counts
from sqlalchemy import text


async def _mixed(race: Any) -> None:
    """Registrations in every status, in two categories."""
    for _ in range(2):
        await race.open(quota=100)
        entries = [await race.registered(size) for size in (1, 5, 1, 1, 10)]
        await race.proof(entries[1])
        await race.verify(entries[2])
        await race.cancel(entries[3]["registration_id"])
    await race.deadline_passes()
    await race.registered()


async def _wrong(race: Any) -> list[Any]:
    async with race.database.read() as session:
        return list(await consistency.wrong_counts(session))


async def _execute(race: Any, sql: str) -> None:
    async with race.database.work() as work:
        await work.session.execute(text(sql))


async def _rows(race: Any) -> int:
    async with race.database.read() as session:
        return int((await session.execute(text("SELECT count(*) FROM registration_counts"))).scalar_one())


async def _statistics(race: Any) -> Any:
    return (await race.http.get(race.url("/stats"), headers=race.staff())).json()


async def test_they_follow_every_change(race: Any) -> None:
    await _mixed(race)
    statuses = {item["status"] for item in (await _statistics(race))["items"]}
    assert statuses == {"pending_payment", "payment_uploaded", "payment_verified", "expired", "cancelled"}
    assert await _wrong(race) == []
    await _execute(race, "DELETE FROM registrations WHERE status = 'expired'")
    assert await _wrong(race) == []
    assert "expired" not in {item["status"] for item in (await _statistics(race))["items"]}


async def test_without_their_triggers_the_difference_would_be_seen(race: Any) -> None:
    """The negative control."""
    await _mixed(race)
    await _execute(race, "ALTER TABLE registrations DISABLE TRIGGER registrations_counted_on_update")
    await _execute(race, "UPDATE registrations SET total_amount = total_amount + 1 WHERE status = 'cancelled'")
    assert {row.status for row in await _wrong(race)} == {"cancelled"}


async def test_a_change_that_moves_nothing_leaves_no_row(race: Any) -> None:
    await _mixed(race)
    before = await _rows(race)
    await _execute(race, "UPDATE registrations SET revision = revision + 1")
    assert await _rows(race) == before


async def test_folding_changes_what_is_stored_and_not_what_is_shown(race: Any) -> None:
    await _mixed(race)
    shown = await _statistics(race)
    assert await _rows(race) > len(shown["items"])
    await fold_counts(race.database)
    folded = await _rows(race)
    assert await _statistics(race) == shown
    await fold_counts(race.database)
    assert await _rows(race) == folded <= 2 * 5
    assert await _wrong(race) == []


async def test_a_pile_of_changes_is_folded_in_portions(race: Any) -> None:
    await _mixed(race)
    shown, before = await _statistics(race), await _rows(race)

    async with race.database.work() as work:
        fewer = await commands.fold_counts(work, at_most=before - 1)

    assert await _rows(race) == before - fewer < before
    assert await _statistics(race) == shown
    await fold_counts(race.database)
    assert await _rows(race) <= 2 * 5
    assert await _wrong(race) == []


async def test_many_fold_while_runners_register(race: Any) -> None:
    await race.open(quota=500)

    async def fold() -> None:
        for _ in range(20):
            await fold_counts(race.database)

    async with asyncio.timeout(60):
        await asyncio.gather(fold(), fold(), fold(), *(race.registered() for _ in range(120)))
    assert await _wrong(race) == []
    assert [item["registrations"] for item in (await _statistics(race))["items"]] == [120]


async def test_the_migration_counts_what_was_there_before(race: Any) -> None:
    await _mixed(race)
    shown = await _statistics(race)
    url = race.settings.database_url
    await race.database.engine.dispose()
    await asyncio.to_thread(downgrade, url, "registration", "0002")
    await asyncio.to_thread(upgrade, url, "registration")
    await race.database.engine.dispose()
    assert await _wrong(race) == []
    assert await _statistics(race) == shown

"""Scans that are merged while staff revoke their device, and while another device hands out the same packs."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from chassis.database import UnitOfWork
from checkin.pickup import merging
from checkin.pickup.conflicts import lock_pack
from checkin.pickup.rules import OfflineScan
from checkin.pickup.tables import Scan
from checkin.stations.commands import change_station, revoke_device
from sqlalchemy import update

from .checkin_driver import CheckinDriver, Station, person, wait_for_a_lock
from .checkin_scans import conflicts, halls, handed_out, revoke, scan, session_of, sync, try_sync


async def revoke_in(work: UnitOfWork, driver: CheckinDriver, station: Station, *, closing: bool) -> None:
    """Revoke the device of a station in a transaction, by itself or with its station."""
    if closing:
        await change_station(work, driver.app.state.pins, station.id, by="staff:1", is_active=False)
    else:
        await revoke_device(work, (await session_of(driver, station)).device_id, by="staff:1")


@pytest.mark.parametrize("closing", [True, False])
async def test_a_device_that_is_revoked_before_its_scans_are_merged_hands_nothing_out(
    driver: CheckinDriver, *, closing: bool
) -> None:
    # given a revocation that is not committed, so that the device's session is still good
    [station] = await halls(driver, 1)
    await driver.confirm(runner := person())
    async with driver.database.work() as work:
        await revoke_in(work, driver, station, closing=closing)
        (await driver.call("GET", "/stats", by=station.device)).require(200)

        # when the device sends a scan
        sending = asyncio.create_task(sync(driver, station, scan(runner, driver.clock())))
        await wait_for_a_lock(driver)

    # then the scan is only kept
    answer = await sending
    assert (answer["device_revoked"], answer["items"][0]["result"]) == (True, "conflict")
    assert [each["kind"] for each in await conflicts(driver)] == ["device_revoked"]
    assert await driver.rows("SELECT 1 FROM checkins") == []


async def test_a_revocation_waits_for_scans_that_are_being_merged(driver: CheckinDriver) -> None:
    [station] = await halls(driver, 1)
    await driver.confirm(runner := person())
    session = await session_of(driver, station)
    made = OfflineScan(key="k-1", ticket_code=runner.ticket_code, participant_id=None, scanned_at=driver.clock())
    async with driver.database.work() as work:
        merged = await merging.merge(work, session, [made], offset=timedelta())
        path = f"/devices/{session.device_id}"
        revoking = asyncio.create_task(driver.call("DELETE", path, by=driver.admin))
        await wait_for_a_lock(driver)
    (await revoking).require(204)
    assert not merged.device_revoked
    assert (await handed_out(driver, runner))[0] == "Station 0"
    assert (await sync(driver, station, scan(runner, driver.clock())))["device_revoked"]


async def test_a_station_can_be_closed_while_its_device_sends_scans(driver: CheckinDriver) -> None:
    # given scans that wait for a pack
    [station] = await halls(driver, 1)
    await driver.confirm(runner := person())
    async with driver.database.work() as work:
        await lock_pack(work, runner.participant_id)
        sending = asyncio.create_task(sync(driver, station, scan(runner, driver.clock())))
        await wait_for_a_lock(driver)

        # when the station is closed, which waits for the device
        closing = asyncio.create_task(driver.try_change_station(station.id, is_active=False))
        await wait_for_a_lock(driver, waiting=2)

    # then both succeed
    assert (await sending)["items"][0]["result"] == "handed_out"
    (await closing).require(200)


@pytest.mark.parametrize("guarded", [True, False])
async def test_a_check_in_that_another_device_displaced_before_the_lock_is_known(
    driver: CheckinDriver, monkeypatch: pytest.MonkeyPatch, *, guarded: bool
) -> None:
    """The negative control does not look under the lock what is stored."""

    async def nothing(*_: Any) -> dict[str, Any]:
        return {}

    # given a check-in whose answer got lost
    late, early = await halls(driver)
    await driver.confirm(runner := person())
    await driver.scan(late.device, runner.ticket_code, key="k-1")
    then = driver.clock() - timedelta(hours=1)
    first = OfflineScan(key="k-2", ticket_code=runner.ticket_code, participant_id=None, scanned_at=then)

    # when it is sent again while an earlier scan of another device displaces it
    async with driver.database.work() as work:
        await merging.merge(work, await session_of(driver, early), [first], offset=timedelta())
        if not guarded:
            monkeypatch.setattr(merging, "_known", nothing)
        sending = asyncio.create_task(try_sync(driver, late, scan(runner, driver.clock(), key="k-1")))
        await wait_for_a_lock(driver)
    answer = await sending

    # then it gets the same result, and is the conflict that it became
    assert (answer.status == 200) is guarded
    if guarded:
        assert answer.body["items"][0]["result"] == "handed_out"
        assert answer.body["items"][0]["handed_out"]["station_name"] == "Station 1"
    assert await handed_out(driver, runner) == ("Station 1", then)
    assert [each["station_name"] for each in await conflicts(driver)] == ["Station 0"]


async def test_a_conflict_is_decided_while_its_device_sends_the_same_pack_again(driver: CheckinDriver) -> None:
    # given a scan of a revoked device, and a merge that holds the pack
    station, other = await halls(driver)
    await driver.confirm(runner := person())
    await revoke(driver, station)
    await sync(driver, station, scan(runner, driver.clock()))
    [conflict] = await conflicts(driver)
    async with driver.database.work() as work:
        entry = await lock_pack(work, runner.participant_id)
        assert entry is not None

        # when staff accept it meanwhile, and the merge comes to the scans of the pack
        body = {"reason": "the phone was ours", "accept": True}
        path = f"/conflicts/{conflict['id']}/resolve"
        deciding = asyncio.create_task(driver.call("POST", path, by=driver.admin, json=body))
        await wait_for_a_lock(driver)
        session = await session_of(driver, other)
        made = OfflineScan(key="k-1", ticket_code=runner.ticket_code, participant_id=None, scanned_at=driver.clock())
        await merging.merge(work, session, [made], offset=timedelta())
        await work.session.execute(update(Scan).values(received_at=Scan.received_at))

    # then neither waits for the other for ever: the pack was handed out, so the decision is refused
    assert (await deciding).is_problem(409, "already_checked_in")
    assert (await handed_out(driver, runner))[0] == "Station 1"

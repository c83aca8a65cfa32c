"""Names are folded by one rule when they are stored and when they are searched."""

import asyncio

import pytest
from checkin.roster import commands
from checkin.roster.commands import fold_names
from sqlalchemy import text
from testkit.polling import eventually

from .checkin_driver import CheckinDriver, person
from .test_checkin_roster import fill, found

SAME = {
    "Ma\u2019ruf Amin": ("Ma\u2019ruf", "Ma'ruf", "maruf", "MA\u02bcRUF", "Ma`ruf amin"),
    "Jos\u00e9 Ram\u00edrez": ("Jose", "jos\u00e9", "JOSE\u0301", "ramirez"),
    "Nur-Aini": ("nur aini", "nur-aini", "nur\u2010aini", "aini", "aini nur", "Nur\u00a0Aini"),
    "\u0110\u1eb7ng \u0141ukasz": ("dang", "lukasz", "\u0111\u1eb7ng"),
    "M.Ridwan": ("m ridwan", "ridwan", "M. Ridwan", "m.rid"),
    "\uff22\uff55\uff44\uff49": ("budi", "\uff42\uff55\uff44\uff49"),
    "\u738b\u5c0f\u660e": ("\u738b\u5c0f\u660e", "\u738b"),
    "Team 1e5x": ("1e5", "1e5x", "team 1e"),
}


async def test_a_name_is_found_however_it_is_spelled(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    for name in SAME:
        await driver.confirm(person(name))
    answers = {typed: await found(driver, station.device, typed) for typing in SAME.values() for typed in typing}
    assert answers == {typed: [name] for name, typing in SAME.items() for typed in typing}


async def test_a_name_of_any_length_is_stored_and_found(driver: CheckinDriver) -> None:
    """One of these characters stands for ten letters: the word would be too long for the index."""
    station = await driver.set_up_station()
    await driver.confirm(person("\u3316" * 255))
    assert await found(driver, station.device, "\u3316" * 90) == ["\u3316" * 255]
    assert await found(driver, station.device, "\u3316") == ["\u3316" * 255]


async def test_a_name_that_is_not_folded_yet_is_found_as_before_and_by_the_new_rule_afterwards(
    driver: CheckinDriver,
) -> None:
    # given
    station = await driver.set_up_station()
    await driver.confirm(person("Jos\u00e9 O'Brien"))
    await driver.execute("UPDATE roster SET search_text = NULL")
    before = {q: await found(driver, station.device, q) for q in ("jos\u00e9", "brien", "jose", "obrien")}
    # when
    assert await fold_names(driver.database) == 1
    assert await fold_names(driver.database) == 0
    # then
    after = {q: await found(driver, station.device, q) for q in ("jos\u00e9", "brien", "jose", "obrien")}
    both = ["Jos\u00e9 O'Brien"]
    assert before == {"jos\u00e9": both, "brien": both, "jose": [], "obrien": []}
    assert after == {"jos\u00e9": both, "brien": both, "jose": both, "obrien": both}


async def test_a_person_is_found_by_the_number_of_the_ticket(driver: CheckinDriver) -> None:
    # given a group that is delivered in another order than its BIBs, and registrations alike in letters
    station = await driver.set_up_station()
    group = [person("Citra", bib=13), person("Ani", bib=11), person("Bima", bib=12)]
    await driver.confirm(*group, registration_number="FR5K-00042")
    await driver.confirm(person("Dewi", bib=21), registration_number="FR-5K-00042")
    await driver.cancel(await driver.confirm(person("Eka", bib=31), registration_number="FR5K-100042"))

    finds = {
        "TIX-FR5K00042-01": ["Ani"],
        "tix-fr5k00042-02": ["Bima"],
        " Tix-FR5K00042-03 ": ["Citra"],
        "TIX-FR5K00042-04": [],
        "TIX-FR5K00042-00": [],
        "TIX-FR5K-00042-01": ["Ani"],
        "TIX-FR-5K-00042-01": ["Dewi"],
        "TIX-FR5K-100042-01": ["Eka"],
        "TIX-FR5K00043-01": [],
    }
    assert {typed: await found(driver, station.device, typed) for typed in finds} == finds


async def unfolded(driver: CheckinDriver) -> int:
    return len(await driver.rows("SELECT 1 FROM roster WHERE search_text IS NULL"))


async def test_old_names_are_folded_in_portions_and_the_rest_the_next_time(
    driver: CheckinDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "_PORTION", 10)
    monkeypatch.setattr(commands, "_PORTIONS", 2)
    await fill(driver, 25)
    assert (await fold_names(driver.database), await unfolded(driver)) == (20, 5)
    assert (await fold_names(driver.database), await unfolded(driver)) == (5, 0)


async def test_several_workers_fold_each_name_once(driver: CheckinDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "_PORTION", 10)
    await fill(driver, 100)
    done = await asyncio.gather(*(fold_names(driver.database) for _ in range(4)))
    await eventually(lambda: _all_folded(driver))
    assert sum(done) == 100


async def _all_folded(driver: CheckinDriver) -> bool:
    return await unfolded(driver) == 0


async def test_folding_does_not_wait_for_a_row_that_is_in_use(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    await driver.confirm(person("Ani"))
    await driver.confirm(person("Bima"))
    await driver.execute("UPDATE roster SET search_text = NULL")
    async with driver.database.work() as busy:
        await busy.session.execute(text("SELECT 1 FROM roster WHERE full_name = 'Ani' FOR UPDATE"))
        async with asyncio.timeout(5):
            assert await fold_names(driver.database) == 1
    assert await fold_names(driver.database) == 1
    assert await found(driver, station.device, "ani") == ["Ani"]

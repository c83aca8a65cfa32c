"""Names are folded by one rule when they are stored and when they are sought."""

import asyncio

import pytest
from checkin.roster import commands
from checkin.roster.commands import fold_names
from sqlalchemy import text
from testkit.polling import eventually

from .checkin_world import PackDay, person
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


async def test_a_name_is_found_however_it_is_spelled(day: PackDay) -> None:
    desk = await day.desk()
    for name in SAME:
        await day.confirmed(person(name))
    answers = {typed: await found(day, desk.device, typed) for typing in SAME.values() for typed in typing}
    assert answers == {typed: [name] for name, typing in SAME.items() for typed in typing}


async def test_a_name_of_any_length_is_stored_and_found(day: PackDay) -> None:
    """One of these characters stands for ten letters: the word would be too long for the index."""
    desk = await day.desk()
    await day.confirmed(person("\u3316" * 255))
    assert await found(day, desk.device, "\u3316" * 90) == ["\u3316" * 255]
    assert await found(day, desk.device, "\u3316") == ["\u3316" * 255]


async def test_a_name_that_is_not_folded_yet_is_found_as_before_and_by_the_new_rule_afterwards(day: PackDay) -> None:
    # given
    desk = await day.desk()
    await day.confirmed(person("Jos\u00e9 O'Brien"))
    await day.execute("UPDATE roster SET search_text = NULL")
    before = {q: await found(day, desk.device, q) for q in ("jos\u00e9", "brien", "jose", "obrien")}
    # when
    assert await fold_names(day.database) == 1
    assert await fold_names(day.database) == 0
    # then
    after = {q: await found(day, desk.device, q) for q in ("jos\u00e9", "brien", "jose", "obrien")}
    both = ["Jos\u00e9 O'Brien"]
    assert before == {"jos\u00e9": both, "brien": both, "jose": [], "obrien": []}
    assert after == {"jos\u00e9": both, "brien": both, "jose": both, "obrien": both}


async def unfolded(day: PackDay) -> int:
    return len(await day.rows("SELECT 1 FROM roster WHERE search_text IS NULL"))


async def test_old_names_are_folded_in_portions_and_the_rest_the_next_time(
    day: PackDay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "_PORTION", 10)
    monkeypatch.setattr(commands, "_PORTIONS", 2)
    await fill(day, 25)
    assert (await fold_names(day.database), await unfolded(day)) == (20, 5)
    assert (await fold_names(day.database), await unfolded(day)) == (5, 0)


async def test_several_workers_fold_each_name_once(day: PackDay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "_PORTION", 10)
    await fill(day, 100)
    done = await asyncio.gather(*(fold_names(day.database) for _ in range(4)))
    await eventually(lambda: _all_folded(day))
    assert sum(done) == 100


async def _all_folded(day: PackDay) -> bool:
    return await unfolded(day) == 0


async def test_folding_does_not_wait_for_a_row_that_is_in_use(day: PackDay) -> None:
    desk = await day.desk()
    await day.confirmed(person("Ani"))
    await day.confirmed(person("Bima"))
    await day.execute("UPDATE roster SET search_text = NULL")
    async with day.database.work() as busy:
        await busy.session.execute(text("SELECT 1 FROM roster WHERE full_name = 'Ani' FOR UPDATE"))
        async with asyncio.timeout(5):
            assert await fold_names(day.database) == 1
    assert await fold_names(day.database) == 1
    assert await found(day, desk.device, "ani") == ["Ani"]

"""Many at once for few uses: exactly as many as there are, with the places that belong to them and no others."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from registration.admission import admit_batch, insert
from registration.admission.insert import UsesTaken, insert_registrations
from registration.prices import uses
from testkit.driver import Answer

from .prices_driver import PricesDriver
from .registration_driver import RegistrationDriver

_USES = 300


async def _rush(
    drivers: Sequence[RegistrationDriver], count: int, *, group: int = 1, code: str | None = "LARI20"
) -> list[Answer]:
    """Send forms of so many groups to the processes in turn, all at once."""
    forms = [drivers[0].form(group, promo_code=code) for _ in range(count)]
    return await asyncio.gather(
        *(drivers[index % len(drivers)].try_register(form=form) for index, form in enumerate(forms))
    )


def _outcomes(answers: Sequence[Answer]) -> Counter[str]:
    return Counter("in" if answer.status == 201 else answer.code for answer in answers)


async def test_a_code_for_three_hundred_is_used_exactly_three_hundred_times(
    driver: RegistrationDriver, second_driver: RegistrationDriver, prices: PricesDriver
) -> None:
    # given 300 uses and more places than that
    await driver.open_category(quota=1000)
    promo = await prices.create_code(max_uses=_USES)

    # when 380 runners come to two processes at once
    answers = await _rush((driver, second_driver), 380)

    # then 300 have the price of the code, and the others nothing at all
    assert _outcomes(answers) == {"in": _USES, "promo_used_up": 80}
    assert {answer.body["total_amount"] for answer in answers if answer.status == 201} == {"120000.00"}
    assert await prices.uses(promo) == (_USES, 0)
    assert (await driver.places())["taken"] == await driver.live_participants() == _USES
    await prices.assert_consistent()


_GUARD = " AND counter.used + wanted.uses <= counter.max_uses"
_UNGUARDED = insert._insertion(
    insert._PRICE_COLUMNS, f", counted AS ({uses.COUNT.replace(_GUARD, '')})", "(SELECT count(*) FROM counted)"
)


@pytest.mark.parametrize("guarded", [True, False])
async def test_without_the_guard_in_the_statement_two_processes_that_looked_both_use_the_last_use(
    driver: RegistrationDriver,
    second_driver: RegistrationDriver,
    prices: PricesDriver,
    monkeypatch: pytest.MonkeyPatch,
    guarded: bool,
) -> None:
    """With `guarded` off, the negative control."""
    # given one use, and two processes that both have read that it is left before either counts it
    await driver.open_category()
    promo = await prices.create_code(max_uses=1)
    both_looked = asyncio.Barrier(2)

    async def insert_after_both_looked(*arguments: Any) -> Any:
        await asyncio.wait_for(both_looked.wait(), 20)
        return await insert_registrations(*arguments)

    monkeypatch.setattr(admit_batch, "insert_registrations", insert_after_both_looked)
    if not guarded:
        assert _GUARD in uses.COUNT
        monkeypatch.setattr(insert, "_INSERT_WITH_PRICES", _UNGUARDED)
        await driver.execute("ALTER TABLE promo_uses DROP CONSTRAINT ck_promo_uses_within_limit")

    # when each admits one
    answers = await _rush((driver, second_driver), 2)

    # then one uses it, and without the guard both
    assert _outcomes(answers) == ({"in": 1, "promo_used_up": 1} if guarded else {"in": 2})
    assert await prices.uses(promo) == ((1, 0) if guarded else (2, 0))


async def test_the_database_itself_refuses_a_use_too_many(driver: RegistrationDriver, prices: PricesDriver) -> None:
    await driver.open_category()
    await prices.create_code(max_uses=3)
    with pytest.raises(Exception, match="within_limit"):
        await driver.execute("UPDATE promo_uses SET used = 4")


async def test_a_phase_for_the_first_fifty_has_exactly_fifty(
    driver: RegistrationDriver, second_driver: RegistrationDriver, prices: PricesDriver
) -> None:
    await driver.open_category(quota=200)
    phase = await prices.create_phase(max_participants=50)
    answers = await _rush((driver, second_driver), 90, code=None)
    amounts = Counter(answer.require(201)["total_amount"] for answer in answers)
    assert amounts == {"100000.00": 50, "150000.00": 40}
    assert await prices.uses(phase) == (50, 0)
    await prices.assert_consistent()


async def test_when_places_are_short_the_uses_go_to_those_who_get_one(
    driver: RegistrationDriver, prices: PricesDriver
) -> None:
    # given four places left and six uses
    await driver.open_category(quota=5)
    promo = await prices.create_code(max_uses=6)
    forms = [driver.form(size, promo_code="LARI20") for size in (5, 1, 1)]

    # when a group of five comes with two others, while another runner is being registered
    busy = asyncio.create_task(driver.try_register(form=driver.form()))
    answers = await asyncio.gather(*(driver.try_register(form=form) for form in forms))
    assert (await busy).status == 201

    # then the group, which gets no place, keeps the two from no use
    assert [answer.status for answer in answers] == [409, 201, 201]
    assert answers[0].code == "category_full"
    assert await prices.uses(promo) == (2, 0)
    await prices.assert_consistent()


async def test_two_codes_and_two_categories_at_once_do_not_deadlock(
    driver: RegistrationDriver, second_driver: RegistrationDriver, prices: PricesDriver
) -> None:
    categories = [await driver.open_category(quota=200) for _ in range(2)]
    for category in categories:
        for code in ("FIRST", "SECOND"):
            await prices.create_code(code, category_id=category["id"], max_uses=30)
    forms = [
        driver.form(category_id=categories[index % 2]["id"], promo_code=("FIRST", "SECOND")[index // 2 % 2])
        for index in range(160)
    ]
    processes = (driver, second_driver)
    answers = await asyncio.gather(*(processes[i % 2].try_register(form=form) for i, form in enumerate(forms)))
    assert _outcomes(answers) == {"in": 120, "promo_used_up": 40}
    assert await driver.scalar("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == 0
    await prices.assert_consistent()


async def test_uses_that_come_and_go_at_once_stay_counted(
    driver: RegistrationDriver, second_driver: RegistrationDriver, prices: PricesDriver
) -> None:
    await driver.open_category(quota=200)
    promo = await prices.create_code(max_uses=60)
    old = [await driver.register(5, promo_code="LARI20") for _ in range(8)]
    results = await asyncio.gather(
        *(each.try_cancel(entry["registration_id"]) for entry in old for each in (driver, second_driver)),
        _rush((driver, second_driver), 12, group=5),
    )
    answers = results[-1]
    assert isinstance(answers, list)
    admitted = sum(answer.status == 201 for answer in answers)
    assert admitted >= 4, "so many uses were free from the beginning"
    assert await prices.uses(promo) == (5 * admitted, 0)
    await prices.assert_consistent()


async def test_the_limit_of_one_person_holds_for_requests_that_come_at_once(
    driver: RegistrationDriver, second_driver: RegistrationDriver, prices: PricesDriver
) -> None:
    await driver.open_category(quota=200)
    await prices.create_code(max_per_person=3)
    forms = [driver.form(promo_code="LARI20") for _ in range(20)]
    for form in forms:
        form["participants"][0]["email"] = "club@example.com"
    processes = (driver, second_driver)
    answers = await asyncio.gather(*(processes[i % 2].try_register(form=form) for i, form in enumerate(forms)))
    assert _outcomes(answers) == {"in": 3, "promo_used_up": 17}


async def test_uses_that_another_process_took_since_they_were_read_are_read_again_with_the_places_locked(
    driver: RegistrationDriver, prices: PricesDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a request that has read that one use is left, when the use is taken by another
    await driver.open_category()
    promo = await prices.create_code(max_uses=1)
    conflicts: list[int] = []

    async def insert_too_late(*arguments: Any) -> Any:
        if not conflicts:
            await driver.execute("UPDATE promo_uses SET used = used + 1")
        try:
            return await insert_registrations(*arguments)
        except UsesTaken:
            conflicts.append(1)
            raise

    monkeypatch.setattr(admit_batch, "insert_registrations", insert_too_late)

    # then it is refused, in its second try, and holds no place
    assert (await driver.try_register(promo_code="LARI20")).is_problem(409, "promo_used_up")
    assert conflicts == [1]
    assert await prices.uses(promo) == (1, 0)
    assert (await driver.places())["taken"] == 0

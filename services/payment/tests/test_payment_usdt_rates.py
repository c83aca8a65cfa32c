"""The exchange rate: sources are asked once a minute, staff set it when they have to, and old rates are not used."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from chassis.auth.principals import Role
from payment.usdt.rates.errors import RateUnavailable
from payment.usdt.rates.port import RateSource, SourceDown, SourceUnreadable
from payment.usdt.rates.queries import require_rate
from payment.usdt.rates.retention import forget_old_rates
from sqlalchemy.exc import IntegrityError
from testkit.polling import eventually

from .payment_driver import PaymentDriver
from .usdt_rates_driver import Rates

MINUTE = timedelta(minutes=1, seconds=1)


@pytest.fixture
def rates(driver: PaymentDriver) -> Rates:
    return Rates(driver)


def told(page: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    return sorted((each["source"], each["idr_per_usdt"], each["reason"]) for each in page["items"])


async def test_the_median_of_the_sources_becomes_the_rate(rates: Rates) -> None:
    # given
    rates.coingecko.age = timedelta(minutes=4)
    # when
    assert await rates.fetch() == 2
    # then
    page = await rates.show()
    assert (page["current"]["source"], page["current"]["idr_per_usdt"]) == ("median", "16649.185")
    assert (page["reason"], page["next_cursor"]) == (None, None)
    assert told(page) == [
        ("coingecko", "16648.37", None),
        ("indodax", "16650.00", None),
        ("median", "16649.185", None),
    ]
    [oldest] = [each["observed_at"] for each in page["items"] if each["source"] == "coingecko"]
    assert page["current"]["observed_at"] == oldest
    assert {each["created_at"] for each in page["items"]} == {page["current"]["created_at"]}


async def test_the_sources_are_asked_outside_a_transaction(rates: Rates) -> None:
    await rates.fetch()
    assert [each.transactions for each in rates.sources] == [0, 0]


async def test_of_several_workers_one_asks_and_a_minute_later_again(rates: Rates) -> None:
    # given
    async with rates.indodax.slow():
        first = asyncio.create_task(rates.fetch())
        await eventually(lambda: rates.indodax.asked == 1)
        assert await asyncio.gather(*(rates.fetch() for _ in range(3))) == [0, 0, 0]
    assert await first == 2
    # when
    assert await rates.fetch(after=timedelta(seconds=50)) == 0
    asked = await asyncio.gather(*(rates.fetch(after=timedelta(seconds=4)) for _ in range(3)))
    # then
    assert sorted(asked) == [0, 0, 2]
    assert [each.asked for each in rates.sources] == [2, 2]


async def test_the_last_answer_of_a_source_that_is_asked_less_often_counts_while_it_is_recent(rates: Rates) -> None:
    # given
    rates.coingecko.every = timedelta(minutes=5)
    rates.coingecko.age = timedelta(minutes=4)
    await rates.fetch()
    # when
    rates.say("16700", "12000")
    # then
    assert await rates.fetch(after=MINUTE) == 1
    assert await rates.amount() == "16674.185"
    newest = (await rates.show())["items"][:2]
    assert {each["source"] for each in newest} == {"indodax", "median"}
    rates.indodax.says = "17400"
    await rates.fetch(after=4 * MINUTE - timedelta(seconds=10))
    assert rates.coingecko.asked == 1
    assert (await rates.show())["items"][0]["reason"] == "sources_disagree"
    # when
    rates.coingecko.says = SourceDown("ConnectError")
    # then
    assert await rates.fetch(after=2 * MINUTE) == 2
    assert await rates.amount() == "17400.00"


async def test_one_source_is_enough_and_the_trouble_of_the_other_is_shown(rates: Rates) -> None:
    # given
    rates.say(SourceDown("ConnectError"), "16648.37")
    await rates.fetch()
    first = await rates.show()
    assert (await rates.amount(), told(first)[0]) == ("16648.37", ("coingecko", "16648.37", None))
    # when
    rates.say(SourceUnreadable("not JSON"), "16648.37")
    await rates.fetch(after=MINUTE)
    # then
    before, after = ({each["source"]: each for each in page["sources"]} for page in (first, await rates.show()))
    assert (before["indodax"]["trouble"], before["coingecko"]["trouble"]) == ("down", None)
    assert (after["indodax"]["trouble"], after["coingecko"]["trouble_since"]) == ("unreadable", None)
    assert after["indodax"]["trouble_since"] == before["indodax"]["trouble_since"]
    assert after["indodax"]["asked_at"] > before["indodax"]["asked_at"]


async def test_while_all_sources_are_down_there_is_no_rate_and_they_are_asked_once_a_minute(rates: Rates) -> None:
    # given
    rates.say(SourceDown("ConnectError"))
    assert (await rates.fetch(), await rates.fetch()) == (2, 0)
    page = await rates.show()
    assert (page["current"], page["reason"], page["items"]) == (None, "no_answer", [])
    # when
    rates.say("16650")
    await rates.fetch(after=MINUTE)
    # then
    assert await rates.amount() == "16650.00"
    assert [each["trouble"] for each in (await rates.show())["sources"]] == [None, None]


async def test_a_median_is_used_for_fifteen_minutes(rates: Rates, driver: PaymentDriver) -> None:
    await rates.fetch()
    driver.clock.advance(timedelta(minutes=14, seconds=30))
    assert await rates.amount() == "16649.185"
    driver.clock.advance(timedelta(seconds=31))
    page = await rates.show()
    assert (page["current"], page["reason"]) == (None, "no_answer")


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        (("16650", "17200"), "sources_disagree"),
        (("0.00006", "0.00006"), "outside_limits"),
        ((SourceDown("ConnectError"), "40000"), "outside_limits"),
    ],
)
async def test_why_there_is_no_rate_is_shown(rates: Rates, says: tuple[str | SourceDown, ...], reason: str) -> None:
    rates.say(*says)
    await rates.fetch()
    page = await rates.show()
    assert (page["current"], page["reason"]) == (None, reason)
    assert {(each["accepted"], each["reason"]) for each in page["items"]} == {(False, reason)}


async def test_sources_that_disagree_for_a_moment_leave_the_rate_as_it_was(rates: Rates) -> None:
    await rates.fetch()
    rates.say("16650", "17200")
    await rates.fetch(after=MINUTE)
    assert await rates.amount() == "16649.185"


async def test_a_jump_is_not_used_until_staff_confirm_it(rates: Rates, driver: PaymentDriver) -> None:
    # given
    await rates.fetch()
    rates.say("18000")
    await rates.fetch(after=MINUTE)
    page = await rates.show()
    assert (page["current"], page["reason"]) == (None, "jump")
    await rates.fetch(after=MINUTE)
    assert (await rates.show())["reason"] == "jump"
    # when
    await rates.set("17950", hours=0.5)
    # then
    assert await rates.amount() == "17950.00"
    await rates.fetch(after=MINUTE)
    driver.clock.advance(timedelta(minutes=30))
    await rates.fetch()
    assert await rates.amount() == "18000.00"


async def test_a_jump_that_was_a_mistake_of_the_sources_passes_by_itself(rates: Rates) -> None:
    await rates.fetch()
    rates.say("18000")
    await rates.fetch(after=MINUTE)
    rates.say("16700")
    await rates.fetch(after=MINUTE)
    assert await rates.amount() == "16700.00"


async def test_a_rate_of_staff_wins_while_it_is_valid(rates: Rates, driver: PaymentDriver) -> None:
    # given
    await rates.fetch()
    # when
    await rates.set("15000")
    await rates.fetch(after=MINUTE)
    # then
    assert await rates.amount() == "15000.00"
    driver.clock.advance(timedelta(hours=1))
    await rates.fetch()
    assert await rates.amount() == "16649.185"


async def test_a_rate_of_staff_replaces_the_one_before_also_once_it_has_ended(
    rates: Rates, driver: PaymentDriver
) -> None:
    await rates.set("15000", hours=24)
    await rates.set("16000", hours=0.1)
    assert await rates.amount() == "16000.00"
    driver.clock.advance(timedelta(minutes=7))
    assert await rates.current() is None


async def test_a_rate_of_staff_that_is_sent_twice_is_set_once(rates: Rates, driver: PaymentDriver) -> None:
    until = driver.clock() + timedelta(hours=1)
    both = await asyncio.gather(*(rates.try_set("16000", until=until) for _ in range(2)))
    first, second = (each.require(201) for each in both)
    assert first == second
    assert len(await driver.audit_log("usdt_rate.set")) == 1
    # and another one, or the same after another, is a new one
    for rate, reason in (("16000", "still closed"), ("16100", "still closed"), ("16000", "still closed")):
        (await rates.try_set(rate, until=until, reason=reason)).require(201)
    assert len(await driver.audit_log("usdt_rate.set")) == 4


async def test_a_rate_of_staff_has_a_name_and_a_reason_and_is_audited(rates: Rates, driver: PaymentDriver) -> None:
    # given
    await rates.fetch()
    # when
    made = await rates.set("16700.50")
    # then
    current = await rates.current()
    assert current is not None
    assert (current.id, current.source, current.idr_per_usdt) == (made["id"], RateSource.MANUAL, Decimal("16700.50"))
    assert (made["source"], made["idr_per_usdt"], made["accepted"]) == ("manual", "16700.50", True)
    assert (made["note"], made["reason"]) == ("market is closed", None)
    [entry] = await driver.audit_log("usdt_rate.set")
    assert (entry["actor"], entry["subject"]) == (f"staff:{UUID(made['set_by'])}", str(made["id"]))
    assert entry["details"]["before"] == {"idr_per_usdt": "16649.185"}
    assert entry["details"]["after"]["idr_per_usdt"] == "16700.50"
    assert entry["details"]["reason"] == "market is closed"


@pytest.mark.parametrize("rate", ["9999.99", "30000.01", "0.00", "16650.123", "-16650", "", 16650, None])
async def test_a_rate_that_is_not_plausible_is_refused(rates: Rates, rate: object) -> None:
    answer = await rates.try_set(rate)
    assert answer.is_problem(422, "invalid_fields")
    assert answer.wrong_fields == ["idr_per_usdt"]
    assert (await rates.show())["items"] == []


@pytest.mark.parametrize("hours", [-1, 0, 24.1, 10_000])
async def test_a_rate_of_staff_ends_within_a_day(rates: Rates, hours: float) -> None:
    assert (await rates.try_set("16650", hours=hours)).wrong_fields == ["valid_until"]
    await rates.set("16650", hours=23.9)


async def test_a_rate_of_staff_needs_a_reason(rates: Rates) -> None:
    assert (await rates.try_set("16650", reason=" ")).wrong_fields == ["reason"]
    assert (await rates.try_set("16650", reason="x" * 256)).wrong_fields == ["reason"]


async def test_rates_are_for_finance(rates: Rates, driver: PaymentDriver) -> None:
    for role in (Role.FINANCE, Role.ADMIN, Role.OWNER):
        (await rates.try_show(by=driver.staff(role))).require(200)
        (await rates.try_set("16650", by=driver.staff(role))).require(201)
    for role in (Role.VIEWER, Role.CHECKIN):
        assert (await rates.try_show(by=driver.staff(role))).is_problem(403, "forbidden")
        assert (await rates.try_set("16650", by=driver.staff(role))).is_problem(403, "forbidden")
    assert (await driver.call("GET", "/usdt/rates")).is_problem(401, "unauthenticated")
    assert (await driver.call("POST", "/usdt/rates", json={})).is_problem(401, "unauthenticated")


async def test_all_rates_are_listed_in_pages_the_newest_first(rates: Rates) -> None:
    # given
    await rates.fetch()
    rates.say("18000")
    await rates.fetch(after=MINUTE)
    await rates.set("17950")
    # when
    first = await rates.show(limit=4)
    await rates.set("17960")
    second = await rates.show(limit=4, cursor=first["next_cursor"])
    # then
    items = [*first["items"], *second["items"]]
    assert [each["source"] for each in items].count("median") == 2
    assert items[0]["source"] == "manual"
    assert len({each["id"] for each in items}) == len(items) == 7
    assert [each["created_at"] for each in items] == sorted((each["created_at"] for each in items), reverse=True)
    assert second["next_cursor"] is None
    chosen = await rates.show(only_chosen=True)
    assert [each["idr_per_usdt"] for each in chosen["items"]] == ["17960.00", "17950.00", "16649.185"]


@pytest.mark.parametrize("cursor", ["x", "W10", "WyJ4IiwxXQ", "WyIyMDI2LTAxLTAxVDAwOjAwOjAwKzAwOjAwIiwtMV0"])
async def test_a_cursor_of_another_list_is_refused(rates: Rates, cursor: str) -> None:
    assert (await rates.try_show(cursor=cursor)).wrong_fields == ["cursor"]


async def test_without_a_rate_what_needs_one_is_unavailable(rates: Rates, driver: PaymentDriver) -> None:
    async with driver.database.read() as session:
        with pytest.raises(RateUnavailable) as refusal:
            await require_rate(session, driver.clock())
    error = refusal.value
    assert (error.status, error.code, error.headers["Retry-After"]) == (503, "rate_unavailable", "60")
    await rates.fetch()
    async with driver.database.read() as session:
        assert (await require_rate(session, driver.clock())).idr_per_usdt == Decimal("16649.185")


async def test_after_ninety_days_only_rates_that_quotes_may_name_are_left(rates: Rates, driver: PaymentDriver) -> None:
    # given
    await rates.fetch()
    await rates.set("16650")
    rates.say("20000")
    await rates.fetch(after=MINUTE)
    assert await forget_old_rates(driver.database) == 0
    # when
    driver.clock.advance(timedelta(days=90))
    rates.say("16650")
    await rates.fetch()
    # then
    assert await forget_old_rates(driver.database) == 5
    assert sorted(each["source"] for each in (await rates.show())["items"]) == [
        *("coingecko", "indodax", "manual", "median", "median"),
    ]


_ROW = "INSERT INTO usdt_rates (source, idr_per_usdt, observed_at, created_at, accepted, reason, valid_until, set_by)"


@pytest.mark.parametrize(
    "values",
    [
        "'median', 0, now(), now(), true, NULL, NULL, NULL",
        "'median', 16650, now(), now(), false, NULL, NULL, NULL",
        "'median', 16650, now(), now(), true, 'jump', NULL, NULL",
        "'manual', 16650, now(), now(), true, NULL, now(), gen_random_uuid()",
        "'indodax', 16650, now(), now(), true, NULL, now(), NULL",
    ],
)
async def test_the_database_refuses_impossible_rates(driver: PaymentDriver, values: str) -> None:
    with pytest.raises(IntegrityError):
        await driver.execute(f"{_ROW} VALUES ({values})")

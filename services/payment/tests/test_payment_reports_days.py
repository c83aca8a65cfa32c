"""The days of the financial report, where clocks change, and at the ends of the calendar."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from payment.ledger.commands import record
from payment.ledger.rules import Account, Entry, Kind
from payment.reports.queries import GroupBy, Period, financial

from .payment_driver import PRICE, PaymentDriver

NEW_YORK = ZoneInfo("America/New_York")


def paid(number: int, at: datetime) -> Entry:
    """Return the movement of a payment."""
    return Entry(
        source=f"test:{number}",
        kind=Kind.PAYMENT,
        debit=Account.BANK,
        credit=Account.RUNNERS,
        amount=PRICE,
        currency="IDR",
        occurred_at=at,
    )


async def payments(driver: PaymentDriver, first: date | None, last: date | None) -> dict[str | None, int]:
    """Return the number of payments by day in New York."""
    async with driver.database.read() as session:
        found = await financial(session, GroupBy.DAY, None, Period(NEW_YORK, first, last))
    return {group.key: group.sums.payments for group in found}


async def test_a_day_on_which_clocks_change_has_its_own_length(driver: PaymentDriver) -> None:
    # given money around the day of 25 hours
    moments = ("2026-11-01T03:59:59", "2026-11-01T04:00:00", "2026-11-02T04:59:59", "2026-11-02T05:00:00")
    async with driver.database.work() as work:
        await record(work, *(paid(each, datetime.fromisoformat(f"{moments[each]}+00:00")) for each in range(4)))
    # then
    all_days = {"2026-10-31": 1, "2026-11-01": 2, "2026-11-02": 1}
    assert await payments(driver, None, None) == all_days
    assert await payments(driver, date(1000, 1, 1), date(3000, 1, 1)) == all_days
    assert await payments(driver, date(2026, 11, 2), None) == {"2026-11-02": 1}
    assert await payments(driver, None, date(2026, 10, 31)) == {"2026-10-31": 1}
    assert await payments(driver, date(2026, 11, 3), None) == {}


@pytest.mark.parametrize("group_by", list(GroupBy))
async def test_a_period_may_have_all_days_of_the_calendar(driver: PaymentDriver, group_by: GroupBy) -> None:
    await driver.register_and_pay()
    params: dict[str, Any] = {"from": "0001-01-01", "to": "9999-12-31", "group_by": group_by}
    answer = await driver.call("GET", "/reports/financial", by=driver.finance, params=params)
    [total] = answer.require(200)["totals"]
    assert total["payments"] == 1

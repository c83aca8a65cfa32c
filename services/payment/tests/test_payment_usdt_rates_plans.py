"""How the rate that is used now is read among those of a month: by indexes."""

from datetime import timedelta

import pytest
from payment.usdt.rates.port import RateSource
from payment.usdt.rates.queries import newest_of
from payment.usdt.rates.rules import LONGEST_MANUAL, OLDEST_MEDIAN
from payment.usdt.rates.tables import IS_CHOSEN
from sqlalchemy import ColumnElement

from .payment_driver import PaymentDriver

_MONTH = """
    INSERT INTO usdt_rates (source, idr_per_usdt, observed_at, created_at, accepted)
    SELECT source, 16650, at, at, true
      FROM generate_series(now() - interval '30 days', now(), interval '1 minute') AS at,
           unnest(ARRAY['indodax', 'coingecko', 'median']) AS source
"""


@pytest.fixture
async def month(driver: PaymentDriver) -> PaymentDriver:
    """Return the driver of payment after a month in which a rate was stored every minute, and none set by staff."""
    await driver.execute(_MONTH)
    await driver.execute("ANALYZE usdt_rates")
    return driver


@pytest.mark.parametrize(
    ("source", "conditions", "age", "index"),
    [
        (RateSource.MANUAL, [IS_CHOSEN], LONGEST_MANUAL, "ix_usdt_rates_chosen"),
        (RateSource.MEDIAN, [], OLDEST_MEDIAN, "ix_usdt_rates_created_at"),
        (RateSource.MEDIAN, [IS_CHOSEN], None, "ix_usdt_rates_chosen"),
    ],
    ids=["of staff", "newest median", "last accepted median"],
)
async def test_the_newest_rate_is_found_by_an_index(
    month: PaymentDriver,
    source: RateSource,
    conditions: list[ColumnElement[bool]],
    age: timedelta | None,
    index: str,
) -> None:
    query = newest_of(source, *conditions, since=None if age is None else month.clock() - age)
    sql = query.compile(dialect=month.database.engine.dialect, compile_kwargs={"literal_binds": True})
    plan = "\n".join(str(row["QUERY PLAN"]) for row in await month.rows(f"EXPLAIN {sql}"))
    assert index in plan, plan
    assert "Seq Scan" not in plan, plan

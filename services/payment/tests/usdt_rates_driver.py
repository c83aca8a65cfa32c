"""Payment with sources of exchange rates that say what a test sets, and finance, which looks at rates and sets them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from payment.usdt.rates.fetching import fetch_rates
from payment.usdt.rates.port import Quoted, RateSource, SourceError
from payment.usdt.rates.queries import Rate, current_rate
from testkit.driver import Answer, Headers

from .payment_driver import PaymentDriver

_OPEN = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'"


class SaidSource:
    """A source that says what the test sets.

    Attributes:
        says: rupiah for one USDT, or an error.
        age: how old that is.
        every: how long it is not asked again.
        asked: how often it was asked.
        transactions: how many were open when it was asked last.
    """

    def __init__(self, driver: PaymentDriver, name: RateSource, says: str | SourceError) -> None:
        self.name = name
        self.says = says
        self.age = timedelta()
        self.every = timedelta(minutes=1)
        self.asked = 0
        self.transactions: int | None = None
        self._driver = driver
        self._answers = asyncio.Event()
        self._answers.set()

    async def quote(self) -> Quoted:
        """See `Source`."""
        self.asked += 1
        self.transactions = await self._driver.scalar(_OPEN)
        await self._answers.wait()
        if isinstance(self.says, SourceError):
            raise self.says
        return Quoted(self.name, Decimal(self.says), self._driver.clock() - self.age)

    @asynccontextmanager
    async def slow(self) -> AsyncIterator[None]:
        """Answer only after the block."""
        self._answers.clear()
        yield
        self._answers.set()


class Rates:
    """The sources Indodax and CoinGecko, a worker that asks them, and finance."""

    def __init__(self, driver: PaymentDriver) -> None:
        self.driver = driver
        self.indodax = SaidSource(driver, RateSource.INDODAX, "16650")
        self.coingecko = SaidSource(driver, RateSource.COINGECKO, "16648.37")

    @property
    def sources(self) -> Sequence[SaidSource]:
        """Return the sources."""
        return (self.indodax, self.coingecko)

    def say(self, *says: str | SourceError) -> None:
        """Set what each source says from now on; one value is what both say."""
        self.indodax.says, self.coingecko.says = says if len(says) > 1 else says * 2

    async def fetch(self, *, after: timedelta = timedelta()) -> int:
        """Let the worker ask the sources that are due, perhaps some time later."""
        self.driver.clock.advance(after)
        return await fetch_rates(self.driver.database, self.sources)

    async def current(self) -> Rate | None:
        """Return the rate that is used now."""
        async with self.driver.database.read() as session:
            return await current_rate(session, self.driver.clock())

    async def amount(self) -> str | None:
        """Return the rate that is used now as text; None if there is none."""
        shown = (await self.show())["current"]
        return None if shown is None else str(shown["idr_per_usdt"])

    async def try_show(self, *, by: Headers | None = None, **params: Any) -> Answer:
        """Get the rates, by finance unless `by` is given."""
        return await self.driver.call("GET", "/usdt/rates", by=by or self.driver.finance, params=params)

    async def show(self, **params: Any) -> dict[str, Any]:
        """Return the rates as finance sees them."""
        body: dict[str, Any] = (await self.try_show(**params)).require(200)
        return body

    async def try_set(
        self,
        rate: object,
        *,
        until: datetime | None = None,
        hours: float = 1,
        by: Headers | None = None,
        **others: Any,
    ) -> Answer:
        """Set a rate for some hours, by finance unless `by` is given."""
        end = until or self.driver.clock() + timedelta(hours=hours)
        body = {"idr_per_usdt": rate, "reason": "market is closed", "valid_until": end.isoformat(), **others}
        return await self.driver.call("POST", "/usdt/rates", by=by or self.driver.finance, json=body)

    async def set(self, rate: str, *, hours: float = 1) -> dict[str, Any]:
        """Set a rate for some hours and return it."""
        body: dict[str, Any] = (await self.try_set(rate, hours=hours)).require(201)
        return body

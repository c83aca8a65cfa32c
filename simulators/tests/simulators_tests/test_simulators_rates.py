"""Prices of USDT as Indodax and CoinGecko give them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from simulators.rates import Fault, Rates, build_rates
from simulators.testing import playing

INDODAX = "/api/ticker/usdtidr"
COINGECKO = "/api/v3/simple/price"
ASKED = {"ids": "tether", "vs_currencies": "idr", "include_last_updated_at": "true", "precision": "full"}


class Market:
    """The simulated sources and a client."""

    def __init__(self, rates: Rates, http: httpx.AsyncClient) -> None:
        self.rates = rates
        self.http = http

    async def indodax(self) -> dict[str, Any]:
        ticker: dict[str, Any] = (await self.http.get(INDODAX)).json()["ticker"]
        return ticker

    async def coingecko(self, **params: str) -> str:
        return (await self.http.get(COINGECKO, params={**ASKED, **params})).text


@pytest.fixture
async def market() -> AsyncIterator[Market]:
    rates = Rates(hold_seconds=0.01)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(build_rates(rates)), base_url="http://rates") as http:
        yield Market(rates, http)


def seconds_ago(moment: int) -> float:
    return (datetime.now(UTC) - datetime.fromtimestamp(moment, UTC)).total_seconds()


async def test_indodax_gives_strings_and_the_time_in_seconds(market: Market) -> None:
    market.rates.indodax.idr_per_usdt = Decimal("16648.5")
    market.rates.indodax.age = timedelta(minutes=11)

    ticker = await market.indodax()

    assert (ticker["buy"], ticker["sell"]) == ("16648.5", "16658.5")
    assert Decimal(ticker["low"]) < Decimal(ticker["last"]) < Decimal(ticker["high"])
    assert 660 <= seconds_ago(ticker["server_time"]) < 670


async def test_coingecko_gives_a_number_with_the_precision_that_is_asked_for(market: Market) -> None:
    market.rates.coingecko.idr_per_usdt = Decimal("16648.371234567891234")
    market.rates.coingecko.age = timedelta(minutes=-2)

    full = httpx.Response(200, text=await market.coingecko()).json(parse_float=Decimal)

    assert full["tether"]["idr"] == Decimal("16648.371234567891234")
    assert -121 <= seconds_ago(full["tether"]["last_updated_at"]) <= -115
    undated = {"include_last_updated_at": "false"}
    assert await market.coingecko(precision="0", **undated) == '{"tether":{"idr":16648}}'
    assert await market.coingecko(precision="3", **undated) == '{"tether":{"idr":16648.371}}'
    plain = await market.http.get(COINGECKO, params={"ids": "tether", "vs_currencies": "idr"})
    assert plain.text == '{"tether":{"idr":16648.37}}'


async def test_other_prices_are_not_known(market: Market) -> None:
    assert (await market.http.get("/api/ticker/btcidr")).json()["error"] == "invalid_pair"
    assert await market.coingecko(ids="bitcoin") == "{}"
    assert await market.coingecko(vs_currencies="usd") == "{}"
    assert (await market.http.get(COINGECKO, params={"ids": "tether"})).status_code == 422


@pytest.mark.parametrize(
    ("fault", "status", "content"),
    [
        (Fault.DOWN, 503, "not there"),
        (Fault.THROTTLED, 429, "Throttled"),
        (Fault.NOT_JSON, 200, "<!doctype html>"),
        (Fault.MALFORMED, 200, '{"ticker":{},"tether":{}}'),
        (Fault.TIMEOUT, 200, "16650"),
    ],
)
async def test_a_fault_is_of_one_source(market: Market, fault: Fault, status: int, content: str) -> None:
    market.rates.indodax.fault = fault

    answer = await market.http.get(INDODAX)

    assert answer.status_code == status
    assert content in answer.text
    assert "16650" in await market.coingecko()
    market.rates.indodax.fault, market.rates.coingecko.fault = None, fault
    assert content in await market.coingecko()
    assert (await market.indodax())["buy"] == "16650"
    assert (market.rates.indodax.requests, market.rates.coingecko.requests) == (2, 2)


async def test_prices_and_faults_are_set_over_http() -> None:
    async with playing(rates_idr_per_usdt="16700") as stage:
        assert (await stage.http.get(f"/simulators/rates{INDODAX}")).json()["ticker"]["buy"] == "16700"
        setting = {"idr_per_usdt": "15000.5", "age_seconds": 60, "fault": "down"}

        answer = await stage.http.put("/simulators/rates/sources/indodax", json=setting)

        assert answer.json() == {"idr_per_usdt": "15000.5", "age_seconds": 60.0, "fault": "down"}
        assert (await stage.http.get(f"/simulators/rates{INDODAX}")).status_code == 503
        sources = (await stage.http.get("/simulators/rates/sources")).json()
        assert sources["indodax"] == answer.json()
        assert sources["coingecko"] == {"idr_per_usdt": "16700", "age_seconds": 0.0, "fault": None}
        assert "16700" in (await stage.http.get(f"/simulators/rates{COINGECKO}", params=ASKED)).text


@pytest.mark.parametrize(
    ("name", "setting", "status"),
    [
        ("other", {"idr_per_usdt": "1"}, 404),
        ("indodax", {"idr_per_usdt": "0"}, 422),
        ("indodax", {"idr_per_usdt": "NaN"}, 422),
        ("indodax", {"fault": "down"}, 422),
        ("indodax", {"idr_per_usdt": "1", "fault": "odd"}, 422),
    ],
)
async def test_wrong_settings_change_nothing(
    market: Market, name: str, setting: dict[str, object], status: int
) -> None:
    answer = await market.http.put(f"/sources/{name}", json=setting)

    assert answer.status_code == status
    assert (market.rates.indodax.idr_per_usdt, market.rates.indodax.fault) == (Decimal(16650), None)

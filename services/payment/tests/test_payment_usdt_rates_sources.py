"""The adapters of Indodax and CoinGecko: what is asked, how answers are read, and what happens to garbage."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from payment.usdt.rates import asking
from payment.usdt.rates.coingecko import CoinGecko
from payment.usdt.rates.indodax import Indodax
from payment.usdt.rates.port import Quoted, RateSource, Source, SourceDown, SourceError, SourceUnreadable
from simulators.rates import Fault, Rates, build_rates

AT = datetime(2026, 11, 25, 21, 0, tzinfo=UTC)
STAMP = int(AT.timestamp())
TICKER = {
    "high": "16720",
    "low": "16600",
    "vol_usdt": "1031.55",
    "vol_idr": "17174307",
    "last": "16655",
    "buy": "16650",
    "sell": "16660",
    "server_time": STAMP,
}
INDODAX = '{"ticker": {"buy": %s, "server_time": %s}}'
COINGECKO = '{"tether": {"idr": %s, "last_updated_at": %s}}'

Handler = Callable[[httpx.Request], httpx.Response]
AnySource = type[Indodax] | type[CoinGecko]


def source_answering(kind: AnySource, answer: Handler, **arguments: Any) -> tuple[Source, list[httpx.Request]]:
    """Return an adapter whose requests are answered so, and the requests."""
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return answer(request)

    http = httpx.AsyncClient(transport=httpx.MockTransport(handle), follow_redirects=True)
    return kind(http, base_url="http://source.test", **arguments), seen


async def quote_of(kind: AnySource, body: str | bytes, status: int = 200) -> Quoted:
    source, _ = source_answering(kind, lambda _: httpx.Response(status, content=body))
    return await source.quote()


async def test_indodax_is_asked_for_the_best_bid() -> None:
    source, seen = source_answering(Indodax, lambda _: httpx.Response(200, json={"ticker": TICKER}))
    assert await source.quote() == Quoted(RateSource.INDODAX, Decimal(16650), AT)
    assert [(each.method, str(each.url)) for each in seen] == [("GET", "http://source.test/api/ticker/usdtidr")]


async def test_coingecko_is_asked_for_the_price_and_its_age() -> None:
    answer = COINGECKO % ("16648.3729183712345", STAMP)
    source, seen = source_answering(CoinGecko, lambda _: httpx.Response(200, text=answer))
    assert await source.quote() == Quoted(RateSource.COINGECKO, Decimal("16648.37291837"), AT)
    [request] = seen
    assert (request.method, request.url.host, request.url.path) == ("GET", "source.test", "/api/v3/simple/price")
    assert dict(request.url.params) == {
        "ids": "tether",
        "vs_currencies": "idr",
        "include_last_updated_at": "true",
        "precision": "full",
    }
    assert "x-cg-demo-api-key" not in request.headers


async def test_the_key_of_an_account_goes_to_coingecko_in_its_header_only() -> None:
    answer = COINGECKO % ("16648", STAMP)
    source, seen = source_answering(CoinGecko, lambda _: httpx.Response(200, text=answer), api_key="CG-secret")
    await source.quote()
    assert seen[0].headers["x-cg-demo-api-key"] == "CG-secret"
    assert "CG-secret" not in str(seen[0].url) + repr(source)


def test_coingecko_is_asked_so_rarely_that_the_quota_of_a_month_is_enough() -> None:
    assert timedelta(days=31) / CoinGecko.every < 10_000


@pytest.mark.parametrize(
    ("kind", "body", "rate"),
    [
        (Indodax, INDODAX % ('"16650"', STAMP), "16650"),
        (Indodax, INDODAX % ("16650", STAMP), "16650"),
        (Indodax, INDODAX % ('"16650.5"', f'"{STAMP}"'), "16650.5"),
        (Indodax, INDODAX % ('"16650"', STAMP * 1000), "16650"),
        (CoinGecko, COINGECKO % ("16648.37", STAMP), "16648.37"),
        (CoinGecko, COINGECKO % ("16648", STAMP), "16648"),
        (CoinGecko, COINGECKO % ("1.664837e4", STAMP), "16648.37"),
        (CoinGecko, COINGECKO % ("0.1", STAMP), "0.1"),
    ],
)
async def test_numbers_and_texts_are_read_exactly(kind: AnySource, body: str, rate: str) -> None:
    quoted = await quote_of(kind, body)
    assert (quoted.idr_per_usdt, quoted.observed_at) == (Decimal(rate), AT)


@pytest.mark.parametrize("kind", [Indodax, CoinGecko])
@pytest.mark.parametrize(
    "price",
    [
        *('"much"', '""', "null", "true", "[]", "{}", "NaN", "Infinity", '"NaN"', '"-Infinity"', "-16650", "0"),
        *("1e-9", "1e999999", "1e9999999999999999999", "100000000000", "9" * 5000, '"9e99"'),
    ],
)
async def test_a_price_that_is_none_is_unreadable(kind: AnySource, price: str) -> None:
    with pytest.raises(SourceUnreadable):
        await quote_of(kind, (INDODAX if kind is Indodax else COINGECKO) % (price, STAMP))


@pytest.mark.parametrize("kind", [Indodax, CoinGecko])
@pytest.mark.parametrize("stamp", ["null", '"yesterday"', "-1", "1e30", "100000000000000", "1.5", "[]", "NaN"])
async def test_a_time_that_is_none_is_unreadable(kind: AnySource, stamp: str) -> None:
    with pytest.raises(SourceUnreadable):
        await quote_of(kind, (INDODAX if kind is Indodax else COINGECKO) % ("16650", stamp))


@pytest.mark.parametrize("kind", [Indodax, CoinGecko])
@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"<html>maintenance</html>", b"[]", b"null", b'"16650"', b"{}", b'{"ticker": null}', b"\xff\xfe\x00"),
        *(b'{"tether": {}}', b'{"ticker": {"buy": "16650"}}', b'{"error": "Invalid pair"}', b"[" * 100_000),
    ],
)
async def test_garbage_is_unreadable(kind: AnySource, body: bytes) -> None:
    with pytest.raises(SourceUnreadable):
        await quote_of(kind, body)


@given(st.sampled_from([Indodax, CoinGecko]), st.binary(max_size=60))
async def test_any_bytes_are_unreadable(kind: AnySource, body: bytes) -> None:
    with pytest.raises(SourceError):
        await quote_of(kind, body)


@pytest.mark.parametrize("kind", [Indodax, CoinGecko])
@pytest.mark.parametrize("status", [204, 301, 302, 400, 403, 404, 429, 500, 503])
async def test_an_answer_with_an_error_is_not_read(kind: AnySource, status: int) -> None:
    good = (INDODAX if kind is Indodax else COINGECKO) % ("16650", STAMP)
    elsewhere = {"Location": "http://elsewhere.test/"}
    source, seen = source_answering(kind, lambda _: httpx.Response(status, text=good, headers=elsewhere))
    with pytest.raises(SourceDown, match=str(status)):
        await source.quote()
    assert len(seen) == 1


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ConnectError("no"),
        httpx.ConnectTimeout("no"),
        httpx.ReadTimeout("no"),
        httpx.RemoteProtocolError("no"),
        httpx.DecodingError("no"),
        httpx.InvalidURL("no"),
    ],
)
async def test_a_source_that_cannot_be_reached_is_down(failure: Exception) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise failure

    source, _ = source_answering(Indodax, fail)
    with pytest.raises(SourceDown, match=type(failure).__name__):
        await source.quote()


async def test_a_source_that_answers_too_slowly_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(asking, "_TIMEOUT", 0.01)
    async with httpx.AsyncClient(transport=httpx.MockTransport(hang)) as http:
        with pytest.raises(SourceDown, match="TimeoutError"):
            await CoinGecko(http).quote()


@pytest.fixture
async def simulated() -> AsyncIterator[Rates]:
    """Yield simulated sources; they answer what is late once the test is over."""
    rates = Rates()
    yield rates
    rates.closing.set()


def adapters(rates: Rates) -> tuple[httpx.AsyncClient, list[Source]]:
    http = httpx.AsyncClient(transport=httpx.ASGITransport(build_rates(rates)))
    return http, [kind(http, base_url="http://rates.test") for kind in (Indodax, CoinGecko)]


async def test_simulated_sources_are_read_exactly(simulated: Rates) -> None:
    simulated.indodax.idr_per_usdt = Decimal(16650)
    simulated.coingecko.idr_per_usdt = Decimal("16648.372918")
    simulated.coingecko.age = timedelta(minutes=3)
    http, sources = adapters(simulated)
    async with http:
        indodax, coingecko = [await each.quote() for each in sources]
    assert (indodax.idr_per_usdt, coingecko.idr_per_usdt) == (Decimal(16650), Decimal("16648.372918"))
    assert timedelta(minutes=2, seconds=50) < indodax.observed_at - coingecko.observed_at < timedelta(minutes=3.2)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.DOWN, SourceDown),
        (Fault.THROTTLED, SourceDown),
        (Fault.TIMEOUT, SourceDown),
        (Fault.NOT_JSON, SourceUnreadable),
        (Fault.MALFORMED, SourceUnreadable),
    ],
)
async def test_each_fault_of_simulated_sources_is_told(
    simulated: Rates, monkeypatch: pytest.MonkeyPatch, fault: Fault, error: type[SourceError]
) -> None:
    if fault is Fault.TIMEOUT:
        monkeypatch.setattr(asking, "_TIMEOUT", 0.05)
    simulated.indodax.fault = simulated.coingecko.fault = fault
    http, sources = adapters(simulated)
    async with http:
        for each in sources:
            with pytest.raises(error):
                await each.quote()
    assert (simulated.indodax.requests, simulated.coingecko.requests) == (1, 1)

"""Indodax, an exchange in Indonesia."""

from datetime import timedelta
from typing import Final

import httpx
from pydantic import BaseModel

from payment.usdt.rates.asking import Price, Stamp, ask, moment
from payment.usdt.rates.port import Quoted, RateSource

BASE_URL: Final = "https://indodax.com"


class _Ticker(BaseModel):
    buy: Price
    server_time: Stamp


class _Answer(BaseModel):
    ticker: _Ticker


class Indodax:
    """The best bid at Indodax: what selling USDT brings, as the organiser will sell them.

    Source: btcid/indodax-official-api-docs, Public-RestAPI.md: at most 180 requests a minute; numbers are texts. The
    page says that times are in milliseconds, its example of `server_time` is in seconds; both are read.

    Args:
        base_url: without a slash at the end.
        http: the caller closes it.
    """

    name: Final = RateSource.INDODAX
    every: Final = timedelta(minutes=1)

    def __init__(self, http: httpx.AsyncClient, *, base_url: str = BASE_URL) -> None:
        self._http = http
        self._url = f"{base_url}/api/ticker/usdtidr"

    async def quote(self) -> Quoted:
        """See `Source`."""
        ticker = (await ask(self._http, self._url, _Answer)).ticker
        return Quoted(self.name, ticker.buy, moment(ticker.server_time))

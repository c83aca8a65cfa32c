"""CoinGecko, an index of many exchanges."""

from datetime import timedelta
from typing import Final

import httpx
from pydantic import BaseModel

from payment.usdt.rates.asking import Price, Stamp, ask, moment
from payment.usdt.rates.port import Quoted, RateSource

BASE_URL: Final = "https://api.coingecko.com"

_PARAMS: Final = {
    "ids": "tether",
    "vs_currencies": "idr",
    "include_last_updated_at": "true",
    "precision": "full",
}


class _Price(BaseModel):
    idr: Price
    last_updated_at: Stamp


class _Answer(BaseModel):
    tether: _Price


class CoinGecko:
    """The price of USDT in rupiah that CoinGecko computes.

    Source: CoinGecko, `/simple/price`: cached for 60 seconds; `last_updated_at` shows whether a price is old. A demo
    account has 10,000 requests a month, which is one every five minutes.

    Args:
        base_url: without a slash at the end.
        api_key: of a demo account; empty for none.
        http: the caller closes it.
    """

    name: Final = RateSource.COINGECKO
    every: Final = timedelta(minutes=5)

    def __init__(self, http: httpx.AsyncClient, *, base_url: str = BASE_URL, api_key: str = "") -> None:
        self._http = http
        self._url = f"{base_url}/api/v3/simple/price"
        self._headers = {"x-cg-demo-api-key": api_key} if api_key else {}

    async def quote(self) -> Quoted:
        """See `Source`."""
        price = (await ask(self._http, self._url, _Answer, params=_PARAMS, headers=self._headers)).tether
        return Quoted(self.name, price.idr, moment(price.last_updated_at))

"""The prices that sources give, and how they give them.

Sources:
    Indodax: https://github.com/btcid/indodax-official-api-docs/blob/master/Public-RestAPI.md
    CoinGecko: https://docs.coingecko.com/reference/simple-price
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

_SPREAD = Decimal(10)


class Fault(StrEnum):
    """Behaviour of a source.

    `down` answers 503, `throttled` 429, `not_json` a page in HTML with HTTP 200, `malformed` JSON without a price;
    `timeout` answers too late.
    """

    DOWN = "down"
    THROTTLED = "throttled"
    NOT_JSON = "not_json"
    MALFORMED = "malformed"
    TIMEOUT = "timeout"


@dataclass(slots=True)
class Source:
    """A source of prices.

    Attributes:
        idr_per_usdt: rupiah for one USDT; at Indodax, the best bid.
        age: how long ago the price was observed, as the source says; negative if its clock is fast.
        requests: how many arrived.
    """

    idr_per_usdt: Decimal = Decimal(16650)
    age: timedelta = timedelta(0)
    fault: Fault | None = None
    requests: int = 0

    @property
    def observed_at(self) -> int:
        """Return the time of the price in seconds since 1970."""
        return int((datetime.now(UTC) - self.age).timestamp())


@dataclass(slots=True)
class Rates:
    """Both sources, by name.

    Attributes:
        hold_seconds: how long fault `timeout` delays an answer.
        closing: set to release delayed answers.
    """

    indodax: Source = field(default_factory=Source)
    coingecko: Source = field(default_factory=Source)
    hold_seconds: float = 60.0
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def sources(self) -> Mapping[str, Source]:
        return {"indodax": self.indodax, "coingecko": self.coingecko}


def indodax_body(source: Source) -> dict[str, Any]:
    """Return the ticker: strings, but for the time in seconds."""
    bid = source.idr_per_usdt
    return {
        "ticker": {
            "high": str(bid + _SPREAD * 5),
            "low": str(bid - _SPREAD * 5),
            "vol_usdt": "1250000.50000000",
            "vol_idr": "20812508325",
            "last": str(bid),
            "buy": str(bid),
            "sell": str(bid + _SPREAD),
            "server_time": source.observed_at,
        }
    }


def coingecko_text(source: Source, *, places: int | None, is_dated: bool) -> str:
    """Return the price as JSON with a number; it is rounded to `places` unless that is None."""
    price = source.idr_per_usdt if places is None else round(source.idr_per_usdt, places)
    dated = f',"last_updated_at":{source.observed_at}' if is_dated else ""
    return f'{{"tether":{{"idr":{price:f}{dated}}}}}'

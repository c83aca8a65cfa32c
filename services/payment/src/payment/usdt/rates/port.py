"""What is asked of a source of exchange rates."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, Protocol


class RateSource(StrEnum):
    """Where a rate comes from.

    Attributes:
        MANUAL: staff have set it.
        MEDIAN: chosen from what the sources said at one time.
    """

    INDODAX = "indodax"
    COINGECKO = "coingecko"
    MANUAL = "manual"
    MEDIAN = "median"


@dataclass(frozen=True)
class Quoted:
    """What a source says.

    Attributes:
        idr_per_usdt: rupiah for one USDT, with up to eight decimals.
        observed_at: the time for which the source says it.
    """

    source: RateSource
    idr_per_usdt: Decimal
    observed_at: datetime


class Trouble(StrEnum):
    """Why a source gives no rate."""

    DOWN = "down"
    UNREADABLE = "unreadable"


class SourceError(Exception):
    """A source gives no rate. The text is for logs."""

    trouble: ClassVar[Trouble]


class SourceDown(SourceError):
    """A source cannot be reached, takes too long, or answers with an error."""

    trouble = Trouble.DOWN


class SourceUnreadable(SourceError):
    """The answer of a source is not of the documented shape."""

    trouble = Trouble.UNREADABLE


class Source(Protocol):
    """A public source of rates. It is not asked inside a transaction."""

    @property
    def name(self) -> RateSource:
        """Return which source this is."""

    @property
    def every(self) -> timedelta:
        """Return how long it is not asked again after a request."""

    async def quote(self) -> Quoted:
        """Return what the source says now.

        Raises:
            SourceDown, SourceUnreadable.
        """

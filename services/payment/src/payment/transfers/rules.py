"""The codes that make the amounts of transfers unique."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from math import ceil
from typing import Final

from payment.instructions.rules import TransferCode

KEPT: Final = timedelta(days=14)
"""How long after its end an invoice may still be paid by its unique amount, which no other invoice gets until then."""

_LAST: Final = 999
_LARGEST: Final = Decimal("9999999999.99")


@dataclass(frozen=True)
class Codes:
    """The codes 1 to `last` that an amount allows, each of which is added to it `sign` times; none if `last` is 0."""

    sign: int
    last: int


def codes_for(amount: Decimal, way: TransferCode) -> Codes:
    """Return the codes with which what has to be transferred is more than nothing, and fits where money is stored."""
    match way:
        case TransferCode.SUBTRACT:
            return Codes(-1, min(_LAST, ceil(amount) - 1))
        case TransferCode.ADD:
            return Codes(1, min(_LAST, int(_LARGEST - amount)))
        case TransferCode.OFF:
            return Codes(1, 0)

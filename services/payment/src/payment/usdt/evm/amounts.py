"""Amounts of USDT: what an invoice costs at a rate, and the integers that a token contract counts in."""

from decimal import ROUND_CEILING, Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow
from typing import Final

from payment.usdt.evm.addresses import checksum

MOST_UNITS: Final = 2**256 - 1
"""Largest amount of a token: a `uint256`."""

_UP: Final = Context(prec=60, rounding=ROUND_CEILING)
_EXACT: Final = Context(prec=100, traps=[Inexact, InvalidOperation, Overflow])
"""Raises instead of rounding; `MOST_UNITS` has 78 digits."""


def quote_amount(total: Decimal, idr_per_usdt: Decimal, places: int) -> Decimal:
    """Return what `total` rupiah cost in USDT, rounded up to `places` decimals, so never worth less than `total`.

    Raises:
        ValueError: the total is negative, the rate is not positive, or one of them is not finite.
    """
    if not (total.is_finite() and idr_per_usdt.is_finite() and total >= 0 and idr_per_usdt > 0):
        raise ValueError("an amount needs a total and a positive rate")
    return _UP.divide(total, idr_per_usdt).quantize(Decimal(1).scaleb(-places), context=_UP)


def to_units(amount: Decimal, decimals: int) -> int:
    """Return an amount in the smallest unit of a token with `decimals` decimals.

    Raises:
        ValueError: it is negative, more than a token can count, or has more decimals than the token.
    """
    try:
        scaled = amount.scaleb(decimals, _EXACT).to_integral_exact(context=_EXACT)
    except DecimalException:
        raise ValueError("the amount has more decimals than the token") from None
    if not (scaled.is_finite() and 0 <= scaled <= MOST_UNITS):
        raise ValueError("not an amount of a token")
    return int(scaled)


def from_units(units: int, decimals: int) -> Decimal:
    """Return an amount in the smallest unit of a token as USDT, exactly, with `decimals` decimals.

    Raises:
        ValueError: it is negative, or more than a token can count.
    """
    if not 0 <= units <= MOST_UNITS:
        raise ValueError("not an amount of a token")
    return Decimal(units).scaleb(-decimals, _EXACT)


def payment_uri(token: bytes, chain_id: int, to: bytes, units: int) -> str:
    """Return the link that asks a wallet to transfer `units` of `token` to `to`. Source: EIP-681.

    Wallets that ignore everything but the first address send to the token contract, where the money is lost.
    """
    return f"ethereum:{checksum(token)}@{chain_id}/transfer?address={checksum(to)}&uint256={units}"

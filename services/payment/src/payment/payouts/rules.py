"""The movements of payouts, whose decision may be taken back and made again."""

from collections.abc import Iterable, Sequence
from typing import Final

from payment.ledger.rules import Account, Kind

_ARRIVES: Final = (Account.BANK, Account.FEES)


def booked_legs(movements: Iterable[tuple[Kind, int, Account]]) -> Sequence[int]:
    """Return the legs of a line's payout that were not taken back.

    Args:
        movements: of the line, by leg: kind, leg and debit account.
    """
    booked: dict[Kind, int] = {}
    for kind, leg, debit in movements:
        if debit in _ARRIVES:
            booked[kind] = leg
        else:
            booked.pop(kind, None)
    return sorted(booked.values())

"""What a transaction says about a refund, and when to look for it again. Pure: no database, no clock."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from payment.usdt.evm.models import Transfer


class CheckState(StrEnum):
    """What the chain says about the transaction of a refund.

    Attributes:
        WAITING: it was not looked for yet.
        NOT_FOUND: the chain does not have it, or it has failed there.
        OTHER_ADDRESS: it pays no USDT to the address of the runner.
        TOO_LITTLE: it pays the address less than what goes back by this transaction.
        PENDING: it pays enough, and its block is not final yet.
    """

    WAITING = "waiting"
    NOT_FOUND = "not_found"
    OTHER_ADDRESS = "other_address"
    TOO_LITTLE = "too_little"
    PENDING = "pending"
    CONFIRMED = "confirmed"


PAYS: Final = frozenset({CheckState.PENDING, CheckState.CONFIRMED})
"""States of a transaction that pays what has to go back."""


@dataclass(frozen=True, slots=True)
class Found:
    """The transfers of a transaction, all in one block; none if the chain does not have it.

    Attributes:
        is_final: whether the block is final.
    """

    transfers: Sequence[Transfer] = ()
    block_time: datetime | None = None
    is_final: bool = False

    def to(self, token: bytes, address: bytes) -> Sequence[Transfer]:
        """Return those of a token to an address."""
        return [each for each in self.transfers if (each.token, each.recipient) == (token, address)]


_HASH: Final = re.compile(r"0x[0-9a-fA-F]{64}")
_SHORTLY: Final = timedelta(hours=1)
_FIRST_DAY: Final = timedelta(days=1)
_GIVEN_UP_AFTER: Final = timedelta(days=30)


def hash_of(text: str) -> bytes | None:
    """Return the hash of a transaction, 32 bytes, that `text` is: `0x` and 64 digits; None if it is something else."""
    return bytes.fromhex(text[2:]) if _HASH.fullmatch(text) else None


def state_of(found: Found, paid: Sequence[Transfer], needed: int) -> CheckState:
    """Return what a transaction says.

    Args:
        paid: its transfers to the address.
        needed: what has to be paid there, in the token's smallest unit.
    """
    if not found.transfers:
        return CheckState.NOT_FOUND
    if not paid:
        return CheckState.OTHER_ADDRESS
    if sum(each.units for each in paid) < needed:
        return CheckState.TOO_LITTLE
    return CheckState.CONFIRMED if found.is_final else CheckState.PENDING


def next_look(found: Found, recorded_at: datetime, now: datetime) -> datetime | None:
    """Return when to look again for a transaction that was recorded at a time; None for not again."""
    age = now - recorded_at
    if found.is_final or age > _GIVEN_UP_AFTER:
        return None
    if age < _SHORTLY:
        return now + timedelta(minutes=1)
    return now + (timedelta(minutes=10) if age < _FIRST_DAY else timedelta(hours=6))

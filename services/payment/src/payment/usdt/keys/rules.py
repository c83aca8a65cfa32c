"""What a receiving key has to be. Pure: no database, no clock."""

import hashlib
from enum import StrEnum
from typing import Final

from payment.usdt.evm.addresses import checksum
from payment.usdt.evm.hd import AccountKey

SHOWN: Final = 3
"""Addresses that the owner compares with those in the wallet."""

PATH_PATTERN: Final = r"m/44'/60'/(0|[1-9][0-9]{0,9})'"
_HARDENED: Final = 2**31
"""Child numbers from here on are hardened; paths write them with an apostrophe (BIP-32)."""


class KeyState(StrEnum):
    """Where a key is in its life.

    Attributes:
        PROPOSED: entered; the owner has not confirmed its first address yet.
        ACTIVE: new invoices get their addresses from it.
        RETIRED: another key is active; addresses that were given stay watched.
    """

    PROPOSED = "proposed"
    ACTIVE = "active"
    RETIRED = "retired"


def path_of(account: AccountKey) -> str | None:
    """Return the path of the key's account, if its coin is Ether's, which the key does not say.

    None if the account is not hardened: wallets make no such accounts, and one leaked key would open all of them.
    """
    return f"m/44'/60'/{account.number - _HARDENED}'" if account.number >= _HARDENED else None


def address_path(path: str, index: int) -> str:
    """Return the path of an address of the account."""
    return f"{path}/0/{index}"


def digest_of(account: AccountKey) -> bytes:
    """Return the SHA-256 of what the addresses depend on."""
    return hashlib.sha256(account.chain_code + account.key).digest()


def first_addresses(account: AccountKey) -> list[str]:
    """Return the first addresses of the account."""
    return [checksum(account.address(index)) for index in range(SHOWN)]


def is_first_address(text: str, account: AccountKey) -> bool:
    """Return whether a text is the first address of the account, in any letter case."""
    return text.strip().lower() == checksum(account.address(0)).lower()

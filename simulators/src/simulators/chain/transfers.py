"""Tokens, and the transactions that move them."""

from dataclasses import dataclass

ADDRESS_BYTES = 20
# Where money comes from if a test or a person does not name a sender, such as the wallet of an exchange.
FAUCET = bytes.fromhex("fa0ce7") + bytes(ADDRESS_BYTES - 3)
LARGEST_UNITS = 2**256 - 1


@dataclass(frozen=True, slots=True)
class Token:
    """A contract that was deployed."""

    address: bytes
    decimals: int
    name: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """Units of a token that move to an address. Senders may spend what they do not have.

    Raises:
        ValueError: an address does not have 20 bytes, or the units do not fit into 256 bits.
    """

    token: bytes
    to: bytes
    units: int
    sender: bytes = FAUCET

    def __post_init__(self) -> None:
        if {len(self.token), len(self.to), len(self.sender)} != {ADDRESS_BYTES}:
            raise ValueError("an address has 20 bytes")
        if not 0 <= self.units <= LARGEST_UNITS:
            raise ValueError("units have 256 bits")


@dataclass(frozen=True, slots=True)
class Transaction:
    """Transfers under one hash, as when an exchange pays out to several customers; without effect if reverted."""

    hash: bytes
    transfers: tuple[Transfer, ...]
    reverted: bool = False

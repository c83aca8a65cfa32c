"""Networks on which USDT is sent: what wallets and exchanges call them, and where their transactions can be seen.

The names are the same in every language of these pages.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class NetworkName:
    """A network.

    Attributes:
        label: what exchanges write beside or instead of its name; empty if they write its name.
        explorer: host of a site that shows its transactions; empty for a network that is not known here.
    """

    name: str
    label: str = ""
    explorer: str = ""

    @property
    def in_full(self) -> str:
        """Return the name, with the label in brackets if it has one."""
        return f"{self.name} ({self.label})" if self.label else self.name

    def transaction(self, tx_hash: str) -> str | None:
        """Return the address of the page about a transaction; None for a network that is not known here."""
        return f"https://{self.explorer}/tx/{tx_hash}" if self.explorer else None


_NAMES: Final[Mapping[str, NetworkName]] = {
    "ethereum": NetworkName("Ethereum", "ERC20", "etherscan.io"),
    "polygon": NetworkName("Polygon", "Polygon PoS, MATIC, POL", "polygonscan.com"),
    "bsc": NetworkName("BNB Smart Chain", "BSC, BEP20", "bscscan.com"),
    "arbitrum": NetworkName("Arbitrum", "Arbitrum One", "arbiscan.io"),
}


def network_of(word: str) -> NetworkName:
    """Return a network by its word in the API; only its name if it is not known here."""
    return _NAMES.get(word) or NetworkName(word.title())

"""The networks that can be offered, and their settings before the owner changes them.

Sources: trustwallet/assets and other public lists of tokens, not Tether itself; the token on BSC is Binance-Peg's, not
issued by Tether. Decimals are compared with the contract's own when endpoints are probed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from payment.usdt.evm.addresses import parse_address


class Network(StrEnum):
    """The networks."""

    ETHEREUM = "ethereum"
    POLYGON = "polygon"
    BSC = "bsc"
    ARBITRUM = "arbitrum"


@dataclass(frozen=True, slots=True)
class Preset:
    """A network, and its settings before the owner changes them.

    Attributes:
        confirmations: blocks from a transfer's own on until it is final; None for the network's `finalized` block.
        without_finalized: confirmations for endpoints that do not know that block.
        minimum_order: in rupiah; below it, the fee of a transfer is out of proportion.
    """

    chain_id: int
    token_contract: bytes
    decimals: int
    confirmations: int | None
    without_finalized: int
    minimum_order: Decimal = Decimal()


PRESETS: Final[Mapping[Network, Preset]] = {
    Network.ETHEREUM: Preset(
        chain_id=1,
        token_contract=parse_address("0xdAC17F958D2ee523a2206206994597C13D831ec7"),
        decimals=6,
        confirmations=12,
        without_finalized=12,
        minimum_order=Decimal(500_000),
    ),
    Network.POLYGON: Preset(
        chain_id=137,
        token_contract=parse_address("0xc2132D05D31c914a87C6611C10748AEb04B58e8F"),
        decimals=6,
        confirmations=None,
        without_finalized=128,
    ),
    Network.BSC: Preset(
        chain_id=56,
        token_contract=parse_address("0x55d398326f99059fF775485246999027B3197955"),
        decimals=18,
        confirmations=15,
        without_finalized=15,
    ),
    Network.ARBITRUM: Preset(
        chain_id=42161,
        token_contract=parse_address("0xFd086bC7CD5C481DCC9C85ebE478A1C0b69FCbb9"),
        decimals=6,
        confirmations=20,
        without_finalized=20,
    ),
}

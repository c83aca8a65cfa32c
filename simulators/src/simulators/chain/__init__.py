"""A simulator of an EVM network: blocks with transfers of ERC-20 tokens, reorganisations, and unreliable endpoints.

There is no virtual machine: a transaction is a list of transfers.
"""

from simulators.chain.app import build_chain
from simulators.chain.chain import Chain
from simulators.chain.endpoint import Endpoint
from simulators.chain.faults import Lie, RangeRefusal
from simulators.chain.network import ChainNetwork
from simulators.chain.transfers import Transfer

__all__ = ["Chain", "ChainNetwork", "Endpoint", "Lie", "RangeRefusal", "Transfer", "build_chain"]

"""The endpoints of the networks, with what was learnt about them since the process started."""

from collections.abc import Sequence
from dataclasses import dataclass

from payment.usdt.evm.rpc import Endpoint
from payment.usdt.networks.access import ChainAccess
from payment.usdt.networks.tables import UsdtNetwork
from payment.usdt.watch.failures import WrongChain
from payment.usdt.watch.reading import RANGES


@dataclass(slots=True)
class Node:
    """An endpoint, trusted once it says that it serves the network.

    Attributes:
        ranges: maximum ranges of blocks in the next pass, fewer after one that took too long.
    """

    endpoint: Endpoint
    chain_id: int
    is_trusted: bool = False
    ranges: int = RANGES

    async def trusted(self) -> Endpoint:
        """Return the endpoint.

        Raises:
            WrongChain, EndpointError.
        """
        if not self.is_trusted:
            served = await self.endpoint.chain_id()
            if served != self.chain_id:
                raise WrongChain(f"{self.endpoint.host}: serves {served}, not {self.chain_id}")
            self.is_trusted = True
        return self.endpoint

    def read_less(self) -> None:
        """Halve the ranges of the next pass; one is left at least."""
        self.ranges = max(self.ranges // 2, 1)

    def read_more(self) -> None:
        """Double the ranges of the next pass, up to the maximum."""
        self.ranges = min(self.ranges * 2, RANGES)


class Nodes:
    """The endpoints of all networks. They remember that they are trusted, and how many blocks they accept and read."""

    def __init__(self, access: ChainAccess) -> None:
        self._access = access
        self._known: dict[tuple[int, str, int], Node] = {}

    def of(self, network: UsdtNetwork) -> Sequence[Node]:
        """Return the endpoints of a network, in the order of its settings; none if no key decrypts them."""
        found = []
        for stored in self._access.stored(network):
            key = network.chain_id, stored.url, stored.log_range
            if key not in self._known:
                self._known[key] = Node(self._access.connect(stored), network.chain_id)
            found.append(self._known[key])
        return found

"""Reaching the networks: the endpoints of their settings, and the connections to them."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Self

import httpx
from chassis.outward import PrivateHosts, outward_client
from chassis.secrets import SecretBox, UnreadableSecret
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from payment.usdt.evm.rpc import Endpoint
from payment.usdt.networks.tables import UsdtNetwork

Troubled = Callable[[AsyncSession, datetime], Awaitable[Collection[int]]]
"""Returns the chain ids of the networks that could not be read for long, as of a time."""


class StoredEndpoint(BaseModel):
    """An endpoint as it is sealed in the settings. `log_range`: maximum number of blocks in one request for logs."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    url: str = Field(repr=False)
    log_range: int

    @property
    def host(self) -> str:
        """Return host and port, which are all of the URL that is shown."""
        return httpx.URL(self.url).netloc.decode()


_STORED: Final = TypeAdapter(list[StoredEndpoint])


async def none_troubled(_: AsyncSession, __: datetime) -> Collection[int]:
    """Return no network."""
    return ()


@dataclass(frozen=True)
class ChainAccess:
    """What is needed to read the networks: the keys that decrypt their endpoints, and the connections.

    Attributes:
        troubled: the networks that could not be read for long and are therefore not offered.
        private: the private hosts that endpoints may have. `http` has to keep to them as well.
    """

    box: SecretBox
    http: httpx.AsyncClient
    troubled: Troubled = none_troubled
    private: PrivateHosts = field(default_factory=PrivateHosts)

    @classmethod
    def outward(cls, box: SecretBox, private: PrivateHosts, troubled: Troubled = none_troubled) -> Self:
        """Return access by a client of its own, which connects to public addresses and `private` hosts only."""
        return cls(box, outward_client(private), troubled, private)

    def stored(self, row: UsdtNetwork) -> Sequence[StoredEndpoint]:
        """Return the endpoints of a network, in the order in which they are used; none if no key decrypts them."""
        try:
            return _STORED.validate_json(self.box.open(row.endpoints))
        except UnreadableSecret:
            return []

    def sealed(self, endpoints: Sequence[StoredEndpoint]) -> str:
        """Return endpoints as they are stored."""
        return self.box.seal(_STORED.dump_json(list(endpoints)).decode())

    def endpoints(self, row: UsdtNetwork) -> Sequence[Endpoint]:
        """Return connections to the endpoints of a network, in the order in which they are used."""
        return [self.connect(each) for each in self.stored(row)]

    def connect(self, stored: StoredEndpoint) -> Endpoint:
        """Return a connection to an endpoint."""
        return Endpoint(stored.url, self.http, log_range=stored.log_range)

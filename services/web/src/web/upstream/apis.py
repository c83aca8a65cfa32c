"""The APIs behind the pages."""

from dataclasses import dataclass, fields
from typing import Self

import httpx


@dataclass(frozen=True)
class Apis:
    """A client for each service, with its base URL; the caller closes them."""

    registration: httpx.AsyncClient
    payment: httpx.AsyncClient
    notification: httpx.AsyncClient
    checkin: httpx.AsyncClient
    identity: httpx.AsyncClient

    @classmethod
    def behind(cls, client: httpx.AsyncClient) -> Self:
        """Return the APIs behind one gateway."""
        return cls(**{each.name: client for each in fields(cls)})

"""The visitor of a request, as the APIs need to know them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from chassis.telemetry import correlation_id
from chassis.web.addresses import client_ip
from chassis.wording import Language
from fastapi import Depends, Request

from web.languages import language_of_path

_AGE: Final = "X-Request-Age"


@dataclass(frozen=True)
class Visitor:
    """Who a page calls an API for.

    Attributes:
        address: of their connection; None if it is not known.
        request_age: seconds since the request reached the gateway, as the gateway says; None without a gateway.
    """

    address: str | None
    language: Language
    request_age: str | None = None

    def headers(self) -> Mapping[str, str]:
        """Return the headers of a call for this visitor, whose address APIs count it for."""
        headers = {"X-Correlation-ID": correlation_id(), "Accept-Language": self.language.value}
        if self.address is not None:
            headers["X-Forwarded-For"] = self.address
        if self.request_age is not None:
            headers[_AGE] = self.request_age
        return headers


async def visitor_of(request: Request) -> Visitor:
    """Return the visitor of a request."""
    hops: int = request.app.state.trusted_proxies
    address = client_ip(request, hops)
    return Visitor(
        str(address) if address is not None else None,
        language_of_path(request.url.path),
        request.headers.get(_AGE) if hops else None,
    )


CurrentVisitor = Annotated[Visitor, Depends(visitor_of)]

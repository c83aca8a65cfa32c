"""The routes of one registration."""

from collections.abc import Sequence
from typing import Final

from chassis.web.routing import Router

from web.console.registration import cancelling, corrections, links, page, proofs

ROUTERS: Final[Sequence[Router]] = (
    page.router,
    corrections.router,
    cancelling.router,
    links.router,
    proofs.router,
)

"""The pictures of proofs and transfers, for staff."""

from typing import Final
from uuid import UUID

import httpx
from fastapi import Response

from web.console.access import Finance
from web.console.apis import Payment
from web.console.routing import ConsoleRouter

router = ConsoleRouter()

_TYPES: Final = frozenset({"image/jpeg", "image/png", "image/webp"})
_UNKNOWN: Final = "application/octet-stream"


@router.page("/payments/{payment_id}/picture")
async def show_picture(payment_id: UUID, staff: Finance, payment: Payment) -> Response:  # noqa: ARG001  # the gate
    """The picture of a proof, which has 2 MB at most."""
    return picture_of(await payment.call("GET", f"/payments/{payment_id}/proof"))


def picture_of(found: httpx.Response) -> Response:
    """Return a picture of the API, of which a browser keeps nothing and runs nothing."""
    kind = found.headers.get("content-type", "")
    return Response(
        found.content,
        media_type=kind if kind in _TYPES else _UNKNOWN,
        headers={
            "Content-Disposition": "inline",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
            "X-Robots-Tag": "noindex",
        },
    )

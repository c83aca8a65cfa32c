"""Lines of bank statements that may be the money of a proof."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from web.console.apis import StaffApi
from web.upstream.client import Answer


class CandidateLine(Answer):
    """A line that may be the money of a proof.

    Attributes:
        why: codes of what speaks for it.
    """

    line_id: UUID
    statement_id: UUID
    booked_on: date
    amount: Decimal
    text: str
    reference: str | None = None
    why: tuple[str, ...]


class _Lines(Answer):
    items: tuple[CandidateLine, ...]


async def lines_for(payment: StaffApi, payment_id: UUID) -> Sequence[CandidateLine]:
    """Return the open lines that may be the money of a proof, the likeliest first.

    Raises:
        Refused, Unavailable: see `ApiClient.call`.
    """
    return (await payment.get(_Lines, f"/payments/{payment_id}/lines")).items

"""What registration answers about promo codes."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from web.console.apis import StaffApi
from web.console.races.upstream import Race
from web.upstream.client import Answer

API: Final = "/promo-codes"
_AT_ONCE: Final = 200


class PromoCode(Answer):
    """A promo code. `uses` count the runners of registrations that hold places, and of open offers.

    `value` is a percentage, or what each runner pays less.
    """

    id: UUID
    event_id: UUID
    category_id: UUID | None
    code: str
    kind: str
    value: Decimal
    grants_access: bool
    types: tuple[str, ...] | None
    valid_from: datetime | None
    valid_until: datetime | None
    max_uses: int | None
    max_per_person: int | None
    uses: int
    uses_beyond: int = 0
    uses_left: int | None
    note: str | None
    is_active: bool
    created_at: datetime

    @property
    def is_limited(self) -> bool:
        """Return whether its uses are limited; a limit can be changed, but neither added nor taken away."""
        return self.max_uses is not None


class PromoCodes(Answer):
    """A page of the list."""

    items: tuple[PromoCode, ...]
    next_cursor: str | None = None


async def code_by_id(registration: StaffApi, promo_id: UUID) -> PromoCode:
    """Return a promo code.

    Raises:
        Refused: 404, there is none.
        Unavailable.
    """
    return await registration.get(PromoCode, f"{API}/{promo_id}")


async def pages_of_codes(registration: StaffApi, **query: Any) -> AsyncIterator[Sequence[PromoCode]]:
    """Yield all codes that match, newest first, in portions.

    Raises:
        Refused, Unavailable: see `ApiClient.call`.
    """
    cursor = None
    while True:
        page = await registration.get(PromoCodes, API, **query, limit=_AT_ONCE, cursor=cursor)
        yield page.items
        cursor = page.next_cursor
        if cursor is None:
            return


def race_of_code(races: Sequence[Race], code: PromoCode) -> Race | None:
    """Return the race of a code."""
    return next((race for race in races if race.id == code.event_id), None)

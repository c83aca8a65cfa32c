"""What registration answers about phases of prices."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from web.console.apis import StaffApi
from web.upstream.client import Answer


class Phase(Answer):
    """A phase. `uses` count participants; None if it does not count them."""

    id: UUID
    name: str
    position: int
    ends_at: datetime | None
    max_participants: int | None
    uses: int | None
    uses_beyond: int = 0
    uses_left: int | None
    price_individual: Decimal | None
    price_collective_5: Decimal | None
    price_collective_10: Decimal | None
    code_required: bool
    is_active: bool


class State(StrEnum):
    """How a phase stands: of those that are neither off, over nor full, the first one is in force."""

    NOW = "now"
    LATER = "later"
    FULL = "full"
    OVER = "over"
    OFF = "off"


class _Phases(Answer):
    items: tuple[Phase, ...]


@dataclass(frozen=True)
class Line:
    """A phase in the list of a category."""

    phase: Phase
    state: State


def lines_of(phases: Sequence[Phase], now: datetime) -> Sequence[Line]:
    """Return the phases of a category with how they stand at `now`."""
    found: list[Line] = []
    for phase in phases:
        state = _state(phase, now)
        is_later = state is State.NOW and any(each.state is State.NOW for each in found)
        found.append(Line(phase, State.LATER if is_later else state))
    return found


def _state(phase: Phase, now: datetime) -> State:
    if not phase.is_active:
        return State.OFF
    if phase.ends_at is not None and phase.ends_at <= now:
        return State.OVER
    return State.FULL if phase.uses_left == 0 else State.NOW


async def phases_of(registration: StaffApi, category_id: UUID) -> Sequence[Phase]:
    """Return the phases of a category in their order.

    Raises:
        Refused, Unavailable: see `ApiClient.call`.
    """
    return (await registration.get(_Phases, f"/categories/{category_id}/price-phases")).items

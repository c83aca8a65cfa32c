"""What check-in's API answers runners about their race packs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from chassis.errors import Unavailable

from web.upstream.client import Answer, ApiClient, Refused
from web.visitors import Visitor

_ANSWERED_WITHIN: Final = 2.0
"""Seconds. Pages are shown without packs rather than late."""


class CollectedPack(Answer):
    """A race pack that was handed out: when, and where."""

    participant_id: UUID
    checked_in_at: datetime
    location_name: str


class CollectedPacks(Answer):
    """The race packs of a registration that were handed out."""

    items: tuple[CollectedPack, ...]


async def read_collected(
    checkin: ApiClient, registration_id: UUID, visitor: Visitor, *, token: str
) -> Mapping[UUID, CollectedPack]:
    """Return the race packs that were handed out, by participant. None are known while check-in does not answer.

    A check-in of an older release has no such route.
    """
    path = f"/registrations/{registration_id}/checkins"
    try:
        found = await checkin.get(CollectedPacks, path, visitor, token=token, timeout=_ANSWERED_WITHIN)
    except (Refused, Unavailable):
        return {}
    return {each.participant_id: each for each in found.items}

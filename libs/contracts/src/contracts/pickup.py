"""Events of the check-in service."""

from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from contracts.envelope import Payload


class ParticipantCheckedIn(Payload):
    """A race pack was handed over, once."""

    TYPE: ClassVar[str] = "participant.checked_in"

    participant_id: UUID
    registration_id: UUID
    station_id: UUID
    location_name: str
    checked_in_at: AwareDatetime

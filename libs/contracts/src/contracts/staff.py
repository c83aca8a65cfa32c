"""Events about members of staff."""

from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from contracts.envelope import Payload


class StaffSessionsEnded(Payload):
    """Sessions of one member of staff ended before their expiry; the subject is the member.

    Every access token of these sessions has expired by `until`; before that, services refuse it.
    """

    TYPE: ClassVar[str] = "staff.sessions_ended"

    staff_id: UUID
    session_ids: tuple[UUID, ...]
    until: AwareDatetime

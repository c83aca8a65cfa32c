"""FastAPI dependencies for the calling member of staff, read from the database.

The claims of a token may be minutes old, which is not enough for managing staff.
"""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from chassis.auth.access import AnyStaff, Owner
from chassis.auth.principals import Role
from chassis.errors import Forbidden, SessionEnded
from chassis.web.dependencies import OwnDatabase
from fastapi import Depends

from identity.accounts.tables import StaffMember
from identity.sessions.queries import member_of_session


@dataclass(frozen=True)
class CurrentSession:
    """The calling member of staff and their session."""

    member: StaffMember
    session_id: UUID

    @property
    def actor(self) -> str:
        """Return the actor for the audit log."""
        return f"staff:{self.member.id}"


async def current_staff(staff: AnyStaff, database: OwnDatabase) -> CurrentSession:
    """Return the caller, who has to be active and in an active session.

    Raises:
        SessionEnded.
    """
    async with database.read() as session:
        member = await member_of_session(session, staff.id, staff.session_id, database.clock())
    if member is None:
        raise SessionEnded
    return CurrentSession(member, staff.session_id)


async def current_owner(_: Owner, current: Annotated[CurrentSession, Depends(current_staff)]) -> CurrentSession:
    """Return the caller, who has to be an owner now.

    Raises:
        Forbidden.
    """
    if current.member.role != Role.OWNER:
        raise Forbidden
    return current


CurrentStaff = Annotated[CurrentSession, Depends(current_staff)]
CurrentOwner = Annotated[CurrentSession, Depends(current_owner)]

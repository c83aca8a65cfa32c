"""Who is calling, as the database knows them now. A token's word may be minutes old: not enough to manage staff by."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from chassis.auth.access import AnyStaff, Owner
from chassis.auth.principals import Role
from chassis.errors import Forbidden, SessionEnded
from chassis.web.dependencies import OwnDatabase
from fastapi import Depends

from identity.accounts.tables import StaffMember
from identity.sessions.queries import live_member


@dataclass(frozen=True)
class Current:
    """The caller and the session they call from."""

    member: StaffMember
    session_id: UUID

    @property
    def actor(self) -> str:
        """For the audit log."""
        return f"staff:{self.member.id}"


async def current_staff(staff: AnyStaff, database: OwnDatabase) -> Current:
    """An active member in a session that is alive.

    Raises:
        SessionEnded.
    """
    async with database.read() as session:
        member = await live_member(session, staff.id, staff.session_id, database.clock())
    if member is None:
        raise SessionEnded
    return Current(member, staff.session_id)


async def current_owner(_: Owner, current: Annotated[Current, Depends(current_staff)]) -> Current:
    """An owner who still is one.

    Raises:
        Forbidden.
    """
    if current.member.role != Role.OWNER:
        raise Forbidden
    return current


CurrentStaff = Annotated[Current, Depends(current_staff)]
CurrentOwner = Annotated[Current, Depends(current_owner)]

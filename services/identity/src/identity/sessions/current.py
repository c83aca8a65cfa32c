"""Who is calling, as the database knows them now. A token's word may be minutes old: not enough to manage staff by."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from chassis.auth.access import AnyStaff, Owner, peek
from chassis.auth.principals import Role
from chassis.errors import Forbidden, InvalidToken
from chassis.web.dependencies import OwnDatabase
from fastapi import Depends, Request

from identity.sessions.errors import SessionEnded
from identity.sessions.queries import live_member
from identity.staff.tables import StaffMember


@dataclass(frozen=True)
class Current:
    """The caller and the session they call from."""

    member: StaffMember
    session_id: UUID

    @property
    def actor(self) -> str:
        """For the audit log."""
        return f"staff:{self.member.id}"


async def current_staff(staff: AnyStaff, request: Request, database: OwnDatabase) -> Current:
    """An active member in a session that is alive.

    Raises:
        SessionEnded.
    """
    session_id = _session_of(request)
    async with database.read() as session:
        member = await live_member(session, staff.id, session_id, database.clock())
    if member is None:
        raise SessionEnded
    return Current(member, session_id)


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


def _session_of(request: Request) -> UUID:
    """The session that the bearer token was made for; the token was verified before."""
    token = request.headers["authorization"].partition(" ")[2]
    claims: Any = peek(token.partition(".")[2])  # peek reads the first segment: now the claims
    try:
        return UUID(claims["sid"])
    except (KeyError, ValueError, AttributeError, TypeError):
        raise InvalidToken from None

"""Access to pages of the console: who is logged in, and which roles may see what."""

from typing import Annotated, Final

from chassis.auth.access import Allow
from chassis.auth.principals import Role
from chassis.errors import Forbidden, StartlineError
from fastapi import Depends, Request

from web.sessions import cookies
from web.sessions.staff import StaffSession, StaffSessions
from web.visitors import visitor_of

POLL: Final = "X-Refresh"
"""Header of requests that a page makes by itself; they do not keep a session alive."""

_FOUND: Final = "startline.staff_session"


class NotLoggedIn(StartlineError):
    """Log in first."""

    indonesian = "Masuk dahulu."
    code = "not_logged_in"
    status = 401


class StaffOnly(Allow):
    """Declares which roles may open a page; the owner always may. The APIs decide what is done and shown there."""

    async def __call__(self, request: Request) -> StaffSession:  # type: ignore[override]  # known by cookie, not token
        """Return the session of who is logged in.

        Raises:
            NotLoggedIn, Forbidden.
            Unavailable.
        """
        session = await session_of(request)
        if not self.admits(session.account.role):
            raise Forbidden
        return session

    def admits(self, role: Role) -> bool:
        """Return whether this role may open the page."""
        return role is Role.OWNER or role in self.roles


async def session_of(request: Request) -> StaffSession:
    """Return the session of a request, looked up once."""
    found: StaffSession | None = request.scope.get(_FOUND)
    if found is None:
        found = request.scope[_FOUND] = await _find(request)
    return found


async def end_session(request: Request) -> None:
    """End the session of a request that the APIs do not accept any more; identity has ended it already."""
    sessions: StaffSessions = request.app.state.staff_sessions
    key = cookies.key_of(request)
    if key is not None:
        await sessions.forget(key)


async def _find(request: Request) -> StaffSession:
    sessions: StaffSessions = request.app.state.staff_sessions
    key = cookies.key_of(request)
    visitor = await visitor_of(request)
    found = await sessions.find(key, visitor, is_used=POLL not in request.headers) if key else None
    if found is None:
        raise NotLoggedIn
    return found


EVERYONE: Final = StaffOnly(staff=Role)
OWNER: Final = StaffOnly(staff=[Role.OWNER])
ADMIN: Final = StaffOnly(staff=[Role.ADMIN])
FINANCE: Final = StaffOnly(staff=[Role.FINANCE, Role.ADMIN])

AnyStaff = Annotated[StaffSession, Depends(EVERYONE)]
Owner = Annotated[StaffSession, Depends(OWNER)]
Admin = Annotated[StaffSession, Depends(ADMIN)]
Finance = Annotated[StaffSession, Depends(FINANCE)]

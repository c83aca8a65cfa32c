"""The sessions of who is logged in: all of them, to be ended from anywhere."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from chassis.web.dependencies import from_state
from fastapi import Request, Response

from web.console.access import AnyStaff
from web.console.apis import Identity
from web.console.menu import ROOT
from web.console.pages import console_page, done
from web.console.routing import ConsoleRouter
from web.sessions.staff import StaffSessions
from web.upstream.client import Answer

router = ConsoleRouter()

Sessions = Annotated[StaffSessions, from_state("staff_sessions")]

_PATH: Final = "/sessions"


class Session(Answer):
    """One of the caller's sessions, as identity knows it."""

    id: UUID
    source: str
    created_at: datetime
    last_used_at: datetime
    is_current: bool


class _Sessions(Answer):
    items: tuple[Session, ...]


@router.page(_PATH)
async def show_sessions(request: Request, staff: AnyStaff, sessions: Sessions, identity: Identity) -> Response:
    """List the sessions of the caller's account."""
    found = await identity.get(_Sessions, "/me/sessions")
    devices = await sessions.devices(staff.account.id)
    return console_page(request, staff, "sessions.html", sessions=found.items, devices=devices)


@router.action(f"{_PATH}/{{session_id}}/end")
async def end_session(
    request: Request,
    session_id: UUID,
    staff: AnyStaff,  # noqa: ARG001  # the gate
    identity: Identity,
) -> Response:
    """End one of the caller's sessions; one that has ended already stays so."""
    await identity.call("DELETE", f"/me/sessions/{session_id}")
    return done(request, f"{ROOT}{_PATH}", "ended")

"""Routes for login, refresh, logout and the caller's own sessions."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from chassis.auth.access import public
from chassis.errors import InvalidFields, SessionEnded, Unavailable
from chassis.web.dependencies import OwnDatabase, Read, Work, from_state
from chassis.web.models import Body, Page, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from pydantic import Field, SecretStr

from identity.accounts.models import Email, Password, StaffSummary, StaffView
from identity.dependencies import OwnSettings, Source
from identity.sessions import queries
from identity.sessions.commands import Sessions
from identity.sessions.dependencies import CurrentStaff
from identity.sessions.ending import EndReason, end_session
from identity.sessions.errors import (
    InvalidCredentials,
    InvalidRefreshToken,
    RefreshReused,
    TooManyAttempts,
    UnknownSession,
)
from identity.sessions.tables import Session

router = Router(tags=["sessions"])

OwnSessions = Annotated[Sessions, from_state("sessions")]


class Credentials(Body):
    """E-mail address and password."""

    email: Email
    password: Password


class RefreshRequest(Body):
    """The current refresh token of a session."""

    refresh_token: SecretStr = Field(min_length=1, max_length=200)


class TokenPair(View):
    """An access token valid for `expires_in` seconds, and the refresh token for the next pair."""

    access_token: str
    refresh_token: str
    expires_in: int
    staff: StaffSummary


class SessionView(View):
    """One of the caller's sessions."""

    id: UUID
    source: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    is_current: bool


@router.post(
    "/login", dependencies=[public], responses=errors(InvalidCredentials, TooManyAttempts, InvalidFields, Unavailable)
)
async def log_in(body: Credentials, source: Source, sessions: OwnSessions) -> TokenPair:
    """Log in. Failed attempts lead to growing waits."""
    granted = await sessions.log_in(body.email, body.password.get_secret_value(), source=source)
    return TokenPair.model_validate(granted)


@router.post(
    "/refresh",
    dependencies=[public],
    responses=errors(InvalidRefreshToken, RefreshReused, SessionEnded, InvalidFields),
)
async def refresh(body: RefreshRequest, sessions: OwnSessions) -> TokenPair:
    """Exchange a refresh token for a new pair. Using one a second time ends its session."""
    return TokenPair.model_validate(await sessions.refresh(body.refresh_token.get_secret_value()))


@router.post("/logout", status_code=204)
async def log_out(current: CurrentStaff, work: Work) -> None:
    """End this session."""
    if await end_session(work, current.session_id, EndReason.LOGOUT, staff_id=current.member.id):
        await work.audit(current.actor, "session.logout", f"session:{current.session_id}")


@router.get("/me")
async def show_me(current: CurrentStaff) -> StaffView:
    """Return the caller's current account."""
    return StaffView.model_validate(current.member)


@router.get("/me/sessions")
async def list_my_sessions(
    current: CurrentStaff, session: Read, database: OwnDatabase, settings: OwnSettings
) -> Page[SessionView]:
    """Return the caller's sessions, latest used first."""
    now = database.clock()
    used_since = now - timedelta(hours=settings.session_idle_hours)
    found = await queries.active_sessions(session, current.member.id, now=now, used_since=used_since)
    return Page(items=[_session_view(each, current.session_id) for each in found])


def _session_view(session: Session, current: UUID) -> SessionView:
    return SessionView(
        id=session.id,
        source=session.source,
        created_at=session.created_at,
        last_used_at=session.last_used_at,
        expires_at=session.expires_at,
        is_current=session.id == current,
    )


@router.delete("/me/sessions/{session_id}", status_code=204, responses=errors(UnknownSession))
async def end_my_session(session_id: UUID, current: CurrentStaff, work: Work) -> None:
    """End one of the caller's sessions. One that has ended already stays so."""
    if await end_session(work, session_id, EndReason.REVOKED, staff_id=current.member.id):
        await work.audit(current.actor, "session.revoke", f"session:{session_id}")

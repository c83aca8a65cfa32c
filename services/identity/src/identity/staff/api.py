"""Routes for managing staff, for owners only, and for changing one's own password."""

from uuid import UUID

from chassis.database import already_stored
from chassis.errors import InvalidFields, Unavailable
from chassis.web.cursors import CursorOf
from chassis.web.dependencies import OwnDatabase, Read
from chassis.web.models import Cursor, Limit, Line, Page
from chassis.web.problems import errors
from chassis.web.routing import Router
from chassis.wording import Wording

from identity.accounts import queries
from identity.accounts.errors import UnknownStaff
from identity.accounts.models import StaffNames, StaffView
from identity.dependencies import OwnPasswords, OwnSettings, Source
from identity.sessions.dependencies import CurrentOwner, CurrentStaff
from identity.sessions.ending import wait_until_revoked
from identity.sessions.errors import TooManyAttempts
from identity.sessions.throttle import Limits
from identity.staff import commands
from identity.staff.errors import EmailTaken, LastOwner
from identity.staff.models import NewStaff, PasswordChange, StaffChanges
from identity.staff.own_password import change_own_password

router = Router()


_cursors = CursorOf(tuple[Line])


@router.get("/staff", tags=["staff"])
async def list_staff(_: CurrentOwner, session: Read, limit: Limit = 50, cursor: Cursor = None) -> Page[StaffView]:
    """Return all staff, ordered by e-mail address."""
    rows = await queries.staff_page(session, limit=limit + 1, after=_email(cursor))
    items = [StaffView.model_validate(row) for row in rows[:limit]]
    return Page(items=items, next_cursor=_cursors.encode(items[-1].email) if len(rows) > limit else None)


def _email(cursor: str | None) -> str:
    position = _cursors.decode(cursor)
    return position[0] if position else ""


@router.get("/staff/names", tags=["staff"])
async def list_names(_: CurrentStaff, session: Read) -> StaffNames:
    """Return the names of all staff, also of those who left, for the ids in logs and notes."""
    return StaffNames.model_validate({"items": await queries.names(session)})


@router.post("/staff", tags=["staff"], status_code=201, responses=errors(EmailTaken, InvalidFields))
async def create_staff(
    body: NewStaff, owner: CurrentOwner, database: OwnDatabase, passwords: OwnPasswords
) -> StaffView:
    """Create an account. Passwords that are easy to guess are refused."""
    staff_id = await commands.create_staff(
        database,
        passwords,
        name=body.name,
        email=body.email,
        role=body.role,
        password=body.password.get_secret_value(),
        by=owner.actor,
        session_id=owner.session_id,
    )
    return await _view(database, staff_id)


@router.patch("/staff/{staff_id}", tags=["staff"], responses=errors(UnknownStaff, LastOwner, InvalidFields))
async def change_staff(
    staff_id: UUID,
    body: StaffChanges,
    owner: CurrentOwner,
    database: OwnDatabase,
    passwords: OwnPasswords,
    settings: OwnSettings,
) -> StaffView:
    """Change an account. Disabling it, or a new role or password, ends its sessions.

    The response then waits until the other services refuse the tokens of these sessions.
    """
    by, session_id = owner.actor, owner.session_id
    if await commands.change_staff(database, passwords, staff_id, body.changes(), by=by, session_id=session_id):
        with already_stored():
            await wait_until_revoked(database, at_most=settings.revocation_wait)
    return await _view(database, staff_id)


@router.delete("/staff/{staff_id}/sessions", tags=["staff"], status_code=204, responses=errors(UnknownStaff))
async def end_sessions(staff_id: UUID, owner: CurrentOwner, database: OwnDatabase, settings: OwnSettings) -> None:
    """End all sessions of a member. The response waits as for a changed role."""
    if await commands.end_sessions(database, staff_id, by=owner.actor):
        with already_stored():
            await wait_until_revoked(database, at_most=settings.revocation_wait)


async def _view(database: OwnDatabase, staff_id: UUID) -> StaffView:
    with already_stored():
        async with database.read() as session:
            return StaffView.model_validate(await queries.member_by_id(session, staff_id))


_NOT_YOURS = Wording(en="Type the password you have now.", id="Ketik kata sandi Anda saat ini.")


@router.post(
    "/me/password", tags=["sessions"], status_code=204, responses=errors(TooManyAttempts, InvalidFields, Unavailable)
)
async def change_my_password(
    body: PasswordChange,
    me: CurrentStaff,
    source: Source,
    database: OwnDatabase,
    passwords: OwnPasswords,
    settings: OwnSettings,
) -> None:
    """Change the caller's password. All their other sessions end."""
    right = await change_own_password(
        database,
        passwords,
        Limits.of(settings),
        me.member.id,
        current=body.current_password.get_secret_value(),
        new=body.new_password.get_secret_value(),
        source=source,
        keep=me.session_id,
    )
    if not right:
        raise InvalidFields(("current_password", _NOT_YOURS))

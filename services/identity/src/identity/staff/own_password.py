"""Changing one's own password."""

from uuid import UUID

from chassis.database import Database, already_stored
from chassis.errors import InvalidFields

from identity.accounts.passwords import Passwords
from identity.accounts.queries import member_by_id
from identity.accounts.rules import password_problem
from identity.accounts.tables import StaffMember
from identity.sessions.throttle import Limits, audit_failure, count_attempt, reset_attempts
from identity.staff.commands import Changes, change_staff
from identity.staff.errors import OutdatedPassword


async def change_own_password(
    database: Database,
    passwords: Passwords,
    limits: Limits,
    staff_id: UUID,
    *,
    current: str,
    new: str,
    source: str,
    keep: UUID,
) -> bool:
    """Replace a member's password and end their other sessions.

    Return False, and change nothing, if `current` is wrong or was replaced before the new password was stored; that
    counts as a failed login.

    Args:
        source: the client's address, which failed attempts are counted for.
        keep: the session that does not end.

    Raises:
        TooManyAttempts, InvalidFields, Unavailable.
        SessionEnded: the session to keep ended while the new password was hashed.
    """
    async with database.read() as session:
        member = await member_by_id(session, staff_id)
    problem = password_problem(new, email=member.email, name=member.name)
    if problem is not None:
        raise InvalidFields(("new_password", problem))
    async with passwords.queue_slot():
        async with database.work() as work:
            attempt = await count_attempt(work, limits, email=member.email, source=source)
        verification = await passwords.verify(current, member.password_hash)
    if verification.right and await _store(database, passwords, member, new, keep):
        with already_stored():
            async with database.work() as work:
                await reset_attempts(work, attempt)
        return True
    async with database.work() as work:
        await audit_failure(work, "staff.password_failed", member, member.email, source)
    return False


async def _store(database: Database, passwords: Passwords, member: StaffMember, new: str, keep: UUID) -> bool:
    """Return False if the password that was checked has been replaced meanwhile."""
    try:
        await change_staff(
            database,
            passwords,
            member.id,
            Changes(password=new),
            by=f"staff:{member.id}",
            session_id=keep,
            keep=keep,
            checked=member.password_hash,
        )
    except OutdatedPassword:
        return False
    return True

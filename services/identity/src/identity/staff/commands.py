"""Creating and changing staff accounts.

Hashing takes long, so it happens before the transaction. Conditions checked before are checked again inside: that the
caller's session is active, and that the verified password is still the stored one.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID, uuid4

from chassis.audit_log import before_and_after
from chassis.auth.principals import Role
from chassis.database import Database, UnitOfWork
from chassis.errors import InvalidFields
from chassis.wording import Wording
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from identity.accounts.errors import UnknownStaff
from identity.accounts.passwords import Passwords
from identity.accounts.queries import member_by_email, member_by_id
from identity.accounts.rules import EMAIL_PATTERN, password_problem
from identity.accounts.tables import StaffMember
from identity.sessions.ending import EndReason, end_sessions_of
from identity.sessions.queries import lock_active_session
from identity.staff.errors import EmailTaken, LastOwner, OutdatedPassword

_MAX_LENGTH = 255
_NAME_LENGTH = Wording(
    en=f"Write a name of 1 to {_MAX_LENGTH} characters.", id=f"Tulis nama dengan 1 sampai {_MAX_LENGTH} karakter."
)
_NO_ADDRESS = Wording(
    en="Write an e-mail address such as sari@example.com.", id="Tulis alamat e-mail seperti sari@example.com."
)


@dataclass(frozen=True)
class Changes:
    """Fields of a member to change; None leaves one unchanged."""

    name: str | None = None
    role: Role | None = None
    is_active: bool | None = None
    password: str | None = None


@dataclass(frozen=True)
class _NewMember:
    id: UUID
    name: str
    email: str
    role: Role
    password_hash: str


async def create_staff(
    database: Database,
    passwords: Passwords,
    *,
    name: str,
    email: str,
    role: Role,
    password: str,
    by: str,
    session_id: UUID | None = None,
) -> UUID:
    """Create an account and return its id.

    Args:
        session_id: the caller's, which has to be active when the account is stored; None for the operator.

    Raises:
        InvalidFields, EmailTaken, SessionEnded.
    """
    row = await _new_member(passwords, name=name, email=email, role=role, password=password)
    async with database.work() as work:
        await lock_active_session(work, session_id)
        if not await _insert(work, row):
            raise EmailTaken
        await work.audit(by, "staff.create", f"staff:{row.id}", after={"role": role.value, "is_active": True})
    return row.id


async def ensure_first_owner(
    database: Database,
    email: str,
    name: str,
    password: str,
    *,
    passwords: Passwords | None = None,
    any_password: bool = False,
) -> bool:
    """Create the first owner if there is no staff, also with concurrent processes. Return whether it was created.

    Args:
        any_password: skip the validation of the password, for an operator's trial on their own machine.

    Raises:
        InvalidFields.
    """
    anybody = select(select(StaffMember.id).exists())
    async with database.read() as session:
        if await session.scalar(anybody):
            return False
    passwords = passwords or Passwords()
    row = await _new_member(
        passwords, name=name, email=email, role=Role.OWNER, password=password, any_password=any_password
    )
    async with database.work() as work:
        # Processes with different addresses do not conflict on a row, so the table is locked.
        await work.session.execute(text("LOCK TABLE staff IN SHARE ROW EXCLUSIVE MODE"))
        created = not await work.session.scalar(anybody) and await _insert(work, row)
        if created:
            after = {"role": Role.OWNER.value, "is_active": True}
            await work.audit("system", "staff.create", f"staff:{row.id}", after=after)
    return created


async def set_password(
    database: Database, email: str, password: str, *, by: str, passwords: Passwords | None = None
) -> None:
    """Set the password of the member with this address. Their sessions end.

    Raises:
        UnknownStaff, InvalidFields.
    """
    async with database.read() as session:
        member = await member_by_email(session, email)
    if member is None:
        raise UnknownStaff
    await change_staff(database, passwords or Passwords(), member.id, Changes(password=password), by=by)


async def change_staff(
    database: Database,
    passwords: Passwords,
    staff_id: UUID,
    changes: Changes,
    *,
    by: str,
    session_id: UUID | None = None,
    keep: UUID | None = None,
    checked: str | None = None,
) -> bool:
    """Change a member and return whether that ended sessions.

    Disabling the member, or a new role or password, ends all their sessions except `keep`.

    Args:
        session_id: the caller's, which has to be active when the change is stored; None for the operator.
        checked: the hash that a typed password was verified against; it still has to be the stored one.

    Raises:
        UnknownStaff, LastOwner, InvalidFields, SessionEnded, OutdatedPassword.
    """
    new_hash = await _hash_of_change(database, passwords, staff_id, changes)
    async with database.work() as work:
        owners = await lock_owners(work)
        member = await work.session.get(StaffMember, staff_id, with_for_update=True)
        if member is None:
            raise UnknownStaff
        await lock_active_session(work, session_id)
        if checked is not None and member.password_hash != checked:
            raise OutdatedPassword
        before = {field: getattr(member, field) for field in _CHANGEABLE}
        changed = _apply(member, changes, new_hash)
        if owners == [staff_id] and not (member.is_active and member.role == Role.OWNER):
            raise LastOwner
        if not changed:
            return False
        member.updated_at = work.now
        await work.audit(by, "staff.change", f"staff:{staff_id}", **_for_audit(before, changed))
        return await _end_sessions(work, member, changed, keep)


async def end_sessions(database: Database, staff_id: UUID, *, by: str) -> bool:
    """End all sessions of a member and return whether there were any.

    Raises:
        UnknownStaff.
    """
    async with database.work() as work:
        await member_by_id(work.session, staff_id)
        ended = await end_sessions_of(work, staff_id, EndReason.REVOKED)
        await work.audit(by, "staff.end_sessions", f"staff:{staff_id}", sessions=len(ended))
    return bool(ended)


async def lock_owners(work: UnitOfWork) -> Sequence[UUID]:
    """Return the active owners, locked until the transaction ends.

    They are locked in one order, so that two owners who demote each other wait instead of deadlocking; the second one
    sees the change of the first.
    """
    active_owners = select(StaffMember.id).where(StaffMember.role == Role.OWNER, StaffMember.is_active)
    return (await work.session.scalars(active_owners.order_by(StaffMember.id).with_for_update())).all()


_CHANGEABLE = ("name", "role", "is_active", "password_hash")


def _apply(member: StaffMember, changes: Changes, new_hash: str | None) -> dict[str, Any]:
    """Set the fields that differ and return them."""
    wanted = {
        "name": changes.name,
        "role": changes.role,
        "is_active": changes.is_active,
        "password_hash": new_hash,
    }
    changed = {field: value for field, value in wanted.items() if value is not None and value != getattr(member, field)}
    for field, value in changed.items():
        setattr(member, field, value)
    return changed


async def _end_sessions(work: UnitOfWork, member: StaffMember, changed: dict[str, Any], keep: UUID | None) -> bool:
    reasons = {"password_hash": EndReason.PASSWORD, "role": EndReason.ROLE, "is_active": EndReason.DISABLED}
    reason = next((reason for field, reason in reasons.items() if field in changed), None)
    return reason is not None and bool(await end_sessions_of(work, member.id, reason, keep=keep))


def _for_audit(before: dict[str, Any], changed: dict[str, Any]) -> dict[str, Any]:
    """Return the names of changed fields, with values only of those without personal data."""
    found = before_and_after(before, changed, named_only=["name", "password_hash"])
    return found | {"fields": [field.removesuffix("_hash") for field in found["fields"]]}


async def _hash_of_change(database: Database, passwords: Passwords, staff_id: UUID, changes: Changes) -> str | None:
    if changes.password is None:
        return None
    async with database.read() as session:
        member = await member_by_id(session, staff_id)
    _require(password=password_problem(changes.password, email=member.email, name=changes.name or member.name))
    return await passwords.hash(changes.password)


async def _new_member(
    passwords: Passwords, *, name: str, email: str, role: Role, password: str, any_password: bool = False
) -> _NewMember:
    email = email.strip().lower()
    well_formed = len(email) <= _MAX_LENGTH and re.fullmatch(EMAIL_PATTERN, email)
    _require(
        name=None if 0 < len(name.strip()) <= _MAX_LENGTH else _NAME_LENGTH,
        email=None if well_formed else _NO_ADDRESS,
        password=None if any_password else password_problem(password, email=email, name=name),
    )
    hashed = await passwords.hash(password)
    return _NewMember(id=uuid4(), name=name.strip(), email=email, role=role, password_hash=hashed)


def _require(**problems: Wording | None) -> None:
    found = [(field, problem) for field, problem in problems.items() if problem is not None]
    if found:
        raise InvalidFields(*found)


async def _insert(work: UnitOfWork, row: _NewMember) -> bool:
    added = (
        upsert(StaffMember)
        .values(**asdict(row), is_active=True, created_at=work.now, updated_at=work.now)
        .on_conflict_do_nothing(index_elements=[func.lower(StaffMember.email)])
        .returning(StaffMember.id)
    )
    return (await work.session.execute(added)).first() is not None

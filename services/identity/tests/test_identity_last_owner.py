"""There is always an owner, whatever two owners do to each other at the same instant."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from chassis.auth.principals import Role
from chassis.database import UnitOfWork
from identity.accounts.tables import StaffMember
from identity.staff import commands
from identity.staff.commands import Changes, change_staff
from identity.staff.errors import LastOwner
from sqlalchemy import select

from .identity_world import Colleague, Office

OWNERS = "SELECT 1 FROM staff WHERE role = 'owner' AND is_active"


async def test_the_last_owner_stays(office: Office) -> None:
    boss = await office.hire()
    await office.hire(Role.ADMIN)
    owner = await office.login(boss)
    leaving: list[dict[str, Any]] = [{"role": "admin"}, {"is_active": False}, {"role": "admin", "is_active": False}]
    for changes in leaving:
        reply = await office.change(boss, owner, **changes)
        assert (reply.status, reply.code) == (409, "last_owner")
    assert (await office.me(owner)).body["role"] == "owner"


async def test_a_disabled_owner_does_not_count(office: Office) -> None:
    boss, other = await office.hire(), await office.hire(email="other@example.com")
    owner = await office.login(boss)
    assert (await office.change(other, owner, is_active=False)).status == 200
    # then
    assert (await office.change(boss, owner, role="viewer")).code == "last_owner"
    # and: once they are back, the boss may leave
    assert (await office.change(other, owner, is_active=True)).status == 200
    assert (await office.change(boss, owner, role="viewer")).status == 200


async def test_the_last_owner_may_change_in_other_ways(office: Office) -> None:
    boss = await office.hire()
    owner = await office.login(boss)
    assert (await office.change(boss, owner, name="Ibu Sari")).status == 200


async def demote_each_other(office: Office, owners: Sequence[Colleague]) -> list[bool | BaseException]:
    """Each demotes the next one at the same instant, from a process of their own."""
    offices = [office.another_process() for _ in owners]
    victims = [*owners[1:], owners[0]]
    outcome = await asyncio.gather(
        *(
            change_staff(each.database, each.passwords, victim.id, Changes(role=Role.VIEWER), by="test")
            for each, victim in zip(offices, victims, strict=True)
        ),
        return_exceptions=True,
    )
    for each in offices:
        await each.close()
    return outcome


async def several_owners(office: Office, count: int) -> list[Colleague]:
    return [await office.hire(email=f"owner{number}@example.com") for number in range(count)]


@pytest.mark.parametrize("count", [2, 4])
async def test_owners_who_demote_each_other_leave_one(office: Office, count: int) -> None:
    owners = await several_owners(office, count)
    # when
    outcome = await demote_each_other(office, owners)
    # then
    assert len(await office.rows(OWNERS)) == 1
    assert sorted(map(type, outcome), key=str) == sorted([LastOwner, *[bool] * (count - 1)], key=str)


async def test_without_the_lock_they_would_leave_none(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control of the test above: owners are counted, but not locked."""
    owners = await several_owners(office, 2)
    both_have_looked = asyncio.Barrier(2)

    async def look_only(work: UnitOfWork) -> Sequence[UUID]:
        active_owners = select(StaffMember.id).where(StaffMember.role == Role.OWNER, StaffMember.is_active)
        found = (await work.session.scalars(active_owners)).all()
        await both_have_looked.wait()
        return found

    monkeypatch.setattr(commands, "lock_owners", look_only)
    # when
    outcome = await demote_each_other(office, owners)
    # then
    assert outcome == [False, False]  # nobody was logged in
    assert not await office.rows(OWNERS)

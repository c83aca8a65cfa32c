"""There is always an active owner, also when several owners demote each other concurrently."""

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

from .identity_driver import IdentityDriver, Member

OWNERS = "SELECT 1 FROM staff WHERE role = 'owner' AND is_active"


async def test_the_last_owner_cannot_be_demoted_or_disabled(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    await driver.add_member(Role.ADMIN)
    owner = await driver.log_in(boss)
    endings: list[dict[str, Any]] = [{"role": "admin"}, {"is_active": False}, {"role": "admin", "is_active": False}]
    for changes in endings:
        answer = await driver.try_change_member(boss, owner, **changes)
        assert (answer.status, answer.code) == (409, "last_owner")
    assert (await driver.me(owner)).body["role"] == "owner"


async def test_a_disabled_owner_does_not_count(driver: IdentityDriver) -> None:
    boss, other = await driver.add_member(), await driver.add_member(email="other@example.com")
    owner = await driver.log_in(boss)
    await driver.change_member(other, owner, is_active=False)
    # then
    assert (await driver.try_change_member(boss, owner, role="viewer")).code == "last_owner"
    # and: once the other is enabled, the boss may be demoted
    await driver.change_member(other, owner, is_active=True)
    await driver.change_member(boss, owner, role="viewer")


async def test_the_last_owner_may_be_renamed(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    owner = await driver.log_in(boss)
    await driver.change_member(boss, owner, name="Ibu Sari")


async def demote_each_other(driver: IdentityDriver, owners: Sequence[Member]) -> list[bool | BaseException]:
    """Demote each owner concurrently, from a process of its own; return the results."""
    drivers = [driver.another_process() for _ in owners]
    demoted = [*owners[1:], owners[0]]
    outcome = await asyncio.gather(
        *(
            change_staff(each.database, each.passwords, member.id, Changes(role=Role.VIEWER), by="test")
            for each, member in zip(drivers, demoted, strict=True)
        ),
        return_exceptions=True,
    )
    for each in drivers:
        await each.close()
    return outcome


async def several_owners(driver: IdentityDriver, count: int) -> list[Member]:
    return [await driver.add_member(email=f"owner{number}@example.com") for number in range(count)]


@pytest.mark.parametrize("count", [2, 4])
async def test_owners_who_demote_each_other_leave_one(driver: IdentityDriver, count: int) -> None:
    owners = await several_owners(driver, count)
    # when
    outcome = await demote_each_other(driver, owners)
    # then
    assert len(await driver.rows(OWNERS)) == 1
    assert sorted(map(type, outcome), key=str) == sorted([LastOwner, *[bool] * (count - 1)], key=str)


async def test_without_the_lock_no_owner_is_left(driver: IdentityDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control of the test above: owners are counted, but not locked."""
    owners = await several_owners(driver, 2)
    both_have_read = asyncio.Barrier(2)

    async def read_only(work: UnitOfWork) -> Sequence[UUID]:
        active_owners = select(StaffMember.id).where(StaffMember.role == Role.OWNER, StaffMember.is_active)
        found = (await work.session.scalars(active_owners)).all()
        await both_have_read.wait()
        return found

    monkeypatch.setattr(commands, "lock_owners", read_only)
    # when
    outcome = await demote_each_other(driver, owners)
    # then
    assert outcome == [False, False]  # nobody was logged in
    assert not await driver.rows(OWNERS)

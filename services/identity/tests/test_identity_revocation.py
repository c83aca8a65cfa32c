"""Ended sessions are published with the same commit, and an owner's answer waits until other services refuse them."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from chassis.auth.principals import Role
from chassis.auth.sessions import NOTICED_WITHIN
from contracts import StaffSessionsEnded
from identity.sessions.ending import wait_until_revoked

from .identity_driver import ANOTHER_PASSWORD, PASSWORD, IdentityDriver, Login, Member

TOKENS_LIVE_AT_MOST = timedelta(minutes=62)  # the largest setting, and the leeway of those who check

Way = Callable[[IdentityDriver, Login, Member, Login], Awaitable[Any]]


async def ended_in_database(driver: IdentityDriver) -> set[UUID]:
    return {row["id"] for row in await driver.rows("SELECT id FROM sessions WHERE ended_at IS NOT NULL")}


async def disable(driver: IdentityDriver, owner: Login, member: Member, _: Login) -> None:
    await driver.change_member(member, owner, is_active=False)


async def demote(driver: IdentityDriver, owner: Login, member: Member, _: Login) -> None:
    await driver.change_member(member, owner, role="viewer")


async def give_password(driver: IdentityDriver, owner: Login, member: Member, _: Login) -> None:
    await driver.change_member(member, owner, password=ANOTHER_PASSWORD)


async def end_all(driver: IdentityDriver, owner: Login, member: Member, _: Login) -> None:
    await driver.call("DELETE", f"/staff/{member.id}/sessions", by=owner.headers)


async def log_out(driver: IdentityDriver, _: Login, __: Member, login: Login) -> None:
    await driver.call("POST", "/logout", by=login.headers)


async def end_one(driver: IdentityDriver, _: Login, __: Member, login: Login) -> None:
    sessions = (await driver.call("GET", "/me/sessions", by=login.headers)).body["items"]
    other = next(each["id"] for each in sessions if not each["is_current"])
    await driver.call("DELETE", f"/me/sessions/{other}", by=login.headers)


async def change_own_password(driver: IdentityDriver, _: Login, __: Member, login: Login) -> None:
    body = {"current_password": PASSWORD, "new_password": ANOTHER_PASSWORD}
    await driver.call("POST", "/me/password", json=body, by=login.headers)


async def use_a_refresh_token_twice(driver: IdentityDriver, _: Login, __: Member, login: Login) -> None:
    await driver.refresh(login)
    await driver.try_refresh(login.refresh_token)


WAYS = {
    disable: 2,
    demote: 2,
    give_password: 2,
    end_all: 2,
    log_out: 1,
    end_one: 1,
    change_own_password: 1,
    use_a_refresh_token_twice: 1,
}
"""Every way to end sessions of a member who has two, and how many end."""


@pytest.mark.parametrize(("way", "count"), WAYS.items(), ids=lambda value: getattr(value, "__name__", ""))
async def test_every_way_to_end_sessions_publishes_them(driver: IdentityDriver, way: Way, count: int) -> None:
    owner = await driver.log_in(await driver.add_member())
    admin = await driver.add_member(Role.ADMIN)
    login, _ = await driver.log_in(admin), await driver.log_in(admin)
    # when
    await way(driver, owner, admin, login)
    # then
    [event] = await driver.published(StaffSessionsEnded)
    ended = event.payload
    assert ended.staff_id == admin.id
    assert set(ended.session_ids) == await ended_in_database(driver)
    assert len(ended.session_ids) == count
    assert ended.until > driver.clock() + TOKENS_LIVE_AT_MOST


async def test_nothing_is_published_when_no_session_ends(driver: IdentityDriver) -> None:
    boss, admin = await driver.add_member(), await driver.add_member(Role.ADMIN)
    owner = await driver.log_in(boss)
    await driver.change_member(admin, owner, is_active=False)  # never logged in
    await driver.change_member(boss, owner, name="Ibu Sari")
    assert (await driver.call("DELETE", f"/staff/{admin.id}/sessions", by=owner.headers)).status == 204
    # and: a refused change publishes nothing
    assert (await driver.try_change_member(boss, owner, role="viewer")).code == "last_owner"
    assert await driver.rows("SELECT 1 FROM outbox") == []


async def test_identity_refuses_tokens_of_ended_sessions_on_routes_that_check_only_the_token(
    driver: IdentityDriver,
) -> None:
    owner = await driver.log_in(await driver.add_member())
    admin = await driver.add_member(Role.ADMIN)
    login = await driver.log_in(admin)
    assert (await driver.call("GET", "/dead-letters", by=login.headers)).status == 200
    await driver.change_member(admin, owner, role="viewer")
    driver.clock.advance(NOTICED_WITHIN)
    assert (await driver.call("GET", "/dead-letters", by=login.headers)).code == "session_ended"


async def seconds_of(waiting: Awaitable[None]) -> float:
    started = time.monotonic()
    await waiting
    return time.monotonic() - started


async def test_the_answer_waits_until_the_event_has_left_and_copies_in_memory_have_expired(
    driver: IdentityDriver,
) -> None:
    owner = await driver.log_in(await driver.add_member())
    admin = await driver.add_member(Role.ADMIN)
    await driver.log_in(admin)
    await driver.change_member(admin, owner, role="viewer")

    async def relay() -> None:
        await asyncio.sleep(0.3)
        await driver.forget_published()

    relaying = asyncio.create_task(relay())
    waited = await seconds_of(wait_until_revoked(driver.database, at_most=timedelta(seconds=30)))
    await relaying
    assert waited >= 0.3 + NOTICED_WITHIN.total_seconds()


async def test_while_the_broker_is_down_the_answer_comes_after_the_longest_wait(driver: IdentityDriver) -> None:
    owner = await driver.log_in(await driver.add_member())
    admin = await driver.add_member(Role.ADMIN)
    await driver.log_in(admin)
    await driver.change_member(admin, owner, is_active=False)
    assert await seconds_of(wait_until_revoked(driver.database, at_most=timedelta(seconds=0.3))) >= 0.3
    assert len(await driver.published(StaffSessionsEnded)) == 1


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": "viewer"}, {"password": ANOTHER_PASSWORD}])
async def test_changes_that_end_sessions_wait_and_a_new_name_does_not(
    driver: IdentityDriver, change: dict[str, Any]
) -> None:
    patient = driver.another_process(revocation_wait_seconds=1.5)
    owner = await driver.log_in(await driver.add_member())
    admin = await driver.add_member(Role.ADMIN)
    await driver.log_in(admin)
    assert await seconds_of(answered(patient.try_change_member(admin, owner, name="Sari"))) < 1.5
    assert await seconds_of(answered(patient.try_change_member(admin, owner, **change))) >= 1.5
    await patient.close()


async def answered(call: Awaitable[Any]) -> None:
    assert (await call).status == 200

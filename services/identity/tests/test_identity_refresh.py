"""Refresh tokens, of which every session has one unused; and the end of sessions."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from chassis.auth.principals import Role
from chassis.database import UnitOfWork
from identity.accounts.tables import StaffMember
from identity.sessions import commands
from identity.sessions.tables import RefreshToken
from identity.worker import forget
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from testkit.driver import Answer
from testkit.polling import eventually

from .identity_driver import ANOTHER_PASSWORD, ELSEWHERE, HOME, PASSWORD, WRONG_PASSWORD, IdentityDriver, Login


async def test_a_refresh_returns_a_new_pair_of_tokens(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    first = await driver.log_in(boss)
    # when
    answer = await driver.try_refresh(first.refresh_token)
    # then
    assert answer.status == 200
    assert answer.body.keys() == {"access_token", "refresh_token", "expires_in", "staff"}
    assert answer.body["refresh_token"] != first.refresh_token
    second = Login(answer.body["access_token"], answer.body["refresh_token"])
    assert (await driver.me(second)).status == 200
    assert (await driver.try_refresh(second.refresh_token)).status == 200


async def test_a_reused_token_ends_its_session_and_no_other(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    first = await driver.log_in(boss)
    other_device = await driver.log_in(boss)
    current = await driver.refresh(await driver.refresh(first))
    # when
    answer = await driver.try_refresh(first.refresh_token)
    # then
    assert (answer.status, answer.code) == (401, "refresh_reused")
    assert (await driver.try_refresh(current.refresh_token)).code == "session_ended"
    assert (await driver.me(current)).code == "session_ended"
    assert (await driver.try_refresh(first.refresh_token)).code == "refresh_reused"
    assert len(await driver.audit_log("session.refresh_reused")) == 1
    # and: other sessions of the member go on
    assert (await driver.try_refresh(other_device.refresh_token)).status == 200


async def use_in_parallel(driver: IdentityDriver, login: Login, times: int) -> Counter[Any]:
    answers = await asyncio.gather(*(driver.try_refresh(login.refresh_token) for _ in range(times)))
    return Counter(answer.body.get("code", 200) for answer in answers)


async def test_of_concurrent_uses_of_a_token_one_succeeds_and_the_session_ends(driver: IdentityDriver) -> None:
    login = await driver.log_in(await driver.add_member())
    # when
    outcome = await use_in_parallel(driver, login, 8)
    # then
    assert outcome == {200: 1, "refresh_reused": 7}
    [session] = await driver.rows("SELECT end_reason FROM sessions")
    assert session["end_reason"] == "refresh_reused"
    assert len(await driver.audit_log("session.refresh_reused")) == 1


async def test_without_the_conditional_update_all_concurrent_uses_succeed(
    driver: IdentityDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control of the test above: the token is read first, and marked as used later."""
    login = await driver.log_in(await driver.add_member())
    all_have_read = asyncio.Barrier(4)

    async def read_then_mark(work: UnitOfWork, digest: str) -> bool:
        mine = RefreshToken.token_hash == digest
        used_at = await work.session.scalar(select(RefreshToken.used_at).where(mine))
        await all_have_read.wait()
        await work.session.execute(update(RefreshToken).where(mine).values(used_at=work.now))
        return used_at is None

    async def same_token(work: UnitOfWork, session_id: Any) -> str:
        return "a-token"

    monkeypatch.setattr(commands, "_consume", read_then_mark)
    monkeypatch.setattr(commands, "_new_refresh_token", same_token)  # the unique index would refuse it, too
    assert await use_in_parallel(driver, login, 4) == {200: 4}


async def test_the_database_itself_refuses_a_second_unused_token(driver: IdentityDriver) -> None:
    await driver.log_in(await driver.add_member())
    [session] = await driver.rows("SELECT id FROM sessions")
    with pytest.raises(IntegrityError, match="uq_refresh_tokens_unused"):
        async with driver.database.work() as work:
            await commands._new_refresh_token(work, session["id"])


async def test_an_idle_session_expires(driver: IdentityDriver) -> None:
    login = await driver.log_in(await driver.add_member())
    for _ in range(3):
        driver.clock.advance(timedelta(hours=11, minutes=59))
        login = await driver.refresh(login)
    # when
    driver.clock.advance(timedelta(hours=12, seconds=1))
    # then
    assert (await driver.try_refresh(login.refresh_token)).code == "session_ended"


async def test_a_busy_session_expires_after_a_week(driver: IdentityDriver) -> None:
    login = await driver.log_in(await driver.add_member())
    for _ in range(16):
        driver.clock.advance(timedelta(hours=10))
        login = await driver.refresh(login)
    # when
    driver.clock.advance(timedelta(hours=8, seconds=1))
    # then
    assert (await driver.try_refresh(login.refresh_token)).code == "session_ended"


async def test_an_unknown_refresh_token_is_refused(driver: IdentityDriver) -> None:
    for token in ("nonsense", "x" * 43, "ünï", "a\x00b"):
        answer = await driver.try_refresh(token)
        assert (answer.status, answer.code) == (401, "invalid_refresh_token")


async def test_changes_of_role_password_and_activity_end_all_sessions(driver: IdentityDriver) -> None:
    boss, admin = await driver.add_member(), await driver.add_member(Role.ADMIN)
    owner = await driver.log_in(boss)
    ending: dict[str, dict[str, Any]] = {
        "role_changed": {"role": "viewer"},
        "password_changed": {"password": ANOTHER_PASSWORD},
        "disabled": {"is_active": False},
    }
    password = PASSWORD
    for reason, changes in ending.items():
        phone, laptop = await driver.log_in(admin, password=password), await driver.log_in(admin, password=password)
        # when
        await driver.change_member(admin, owner, **changes)
        # then
        for login in (phone, laptop):
            assert (await driver.try_refresh(login.refresh_token)).code == "session_ended"
            assert (await driver.me(login)).status == 401
        ended = await driver.rows("SELECT 1 FROM sessions WHERE end_reason = :reason", reason=reason)
        assert len(ended) == 2
        password = changes.get("password", password)
    assert (await driver.me(owner)).status == 200


async def test_other_changes_end_no_session(driver: IdentityDriver) -> None:
    boss, admin = await driver.add_member(), await driver.add_member(Role.ADMIN)
    owner, login = await driver.log_in(boss), await driver.log_in(admin)
    for changes in ({"name": "Sari"}, {"role": "admin"}, {"is_active": True}):
        await driver.change_member(admin, owner, **changes)
        login = await driver.refresh(login)


Read = Callable[[UnitOfWork, UUID], Awaitable[StaffMember | None]]


async def disable_during_login(driver: IdentityDriver, monkeypatch: pytest.MonkeyPatch, read: Read) -> int:
    """Disable a member right after their login has read them; return how many sessions they have then."""
    boss, admin = await driver.add_member(), await driver.add_member(Role.ADMIN)
    owner = await driver.log_in(boss)
    disabling: list[asyncio.Task[Answer]] = []

    async def disabled_or_waiting() -> bool:
        waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        return disabling[0].done() or bool(await driver.rows(waiting))

    async def read_and_be_late(work: UnitOfWork, staff_id: UUID) -> StaffMember | None:
        found = await read(work, staff_id)
        disabling.append(asyncio.create_task(driver.try_change_member(admin, owner, is_active=False)))
        await eventually(disabled_or_waiting)
        return found

    monkeypatch.setattr(commands, "_lock_active", read_and_be_late)
    await driver.log_in(admin)
    assert (await disabling[0]).status == 200
    return len(await driver.rows("SELECT 1 FROM sessions WHERE staff_id = :id AND ended_at IS NULL", id=admin.id))


async def test_a_member_disabled_during_their_login_has_no_session(
    driver: IdentityDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await disable_during_login(driver, monkeypatch, commands._lock_active) == 0


async def test_without_the_share_lock_a_member_disabled_during_their_login_has_a_session(
    driver: IdentityDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control of the test above."""

    async def read_only(work: UnitOfWork, staff_id: UUID) -> StaffMember | None:
        return await work.session.get(StaffMember, staff_id)

    assert await disable_during_login(driver, monkeypatch, read_only) == 1


async def test_members_list_and_end_their_own_sessions(driver: IdentityDriver) -> None:
    boss, admin = await driver.add_member(), await driver.add_member(Role.ADMIN)
    phone = await driver.log_in(boss, source=ELSEWHERE)
    driver.clock.advance(timedelta(seconds=1))
    laptop = await driver.log_in(boss, source=HOME)
    other = await driver.log_in(admin)
    # when
    listed = (await driver.call("GET", "/me/sessions", by=laptop.headers)).body["items"]
    # then
    assert [(each["source"], each["is_current"]) for each in listed] == [(HOME, True), (ELSEWHERE, False)]
    # when
    lost = listed[1]["id"]
    assert (await driver.call("DELETE", f"/me/sessions/{lost}", by=other.headers)).code == "unknown_session"
    assert (await driver.call("DELETE", f"/me/sessions/{lost}", by=laptop.headers)).status == 204
    # then
    assert (await driver.me(phone)).code == "session_ended"
    assert len((await driver.call("GET", "/me/sessions", by=laptop.headers)).body["items"]) == 1

    # and ending it again changes nothing
    assert (await driver.call("DELETE", f"/me/sessions/{lost}", by=laptop.headers)).status == 204
    assert (await driver.call("DELETE", f"/me/sessions/{lost}", by=other.headers)).code == "unknown_session"
    assert len(await driver.audit_log("session.revoke")) == 1


async def test_an_owner_ends_all_sessions_of_a_member(driver: IdentityDriver) -> None:
    boss, admin = await driver.add_member(), await driver.add_member(Role.ADMIN)
    owner, phone, laptop = await driver.log_in(boss), await driver.log_in(admin), await driver.log_in(admin)
    # when
    assert (await driver.call("DELETE", f"/staff/{admin.id}/sessions", by=owner.headers)).status == 204
    # then
    assert (await driver.me(phone)).code == (await driver.me(laptop)).code == "session_ended"
    [entry] = await driver.audit_log("staff.end_sessions")
    assert (entry["subject"], entry["details"]) == (f"staff:{admin.id}", {"sessions": 2})


async def test_a_change_of_the_own_password_ends_all_other_sessions(driver: IdentityDriver) -> None:
    viewer = await driver.add_member(Role.VIEWER)
    here, elsewhere = await driver.log_in(viewer), await driver.log_in(viewer)
    body = {"current_password": PASSWORD, "new_password": ANOTHER_PASSWORD}
    # when
    answer = await driver.call("POST", "/me/password", json=body, by=here.headers)
    # then
    assert answer.status == 204
    assert (await driver.me(here)).status == 200
    assert (await driver.me(elsewhere)).code == "session_ended"
    assert (await driver.try_log_in(viewer.email, PASSWORD)).status == 401
    assert (await driver.try_log_in(viewer.email, ANOTHER_PASSWORD)).status == 200


async def test_guessing_the_current_password_is_throttled_like_a_login(driver: IdentityDriver) -> None:
    viewer = await driver.add_member(Role.VIEWER)
    login = await driver.log_in(viewer)
    body = {"current_password": WRONG_PASSWORD, "new_password": ANOTHER_PASSWORD}
    for _ in range(5):
        answer = await driver.call("POST", "/me/password", json=body, by=login.headers)
        assert (answer.status, answer.wrong_fields) == (422, ["current_password"])
    # then
    assert (await driver.call("POST", "/me/password", json=body, by=login.headers)).code == "too_many_attempts"
    assert len(await driver.audit_log("staff.password_failed")) == 5


async def test_old_sessions_tokens_and_throttles_are_deleted(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    await driver.log_in(boss)
    await driver.try_log_in("nobody@example.com", WRONG_PASSWORD)
    driver.clock.advance(timedelta(days=38))
    await driver.log_in(boss)
    # when
    await forget(driver.database)
    # then
    assert len(await driver.rows("SELECT 1 FROM sessions")) == 1
    assert len(await driver.rows("SELECT 1 FROM refresh_tokens")) == 1
    assert len(await driver.rows("SELECT 1 FROM login_throttles WHERE attempts > 0")) == 0

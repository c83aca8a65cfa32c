"""Staying logged in: a chain of refresh tokens that never forks."""

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
from testkit.polling import eventually

from .identity_world import ANOTHER_PASSWORD, ELSEWHERE, HOME, PASSWORD, WRONG, Login, Office, Reply


async def test_a_refresh_gives_a_new_pair_with_the_role_of_now(office: Office) -> None:
    boss = await office.hire()
    first = await office.login(boss)
    # when
    reply = await office.refresh(first.refresh_token)
    # then
    assert reply.status == 200
    assert reply.body.keys() == {"access_token", "refresh_token", "expires_in", "staff"}
    assert reply.body["refresh_token"] != first.refresh_token
    second = Login(reply.body["access_token"], reply.body["refresh_token"])
    assert (await office.me(second)).status == 200
    assert (await office.refresh(second.refresh_token)).status == 200


async def test_a_reused_token_ends_the_whole_family(office: Office) -> None:
    boss = await office.hire()
    stolen = await office.login(boss)
    other_device = await office.login(boss)
    current = await office.refreshed(await office.refreshed(stolen))
    # when
    reply = await office.refresh(stolen.refresh_token)
    # then
    assert (reply.status, reply.code) == (401, "refresh_reused")
    assert (await office.refresh(current.refresh_token)).code == "session_ended"
    assert (await office.me(current)).code == "session_ended"
    assert (await office.refresh(stolen.refresh_token)).code == "refresh_reused"
    assert len(await office.audited("session.refresh_reused")) == 1
    # and: other logins of the same person go on
    assert (await office.refresh(other_device.refresh_token)).status == 200


async def use_in_parallel(office: Office, login: Login, times: int) -> Counter[Any]:
    replies = await asyncio.gather(*(office.refresh(login.refresh_token) for _ in range(times)))
    return Counter(reply.body.get("code", 200) for reply in replies)


async def test_of_two_uses_at_the_same_instant_one_wins_and_the_session_ends(office: Office) -> None:
    login = await office.login(await office.hire())
    # when
    outcome = await use_in_parallel(office, login, 8)
    # then
    assert outcome == {200: 1, "refresh_reused": 7}
    [session] = await office.rows("SELECT end_reason FROM sessions")
    assert session.end_reason == "refresh_reused"
    assert len(await office.audited("session.refresh_reused")) == 1


async def test_without_the_conditional_update_a_token_would_be_good_twice(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control of the test above: whether the token is used is looked up first, and marked later."""
    login = await office.login(await office.hire())
    everybody_has_looked = asyncio.Barrier(4)

    async def look_then_mark(work: UnitOfWork, digest: str) -> bool:
        mine = RefreshToken.token_hash == digest
        used_at = await work.session.scalar(select(RefreshToken.used_at).where(mine))
        await everybody_has_looked.wait()
        await work.session.execute(update(RefreshToken).where(mine).values(used_at=work.now))
        return used_at is None

    async def anyhow(work: UnitOfWork, session_id: Any) -> str:
        return "a-token"

    monkeypatch.setattr(commands, "_consume", look_then_mark)
    monkeypatch.setattr(commands, "_new_refresh_token", anyhow)  # the unique index would stop the fork, too
    assert await use_in_parallel(office, login, 4) == {200: 4}


async def test_the_database_itself_refuses_a_second_unused_token(office: Office) -> None:
    await office.login(await office.hire())
    [session] = await office.rows("SELECT id FROM sessions")
    with pytest.raises(IntegrityError, match="uq_refresh_tokens_unused"):
        async with office.database.work() as work:
            await commands._new_refresh_token(work, session.id)


async def test_an_idle_session_is_over(office: Office) -> None:
    login = await office.login(await office.hire())
    for _ in range(3):
        office.clock.advance(timedelta(hours=11, minutes=59))
        login = await office.refreshed(login)
    # when
    office.clock.advance(timedelta(hours=12, seconds=1))
    # then
    assert (await office.refresh(login.refresh_token)).code == "session_ended"


async def test_a_busy_session_is_over_after_a_week(office: Office) -> None:
    login = await office.login(await office.hire())
    for _ in range(16):
        office.clock.advance(timedelta(hours=10))
        login = await office.refreshed(login)
    # when
    office.clock.advance(timedelta(hours=8, seconds=1))
    # then
    assert (await office.refresh(login.refresh_token)).code == "session_ended"


async def test_a_made_up_token_is_refused(office: Office) -> None:
    for token in ("nonsense", "x" * 43, "ünï", "a\x00b"):
        reply = await office.refresh(token)
        assert (reply.status, reply.code) == (401, "invalid_refresh_token")


async def test_what_takes_trust_away_ends_all_sessions_at_once(office: Office) -> None:
    boss, admin = await office.hire(), await office.hire(Role.ADMIN)
    owner = await office.login(boss)
    trust_lost: dict[str, dict[str, Any]] = {
        "role_changed": {"role": "viewer"},
        "password_changed": {"password": ANOTHER_PASSWORD},
        "disabled": {"is_active": False},
    }
    password = PASSWORD
    for reason, changes in trust_lost.items():
        phone, desk = await office.login(admin, password=password), await office.login(admin, password=password)
        # when
        assert (await office.change(admin, owner, **changes)).status == 200
        # then
        for login in (phone, desk):
            assert (await office.refresh(login.refresh_token)).code == "session_ended"
            assert (await office.me(login)).status == 401
        ended = await office.rows("SELECT 1 FROM sessions WHERE end_reason = :reason", reason=reason)
        assert len(ended) == 2
        password = changes.get("password", password)
    assert (await office.me(owner)).status == 200


async def test_what_changes_nothing_about_trust_ends_none(office: Office) -> None:
    boss, admin = await office.hire(), await office.hire(Role.ADMIN)
    owner, login = await office.login(boss), await office.login(admin)
    for changes in ({"name": "Sari"}, {"role": "admin"}, {"is_active": True}):
        assert (await office.change(admin, owner, **changes)).status == 200
        login = await office.refreshed(login)


Look = Callable[[UnitOfWork, UUID], Awaitable[StaffMember | None]]


async def disable_during_login(office: Office, monkeypatch: pytest.MonkeyPatch, look: Look) -> int:
    """Disable a member right after their login looked at them; returns how many sessions they are left with."""
    boss, admin = await office.hire(), await office.hire(Role.ADMIN)
    owner = await office.login(boss)
    disabling: list[asyncio.Task[Reply]] = []

    async def disabled_or_waiting() -> bool:
        waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        return disabling[0].done() or bool(await office.rows(waiting))

    async def look_and_be_late(work: UnitOfWork, staff_id: UUID) -> StaffMember | None:
        found = await look(work, staff_id)
        disabling.append(asyncio.create_task(office.change(admin, owner, is_active=False)))
        await eventually(disabled_or_waiting)
        return found

    monkeypatch.setattr(commands, "_lock_active", look_and_be_late)
    await office.login(admin)
    assert (await disabling[0]).status == 200
    return len(await office.rows("SELECT 1 FROM sessions WHERE staff_id = :id AND ended_at IS NULL", id=admin.id))


async def test_a_member_disabled_during_their_login_is_left_with_no_session(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await disable_during_login(office, monkeypatch, commands._lock_active) == 0


async def test_without_the_share_lock_they_would_keep_one(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control of the test above."""

    async def look_only(work: UnitOfWork, staff_id: UUID) -> StaffMember | None:
        return await work.session.get(StaffMember, staff_id)

    assert await disable_during_login(office, monkeypatch, look_only) == 1


async def test_i_see_and_end_my_own_sessions(office: Office) -> None:
    boss, admin = await office.hire(), await office.hire(Role.ADMIN)
    phone = await office.login(boss, source=ELSEWHERE)
    office.clock.advance(timedelta(seconds=1))
    desk = await office.login(boss, source=HOME)
    strangers = await office.login(admin)
    # when
    listed = (await office.call("GET", "/me/sessions", by=desk)).body["items"]
    # then
    assert [(each["source"], each["is_current"]) for each in listed] == [(HOME, True), (ELSEWHERE, False)]
    # when
    lost = listed[1]["id"]
    assert (await office.call("DELETE", f"/me/sessions/{lost}", by=strangers)).code == "unknown_session"
    assert (await office.call("DELETE", f"/me/sessions/{lost}", by=desk)).status == 204
    # then
    assert (await office.me(phone)).code == "session_ended"
    assert len((await office.call("GET", "/me/sessions", by=desk)).body["items"]) == 1
    assert (await office.call("DELETE", f"/me/sessions/{lost}", by=desk)).code == "unknown_session"


async def test_an_owner_logs_somebody_out_everywhere(office: Office) -> None:
    boss, admin = await office.hire(), await office.hire(Role.ADMIN)
    owner, phone, desk = await office.login(boss), await office.login(admin), await office.login(admin)
    # when
    assert (await office.call("DELETE", f"/staff/{admin.id}/sessions", by=owner)).status == 204
    # then
    assert (await office.me(phone)).code == (await office.me(desk)).code == "session_ended"
    [entry] = await office.audited("staff.end_sessions")
    assert (entry.subject, entry.details) == (f"staff:{admin.id}", {"sessions": 2})


async def test_i_change_my_own_password_and_stay_where_i_am(office: Office) -> None:
    viewer = await office.hire(Role.VIEWER)
    here, elsewhere = await office.login(viewer), await office.login(viewer)
    body = {"current_password": PASSWORD, "new_password": ANOTHER_PASSWORD}
    # when
    reply = await office.call("POST", "/me/password", body, by=here)
    # then
    assert reply.status == 204
    assert (await office.me(here)).status == 200
    assert (await office.me(elsewhere)).code == "session_ended"
    assert (await office.try_login(viewer.email, PASSWORD)).status == 401
    assert (await office.try_login(viewer.email, ANOTHER_PASSWORD)).status == 200


async def test_guessing_the_current_password_is_throttled_like_a_login(office: Office) -> None:
    viewer = await office.hire(Role.VIEWER)
    login = await office.login(viewer)
    body = {"current_password": WRONG, "new_password": ANOTHER_PASSWORD}
    for _ in range(5):
        reply = await office.call("POST", "/me/password", body, by=login)
        assert (reply.status, reply.fields) == (422, ["current_password"])
    # then
    assert (await office.call("POST", "/me/password", body, by=login)).code == "too_many_attempts"
    assert len(await office.audited("staff.password_failed")) == 5


async def test_what_is_long_over_is_forgotten(office: Office) -> None:
    boss = await office.hire()
    await office.login(boss)
    await office.try_login("nobody@example.com", WRONG)
    office.clock.advance(timedelta(days=38))
    await office.login(boss)
    # when
    await forget(office.database)
    # then
    assert len(await office.rows("SELECT 1 FROM sessions")) == 1
    assert len(await office.rows("SELECT 1 FROM refresh_tokens")) == 1
    assert len(await office.rows("SELECT 1 FROM login_throttles WHERE attempts > 0")) == 0

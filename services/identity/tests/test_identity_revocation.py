"""Whatever ends a session tells the other services with the same commit, and an owner's answer waits for them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from chassis.auth.principals import Role
from chassis.auth.sessions import NOTICED_WITHIN
from contracts import StaffSessionsEnded, parse
from identity.sessions.ending import wait_until_revoked
from sqlalchemy import text

from .identity_world import ANOTHER_PASSWORD, PASSWORD, Colleague, Login, Office

TOKENS_LIVE_AT_MOST = timedelta(minutes=62)  # the largest setting, and the leeway of those who check

Way = Callable[[Office, Login, Colleague, Login], Awaitable[Any]]


async def announced(office: Office) -> Sequence[StaffSessionsEnded]:
    """What waits for the relay."""
    bodies = await office.rows("SELECT payload FROM outbox ORDER BY id")
    return [parse(row.payload).payload for row in bodies]


async def ended_in_database(office: Office) -> set[UUID]:
    return {row.id for row in await office.rows("SELECT id FROM sessions WHERE ended_at IS NOT NULL")}


async def disable(office: Office, owner: Login, who: Colleague, _: Login) -> None:
    await office.change(who, owner, is_active=False)


async def demote(office: Office, owner: Login, who: Colleague, _: Login) -> None:
    await office.change(who, owner, role="viewer")


async def give_password(office: Office, owner: Login, who: Colleague, _: Login) -> None:
    await office.change(who, owner, password=ANOTHER_PASSWORD)


async def end_all(office: Office, owner: Login, who: Colleague, _: Login) -> None:
    await office.call("DELETE", f"/staff/{who.id}/sessions", by=owner)


async def log_out(office: Office, _: Login, __: Colleague, login: Login) -> None:
    await office.call("POST", "/logout", by=login)


async def end_one(office: Office, _: Login, __: Colleague, login: Login) -> None:
    sessions = (await office.call("GET", "/me/sessions", by=login)).body["items"]
    other = next(each["id"] for each in sessions if not each["is_current"])
    await office.call("DELETE", f"/me/sessions/{other}", by=login)


async def change_own_password(office: Office, _: Login, __: Colleague, login: Login) -> None:
    body = {"current_password": PASSWORD, "new_password": ANOTHER_PASSWORD}
    await office.call("POST", "/me/password", body, by=login)


async def use_a_refresh_token_twice(office: Office, _: Login, __: Colleague, login: Login) -> None:
    await office.refreshed(login)
    await office.refresh(login.refresh_token)


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
"""Every way to end sessions of somebody with two, and how many end."""


@pytest.mark.parametrize(("way", "count"), WAYS.items(), ids=lambda value: getattr(value, "__name__", ""))
async def test_whatever_ends_sessions_tells_which(office: Office, way: Way, count: int) -> None:
    owner = await office.login(await office.hire())
    admin = await office.hire(Role.ADMIN)
    login, _ = await office.login(admin), await office.login(admin)
    # when
    await way(office, owner, admin, login)
    # then
    [told] = await announced(office)
    assert told.staff_id == admin.id
    assert set(told.session_ids) == await ended_in_database(office)
    assert len(told.session_ids) == count
    assert told.until > office.clock() + TOKENS_LIVE_AT_MOST


async def test_what_ends_no_session_tells_nothing(office: Office) -> None:
    boss, admin = await office.hire(), await office.hire(Role.ADMIN)
    owner = await office.login(boss)
    assert (await office.change(admin, owner, is_active=False)).status == 200  # never logged in
    assert (await office.change(boss, owner, name="Ibu Sari")).status == 200
    assert (await office.call("DELETE", f"/staff/{admin.id}/sessions", by=owner)).status == 204
    # and: what is refused is undone with all it would have told
    assert (await office.change(boss, owner, role="viewer")).code == "last_owner"
    assert not await announced(office)


async def test_identity_refuses_such_tokens_by_itself_where_only_the_token_is_asked(office: Office) -> None:
    owner = await office.login(await office.hire())
    admin = await office.hire(Role.ADMIN)
    login = await office.login(admin)
    assert (await office.call("GET", "/dead-letters", by=login)).status == 200
    await office.change(admin, owner, role="viewer")
    office.clock.advance(NOTICED_WITHIN)
    assert (await office.call("GET", "/dead-letters", by=login)).code == "session_ended"


async def took(waiting: Awaitable[None]) -> float:
    begun = time.monotonic()
    await waiting
    return time.monotonic() - begun


async def test_the_answer_waits_until_the_event_has_left_and_copies_in_memory_are_too_old(office: Office) -> None:
    owner = await office.login(await office.hire())
    admin = await office.hire(Role.ADMIN)
    await office.login(admin)
    await office.change(admin, owner, role="viewer")

    async def relay() -> None:
        await asyncio.sleep(0.3)
        async with office.database.work() as work:
            await work.session.execute(text("DELETE FROM outbox"))

    relaying = asyncio.create_task(relay())
    waited = await took(wait_until_revoked(office.database, at_most=timedelta(seconds=30)))
    await relaying
    assert waited >= 0.3 + NOTICED_WITHIN.total_seconds()


async def test_while_the_broker_is_down_the_answer_comes_all_the_same(office: Office) -> None:
    owner = await office.login(await office.hire())
    admin = await office.hire(Role.ADMIN)
    await office.login(admin)
    await office.change(admin, owner, is_active=False)
    assert await took(wait_until_revoked(office.database, at_most=timedelta(seconds=0.3))) >= 0.3
    assert len(await announced(office)) == 1


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": "viewer"}, {"password": ANOTHER_PASSWORD}])
async def test_taking_rights_away_waits_and_a_new_name_does_not(office: Office, change: dict[str, Any]) -> None:
    patient = office.another_process(revocation_wait_seconds=1.5)
    owner = await office.login(await office.hire())
    admin = await office.hire(Role.ADMIN)
    await office.login(admin)
    assert await took(answered(patient.change(admin, owner, name="Sari"))) < 1.5
    assert await took(answered(patient.change(admin, owner, **change))) >= 1.5
    await patient.close()


async def answered(call: Awaitable[Any]) -> None:
    assert (await call).status == 200

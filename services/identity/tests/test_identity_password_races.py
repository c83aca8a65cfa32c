"""What changes while a password is hashed decides: a stolen session or password stores nothing after it was ended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from chassis.auth.principals import Role
from identity.staff.commands import Changes, change_staff, set_password

from .identity_world import ANOTHER_PASSWORD, ELSEWHERE, PASSWORD, Colleague, Login, Office, Reply

THIEFS = "gerobak bakso di tikungan"
NEWCOMER = {"name": "Orang Dalam", "email": "inside@example.com", "role": "owner", "password": THIEFS}
OWN_CHANGE = {"current_password": PASSWORD, "new_password": THIEFS}


@asynccontextmanager
async def while_hashing(office: Office, calling: str, path: str, body: object, by: Login) -> AsyncIterator[list[Reply]]:
    """A call whose new hash is ready when the block ends; its reply is in the list then."""
    replies: list[Reply] = []
    hashing, ready = asyncio.Event(), asyncio.Event()
    hash_now = office.passwords.hash

    async def slow(password: str) -> str:
        office.passwords.hash = hash_now  # type: ignore[method-assign]
        hashing.set()
        await ready.wait()
        return await hash_now(password)

    office.passwords.hash = slow  # type: ignore[method-assign]
    call = asyncio.create_task(office.call(calling, path, body, by=by, source=ELSEWHERE))
    await asyncio.wait_for(hashing.wait(), 10)
    yield replies
    ready.set()
    replies.append(await call)


def changing_own(office: Office, by: Login) -> AbstractAsyncContextManager[list[Reply]]:
    """A member, or who has their password, replaces it."""
    return while_hashing(office, "POST", "/me/password", OWN_CHANGE, by)


async def stolen(office: Office, role: Role = Role.FINANCE) -> tuple[Colleague, Login, Login]:
    """A member whose password a thief logged in with: the member, an owner's session, the thief's."""
    owner = await office.login(await office.hire(name="Boss", email="boss@example.com"))
    member = await office.hire(role, email="member@example.com")
    return member, owner, await office.login(member, source=ELSEWHERE)


async def passwords_of(office: Office, member: Colleague, *candidates: str) -> list[int]:
    return [(await office.try_login(member.email, each)).status for each in candidates]


async def test_a_reset_by_the_owner_outlives_a_change_that_began_before_it(office: Office) -> None:
    member, owner, thief = await stolen(office)
    # when
    async with changing_own(office, thief) as replies:
        assert (await office.change(member, owner, password=ANOTHER_PASSWORD)).status == 200
    # then
    assert (replies[0].status, replies[0].code) == (401, "session_ended")
    assert await passwords_of(office, member, ANOTHER_PASSWORD, THIEFS, PASSWORD) == [200, 401, 401]


async def test_a_change_that_lands_during_the_owners_reset_is_undone_by_it(office: Office) -> None:
    member, owner, thief = await stolen(office)
    body = {"password": ANOTHER_PASSWORD}
    async with while_hashing(office, "PATCH", f"/staff/{member.id}", body, owner) as replies:
        assert (await office.call("POST", "/me/password", OWN_CHANGE, by=thief)).status == 204
    assert replies[0].status == 200
    assert await passwords_of(office, member, ANOTHER_PASSWORD, THIEFS) == [200, 401]
    assert (await office.me(thief)).code == "session_ended"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/staff/{id}", {"is_active": False}),
        ("PATCH", "/staff/{id}", {"role": "viewer"}),
        ("DELETE", "/staff/{id}/sessions", None),
    ],
    ids=["disabled", "another_role", "logged_out_everywhere"],
)
async def test_nothing_is_stored_for_a_session_that_ended_meanwhile(
    office: Office, method: str, path: str, body: object
) -> None:
    member, owner, thief = await stolen(office)
    async with changing_own(office, thief) as replies:
        await office.call(method, path.format(id=member.id), body, by=owner)
    assert (replies[0].status, replies[0].code) == (401, "session_ended")
    await office.change(member, owner, is_active=True)
    assert await passwords_of(office, member, PASSWORD, THIEFS) == [200, 401]


async def test_of_two_changes_in_one_session_the_second_needs_the_password_of_the_first(office: Office) -> None:
    member, _, login = await stolen(office)
    async with changing_own(office, login) as replies:
        first = {"current_password": PASSWORD, "new_password": ANOTHER_PASSWORD}
        assert (await office.call("POST", "/me/password", first, by=login)).status == 204
    assert (replies[0].status, replies[0].fields) == (422, ["current_password"])
    assert await passwords_of(office, member, ANOTHER_PASSWORD, THIEFS) == [200, 401]
    assert len(await office.audited("staff.password_failed")) == 1


async def test_a_reset_by_the_operator_outlives_a_change_that_began_before_it(office: Office) -> None:
    member, _, thief = await stolen(office)
    async with changing_own(office, thief):
        await set_password(office.database, member.email, ANOTHER_PASSWORD, by="operator", passwords=office.passwords)
    assert await passwords_of(office, member, ANOTHER_PASSWORD, THIEFS) == [200, 401]


@pytest.mark.parametrize("body", [{"password": THIEFS}, {"role": "owner"}], ids=["password", "role"])
async def test_an_owner_whose_session_ended_while_hashing_changes_nobody(office: Office, body: dict[str, str]) -> None:
    _, owner, thief = await stolen(office, Role.OWNER)
    victim = await office.hire(Role.VIEWER)
    change = {"password": THIEFS, **body}
    async with while_hashing(office, "PATCH", f"/staff/{victim.id}", change, thief) as replies:
        await office.call("DELETE", f"/staff/{(await office.me(thief)).body['id']}/sessions", by=owner)
    assert (replies[0].status, replies[0].code) == (401, "session_ended")
    assert (await office.try_login(victim.email)).body["staff"]["role"] == "viewer"
    assert await passwords_of(office, victim, THIEFS) == [401]


async def test_an_owner_who_was_disabled_while_hashing_takes_nobody_on(office: Office) -> None:
    member, owner, thief = await stolen(office, Role.OWNER)
    async with while_hashing(office, "POST", "/staff", NEWCOMER, thief) as replies:
        assert (await office.change(member, owner, is_active=False)).status == 200
    assert (replies[0].status, replies[0].code) == (401, "session_ended")
    assert (await office.try_login(NEWCOMER["email"], THIEFS)).status == 401


async def test_without_asking_again_the_late_change_would_win(office: Office) -> None:
    """The negative control: the same order of events, stored without the two questions."""
    member, owner, _ = await stolen(office)
    late = await office.passwords.hash(THIEFS)
    await office.change(member, owner, password=ANOTHER_PASSWORD)

    async def hashed_before(_: str) -> str:
        return late

    office.passwords.hash = hashed_before  # type: ignore[assignment, method-assign]
    await change_staff(office.database, office.passwords, member.id, Changes(password=THIEFS), by="x")
    assert await passwords_of(office, member, THIEFS) == [200]


async def test_a_password_that_was_stored_is_not_denied_when_the_database_goes_right_after(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    member, _, login = await stolen(office)

    async def gone(*_: object) -> None:
        raise ConnectionRefusedError

    with monkeypatch.context() as patched:
        patched.setattr("identity.staff.own_password.reset_attempts", gone)
        reply = await office.call("POST", "/me/password", OWN_CHANGE, by=login)
    assert (reply.status, reply.code) == (503, "outcome_unknown")
    assert await passwords_of(office, member, THIEFS, PASSWORD) == [200, 401]


async def test_a_refresh_token_that_was_used_up_is_not_denied_when_the_database_goes_right_after(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, login = await stolen(office)

    async def gone(*_: object) -> None:
        raise ConnectionRefusedError

    with monkeypatch.context() as patched:
        patched.setattr(office.app.state.sessions._keys, "current", gone)
        reply = await office.refresh(login.refresh_token)
    assert (reply.status, reply.code) == (503, "outcome_unknown")

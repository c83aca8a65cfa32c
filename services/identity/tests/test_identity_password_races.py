"""Changes while a password is hashed: an ended session or a replaced password stores nothing any more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from chassis.auth.principals import Role
from identity.staff.commands import Changes, change_staff, set_password
from testkit.driver import Answer

from .identity_driver import ANOTHER_PASSWORD, ELSEWHERE, PASSWORD, IdentityDriver, Login, Member

THIEFS = "gerobak bakso di tikungan"
NEWCOMER = {"name": "Orang Dalam", "email": "inside@example.com", "role": "owner", "password": THIEFS}
OWN_CHANGE = {"current_password": PASSWORD, "new_password": THIEFS}


@asynccontextmanager
async def while_hashing(
    driver: IdentityDriver, method: str, path: str, body: object, by: Login
) -> AsyncIterator[list[Answer]]:
    """Make a call whose new hash is ready when the block ends; its answer is in the list then."""
    answers: list[Answer] = []
    hashing, ready = asyncio.Event(), asyncio.Event()
    hash_now = driver.passwords.hash

    async def slow(password: str) -> str:
        driver.passwords.hash = hash_now  # type: ignore[method-assign]
        hashing.set()
        await ready.wait()
        return await hash_now(password)

    driver.passwords.hash = slow  # type: ignore[method-assign]
    call = asyncio.create_task(driver.call(method, path, json=body, by=by.headers, source=ELSEWHERE))
    await asyncio.wait_for(hashing.wait(), 10)
    yield answers
    ready.set()
    answers.append(await call)


def changing_own(driver: IdentityDriver, by: Login) -> AbstractAsyncContextManager[list[Answer]]:
    """Replace the password of the caller while the block runs."""
    return while_hashing(driver, "POST", "/me/password", OWN_CHANGE, by)


async def stolen(driver: IdentityDriver, role: Role = Role.FINANCE) -> tuple[Member, Login, Login]:
    """Return a member whose password a thief logged in with, an owner's session, and the thief's."""
    owner = await driver.log_in(await driver.add_member(name="Boss", email="boss@example.com"))
    member = await driver.add_member(role, email="member@example.com")
    return member, owner, await driver.log_in(member, source=ELSEWHERE)


async def passwords_of(driver: IdentityDriver, member: Member, *candidates: str) -> list[int]:
    return [(await driver.try_log_in(member.email, each)).status for each in candidates]


async def test_a_reset_by_the_owner_wins_over_a_change_that_began_before_it(driver: IdentityDriver) -> None:
    member, owner, thief = await stolen(driver)
    # when
    async with changing_own(driver, thief) as answers:
        await driver.change_member(member, owner, password=ANOTHER_PASSWORD)
    # then
    assert (answers[0].status, answers[0].code) == (401, "session_ended")
    assert await passwords_of(driver, member, ANOTHER_PASSWORD, THIEFS, PASSWORD) == [200, 401, 401]


async def test_a_reset_by_the_owner_wins_over_a_change_stored_during_it(driver: IdentityDriver) -> None:
    member, owner, thief = await stolen(driver)
    body = {"password": ANOTHER_PASSWORD}
    async with while_hashing(driver, "PATCH", f"/staff/{member.id}", body, owner) as answers:
        assert (await driver.call("POST", "/me/password", json=OWN_CHANGE, by=thief.headers)).status == 204
    assert answers[0].status == 200
    assert await passwords_of(driver, member, ANOTHER_PASSWORD, THIEFS) == [200, 401]
    assert (await driver.me(thief)).code == "session_ended"


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
    driver: IdentityDriver, method: str, path: str, body: object
) -> None:
    member, owner, thief = await stolen(driver)
    async with changing_own(driver, thief) as answers:
        await driver.call(method, path.format(id=member.id), json=body, by=owner.headers)
    assert (answers[0].status, answers[0].code) == (401, "session_ended")
    await driver.change_member(member, owner, is_active=True)
    assert await passwords_of(driver, member, PASSWORD, THIEFS) == [200, 401]


async def test_of_two_changes_in_one_session_the_second_needs_the_password_of_the_first(driver: IdentityDriver) -> None:
    member, _, login = await stolen(driver)
    async with changing_own(driver, login) as answers:
        first = {"current_password": PASSWORD, "new_password": ANOTHER_PASSWORD}
        assert (await driver.call("POST", "/me/password", json=first, by=login.headers)).status == 204
    assert (answers[0].status, answers[0].wrong_fields) == (422, ["current_password"])
    assert await passwords_of(driver, member, ANOTHER_PASSWORD, THIEFS) == [200, 401]
    assert len(await driver.audit_log("staff.password_failed")) == 1


async def test_a_reset_by_the_operator_wins_over_a_change_that_began_before_it(driver: IdentityDriver) -> None:
    member, _, thief = await stolen(driver)
    async with changing_own(driver, thief):
        await set_password(driver.database, member.email, ANOTHER_PASSWORD, by="operator", passwords=driver.passwords)
    assert await passwords_of(driver, member, ANOTHER_PASSWORD, THIEFS) == [200, 401]


@pytest.mark.parametrize("body", [{"password": THIEFS}, {"role": "owner"}], ids=["password", "role"])
async def test_an_owner_whose_session_ended_while_hashing_cannot_change_a_member(
    driver: IdentityDriver, body: dict[str, str]
) -> None:
    _, owner, thief = await stolen(driver, Role.OWNER)
    viewer = await driver.add_member(Role.VIEWER)
    change = {"password": THIEFS, **body}
    async with while_hashing(driver, "PATCH", f"/staff/{viewer.id}", change, thief) as answers:
        await driver.call("DELETE", f"/staff/{(await driver.me(thief)).body['id']}/sessions", by=owner.headers)
    assert (answers[0].status, answers[0].code) == (401, "session_ended")
    assert (await driver.try_log_in(viewer.email)).body["staff"]["role"] == "viewer"
    assert await passwords_of(driver, viewer, THIEFS) == [401]


async def test_an_owner_who_was_disabled_while_hashing_cannot_create_a_member(driver: IdentityDriver) -> None:
    member, owner, thief = await stolen(driver, Role.OWNER)
    async with while_hashing(driver, "POST", "/staff", NEWCOMER, thief) as answers:
        await driver.change_member(member, owner, is_active=False)
    assert (answers[0].status, answers[0].code) == (401, "session_ended")
    assert (await driver.try_log_in(NEWCOMER["email"], THIEFS)).status == 401


async def test_without_checking_again_the_late_change_is_stored(driver: IdentityDriver) -> None:
    """The negative control: the same order of events, stored without the two checks."""
    member, owner, _ = await stolen(driver)
    late = await driver.passwords.hash(THIEFS)
    await driver.change_member(member, owner, password=ANOTHER_PASSWORD)

    async def hashed_before(_: str) -> str:
        return late

    driver.passwords.hash = hashed_before  # type: ignore[assignment, method-assign]
    await change_staff(driver.database, driver.passwords, member.id, Changes(password=THIEFS), by="x")
    assert await passwords_of(driver, member, THIEFS) == [200]


async def test_a_password_stored_before_the_database_fails_has_an_unknown_outcome(
    driver: IdentityDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    member, _, login = await stolen(driver)

    async def gone(*_: object) -> None:
        raise ConnectionRefusedError

    with monkeypatch.context() as patched:
        patched.setattr("identity.staff.own_password.reset_attempts", gone)
        answer = await driver.call("POST", "/me/password", json=OWN_CHANGE, by=login.headers)
    assert (answer.status, answer.code) == (503, "outcome_unknown")
    assert await passwords_of(driver, member, THIEFS, PASSWORD) == [200, 401]


async def test_a_refresh_token_used_before_the_database_fails_has_an_unknown_outcome(
    driver: IdentityDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, login = await stolen(driver)

    async def gone(*_: object) -> None:
        raise ConnectionRefusedError

    with monkeypatch.context() as patched:
        patched.setattr(driver.app.state.sessions._keys, "current", gone)
        answer = await driver.try_refresh(login.refresh_token)
    assert (answer.status, answer.code) == (503, "outcome_unknown")

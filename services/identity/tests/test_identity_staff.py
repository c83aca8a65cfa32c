"""Owners manage staff."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from chassis.auth.principals import Role
from chassis.errors import InvalidFields
from identity.accounts.errors import UnknownStaff
from identity.staff.commands import ensure_first_owner, set_password
from sqlalchemy import text

from .identity_world import ANOTHER_PASSWORD, PASSWORD, Office

NEWCOMER = {"name": "Sari Dewanti", "email": "sari@example.com", "role": "finance", "password": PASSWORD}


async def test_an_owner_takes_somebody_on_who_can_then_log_in(office: Office) -> None:
    boss = await office.hire()
    owner = await office.login(boss)
    # when
    reply = await office.call("POST", "/staff", {**NEWCOMER, "email": "  Sari@Example.com"}, by=owner)
    # then
    assert reply.status == 201
    assert reply.body.keys() == {"id", "name", "email", "role", "is_active", "created_at", "updated_at"}
    assert reply.body["email"] == "sari@example.com"
    assert reply.body["is_active"] is True
    assert (await office.try_login("SARI@example.com")).body["staff"]["role"] == "finance"
    created = (await office.audited("staff.create"))[-1]
    assert (created.actor, created.subject) == (f"staff:{boss.id}", f"staff:{reply.body['id']}")
    assert created.details == {"role": "finance"}


async def test_an_address_belongs_to_one_member_in_whatever_case(office: Office) -> None:
    owner = await office.login(await office.hire())
    assert (await office.call("POST", "/staff", NEWCOMER, by=owner)).status == 201
    # when
    reply = await office.call("POST", "/staff", {**NEWCOMER, "email": "SARI@EXAMPLE.COM"}, by=owner)
    # then
    assert (reply.status, reply.code) == (409, "email_taken")


async def test_of_two_who_take_the_same_address_at_once_one_gets_it(office: Office) -> None:
    owner = await office.login(await office.hire())
    replies = await asyncio.gather(*(office.call("POST", "/staff", NEWCOMER, by=owner) for _ in range(5)))
    assert sorted(reply.status for reply in replies) == [201, 409, 409, 409, 409]


async def test_staff_are_listed_page_by_page(office: Office) -> None:
    owner = await office.login(await office.hire())
    for name in ("d", "a", "c", "b"):
        await office.hire(Role.VIEWER, email=f"{name}@example.com")
    # when
    pages, query = [], "limit=2"
    while query:
        page = (await office.call("GET", f"/staff?{query}", by=owner)).body
        pages.append([each["email"].partition("@")[0] for each in page["items"]])
        query = page["next_cursor"] and f"limit=2&cursor={page['next_cursor']}"
    # then
    assert pages == [["a", "b"], ["c", "d"], ["owner"]]
    assert "password_hash" not in page["items"][0]


async def test_changes_are_made_and_audited_by_field(office: Office) -> None:
    boss, admin = await office.hire(), await office.hire(Role.ADMIN)
    owner = await office.login(boss)
    office.clock.advance(timedelta(seconds=10))
    # when
    reply = await office.change(admin, owner, name="Sari", role="finance", password=ANOTHER_PASSWORD)
    # then
    assert reply.status == 200
    assert (reply.body["name"], reply.body["role"]) == ("Sari", "finance")
    assert reply.body["updated_at"] > reply.body["created_at"]
    [entry] = await office.audited("staff.change")
    assert (entry.actor, entry.subject) == (f"staff:{boss.id}", f"staff:{admin.id}")
    assert entry.details == {"fields": ["name", "password", "role"], "role": "finance"}
    assert (await office.try_login(admin.email, ANOTHER_PASSWORD)).status == 200


async def test_a_change_to_what_already_is_changes_nothing(office: Office) -> None:
    boss = await office.hire()
    owner = await office.login(boss)
    # when
    reply = await office.change(boss, owner, name=boss.name, role="owner", is_active=True)
    # then
    assert reply.status == 200
    assert reply.body["updated_at"] == reply.body["created_at"]
    assert not await office.audited("staff.change")


async def test_a_disabled_account_is_shut_at_once_and_opened_again(office: Office) -> None:
    boss, admin = await office.hire(), await office.hire(Role.ADMIN)
    owner, login = await office.login(boss), await office.login(admin)
    # when
    assert (await office.change(admin, owner, is_active=False)).body["is_active"] is False
    # then
    assert (await office.me(login)).status == 401
    assert (await office.try_login(admin.email)).code == "invalid_credentials"
    # when
    await office.change(admin, owner, is_active=True)
    # then
    assert (await office.me(login)).status == 401
    assert (await office.try_login(admin.email)).status == 200


async def test_a_demoted_owner_cannot_use_what_is_left_of_their_token(office: Office) -> None:
    boss, other = await office.hire(), await office.hire(email="other@example.com")
    owner, demoted = await office.login(boss), await office.login(other)
    assert (await office.change(other, owner, role="viewer")).status == 200
    # then
    assert (await office.change(other, demoted, role="owner")).code == "session_ended"
    # and: a session that survived the change would not help either
    async with office.database.work() as work:
        await work.session.execute(text("UPDATE sessions SET ended_at = NULL, end_reason = NULL"))
        await work.session.execute(text("DELETE FROM ended_sessions"))
    assert (await office.change(other, demoted, role="owner")).code == "forbidden"


async def test_nobody_unknown_can_be_changed(office: Office) -> None:
    owner = await office.login(await office.hire())
    for path, method, body in (
        (f"/staff/{uuid4()}", "PATCH", {"name": "Sari"}),
        (f"/staff/{uuid4()}", "PATCH", {"password": ANOTHER_PASSWORD}),
        (f"/staff/{uuid4()}/sessions", "DELETE", None),
    ):
        reply = await office.call(method, path, body, by=owner)
        assert (reply.status, reply.code) == (404, "unknown_staff")


async def test_the_first_owner_is_made_once_however_many_try(office: Office) -> None:
    # when
    made = await asyncio.gather(
        *(
            ensure_first_owner(
                office.database, f"Boss{number}@example.com", "Boss", PASSWORD, passwords=office.passwords
            )
            for number in range(4)
        )
    )
    # then
    assert sorted(made) == [False, False, False, True]
    [row] = await office.rows("SELECT email, role, is_active FROM staff")
    assert row.role == "owner"
    assert row.email == row.email.lower()
    # and: later starts leave everything as it is
    assert not await ensure_first_owner(office.database, "late@example.com", "Late", PASSWORD)


async def test_the_operator_gives_a_new_password(office: Office) -> None:
    boss = await office.hire()
    login = await office.login(boss)
    # when
    await set_password(
        office.database, "OWNER@example.com", ANOTHER_PASSWORD, by="operator", passwords=office.passwords
    )
    # then
    assert (await office.me(login)).status == 401
    assert (await office.try_login(boss.email, ANOTHER_PASSWORD)).status == 200
    assert (await office.audited("staff.change"))[0].actor == "operator"


async def test_the_operator_is_told_what_is_wrong(office: Office) -> None:
    with pytest.raises(UnknownStaff):
        await set_password(office.database, "nobody@example.com", ANOTHER_PASSWORD, by="operator")
    with pytest.raises(InvalidFields) as refused:
        await ensure_first_owner(office.database, "nobody", " ", "password1")
    assert [field for field, _ in refused.value.fields] == ["name", "email", "password"]
    assert not await office.rows("SELECT 1 FROM staff")

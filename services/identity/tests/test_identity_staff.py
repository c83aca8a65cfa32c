"""Owners manage staff."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from chassis.auth.principals import Role
from chassis.errors import InvalidFields
from identity.accounts.errors import UnknownStaff
from identity.staff.commands import ensure_first_owner, set_password

from .identity_driver import ANOTHER_PASSWORD, PASSWORD, IdentityDriver

NEWCOMER = {"name": "Sari Dewanti", "email": "sari@example.com", "role": "finance", "password": PASSWORD}


async def test_an_owner_creates_a_member_who_can_log_in(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    owner = await driver.log_in(boss)
    # when
    answer = await driver.call("POST", "/staff", json={**NEWCOMER, "email": "  Sari@Example.com"}, by=owner.headers)
    # then
    assert answer.status == 201
    assert answer.body.keys() == {"id", "name", "email", "role", "is_active", "created_at", "updated_at"}
    assert answer.body["email"] == "sari@example.com"
    assert answer.body["is_active"] is True
    assert (await driver.try_log_in("SARI@example.com")).body["staff"]["role"] == "finance"
    created = (await driver.audit_log("staff.create"))[-1]
    assert (created["actor"], created["subject"]) == (f"staff:{boss.id}", f"staff:{answer.body['id']}")
    assert created["details"] == {"after": {"role": "finance", "is_active": True}}


async def test_an_address_belongs_to_one_member_in_any_case(driver: IdentityDriver) -> None:
    owner = await driver.log_in(await driver.add_member())
    assert (await driver.call("POST", "/staff", json=NEWCOMER, by=owner.headers)).status == 201
    # when
    answer = await driver.call("POST", "/staff", json={**NEWCOMER, "email": "SARI@EXAMPLE.COM"}, by=owner.headers)
    # then
    assert (answer.status, answer.code) == (409, "email_taken")


async def test_of_concurrent_members_with_one_address_one_is_created(driver: IdentityDriver) -> None:
    owner = await driver.log_in(await driver.add_member())
    answers = await asyncio.gather(*(driver.call("POST", "/staff", json=NEWCOMER, by=owner.headers) for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409, 409]


async def test_staff_are_listed_page_by_page(driver: IdentityDriver) -> None:
    owner = await driver.log_in(await driver.add_member())
    for name in ("d", "a", "c", "b"):
        await driver.add_member(Role.VIEWER, email=f"{name}@example.com")
    # when
    pages, query = [], "limit=2"
    while query:
        page = (await driver.call("GET", f"/staff?{query}", by=owner.headers)).body
        pages.append([each["email"].partition("@")[0] for each in page["items"]])
        query = page["next_cursor"] and f"limit=2&cursor={page['next_cursor']}"
    # then
    assert pages == [["a", "b"], ["c", "d"], ["owner"]]
    assert "password_hash" not in page["items"][0]


async def test_changes_are_made_and_audited_by_field(driver: IdentityDriver) -> None:
    boss, admin = await driver.add_member(), await driver.add_member(Role.ADMIN)
    owner = await driver.log_in(boss)
    driver.clock.advance(timedelta(seconds=10))
    # when
    answer = await driver.try_change_member(admin, owner, name="Sari", role="finance", password=ANOTHER_PASSWORD)
    # then
    assert answer.status == 200
    assert (answer.body["name"], answer.body["role"]) == ("Sari", "finance")
    assert answer.body["updated_at"] > answer.body["created_at"]
    [entry] = await driver.audit_log("staff.change")
    assert (entry["actor"], entry["subject"]) == (f"staff:{boss.id}", f"staff:{admin.id}")
    assert entry["details"] == {
        "fields": ["name", "password", "role"],
        "before": {"role": "admin"},
        "after": {"role": "finance"},
    }
    assert (await driver.try_log_in(admin.email, ANOTHER_PASSWORD)).status == 200


async def test_a_change_to_the_same_values_changes_nothing(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    owner = await driver.log_in(boss)
    # when
    answer = await driver.try_change_member(boss, owner, name=boss.name, role="owner", is_active=True)
    # then
    assert answer.status == 200
    assert answer.body["updated_at"] == answer.body["created_at"]
    assert not await driver.audit_log("staff.change")


async def test_a_disabled_account_is_refused_at_once_until_it_is_enabled(driver: IdentityDriver) -> None:
    boss, admin = await driver.add_member(), await driver.add_member(Role.ADMIN)
    owner, login = await driver.log_in(boss), await driver.log_in(admin)
    # when
    assert (await driver.try_change_member(admin, owner, is_active=False)).body["is_active"] is False
    # then
    assert (await driver.me(login)).status == 401
    assert (await driver.try_log_in(admin.email)).code == "invalid_credentials"
    # when
    await driver.change_member(admin, owner, is_active=True)
    # then
    assert (await driver.me(login)).status == 401
    assert (await driver.try_log_in(admin.email)).status == 200


async def test_a_demoted_owner_cannot_use_their_token(driver: IdentityDriver) -> None:
    boss, other = await driver.add_member(), await driver.add_member(email="other@example.com")
    owner, demoted = await driver.log_in(boss), await driver.log_in(other)
    await driver.change_member(other, owner, role="viewer")
    # then
    assert (await driver.try_change_member(other, demoted, role="owner")).code == "session_ended"
    # and: a session that survived the change would not help either
    await driver.execute("UPDATE sessions SET ended_at = NULL, end_reason = NULL")
    await driver.execute("DELETE FROM ended_sessions")
    assert (await driver.try_change_member(other, demoted, role="owner")).code == "forbidden"


async def test_an_unknown_member_cannot_be_changed(driver: IdentityDriver) -> None:
    owner = await driver.log_in(await driver.add_member())
    for path, method, body in (
        (f"/staff/{uuid4()}", "PATCH", {"name": "Sari"}),
        (f"/staff/{uuid4()}", "PATCH", {"password": ANOTHER_PASSWORD}),
        (f"/staff/{uuid4()}/sessions", "DELETE", None),
    ):
        answer = await driver.call(method, path, json=body, by=owner.headers)
        assert (answer.status, answer.code) == (404, "unknown_staff")


async def test_the_first_owner_is_created_once_by_concurrent_processes(driver: IdentityDriver) -> None:
    # when
    made = await asyncio.gather(
        *(
            ensure_first_owner(
                driver.database, f"Boss{number}@example.com", "Boss", PASSWORD, passwords=driver.passwords
            )
            for number in range(4)
        )
    )
    # then
    assert sorted(made) == [False, False, False, True]
    [row] = await driver.rows("SELECT email, role, is_active FROM staff")
    assert row["role"] == "owner"
    assert row["email"] == row["email"].lower()
    # and: later starts leave everything as it is
    assert not await ensure_first_owner(driver.database, "late@example.com", "Late", PASSWORD)


async def test_the_operator_sets_a_new_password(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    login = await driver.log_in(boss)
    # when
    await set_password(
        driver.database, "OWNER@example.com", ANOTHER_PASSWORD, by="operator", passwords=driver.passwords
    )
    # then
    assert (await driver.me(login)).status == 401
    assert (await driver.try_log_in(boss.email, ANOTHER_PASSWORD)).status == 200
    assert (await driver.audit_log("staff.change"))[0]["actor"] == "operator"


async def test_commands_of_the_operator_refuse_wrong_input(driver: IdentityDriver) -> None:
    with pytest.raises(UnknownStaff):
        await set_password(driver.database, "nobody@example.com", ANOTHER_PASSWORD, by="operator")
    with pytest.raises(InvalidFields) as refused:
        await ensure_first_owner(driver.database, "nobody", " ", "password1")
    assert [field for field, _ in refused.value.fields] == ["name", "email", "password"]
    assert not await driver.rows("SELECT 1 FROM staff")


async def test_every_member_sees_the_names_of_all_and_nothing_else(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    viewer = await driver.add_member(Role.VIEWER, email="v@example.com")
    login = await driver.log_in(viewer)
    # when
    answer = await driver.call("GET", "/staff/names", by=login.headers)
    # then
    assert answer.status == 200
    expected = sorted(({"id": str(each.id), "name": each.name} for each in (boss, viewer)), key=lambda one: one["name"])
    assert sorted(answer.body["items"], key=lambda one: one["name"]) == expected

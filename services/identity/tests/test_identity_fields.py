"""Wrong input is refused by field, and never becomes an internal error."""

from typing import Any
from uuid import uuid4

from chassis.web.cursors import CursorOf

from .identity_driver import ANOTHER_PASSWORD, PASSWORD, IdentityDriver

NEWCOMER: dict[str, Any] = {"name": "Sari", "email": "sari@example.com", "role": "admin", "password": PASSWORD}
CREDENTIALS: dict[str, Any] = {"email": "owner@example.com", "password": PASSWORD}
CHANGE: dict[str, Any] = {"current_password": PASSWORD, "new_password": ANOTHER_PASSWORD}

EMAILS: list[Any] = [
    "",
    "x",
    "a@",
    "@b",
    "a b@c.id",
    "a\x00b@c.id",
    "ünï@c.id",
    "a@b@c.id",
    "a@" + "b" * 254,
    None,
    7,
    [],
    "a\n@b.id",
]
LINKS = ["https://evil.example", "www.evil.net", "Menang di evil.com", "a@evil.example", "=?utf-8?q?x?="]
NAMES: list[Any] = ["", "   ", "a\x00b", "a\nb", "x" * 256, None, 7, {}, *LINKS]
PASSWORDS: list[Any] = ["", "x" * 7, "x7#" * 43, None, 12345678, []]
BOOLEANS: list[Any] = [None, "perhaps", 2, []]
ROLES: list[Any] = ["", "boss", "OWNER", None, 1]

SURROGATE = r"\ud800"

CASES = [
    *(("POST", "/login", CREDENTIALS, "email", value) for value in EMAILS),
    *(("POST", "/login", CREDENTIALS, "password", value) for value in ("", "x" * 129, None, 7)),
    *(("POST", "/refresh", {}, "refresh_token", value) for value in ("", "x" * 201, None, 7)),
    *(("POST", "/staff", NEWCOMER, "name", value) for value in NAMES),
    *(("POST", "/staff", NEWCOMER, "email", value) for value in EMAILS),
    *(("POST", "/staff", NEWCOMER, "role", value) for value in ROLES),
    *(("POST", "/staff", NEWCOMER, "password", value) for value in (*PASSWORDS, "password1", "sari@example.com")),
    *(("PATCH", "/staff/{me}", {}, "name", value) for value in NAMES if value is not None),
    *(("PATCH", "/staff/{me}", {}, "role", value) for value in ROLES if value is not None),
    *(("PATCH", "/staff/{me}", {}, "is_active", value) for value in BOOLEANS if value is not None),
    *(("PATCH", "/staff/{me}", {}, "password", value) for value in (*PASSWORDS, "password1") if value is not None),
    *(("POST", "/me/password", CHANGE, "current_password", value) for value in ("", "x" * 129, None, 7)),
    *(("POST", "/me/password", CHANGE, "new_password", value) for value in (*PASSWORDS, "owner1234")),
]


async def test_every_field_refuses_wrong_values(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    owner = await driver.log_in(boss)
    for method, path, good, field, value in CASES:
        answer = await driver.call(method, path.format(me=boss.id), json={**good, field: value}, by=owner.headers)
        case = (method, path, field, value)
        assert answer.is_problem(422, "invalid_fields"), case
        assert answer.wrong_fields == [field], case
    assert len(await driver.rows("SELECT 1 FROM staff")) == 1
    assert (await driver.me(owner)).status == 200


async def test_a_refused_password_is_not_returned(driver: IdentityDriver) -> None:
    owner = await driver.log_in(await driver.add_member())
    answer = await driver.call("POST", "/staff", json={**NEWCOMER, "password": "Sunshine12"}, by=owner.headers)
    assert answer.status == 422
    assert "unshine" not in str(answer.body)


BODIES = [
    ("POST", "/login", CREDENTIALS),
    ("POST", "/refresh", {"refresh_token": "x"}),
    ("POST", "/staff", NEWCOMER),
    ("PATCH", "/staff/{me}", {"name": "Sari"}),
    ("POST", "/me/password", CHANGE),
]


async def test_unknown_fields_are_refused(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    owner = await driver.log_in(boss)
    for method, path, good in BODIES:
        for field in ("id", "password_hash", "x"):
            answer = await driver.call(method, path.format(me=boss.id), json={**good, field: "1"}, by=owner.headers)
            assert (answer.status, answer.wrong_fields) == (422, [field]), path


async def test_bodies_of_another_shape_are_refused(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    owner = await driver.log_in(boss)
    headers = {"Content-Type": "application/json"}
    for method, template, good in BODIES:
        path = template.format(me=boss.id)
        field = next(reversed(good))
        lone_surrogates = f'{{"{field}": "{8 * SURROGATE}"}}'.encode()
        for content in (b"[]", b'"text"', b"7", b"null", b""):
            answer = await driver.call(method, path, by=owner.headers, content=content, headers=headers)
            assert answer.status == 422, (path, content)
        for content in (b'{"email": ', lone_surrogates):
            answer = await driver.call(method, path, by=owner.headers, content=content, headers=headers)
            assert (answer.status, answer.code) == (400, "malformed_json")


async def test_a_change_of_nothing_or_to_null_is_refused(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    owner = await driver.log_in(boss)
    for changes in ({}, {"name": None}, {"is_active": None, "role": "owner"}, {"email": "new@example.com"}):
        assert (await driver.try_change_member(boss, owner, **changes)).status == 422


async def test_wrong_limits_cursors_and_ids_are_refused(driver: IdentityDriver) -> None:
    owner = await driver.log_in(await driver.add_member())
    cursors = [
        "x",
        "%00",
        CursorOf.encode(7),
        CursorOf.encode("a", "b"),
        CursorOf.encode("a\x00b"),
        CursorOf.encode("\ud800"),
    ]
    for query in ("limit=0", "limit=201", "limit=x", *(f"cursor={cursor}" for cursor in cursors)):
        answer = await driver.call("GET", f"/staff?{query}", by=owner.headers)
        assert (answer.status, answer.wrong_fields) == (422, [query.partition("=")[0]]), query
    changed = await driver.call("PATCH", "/staff/7", json={"name": "Sari"}, by=owner.headers)
    assert changed.wrong_fields == ["staff_id"]
    assert (await driver.call("DELETE", "/me/sessions/7", by=owner.headers)).wrong_fields == ["session_id"]
    assert (await driver.call("DELETE", f"/me/sessions/{uuid4()}", by=owner.headers)).status == 404


async def test_passwords_are_stored_exactly_as_they_are_sent(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    owner = await driver.log_in(boss)
    for number, password in enumerate(
        [
            "  spasi di tepi  ",
            "emoji 🏃🏅 boleh juga",
            "nol\x00di tengah sini",
            "tanpa angka atau tanda",
            "48201957",
            "Z9" + "panjang sekali, " * 7 + "selesai tepat.",
        ]
    ):
        email = f"member{number}@example.com"
        newcomer = {**NEWCOMER, "email": email, "password": password}
        made = await driver.call("POST", "/staff", json=newcomer, by=owner.headers)
        assert made.status == 201, (password, made.body)
        assert (await driver.try_log_in(email, password)).status == 200
        for almost in (password[:-1], password[1:]):
            assert (await driver.try_log_in(email, almost)).status == 401

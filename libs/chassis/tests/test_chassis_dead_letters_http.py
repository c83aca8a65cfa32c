"""Dead letters over HTTP: for administrators, and readable whatever is in them."""

from typing import Any

import httpx
import pytest
from chassis.auth.principals import Role
from chassis.database import Database
from chassis.inbox import Inbox
from chassis.web.cursors import CursorOf
from sqlalchemy import select
from testkit.example.service import Browse, BuildApp, cancelled, example_handlers, rows
from testkit.example.tables import service_tables
from testkit.tokens import Issuer


@pytest.fixture
def http(build_app: BuildApp, browse: Browse, database: Database) -> httpx.AsyncClient:
    return browse(build_app(on=database))


@pytest.fixture
def admin(issuer: Issuer) -> dict[str, str]:
    return issuer.staff(Role.ADMIN)


@pytest.fixture
def inbox(database: Database) -> Inbox:
    return Inbox(database, example_handlers())


async def test_an_administrator_lists_shows_replays_and_drops(
    http: httpx.AsyncClient, admin: dict[str, str], inbox: Inbox, database: Database
) -> None:
    events = [cancelled() for _ in range(3)]
    for event in events:
        await inbox.give_up(event.to_bytes(), "crash_guard", "took its reader down")

    page = (await http.get("/dead-letters", params={"limit": 2}, headers=admin)).json()
    rest = (await http.get("/dead-letters", params={"cursor": page["next_cursor"]}, headers=admin)).json()
    found = [*page["items"], *rest["items"]]
    assert [item["event_id"] for item in found] == [str(event.message_id) for event in events]
    assert {item["event_type"] for item in found} == {"registration.cancelled"}
    assert (len(page["items"]), rest["next_cursor"]) == (2, None)

    shown = (await http.get(f"/dead-letters/{found[0]['id']}", headers=admin)).json()
    assert shown["payload"]["payload"]["registration_number"] == "FR5K-00042"

    replayed = await http.post(f"/dead-letters/{found[0]['id']}/replay", headers=admin)
    dropped = await http.delete(f"/dead-letters/{found[1]['id']}", headers=admin)
    assert (replayed.status_code, dropped.status_code) == (204, 204)
    assert await rows(database, service_tables.retries) == 1
    assert await rows(database, service_tables.dead_letters) == 1


async def audited(database: Database) -> list[tuple[str, str, str]]:
    """Return action, subject and reason of the audit log."""
    log = service_tables.audit_log.c
    async with database.read() as session:
        found = await session.execute(select(log.action, log.subject, log.details).order_by(log.id))
        return [(row.action, row.subject, row.details.get("reason")) for row in found]


async def test_several_are_replayed_and_dropped_with_a_result_each_and_safely_again(
    http: httpx.AsyncClient, admin: dict[str, str], inbox: Inbox, database: Database
) -> None:
    # given
    for failure in ("handler", "forged", "handler"):
        await inbox.give_up(cancelled().to_bytes(), failure, "Broken")
    first, forged, third = (item["id"] for item in (await http.get("/dead-letters", headers=admin)).json()["items"])
    # when
    replaying = {"ids": [first, forged, 999, first]}
    answers = [await http.post("/dead-letters/bulk/replay", json=replaying, headers=admin) for _ in range(2)]
    # then
    results = [[item["result"] for item in answer.json()["items"]] for answer in answers]
    assert results == [["replayed", "forged", "unknown"], ["unknown", "forged", "unknown"]]
    assert [answer.json()["done"] for answer in answers] == [1, 0]

    # when
    dropping = {"ids": [third, forged], "reason": "handled by hand"}
    dropped = await http.post("/dead-letters/bulk/drop", json=dropping, headers=admin)
    # then
    assert [item["result"] for item in dropped.json()["items"]] == ["dropped", "dropped"]
    assert (await rows(database, service_tables.retries), await rows(database, service_tables.dead_letters)) == (1, 0)
    assert await audited(database) == [
        ("dead_letter.replay", str(first), None),
        ("dead_letter.drop", str(third), "handled by hand"),
        ("dead_letter.drop", str(forged), "handled by hand"),
    ]


async def test_a_look_at_a_payload_and_the_reason_of_a_drop_are_audited(
    http: httpx.AsyncClient, admin: dict[str, str], inbox: Inbox, database: Database
) -> None:
    await inbox.give_up(cancelled().to_bytes(), "handler", "Broken")
    [item] = (await http.get("/dead-letters", headers=admin)).json()["items"]
    path = f"/dead-letters/{item['id']}"
    await http.get(path, headers=admin)
    dropped = await http.request("DELETE", path, json={"reason": "a test event"}, headers=admin)
    assert dropped.status_code == 204
    assert await audited(database) == [
        ("dead_letter.show", str(item["id"]), None),
        ("dead_letter.drop", str(item["id"]), "a test event"),
    ]


async def test_dead_letters_are_narrowed_by_type_and_reason(
    http: httpx.AsyncClient, admin: dict[str, str], inbox: Inbox
) -> None:
    await inbox.give_up(cancelled().to_bytes(), "handler", "Broken")
    await inbox.give_up(cancelled().to_bytes(), "forged", "Broken")
    await inbox.give_up(b"[", "unreadable", "no event")
    for query, count in (
        ({"event_type": "registration.cancelled"}, 2),
        ({"failure_reason": "forged"}, 1),
        ({"event_type": "registration.cancelled", "failure_reason": "unreadable"}, 0),
    ):
        found = await http.get("/dead-letters", params=query, headers=admin)
        assert len(found.json()["items"]) == count, query


ODD_BODIES = {
    b"\x00\xff no text": "\x00\ufffd no text",
    b'"just a word"': "just a word",
    b"[" * 50_000: "[" * 50_000,
    b'{"amount": NaN}': '{"amount": NaN}',
    b'{"name": "\\ud800"}': '{"name": "\\ud800"}',
    b"9" * 5000: "9" * 5000,
}


async def test_whatever_came_can_be_shown(http: httpx.AsyncClient, admin: dict[str, str], inbox: Inbox) -> None:
    for body in ODD_BODIES:
        await inbox.give_up(body, "crash_guard", "took its reader down")
    listed = (await http.get("/dead-letters", headers=admin)).json()["items"]
    assert {(item["event_id"], item["event_type"]) for item in listed} == {(None, "unreadable")}

    answers = [await http.get(f"/dead-letters/{item['id']}", headers=admin) for item in listed]

    assert [answer.status_code for answer in answers] == [200] * len(ODD_BODIES)
    assert [answer.json()["payload"] for answer in answers] == list(ODD_BODIES.values())


async def test_an_unknown_dead_letter_is_not_found(http: httpx.AsyncClient, admin: dict[str, str]) -> None:
    for position in (1, 2**63 - 1):
        answers = [
            await http.get(f"/dead-letters/{position}", headers=admin),
            await http.post(f"/dead-letters/{position}/replay", headers=admin),
            await http.delete(f"/dead-letters/{position}", headers=admin),
        ]
        assert [answer.json()["code"] for answer in answers] == ["unknown_dead_letter"] * 3

    for position in (2**63, 2**80):
        answer = await http.get(f"/dead-letters/{position}", headers=admin)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_fields")


NO_CURSORS = ["nonsense", "\u00fc", "!!!!", CursorOf.encode(), CursorOf.encode(1, 2)]
NO_POSITIONS: list[Any] = ["seven", None, [], -1, 2**70, float("inf"), float("nan")]


async def test_a_cursor_that_is_none_of_ours_is_refused_by_name(http: httpx.AsyncClient, admin: dict[str, str]) -> None:
    for cursor in (*NO_CURSORS, *map(CursorOf.encode, NO_POSITIONS)):
        answer = await http.get("/dead-letters", params={"cursor": cursor}, headers=admin)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_fields")
        assert answer.json()["errors"][0]["field"] == "cursor"


async def test_dead_letters_are_no_business_of_other_roles(build_app: BuildApp, browse: Browse, issuer: Issuer) -> None:
    http = browse(build_app())
    for role in Role:
        expected = 503 if role in (Role.OWNER, Role.ADMIN) else 403
        headers = issuer.staff(role)
        assert (await http.get("/dead-letters", headers=headers)).status_code == expected
        assert (await http.get("/dead-letters/1", headers=headers)).status_code == expected
        assert (await http.post("/dead-letters/1/replay", headers=headers)).status_code == expected
        assert (await http.delete("/dead-letters/1", headers=headers)).status_code == expected
    assert (await http.get("/dead-letters")).status_code == 401

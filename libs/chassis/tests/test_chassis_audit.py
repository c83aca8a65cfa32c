"""The audit log over HTTP: every filter, pages in the order of time, and the same as CSV."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from chassis import audit_log
from chassis.audit_log import AuditFilter, before_and_after
from chassis.auth.principals import Role
from chassis.database import Database
from chassis.telemetry import correlated
from sqlalchemy import event, insert, text
from testkit.example.service import Browse, BuildApp
from testkit.example.tables import service_tables
from testkit.tokens import Issuer

_DAY = datetime(2026, 11, 26, tzinfo=UTC)
_MANY = 20_000


@pytest.fixture
def http(build_app: BuildApp, browse: Browse, database: Database) -> httpx.AsyncClient:
    return browse(build_app(on=database))


@pytest.fixture
def admin(issuer: Issuer) -> dict[str, str]:
    return issuer.staff(Role.ADMIN)


async def _record(database: Database, *entries: tuple[str, str, str]) -> None:
    for actor, action, subject in entries:
        async with database.work() as work:
            await work.audit(actor, action, subject, before={"status": "due"}, after={"status": "done"}, amount="5.00")


async def _listed(http: httpx.AsyncClient, admin: dict[str, str], **query: Any) -> list[dict[str, Any]]:
    answer = await http.get("/audit", params=query, headers=admin)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


_ENTRIES = (
    ("staff:1", "payment.verify", "payment:1"),
    ("staff:2", "payment.reject", "payment:2"),
    ("staff:1", "payment_settings.change", "payment_settings"),
    ("operator", "refund.done", "payment:1"),
)


async def test_an_entry_shows_who_did_what_and_what_it_was_before(
    http: httpx.AsyncClient, admin: dict[str, str], database: Database
) -> None:
    with correlated("a-request"):
        await _record(database, _ENTRIES[0])
    async with database.work() as work:
        await work.audit("system", "example.odd", "x", before="a word")
    odd, entry = await _listed(http, admin)
    assert entry.keys() == {
        *("id", "at", "actor", "action", "subject", "before", "after", "details", "correlation_id"),
    }
    assert (entry["actor"], entry["action"], entry["subject"]) == _ENTRIES[0]
    assert (entry["before"], entry["after"]) == ({"status": "due"}, {"status": "done"})
    assert (entry["details"], entry["correlation_id"]) == ({"amount": "5.00"}, "a-request")
    assert (odd["before"], odd["after"], odd["details"]) == (None, None, {"before": "a word"})


async def test_every_filter_chooses_and_all_of_them_at_once(
    http: httpx.AsyncClient, admin: dict[str, str], database: Database
) -> None:
    await _record(database, *_ENTRIES)

    async def found(**query: Any) -> list[str]:
        return [entry["action"] for entry in await _listed(http, admin, **query)]

    assert await found() == ["refund.done", "payment_settings.change", "payment.reject", "payment.verify"]
    assert await found(actor="staff:1") == ["payment_settings.change", "payment.verify"]
    assert await found(action="payment") == ["payment.reject", "payment.verify"]
    assert await found(action="payment.verify") == ["payment.verify"]
    assert await found(action="pay") == await found(action="payment.v") == []
    assert await found(subject="payment:1") == ["refund.done", "payment.verify"]
    assert await found(subject="payment:1", actor="staff:1", action="payment") == ["payment.verify"]
    newest = (await _listed(http, admin))[0]["at"]
    assert await found(**{"from": newest}) == ["refund.done"]
    assert "refund.done" not in await found(to=newest)


@pytest.mark.parametrize("query", [{"from": "yesterday"}, {"to": "2026-11-26"}, {"limit": 201}, {"cursor": "x"}])
async def test_a_wrong_filter_is_named(http: httpx.AsyncClient, admin: dict[str, str], query: dict[str, Any]) -> None:
    answer = await http.get("/audit", params=query, headers=admin)
    assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (422, list(query))


async def _fill(database: Database) -> None:
    """Store many entries, several of them at the same moment."""
    rows = [
        {
            "at": _DAY + timedelta(seconds=number // 7),
            "actor": f"staff:{number % 400}",
            "action": f"{'payment' if number % 50 else 'refund'}.{'verify' if number % 3 else 'reject'}",
            "subject": f"payment:{number % 500}",
            "details": {"number": number},
            "correlation_id": "c",
        }
        for number in range(_MANY)
    ]
    async with database.work() as work:
        await work.session.execute(insert(service_tables.audit_log), rows)
        await work.session.execute(text("ANALYZE audit_log"))


async def test_pages_and_the_export_hold_every_entry_once_and_the_indexes_find_them(
    http: httpx.AsyncClient, admin: dict[str, str], database: Database
) -> None:
    await _fill(database)

    numbers: list[int] = []
    query: dict[str, Any] = {"limit": 20, "actor": "staff:3"}
    while "cursor" not in query or query["cursor"]:
        page = (await http.get("/audit", params=query, headers=admin)).json()
        numbers += [entry["details"]["number"] for entry in page["items"]]
        query["cursor"] = page["next_cursor"]
    assert numbers == sorted(range(3, _MANY, 400), reverse=True)

    answer = await http.get("/audit.csv", params={"actor": "staff:3"}, headers=admin)
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["details"] for row in rows] == [f'{{"number": {number}}}' for number in numbers]
    assert (rows[0]["actor"], rows[0]["before"]) == ("staff:3", "")
    assert [entry["subject"] for entry in await _listed(http, admin, action="audit.export")] == ["audit_log"]

    for wanted, index in {
        AuditFilter(actor="staff:3"): "ix_audit_log_actor_newest",
        AuditFilter(action="refund"): "ix_audit_log_group_newest",
        AuditFilter(action="refund.reject"): "ix_audit_log_action_newest",
        AuditFilter(subject="payment:77"): "ix_audit_log_subject_newest",
        AuditFilter(until=_DAY + timedelta(hours=1)): "ix_audit_log_at",
    }.items():
        assert index in await _plan(database, wanted)


async def _plan(database: Database, wanted: AuditFilter) -> str:
    """Return the plan of the page after some position."""
    explained: list[tuple[str, Any]] = []

    def listen(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        explained.append((statement, parameters))

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", listen)
    after = _DAY + timedelta(minutes=30), 7
    async with database.read() as session:
        await audit_log.page(session, service_tables.audit_log, wanted, limit=50, after=after)
    event.remove(engine, "before_cursor_execute", listen)
    statement, parameters = explained[-1]
    async with database.engine.connect() as connection:
        raw: Any = (await connection.get_raw_connection()).driver_connection
        return "\n".join(row[0] for row in await raw.fetch(f"EXPLAIN {statement}", *parameters))


def test_a_change_shows_what_differs_as_json_and_of_personal_data_only_the_name() -> None:
    before = {"price": Decimal("5.00"), "on": date(2026, 1, 2), "name": "Sari", "same": 1, "rules": "short"}
    after = {"price": Decimal("6.50"), "on": None, "name": "Siti", "same": 1, "rules": "r" * 300}
    assert before_and_after(before, after, named_only=["name"]) == {
        "fields": ["name", "on", "price", "rules"],
        "before": {"on": "2026-01-02", "price": "5.00", "rules": "short"},
        "after": {"on": None, "price": "6.50", "rules": "r" * 200 + "…"},
    }

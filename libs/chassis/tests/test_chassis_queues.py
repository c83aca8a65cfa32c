"""The state of a service's queues over HTTP."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from chassis.auth.principals import Role
from chassis.clock import utcnow
from chassis.database import Database
from chassis.errors import NotYet
from chassis.inbox import Inbox
from chassis.queues import ProcessedCounts, day_begins
from contracts import PaymentRejected
from sqlalchemy import event, insert, text
from testkit.example.service import Browse, BuildApp, cancelled, example_handlers
from testkit.example.tables import service_tables
from testkit.golden import golden
from testkit.tokens import Issuer


@pytest.fixture
def inbox(database: Database) -> Inbox:
    return Inbox(database, example_handlers())


@pytest.fixture
def http(build_app: BuildApp, browse: Browse, database: Database) -> httpx.AsyncClient:
    return browse(build_app(on=database))


async def queues(http: httpx.AsyncClient, issuer: Issuer) -> dict[str, Any]:
    answer = await http.get("/queues", headers=issuer.staff(Role.ADMIN))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_an_idle_service_has_nothing_to_show(http: httpx.AsyncClient, issuer: Issuer) -> None:
    found = await queues(http, issuer)
    nothing = {"waiting": 0, "oldest_seconds": None, "next_due_at": None}
    assert (found["service"], found["outbox"], found["retries"]) == ("payment", nothing, nothing)
    assert found["dead_letters"] == {"count": 0, "by_type": []}
    assert (found["processed"], found["set_aside"]) == ([], [])


async def test_what_waits_and_what_was_given_up_is_counted_with_its_age(
    http: httpx.AsyncClient, issuer: Issuer, inbox: Inbox, database: Database
) -> None:
    # given
    for early in (cancelled(), cancelled()):
        await inbox.schedule_retry(early.to_bytes(), NotYet("too early"))
    for reason in ("handler", "handler", "forged"):
        await inbox.give_up(cancelled().to_bytes(), reason, "Broken")
    await inbox.give_up(b"[", "unreadable", "no event")
    async with database.work() as work:
        oldest = "(SELECT min(id) FROM event_retries)"
        ago = f"UPDATE event_retries SET created_at = now() - interval '10 minutes' WHERE id = {oldest}"
        await work.session.execute(text(ago))
        work.publish(golden(PaymentRejected).payload, subject=uuid4())
    # when
    found = await queues(http, issuer)
    # then
    assert (found["outbox"]["waiting"], found["retries"]["waiting"]) == (1, 2)
    assert 600 <= found["retries"]["oldest_seconds"] < 700
    assert datetime.fromisoformat(found["retries"]["next_due_at"]) < utcnow() + timedelta(seconds=1)
    assert found["dead_letters"] == {
        "count": 4,
        "by_type": [
            {"event_type": "registration.cancelled", "failure_reason": "handler", "count": 2},
            {"event_type": "registration.cancelled", "failure_reason": "forged", "count": 1},
            {"event_type": "unreadable", "failure_reason": "unreadable", "count": 1},
        ],
    }


async def process(database: Database, kind: str, at: datetime, count: int) -> None:
    """Record events as processed."""
    rows = [{"event_id": uuid4(), "type": kind, "processed_at": at} for _ in range(count)]
    async with database.work() as work:
        await work.session.execute(insert(service_tables.processed), rows)


async def test_processed_events_are_counted_by_type_and_hours_that_are_over_only_once(database: Database) -> None:
    # given: events at the edges of the last hour and of the day
    now = utcnow().replace(minute=30, second=0, microsecond=0)
    for kind, ago, count in (
        ("new", timedelta(minutes=1), 3),
        ("new", timedelta(minutes=59, seconds=30), 2),
        ("new", timedelta(minutes=61), 4),
        ("old", timedelta(hours=23, minutes=29), 5),
        ("old", timedelta(hours=23, minutes=31), 7),
    ):
        await process(database, kind, now - ago, count)
    counts = ProcessedCounts(database)
    statements: list[str] = []
    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))

    async def counted(at: datetime) -> dict[str, tuple[int, int]]:
        statements.clear()
        async with database.read() as session:
            return {each.event_type: (each.last_hour, each.last_day) for each in await counts.counted(session, now=at)}

    # when, then
    assert day_begins(now) == now.replace(minute=0) - timedelta(hours=23)
    assert await counted(now) == {"new": (5, 9), "old": (0, 5)}
    assert len([each for each in statements if "date_bin" in each]) == 1
    await process(database, "new", now, 1)
    assert await counted(now + timedelta(minutes=1)) == {"new": (4, 10), "old": (0, 5)}
    assert len([each for each in statements if "date_bin" in each]) == 0

    # when the hour is over, only that hour is counted, again while transactions of it may commit
    over = now.replace(minute=0) + timedelta(hours=1)
    assert await counted(over + timedelta(minutes=1)) == {"new": (4, 10)}
    await process(database, "new", over - timedelta(seconds=1), 1)
    assert await counted(over + timedelta(minutes=3)) == {"new": (5, 11)}
    await process(database, "new", over - timedelta(seconds=1), 1)
    assert await counted(over + timedelta(minutes=4)) == {"new": (6, 11)}, "the hour is settled by now"


async def test_other_roles_see_no_queues(build_app: BuildApp, browse: Browse, issuer: Issuer) -> None:
    http = browse(build_app())
    for role in (Role.FINANCE, Role.CHECKIN, Role.VIEWER):
        assert (await http.get("/queues", headers=issuer.staff(role))).status_code == 403
    assert (await http.get("/queues")).status_code == 401

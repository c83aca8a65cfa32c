"""Claiming a message reads a handful of rows, however many were sent and however many wait."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from notification.messages.rules import Channel
from notification.queue.commands import claim_next
from sqlalchemy import event, text
from testkit.clocks import ManualClock
from testkit.plugin import FreshDatabase

from .notification_driver import NotificationDriver, settings_for

_CONTACTS = """
    INSERT INTO contacts (registration_id, registration_number, event_name, event_date, event_location, category_name,
                          total_amount, currency, expires_at, stage, revision, created_at)
    SELECT gen_random_uuid(), 'FR-' || n, 'Lari', '2027-03-07', 'Monas', '10K', 1, 'IDR', :now, 'confirmed', 1, :now
      FROM generate_series(1, 12000) AS n
"""
_RUNNERS = """
    INSERT INTO contact_participants (participant_id, registration_id, full_name, email, whatsapp, is_pic)
    SELECT gen_random_uuid(), registration_id, 'Budi', 'budi@example.com', '628120000000', true FROM contacts
"""
_MESSAGES = """
    INSERT INTO notifications (id, dedupe_key, registration_id, participant_id, channel, event_type, priority, status,
                               context, next_attempt_at, sent_at, deadline, created_at, updated_at)
    SELECT gen_random_uuid(), concat_ws(':', CAST(:kind AS text), n, participant_id), registration_id, participant_id,
           'email', CAST(:kind AS text), :priority, CAST(:status AS text), '{}', :now, :now,
           CASE WHEN CAST(:kind AS text) = 'waitlist.offered' THEN CAST(:now AS timestamptz) + interval '12 hours' END,
           CAST(:now AS timestamptz) - random() * interval '1 hour', :now
      FROM contact_participants, generate_series(1, CAST(:copies AS int)) AS n
     LIMIT CAST(:count AS int)
"""
_FEW = 10
_GAP = timedelta(seconds=3)


@pytest.fixture
async def crowded(fresh_database: FreshDatabase, clock: ManualClock) -> AsyncIterator[NotificationDriver]:
    """Notification that sent 100,000 mails and has 20,000 more that are due, a tenth of them with a deadline."""
    driver = NotificationDriver(settings_for(await fresh_database("notification")), clock=clock)
    now = clock()
    await driver.execute(_CONTACTS, now=now)
    await driver.execute(_RUNNERS)
    for kind, priority, status, copies, count in (
        ("registration.created", 30, "sent", 9, 100_000),
        ("registration.confirmed", 10, "pending", 1, 12_000),
        ("waitlist.offered", 15, "pending", 1, 2_000),
        ("race.changed", 40, "pending", 1, 6_000),
    ):
        values = {"kind": kind, "priority": priority, "status": status, "copies": copies, "count": count, "now": now}
        await driver.execute(_MESSAGES, **values)
    await tidy(driver)
    yield driver
    await driver.close()


async def tidy(driver: NotificationDriver) -> None:
    """Vacuum, as PostgreSQL does by itself after a while."""
    engine = driver.database.engine.execution_options(isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text("VACUUM (ANALYZE) notifications"))


async def statements_of_a_claim(driver: NotificationDriver, **more: Any) -> list[tuple[str, Any]]:
    """Return the statements about messages that claiming one executes; the claim is undone."""
    executed_here: list[tuple[str, Any]] = []

    def listen(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        executed_here.append((statement, parameters))

    engine = driver.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", listen)
    try:
        async with driver.database.work() as work:
            await claim_next(work, Channel.EMAIL, lease_for=timedelta(minutes=3), gap=_GAP, **more)
            await work.session.rollback()
    finally:
        event.remove(engine, "before_cursor_execute", listen)
    return [each for each in executed_here if "notifications" in each[0]]


async def rows_read(driver: NotificationDriver) -> tuple[int, int]:
    """Return how many rows claiming a message reads, and how many entries of an index it counts."""
    read = counted = 0
    for statement, parameters in await statements_of_a_claim(driver):
        for node in await executed(driver, statement, parameters):
            rows = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
            if node["Node Type"] == "Index Only Scan":
                counted += rows
            elif node.get("Relation Name") or "Index Name" in node:
                read += rows
    return round(read), round(counted)


async def executed(driver: NotificationDriver, statement: str, parameters: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the nodes of a statement's plan with what they did; what it changed is undone."""
    async with driver.database.engine.connect() as connection:
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None
        [row] = await raw.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *parameters)
        await connection.rollback()
    return list(_nodes(row[0][0]["Plan"]))


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", []) for node in _nodes(child))]


_WAITING = "UPDATE notifications SET {} WHERE status = 'pending'"
_LINES = {
    "all are due": "deadline = deadline",
    "tickets were put off": "behind = priority = 10",
    "nothing has a deadline": "deadline = NULL",
    "all were put off": "behind = true",
    "all wait for their next try": "next_attempt_at = next_attempt_at + interval '50 minutes'",
}


async def test_a_claim_reads_a_few_rows_and_counts_in_an_index(crowded: NotificationDriver) -> None:
    for line, change in _LINES.items():
        await crowded.execute(_WAITING.format(change))
        await tidy(crowded)
        read, counted = await rows_read(crowded)
        assert read <= _FEW, line
        assert counted <= 20_000, "those in line alone"


async def test_a_sender_in_trouble_reads_no_more_than_what_is_in_line(crowded: NotificationDriver) -> None:
    statements = await statements_of_a_claim(crowded, probing=True)
    nodes = [node for statement in statements for node in await executed(crowded, *statement)]
    assert "Seq Scan" not in {node["Node Type"] for node in nodes}


async def test_without_its_index_a_claim_reads_the_whole_line(crowded: NotificationDriver) -> None:
    """The negative control: the count sees a plan that went bad."""
    await crowded.execute(_WAITING.format("deadline = NULL"))
    await crowded.execute("DROP INDEX ix_notifications_line")
    await tidy(crowded)
    read, _ = await rows_read(crowded)
    assert read >= 20_000

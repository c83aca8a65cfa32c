"""Claiming a message and reading the log read a handful of rows, however many were sent and however many wait."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

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
    SELECT gen_random_uuid(), concat_ws(':', CAST(:kind AS text), CAST(:part AS int), n, participant_id),
           registration_id, participant_id,
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
    messages = (
        *(("registration.created", 30, "sent", 2, 20_000) for _ in range(5)),
        ("registration.confirmed", 10, "pending", 1, 12_000),
        ("waitlist.offered", 15, "pending", 1, 2_000),
        ("race.changed", 40, "pending", 1, 6_000),
    )
    for part, (kind, priority, status, copies, count) in enumerate(messages):
        values = {"kind": kind, "priority": priority, "status": status, "copies": copies, "count": count}
        await driver.execute(_MESSAGES, **values, part=part, now=now)
    await tidy(driver)
    yield driver
    await driver.close()


async def tidy(driver: NotificationDriver) -> None:
    """Vacuum, as PostgreSQL does by itself after a while."""
    engine = driver.database.engine.execution_options(isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text("VACUUM (ANALYZE) notifications, contacts, contact_participants"))


@contextmanager
def statements(driver: NotificationDriver) -> Iterator[list[tuple[str, Any]]]:
    """Collect the statements about messages that are executed inside the block, with their parameters."""
    executed_here: list[tuple[str, Any]] = []

    def listen(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        if "notifications" in statement:
            executed_here.append((statement, parameters))

    engine = driver.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", listen)
    try:
        yield executed_here
    finally:
        event.remove(engine, "before_cursor_execute", listen)


async def statements_of_a_claim(driver: NotificationDriver, **more: Any) -> list[tuple[str, Any]]:
    """Return the statements about messages that claiming one executes; the claim is undone."""
    with statements(driver) as found:
        async with driver.database.work() as work:
            await claim_next(work, Channel.EMAIL, lease_for=timedelta(minutes=3), gap=_GAP, **more)
            await work.session.rollback()
    return found


async def rows_read(driver: NotificationDriver, executed_here: Sequence[tuple[str, Any]]) -> tuple[int, int]:
    """Return how many rows statements read, and how many entries of an index they count."""
    read = counted = 0
    for statement, parameters in executed_here:
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
        read, counted = await rows_read(crowded, await statements_of_a_claim(crowded))
        assert read <= _FEW, line
        assert counted <= 20_000, "those in line alone"


async def test_a_sender_in_trouble_reads_no_more_than_what_is_in_line(crowded: NotificationDriver) -> None:
    claim = await statements_of_a_claim(crowded, probing=True)
    nodes = [node for statement in claim for node in await executed(crowded, *statement)]
    assert "Seq Scan" not in {node["Node Type"] for node in nodes}


async def test_without_its_index_a_claim_reads_the_whole_line(crowded: NotificationDriver) -> None:
    """The negative control: the count sees a plan that went bad."""
    await crowded.execute(_WAITING.format("deadline = NULL"))
    await crowded.execute("DROP INDEX ix_notifications_line")
    await tidy(crowded)
    read, _ = await rows_read(crowded, await statements_of_a_claim(crowded))
    assert read >= 20_000


_FILTERS: tuple[dict[str, str], ...] = (
    {},
    {"q": "fr-7000"},
    {"q": "ani@example.com"},
    {"q": "0812 9999 9999"},
    {"q": "somebody.else@example.com"},
    {"event_type": "payment.rejected"},
    {"channel": "email", "status": "delivered"},
    {"channel": "whatsapp", "status": "failed"},
    {"event_type": "registration.confirmed", "from": "2020-01-01T00:00:00Z"},
    {"to": "2020-01-01T00:00:00Z"},
)
_OLD_RACE = uuid4()
_A_PAGE = 700
"""Rows of all tables that a page of 50 messages may read."""


async def test_every_filter_of_the_log_reads_a_page_and_no_more(crowded: NotificationDriver) -> None:
    await crowded.execute(
        "UPDATE contact_participants SET email = 'ani@example.com', whatsapp = '6281299999999' WHERE registration_id ="
        " (SELECT registration_id FROM contacts WHERE registration_number = 'FR-7000')"
    )
    # a race that is over: all messages of others are newer
    await crowded.execute("UPDATE contacts SET event_id = :race WHERE registration_number LIKE 'FR-1%'", race=_OLD_RACE)
    await crowded.execute(
        "UPDATE notifications SET created_at = created_at - interval '1 year' WHERE event_id = :race", race=_OLD_RACE
    )
    await tidy(crowded)
    assert (await crowded.scalar("SELECT count(*) FROM notifications WHERE event_id IS NOT NULL")) > 10 * _A_PAGE
    for filters in (*_FILTERS, {"event_id": str(_OLD_RACE)}):
        with statements(crowded) as found:
            await crowded.call("GET", "/notifications", by=crowded.staff(), params=filters)
        read, counted = await rows_read(crowded, found)
        assert read + counted <= _A_PAGE, filters

"""The operator's way of dealing with dead letters."""

from argparse import Namespace
from collections.abc import Sequence
from typing import Any

import pytest
from chassis import retries
from chassis.database import Database
from chassis.inbox import Handlers, Inbox
from chassis.senders import Refusal
from contracts import PaymentVerified
from registration.base import service_tables
from sqlalchemy import func, select
from testkit.golden import golden
from testkit.plugin import FreshDatabase

from standalone import deadletters


async def test_one_that_somebody_else_has_dealt_with_does_not_stop_the_replay_of_all(
    fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(await fresh_database("registration"), service="registration", tables=service_tables)
    inbox = Inbox(database, Handlers())
    for number in range(3):
        body = golden(PaymentVerified).to_bytes()
        body = body.replace(str(golden(PaymentVerified).message_id).encode(), _id(number))
        await inbox.give_up(body, "crash_guard", "took its reader down")
    listed = retries.list_dead_letters

    async def and_one_is_dropped(database: Database, **options: Any) -> Sequence[dict[str, Any]]:
        found = await listed(database, **options)
        await retries.drop_dead_letter(database, found[0]["id"], by="staff:1")
        return found

    monkeypatch.setattr(retries, "list_dead_letters", and_one_is_dropped)

    await deadletters._carry_out(database, Namespace(action="replay", id="all"))

    async with database.read() as session:
        parked = (await session.execute(select(func.count()).select_from(service_tables.retries))).scalar_one()
    await database.close()
    assert parked == 2


def _id(number: int) -> bytes:
    return b"00000000-0000-4000-8000-%012d" % number


async def test_forged_ones_are_not_replayed_with_all_and_dropped_together(fresh_database: FreshDatabase) -> None:
    database = Database(await fresh_database("registration"), service="registration", tables=service_tables)
    inbox, real = Inbox(database, Handlers()), golden(PaymentVerified)
    for sender in ("checkin", "notification"):
        await inbox.deliver(real.to_bytes(), sender)
    await inbox.give_up(real.to_bytes(), "crash_guard", "took its reader down")

    await deadletters._carry_out(database, Namespace(action="replay", id="all"))
    forged = await retries.refused_dead_letters(database, Refusal.FORGED)
    await deadletters._carry_out(database, Namespace(action="drop", id="forged"))

    left = await retries.list_dead_letters(database)
    await database.close()
    assert (forged, list(left)) == (2, [])

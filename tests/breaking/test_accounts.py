"""The accounts are no blind witnesses: what goes missing on the way is seen at every hop behind it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from chassis.database import Database
from chassis.transports import RabbitTransport
from contracts import parse
from contracts.topology import SUBSCRIPTIONS, Names
from registration.base import service_tables
from testkit.brokers import BrokerPrefix
from testkit.databases import plain
from testkit.plugin import FreshDatabase

from .accounts import ACCOUNTS, settle
from .witness import Witness

_GOLDEN = Path(__file__).parents[2] / "libs" / "contracts" / "tests" / "golden" / "registration.created.v1.json"


@pytest.fixture
async def registration(fresh_database: FreshDatabase) -> AsyncIterator[Database]:
    """Registration's database."""
    database = Database(await fresh_database("registration"), service="registration", tables=service_tables)
    yield database
    await database.close()


@pytest.fixture
async def witness(
    registration: Database, fresh_database: FreshDatabase, rabbitmq_url: str, broker_prefix: BrokerPrefix
) -> AsyncIterator[Witness]:
    """Watches an empty platform of which nothing runs."""
    names = Names(broker_prefix)
    broker_prefix.name("breaking.tap")
    transport = RabbitTransport(rabbitmq_url, names=names)
    await transport.start()  # makes the exchanges and queues
    urls = {service: await fresh_database(service) for service in SUBSCRIPTIONS if service != "registration"}
    urls["registration"] = registration.engine.url.render_as_string(hide_password=False)
    watching = Witness({service: plain(url) for service, url in urls.items()}, rabbitmq_url, names=names)
    await watching.watch(ACCOUNTS)
    yield watching
    await transport.stop()


async def test_an_event_that_never_left_its_outbox_is_under_way(witness: Witness, registration: Database) -> None:
    await _publish(registration)
    assert await witness.under_way() == {"registration": 1}


async def test_an_event_that_vanishes_is_missed_at_every_hop(witness: Witness, registration: Database) -> None:
    await _publish(registration)
    await witness.query("registration", "DELETE FROM outbox")
    hops = await settle(witness)
    assert await witness.under_way() == {}
    assert {name for name, hop in hops.items() if hop.lost} == {
        "committed -> broker",
        "broker -> inbox of payment",
        "broker -> inbox of notification",
        "registration.created -> invoice",
        "registration.created -> contact",
        "events -> messages",
    }
    assert {name for name, hop in hops.items() if hop.unexpected} == {"registered -> committed registration.created"}


async def test_an_effect_without_its_event_is_unexpected(witness: Witness) -> None:
    await witness.query("checkin", "INSERT INTO processed_events VALUES (gen_random_uuid(), 'registration.confirmed')")
    hops = await settle(witness)
    assert {name for name, hop in hops.items() if not hop.ok} == {"broker -> inbox of checkin"}


async def _publish(database: Database) -> None:
    event = parse(_GOLDEN.read_bytes())
    async with database.work() as work:
        work.publish(event.payload, subject=event.subject)

"""What a service never heard, or lost, is found by the doctor and published again by its owner."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import aio_pika
import asyncpg
import pytest
from aio_pika.abc import AbstractChannel
from contracts.topology import Names, binding_keys
from standalone.databases import Server
from standalone.journey.client import Buyer, Site, StaffMember
from standalone.journey.people import Crowd
from standalone.journey.process import OWNER_EMAIL, PlatformProcess
from standalone.journey.race import open_race
from testkit.polling import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(480)]

Start = Callable[..., Awaitable[PlatformProcess]]


@dataclass
class Venue:
    """A running platform with a race on it."""

    platform: PlatformProcess
    site: Site
    owner: StaffMember
    category_id: str
    crowd: Crowd

    @property
    def names(self) -> Names:
        return Names(self.platform.environment["BROKER_PREFIX"])

    async def registered(self) -> Buyer:
        return await Buyer.of(self.site, self.crowd.form(self.category_id)).register()

    async def confirmed(self) -> Buyer:
        buyer = await self.registered()
        await eventually(buyer.has_invoice, within=20)
        payment = (await buyer.pay()).json()["payment_id"]
        await self.owner.verify(payment)
        await eventually(lambda: _is(buyer, "payment_verified"), within=20)
        return buyer

    async def rows(self, service: str, statement: str, *values: Any) -> list[Any]:
        """Run a statement in a service's database."""
        environment = self.platform.environment
        server = Server(environment["DATABASE_URL"], environment["STARTLINE_DATABASE_PREFIX"])
        connection = await asyncpg.connect(server.url_of(service).replace("+asyncpg", ""))
        try:
            return list(await connection.fetch(statement, *values))
        finally:
            await connection.close()

    async def messages(self, buyer: Buyer) -> list[tuple[str, str]]:
        """What was ever written to the buyer: event and channel."""
        found = await self.rows(
            "notification",
            "SELECT event_type, channel FROM notifications WHERE registration_id = $1 ORDER BY 1, 2",
            buyer.entry["registration_id"],
        )
        return [(row["event_type"], row["channel"]) for row in found]

    async def doctor(self, *arguments: str, wait: float) -> dict[str, Any]:
        _, output = await self.platform.command("doctor", "--json", "--wait", str(wait), *arguments)
        found: dict[str, Any] = json.loads(output)
        return found

    async def settled(self) -> None:
        """Wait until all services agree. An end that overtook its beginning is retried, later each time."""
        found = await self.doctor(wait=150)
        assert found["ok"], (found, await self._parked())

    async def _parked(self) -> dict[str, list[dict[str, Any]]]:
        statement = "SELECT headers, attempts_count, next_attempt_at - now() AS due FROM event_retries"
        names = ("registration", "payment", "notification", "checkin")
        return {name: [dict(row) for row in await self.rows(name, statement)] for name in names}


async def _is(buyer: Buyer, status: str) -> bool:
    return await buyer.status() == status


@asynccontextmanager
async def opened(platform: PlatformProcess) -> AsyncIterator[Venue]:
    async with Site(platform.url) as site:
        owner = await StaffMember.login(site, OWNER_EMAIL, platform.owner_password)
        [category_id] = await open_race(owner, [100])
        yield Venue(platform, site, owner, category_id, Crowd())


async def lose_payment_and_notification(channel: AbstractChannel, names: Names) -> None:
    """Unbind one service's queue, delete another's."""
    queue = await channel.get_queue(names.queue("payment"))
    for key in binding_keys("payment"):
        await queue.unbind(names.exchange, routing_key=key)
    await channel.queue_delete(names.queue("notification"))


async def lose_the_exchange(channel: AbstractChannel, names: Names) -> None:
    await channel.exchange_delete(names.exchange)


@pytest.mark.parametrize("mishap", [lose_payment_and_notification, lose_the_exchange])
async def test_a_registration_amid_a_mishap_on_the_broker_reaches_every_service(
    start_platform: Start, rabbitmq_url: str, mishap: Callable[[AbstractChannel, Names], Awaitable[None]]
) -> None:
    platform = await start_platform(rabbitmq_url, HOUR_SECONDS="3600")
    async with opened(platform) as venue, await aio_pika.connect(rabbitmq_url) as connection:
        await mishap(await connection.channel(), venue.names)

        buyer = await venue.registered()

        await eventually(buyer.has_invoice, within=20)
        await eventually(lambda: venue.messages(buyer), within=20)
        assert (await venue.doctor(wait=20))["ok"]


@pytest.mark.parametrize("over", ["rabbitmq", pytest.param("in_process", marks=pytest.mark.soak)])
async def test_what_services_lost_is_found_and_repaired_while_the_platform_runs(
    start_platform: Start, rabbitmq_url: str, over: str
) -> None:
    platform = await start_platform(rabbitmq_url if over == "rabbitmq" else None, HOUR_SECONDS="3600")
    async with opened(platform) as venue:
        unheard, unknown, confirmed = await venue.registered(), await venue.registered(), await venue.confirmed()
        cancelled = await venue.registered()
        await eventually(lambda: venue.messages(cancelled), within=20)
        path = f"/registration/v1/registrations/{cancelled.entry['registration_id']}/cancel"
        await venue.owner.call("POST", path, json={"reason": "asked to"}, expect=204)
        assert (await venue.doctor(wait=20))["ok"]
        before = await venue.messages(confirmed), await venue.messages(cancelled)

        for buyer in (unheard, cancelled):
            await venue.rows("payment", "DELETE FROM invoices WHERE registration_id = $1", _id(buyer))
        await venue.rows("notification", "DELETE FROM contacts WHERE registration_id = $1", _id(unknown))
        for table in ("roster", "roster_revisions"):
            await venue.rows("checkin", f"DELETE FROM {table} WHERE registration_id = $1", _id(confirmed))

        found = await venue.doctor(wait=0)
        assert {each["code"] for each in found["findings"]} == {"invoice_missing", "contact_missing", "roster_missing"}
        assert len(found["findings"]) == 4

        repaired = await venue.doctor("--repair", wait=0)
        assert repaired["counts"]["published_again_by_registration"] == 4
        await venue.settled()
        assert await unheard.has_invoice()
        assert (await unheard.pay()).is_success
        assert {event for event, _ in await venue.messages(unknown)} == {"registration.created"}
        assert (await venue.messages(confirmed), await venue.messages(cancelled)) == before

        again = await venue.doctor("--repair", wait=40)
        assert again["ok"]
        assert "published_again_by_registration" not in again["counts"]


async def test_a_payment_that_registration_never_heard_of_is_published_again(start_platform: Start) -> None:
    platform = await start_platform(HOUR_SECONDS="3600")
    async with opened(platform) as venue:
        buyer = await venue.registered()
        await eventually(buyer.has_invoice, within=20)
        await buyer.pay()
        await eventually(lambda: _is(buyer, "payment_uploaded"), within=20)
        back = "UPDATE registrations SET status = 'pending_payment', payment_seen_at = NULL WHERE id = $1"
        await venue.rows("registration", back, _id(buyer))
        found = await venue.doctor(wait=0)
        assert {each["code"] for each in found["findings"]} == {"status_differs"}

        await venue.doctor("--repair", wait=0)

        await venue.settled()
        assert await buyer.status() == "payment_uploaded"


async def test_repairs_at_the_same_time_do_no_harm(start_platform: Start) -> None:
    platform = await start_platform(HOUR_SECONDS="3600")
    async with opened(platform) as venue:
        buyers = [await venue.registered() for _ in range(3)]
        for buyer in buyers:
            await eventually(buyer.has_invoice, within=20)
            await eventually(partial(venue.messages, buyer), within=20)
        await venue.rows("payment", "DELETE FROM invoices")

        await asyncio.gather(*(venue.doctor("--repair", wait=0) for _ in range(3)))

        await venue.settled()
        assert [len(await venue.messages(buyer)) for buyer in buyers] == [2, 2, 2]


def _id(buyer: Buyer) -> str:
    return str(buyer.entry["registration_id"])

"""A service's database is restored to an earlier moment; what the others had sent it since then is sent again."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from standalone.databases import Server
from standalone.journey.client import Buyer, Site, StaffMember
from standalone.journey.people import Crowd
from standalone.journey.process import OWNER_EMAIL, PlatformProcess
from standalone.journey.race import open_race
from testkit.polling import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(480)]

Start = Callable[..., Awaitable[PlatformProcess]]

_SETS = {
    "registrations": ("registration", "SELECT id FROM registrations"),
    "invoices": ("payment", "SELECT registration_id FROM invoices"),
    "contacts": ("notification", "SELECT registration_id FROM contacts"),
}
_CONFIRMED = """
    SELECT id FROM participants
     WHERE registration_id IN (SELECT id FROM registrations WHERE status = 'payment_verified')
"""
_RUNNERS = {
    "confirmed": ("registration", _CONFIRMED),
    "roster": ("checkin", "SELECT participant_id FROM roster WHERE cancelled_at IS NULL"),
}
_MESSAGES = "SELECT event_type, channel, registration_id, participant_id FROM notifications"
_MOVEMENTS = "SELECT source, leg, amount FROM movements"


class Machine:
    """A platform, the server on which its databases are, and copies of these."""

    def __init__(self, platform: PlatformProcess) -> None:
        self.platform = platform
        environment = platform.environment
        self.server = Server(environment["DATABASE_URL"], environment["STARTLINE_DATABASE_PREFIX"])

    async def execute(self, *statements: str) -> None:
        admin = await asyncpg.connect(self.server.url)
        try:
            for statement in statements:
                await admin.execute(statement)
        finally:
            await admin.close()

    async def back_up(self, *services: str) -> None:
        """Copy the databases of services while nothing runs."""
        for service in services:
            name = self.server.name(service)
            await self.execute(f'CREATE DATABASE "{name}_backup" TEMPLATE "{name}"')

    async def now(self) -> str:
        """Return the time of the server, as the command takes it."""
        [row] = await self.rows("registration", "SELECT now() AS moment")
        return str(row["moment"].isoformat())

    async def restore(self, *services: str) -> None:
        for service in services:
            name = self.server.name(service)
            await self.execute(
                f'DROP DATABASE "{name}" WITH (FORCE)', f'ALTER DATABASE "{name}_backup" RENAME TO "{name}"'
            )

    async def rows(self, service: str, statement: str) -> list[Any]:
        connection = await asyncpg.connect(self.server.url_of(service).replace("+asyncpg", ""))
        try:
            return list(await connection.fetch(statement))
        finally:
            await connection.close()

    async def sets(self, queries: dict[str, tuple[str, str]]) -> dict[str, list[Any]]:
        """Return what each query finds, in order; what is there twice is in it twice."""
        return {name: sorted(row[0] for row in await self.rows(*query)) for name, query in queries.items()}

    async def effects(self) -> tuple[list[Any], list[Any]]:
        """Return the messages to runners and the movements of money."""
        return (
            sorted(map(str, await self.rows("notification", _MESSAGES))),
            sorted(map(str, await self.rows("payment", _MOVEMENTS))),
        )

    async def is_quiet(self) -> bool:
        """Return whether no event waits in an outbox or is being retried."""
        waiting = "SELECT 1 FROM outbox UNION ALL SELECT 1 FROM event_retries"
        found = [await self.rows(name, waiting) for name in ("registration", "payment", "notification", "checkin")]
        return not any(found)

    async def has_arrived(self, registration: UUID) -> bool:
        """Return whether a registration has its invoice and the messages of its two channels."""
        sets = await self.sets(_SETS)
        told = [row for row in await self.rows("notification", _MESSAGES) if row["registration_id"] == registration]
        return all(registration in found for found in sets.values()) and len(told) == 2

    async def has(self, sets: dict[str, list[Any]], effects: tuple[list[Any], list[Any]]) -> bool:
        return await self.sets(_SETS) == sets and await self.effects() == effects


@pytest.fixture(params=["rabbitmq", pytest.param("in_process", marks=pytest.mark.soak)])
async def machine(start_platform: Start, rabbitmq_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Machine]:
    """A platform on which a race is open; the copies are gone after the test."""
    broker = rabbitmq_url if request.param == "rabbitmq" else None
    found = Machine(await start_platform(broker, HOUR_SECONDS="3600"))
    async with AsyncExitStack() as stack:
        for service in ("payment", "checkin"):
            backup = f'DROP DATABASE IF EXISTS "{found.server.name(service)}_backup" WITH (FORCE)'
            stack.push_async_callback(found.execute, backup)
        yield found


async def test_what_two_services_lost_by_a_restore_is_sent_again_and_takes_effect_once(machine: Machine) -> None:
    platform = machine.platform
    async with Site(platform.url) as site:
        owner = await StaffMember.login(site, OWNER_EMAIL, platform.owner_password)
        [category] = await open_race(owner, [100])
        crowd, began = Crowd(), await machine.now()
        early, paid = await _registered(site, crowd, category), await _registered(site, crowd, category)
        await _confirmed(owner, paid)
        await eventually(machine.is_quiet, within=30)
        await platform.stop()
        await machine.back_up("payment", "checkin")

        await platform.start()
        late = await _registered(site, crowd, category)
        await eventually(lambda: machine.has_arrived(_id(late)), within=30)
        await eventually(machine.is_quiet, within=30)
        before, effects = await machine.sets(_SETS), await machine.effects()
        assert len(before["invoices"]) == 3
        await platform.stop()

        await machine.restore("payment", "checkin")
        await platform.start()
        code, output = await platform.command("doctor", "--wait", "3")
        assert (code, "invoice_missing" in output) == (1, True), "the control: nothing comes by itself"
        lost = await machine.sets(_SETS)
        assert set(lost["registrations"]) - set(lost["invoices"]) == {_id(late)}

        for _ in range(2):
            code, output = await platform.command("republish", "--since", began)
            assert code == 0, output
            assert "registration\tregistration.created\t" in output
            await eventually(machine.is_quiet, within=60)
            await eventually(lambda: machine.has(before, effects), within=60)

        assert before["registrations"] == before["invoices"] == before["contacts"]
        runners = await machine.sets(_RUNNERS)
        assert runners["confirmed"] == runners["roster"]
        code, output = await platform.command("doctor", "--wait", "20")
        assert code == 0, output
        assert await machine.has(before, effects), "what was sent twice took effect once"
        assert (await early.pay()).is_success
        assert (await late.pay()).is_success


async def _registered(site: Site, crowd: Crowd, category: str) -> Buyer:
    buyer = await Buyer.of(site, crowd.form(category)).register()
    await eventually(buyer.has_invoice, within=20)
    return buyer


async def _confirmed(owner: StaffMember, buyer: Buyer) -> None:
    await owner.verify((await buyer.pay()).json()["payment_id"])
    await eventually(lambda: _is_confirmed(buyer), within=20)


async def _is_confirmed(buyer: Buyer) -> bool:
    return await buyer.status() == "payment_verified"


def _id(buyer: Buyer) -> UUID:
    return UUID(buyer.entry["registration_id"])

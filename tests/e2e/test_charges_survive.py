"""A thousand charges while the platform is killed and the gateway misbehaves: the ledger ends as the gateway's books.

The gateway is outside of the platform, as Midtrans is: what it knows survives. Nothing may be lost or paid twice.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Final

import asyncpg
import httpx
import pytest
from chassis.process import BackgroundServer
from embedded.ports import free_port
from simulators.midtrans import MidtransAccount, build_midtrans
from simulators.midtrans.modes import Mode, NotificationMode
from simulators.midtrans.orders import Payer
from simulators.settings import Settings as SimulatorSettings
from standalone.databases import Server
from standalone.journey.checks import at_most
from standalone.journey.client import Buyer, Site, StaffMember
from standalone.journey.people import Crowd
from standalone.journey.process import OWNER_EMAIL, DidNotStart, PlatformProcess
from standalone.journey.race import open_race
from testkit.polling import eventually

pytestmark = [pytest.mark.soak, pytest.mark.slow, pytest.mark.timeout(900)]

CHARGES: Final = 1_000
RUNNERS: Final = 260
AT_ONCE: Final = 12
KILLS: Final = 20
BANKS: Final = ("bca", "bni", "bri")
"""Those whose settlements are not held back for minutes."""
PAYER: Final = Payer("bca", on_us=False)

Start = Callable[..., Awaitable[PlatformProcess]]


@dataclass
class Venue:
    """A platform, the gateway outside of it, and those who register."""

    platform: PlatformProcess
    account: MidtransAccount
    chance: random.Random

    async def asked(self, site: Site, buyer: Buyer, path: str, **body: Any) -> httpx.Response | None:
        """Send a request of a runner; None if the platform died over it."""
        with suppress(httpx.TransportError):
            headers = {"Authorization": f"Bearer {buyer.token}"}
            return await site.http.request("POST", f"/api/payment/v1{path}", json=body, headers=headers)
        return None

    async def use(self, site: Site, buyer: Buyer) -> None:
        """Let a runner choose and change ways to pay until the gateway has enough orders; some are paid."""
        while len(list(self.account.orders())) < CHARGES:
            order_id = await self._choose(site, buyer)
            if order_id is not None and self.chance.random() < 0.12:
                with suppress(Exception):  # it was cancelled meanwhile
                    await self.account.pay(order_id, PAYER)
            if order_id is None and await self._is_paid(site, buyer):
                return

    async def _choose(self, site: Site, buyer: Buyer) -> str | None:
        way = self.chance.choice(("qris", *BANKS))
        body = {"method": "midtrans_qris"} if way == "qris" else {"method": "midtrans_va", "bank": way}
        answer = await self.asked(site, buyer, f"/invoices/{buyer.entry['registration_id']}/charges", **body)
        if answer is None or answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            await asyncio.sleep(0.2)  # what is down is given a moment
            return None
        found: dict[str, Any] = answer.json()
        if answer.status_code == httpx.codes.CONFLICT:
            if found["code"] == "charge_active":
                await self.asked(site, buyer, f"/charges/{found['charge_id']}/cancel")
            return None
        return str(found["order_id"])

    async def _is_paid(self, site: Site, buyer: Buyer) -> bool:
        with suppress(httpx.TransportError):
            path = f"/api/payment/v1/invoices/{buyer.entry['registration_id']}"
            answer = await site.http.get(path, headers={"Authorization": f"Bearer {buyer.token}"})
            return answer.status_code == httpx.codes.OK and answer.json()["status"] == "paid"
        return False

    async def break_things(self, done: asyncio.Event) -> int:
        """Kill the platform and change how the gateway behaves, over and over; return how often it was killed."""
        kills = 0
        while kills < KILLS and not done.is_set():
            self.account.mode = self.chance.choice([Mode.OK, Mode.OK, Mode.OK, Mode.DOWN, Mode.ERRORS_IN_BODY])
            self.account.notices.mode = self.chance.choice(list(NotificationMode))
            with suppress(TimeoutError):
                await asyncio.wait_for(done.wait(), timeout=self.chance.uniform(3, 8))
            self.account.mode = Mode.OK
            await self.platform.kill()
            kills += 1
            await self._start_again()
        return kills

    async def _start_again(self) -> None:
        """Start the platform; on a busy machine that may take more than one time."""
        for _ in range(3):
            with suppress(DidNotStart):
                return await self.platform.start()
        return await self.platform.start()

    async def rows(self, statement: str) -> Sequence[Any]:
        """Run a statement in payment's database."""
        environment = self.platform.environment
        server = Server(environment["DATABASE_URL"], environment["STARTLINE_DATABASE_PREFIX"])
        connection = await asyncpg.connect(server.url_of("payment").replace("+asyncpg", ""))
        try:
            return list(await connection.fetch(statement))
        finally:
            await connection.close()

    async def come_to_rest(self) -> None:
        """Let the days pass in which the worker asks about each charge, and wait until it has."""
        self.account.mode, self.account.notices.mode = Mode.OK, NotificationMode.OFF
        for _ in range(3):
            [begin] = await self.rows("SELECT now()::text AS at")
            await self.rows("UPDATE charges SET ask_at = now() WHERE ask_at IS NOT NULL")
            await eventually(partial(self._asked_about_all, since=begin["at"]), within=90, every=0.5)

    async def _asked_about_all(self, since: str) -> bool:
        unasked = f"SELECT count(*) FROM charges WHERE ask_at IS NOT NULL AND updated_at < '{since}'"
        [found] = await self.rows(unasked)
        return bool(found["count"] == 0)

    @property
    def settled(self) -> set[str]:
        """Return the orders that were paid."""
        return {order.order_id for order in self.account.orders() if order.settled_at is not None}

    @property
    def books(self) -> Decimal:
        """Return what the gateway owes the organiser."""
        return Decimal(self.account.books().balance)


@asynccontextmanager
async def gateway_for(platform: PlatformProcess, port: int) -> AsyncIterator[MidtransAccount]:
    """Yield a gateway at a port of its own; its notifications go to the platform."""
    webhook = f"{platform.url}/api/payment/v1/webhooks/midtrans"
    account = MidtransAccount(SimulatorSettings(midtrans_notification_url=webhook, midtrans_time_factor=400))
    server = BackgroundServer(build_midtrans(account), host="127.0.0.1", port=port, grace_seconds=1)
    await server.start()
    try:
        yield account
    finally:
        account.closing.set()
        await account.stop()
        await server.stop()


async def opened(venue: Venue) -> tuple[list[Buyer], Site]:
    """Open a race, let all register, and wait until each can pay."""
    site = Site(venue.platform.url)
    owner = await StaffMember.login(site, OWNER_EMAIL, venue.platform.owner_password)
    account = {"server_key": venue.account.server_key, "offers": ["qris", *BANKS]}
    await owner.call("PUT", "/payment/v1/settings/midtrans", json=account)
    [category_id] = await open_race(owner, [RUNNERS])
    crowd = Crowd()
    buyers = [Buyer.of(site, crowd.form(category_id)) for _ in range(RUNNERS)]
    await at_most(AT_ONCE, (buyer.register() for buyer in buyers))
    for buyer in buyers:
        await eventually(buyer.has_invoice, within=30)
    return buyers, site


async def found_orders(venue: Venue) -> set[str]:
    """Return the orders whose money paid a registration or was kept."""
    rows = await venue.rows("""
        SELECT order_id FROM charges
         WHERE EXISTS (SELECT FROM payments WHERE source = 'charge:' || charges.id)
            OR EXISTS (SELECT FROM unassigned_money WHERE source = 'charge:' || charges.id)
        UNION SELECT reference FROM unassigned_money WHERE source LIKE 'midtrans:%'
    """)
    return {row["order_id"] for row in rows}


async def ledger_of(venue: Venue) -> dict[str, Decimal]:
    """Return the balances of the ledger."""
    async with Site(venue.platform.url) as site:
        owner = await StaffMember.login(site, OWNER_EMAIL, venue.platform.owner_password)
        found = (await owner.call("GET", "/payment/v1/ledger/balances"))["accounts"]
    return {each["account"]: Decimal(each["balance"]) for each in found}


async def test_a_thousand_charges_survive_kills_and_a_gateway_that_misbehaves(
    start_platform: Start, rabbitmq_url: str
) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}/api"
    platform = await start_platform(rabbitmq_url, HOUR_SECONDS="3600", MIDTRANS_BASE_URL=address)
    async with gateway_for(platform, port) as account:
        # given
        venue = Venue(platform, account, random.Random(16))
        buyers, site = await opened(venue)
        # when
        done = asyncio.Event()
        breaking = asyncio.create_task(venue.break_things(done))
        using = asyncio.ensure_future(at_most(AT_ONCE, (venue.use(site, buyer) for buyer in buyers)))
        await using
        done.set()
        kills = await breaking
        await site.http.aclose()
        await venue.come_to_rest()
        # then
        assert kills >= 3
        assert len(list(account.orders())) >= CHARGES
        balances = await ledger_of(venue)
        assert sum(balances.values()) == 0
        assert balances["midtrans"] == venue.books > 0
        assert await found_orders(venue) == venue.settled, "money was lost, or made up"
        code, output = await platform.command("doctor", "--json", "--wait", "90")
        assert code == 0, output
        await _sees_what_is_missing(venue)


async def _sees_what_is_missing(venue: Venue) -> None:
    """The negative control: without one movement neither the books nor the doctor agree."""
    await venue.rows("ALTER TABLE movements DISABLE TRIGGER movements_stay")
    await venue.rows("DELETE FROM movements WHERE id = (SELECT max(id) FROM movements WHERE debit = 'midtrans')")
    assert (await ledger_of(venue))["midtrans"] < venue.books
    code, _ = await venue.platform.command("doctor", "--json", "--wait", "1")
    assert code != 0

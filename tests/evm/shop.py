"""Payment before a node: runners pay in USDT by real transactions, and the worker reads the chain over HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final, Self
from uuid import UUID, uuid4

import httpx
from chassis.auth.principals import Role
from chassis.secrets import new_key
from contracts import (
    EventSummary,
    PaymentVerified,
    RegisteredParticipant,
    RegistrationCreated,
    RegistrationType,
)
from payment import service
from payment.settings import Settings
from payment.usdt.evm.addresses import checksum
from payment.usdt.networks.access import ChainAccess
from payment.usdt.networks.presets import PRESETS, Network
from payment.usdt.pay.settling import settle
from payment.usdt.watch.following import watch_all
from payment.usdt.watch.nodes import Nodes
from payment.usdt.watch.sweeping import sweep_balances
from testkit.clocks import ManualClock
from testkit.driver import ServiceDriver

from .node import BLOCK_SECONDS, Anvil
from .solidity import contract

NETWORK: Final = Network.POLYGON
CONFIRMATIONS: Final = 5
PRICE: Final = Decimal(350_000)
RATE: Final = Decimal(16_650)

# Of the mnemonic "abandon" eleven times, "about": not the accounts of anvil.
_XPUB: Final = (
    "xpub6DCoCpSuQZB2jawqnGMEPS63ePKWkwWPH4TU45Q7LPXWuNd8TMtVxRrgjtEshuqpK3mdhaWHPFsBngh5GFZaM6si3yZdUsT8ddYM3PwnATt"
)
_DECIMALS: Final = PRESETS[NETWORK].decimals
_SUPPLY: Final = 10**15


@dataclass(frozen=True)
class Tokens:
    """Contracts on the chain. `other` calls itself USDT, too; `batch` pays several recipients at once."""

    usdt: bytes
    other: bytes
    batch: bytes

    @classmethod
    async def deploy(cls, node: Anvil) -> Self:
        """Deploy them; the node's first account has all tokens, and lets the batch payer take them."""
        sender = node.accounts[0]
        usdt = await node.deploy(sender, contract("LegacyToken").creation(_DECIMALS, _SUPPLY))
        other = await node.deploy(sender, contract("OtherToken").creation(_SUPPLY))
        batch = await node.deploy(sender, contract("BatchPayer").creation())
        await node.send(sender, contract("LegacyToken").call("approve", batch, _SUPPLY), to=usdt)
        await node.mine()
        return cls(usdt, other, batch)


class Shop(ServiceDriver[Settings]):
    """Payment with a key, a rate, and Polygon, for which the node stands in."""

    SERVICE = service.SERVICE
    clock: ManualClock

    def __init__(self, database_url: str, images: Path, node: Anvil, tokens: Tokens, clock: ManualClock) -> None:
        super().__init__(_settings(database_url, images), clock=clock)
        self.node = node
        self.tokens = tokens
        self.payer = node.accounts[0]
        self.chain_http = httpx.AsyncClient()
        self.start_again()

    def start_again(self) -> None:
        """Forget what a process remembers of its endpoints."""
        access = ChainAccess(self.settings.secret_box(), self.chain_http, private=self.settings.usdt_private_hosts)
        self.app.state.chains = access
        self.nodes = Nodes(access)

    async def close(self) -> None:
        """Close what was opened."""
        await self.chain_http.aclose()
        await super().close()

    # --- the organiser

    async def open(self, *urls: str, **changes: Any) -> None:
        """Confirm a key, configure the network with these endpoints, and set a rate."""
        owner = self.staff(Role.OWNER)
        body = {"xpub": _XPUB, "path": "m/44'/60'/0'"}
        key = (await self.call("POST", "/usdt/keys", by=owner, json=body)).require(201)
        first = {"address": key["first_addresses"][0]}
        (await self.call("POST", f"/usdt/keys/{key['key_id']}/confirm", by=owner, json=first)).require(200)
        await self.configure(*urls, **changes)
        until = (self.clock() + timedelta(hours=23)).isoformat()
        rate = {"idr_per_usdt": str(RATE), "reason": "for the test", "valid_until": until}
        (await self.call("POST", "/usdt/rates", by=self.staff(Role.FINANCE), json=rate)).require(201)
        await self.mine()

    async def configure(self, *urls: str, log_range: int = 500, **changes: Any) -> None:
        """Store the settings of the network, whose endpoints are probed."""
        settings = {
            "enabled": True,
            "endpoints": [{"url": url, "log_range": log_range} for url in urls or (self.node.url,)],
            "token_contract": checksum(self.tokens.usdt),
            "confirmations": CONFIRMATIONS,
            "minimum_order": "0",
        }
        path = f"/usdt/networks/{NETWORK}/settings"
        (await self.call("PUT", path, by=self.staff(Role.OWNER), json=settings | changes)).require(200)

    async def resume(self) -> None:
        """Let a network that was stopped be read again."""
        (await self.call("POST", f"/usdt/chains/{NETWORK}/resume", by=self.staff(Role.OWNER))).require(204)

    # --- runners

    async def register(self, *, hours: float) -> UUID:
        """Return a registration, which may be paid for so many hours."""
        created = _created(self.clock() + timedelta(hours=hours))
        await self.deliver(created)
        return created.registration_id

    async def choose(self, entry: UUID) -> dict[str, Any]:
        """Return what is to be sent for a registration."""
        path = f"/invoices/{entry}/usdt"
        quote: dict[str, Any] = (
            await self.call("POST", path, by=self.runner(entry), json={"network": NETWORK})
        ).require(200)
        return quote

    async def register_and_choose(self, *, hours: float = 20) -> tuple[UUID, dict[str, Any]]:
        """Return a registration, and what is to be sent for it."""
        entry = await self.register(hours=hours)
        return entry, await self.choose(entry)

    async def shown(self, entry: UUID) -> dict[str, Any]:
        """Return how far the payment of a registration is, as its runner sees it."""
        shown: dict[str, Any] = (await self.call("GET", f"/invoices/{entry}/usdt", by=self.runner(entry))).require(200)
        return shown

    async def send(self, quote: Mapping[str, Any], units: int | None = None, *, token: bytes | None = None) -> bytes:
        """Send what a quote says, or so many units, or another token. Return the hash of the transaction."""
        sent = int(quote["amount_units"]) if units is None else units
        data = contract("LegacyToken").call("transfer", recipient(quote), sent)
        return await self.node.send(self.payer, data, to=token or self.tokens.usdt)

    async def send_batch(self, *payments: tuple[Mapping[str, Any], int]) -> bytes:
        """Send units for several quotes in one transaction, and return its hash."""
        recipients = [recipient(quote) for quote, _ in payments]
        data = contract("BatchPayer").call("pay", self.tokens.usdt, recipients, [units for _, units in payments])
        return await self.node.send(self.payer, data, to=self.tokens.batch)

    async def set_fee(self, basis_points: int) -> None:
        """Let the owner of the token charge a fee from the next block on."""
        data = contract("LegacyToken").call("setRate", basis_points)
        await self.node.send(self.payer, data, to=self.tokens.usdt)

    # --- time

    async def mine(self, blocks: int = 1, *, passes: int = 1) -> None:
        """Make blocks, with their time, and let the worker read them."""
        self.clock.advance(timedelta(seconds=BLOCK_SECONDS * blocks))
        await self.node.mine(blocks, until=self.clock())
        await self.watch(passes)

    async def confirm(self) -> None:
        """Make as many blocks as confirm what was sent."""
        await self.mine(CONFIRMATIONS)

    async def watch(self, passes: int = 1) -> None:
        """Let the worker read the chain, each time after its rest."""
        for _ in range(passes):
            self.clock.advance(timedelta(seconds=2))
            await watch_all(self.database, self.nodes, partial(settle, self.database))

    async def sweep(self) -> int:
        """Let the worker compare balances; return of how many addresses."""
        return await sweep_balances(self.database, self.nodes)

    # --- what arrived

    async def paid(self) -> Sequence[UUID]:
        """Return the registrations that are paid, in their order."""
        return [event.payload.registration_id for event in await self.published(PaymentVerified)]

    async def transfers(self) -> Sequence[Mapping[str, Any]]:
        """Return the transfers as finance sees them, oldest first."""
        answer = await self.call("GET", "/usdt/transfers", by=self.staff(Role.FINANCE))
        return list(reversed(answer.require(200)["items"]))

    async def chain(self) -> Mapping[str, Any]:
        """Return how far the chain was read, and what is wrong with it."""
        [chain] = (await self.call("GET", "/usdt/chains", by=self.staff(Role.FINANCE))).require(200)["items"]
        return dict(chain)


def recipient(quote: Mapping[str, Any]) -> bytes:
    """Return the address of a quote."""
    return bytes.fromhex(quote["address"][2:])


def _settings(database_url: str, images: Path) -> Settings:
    return Settings(
        database_url=database_url,
        broker_url="amqp://unused",
        secret_keys=new_key(),
        staff_jwks_url="http://identity.test/jwks",
        runner_jwks_url="http://registration.test/jwks",
        proof_store=images.as_uri(),
        usdt_private_endpoints="127.0.0.1",
    )


def _created(expires_at: datetime) -> RegistrationCreated:
    runner = RegisteredParticipant(
        participant_id=uuid4(), full_name="Budi Santoso", email="budi@example.com", whatsapp="081234567890", is_pic=True
    )
    return RegistrationCreated(
        registration_id=uuid4(),
        registration_number=f"FR5K-{uuid4().int % 100_000:05d}",
        revision=1,
        event=EventSummary(event_id=uuid4(), name="Fun Run", event_date=date(2027, 3, 14), location="Bandung"),
        category_id=uuid4(),
        category_name="5K",
        registration_type=RegistrationType.INDIVIDUAL,
        total_participants=1,
        total_amount=PRICE,
        currency="IDR",
        expires_at=expires_at,
        participants=(runner,),
    )

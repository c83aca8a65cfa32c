"""Runners who register and pay, and a cashier who verifies, whatever happens to the platform meanwhile."""

import asyncio
import json
import random
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from standalone.journey.checks import at_most
from standalone.journey.client import Buyer, Site, StaffMember, UnexpectedAnswer
from standalone.journey.ledger import Entry, Ledger, Outcome
from standalone.journey.people import Crowd
from testkit.polling import eventually

_INVOICE_SECONDS = 120.0
_BETWEEN_LOOKS = 0.5
_AT_ONCE = 8
_RUSH_AT_ONCE = 32
SIZES = (1, 1, 1, 1, 1, 5, 1, 1, 1, 10)


@dataclass
class Traffic:
    """Everybody's requests and the logs of them.

    Args:
        folder: where the logs are written.
        seed: of who comes, in what groups, and who pays.

    Attributes:
        slowness: runners who keep coming wait so many times as long between two as they were told.
    """

    site: Site
    staff: StaffMember
    folder: Path
    seed: int
    buyers: dict[str, Buyer] = field(default_factory=dict)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    slowness: float = 1.0

    def __post_init__(self) -> None:
        self.registrations = Ledger(self.folder / "registrations.log")
        self.proofs = Ledger(self.folder / "proofs.log", done=frozenset({"proof_pending", "already_paid"}))
        self.verifications = Ledger(self.folder / "verifications.log", done=frozenset({"already_decided"}))
        self._crowd = Crowd(self.seed)
        self._random = random.Random(self.seed)

    def buyer(self, category_id: str, size: int) -> Buyer:
        """Somebody new."""
        buyer = Buyer.of(self.site, self._crowd.form(category_id, size))
        self.buyers[buyer.key] = buyer
        return buyer

    async def keep_coming(self, category_id: str, *, every: float) -> None:
        """One runner or group after the other registers, and most of them pay, until told to stop."""
        while not self.stopping.is_set():
            buyer = self.buyer(category_id, self._random.choice(SIZES))
            entry = await self.register(buyer)
            if entry.outcome is Outcome.OK and self._random.random() < 0.7:
                await self.pay(buyer)
            await asyncio.sleep(every * self.slowness)

    async def rush(self, category_id: str, sizes: Sequence[int]) -> None:
        """All of them want places, as many at once as one client's connections allow."""
        buyers = [self.buyer(category_id, size) for size in sizes]
        await at_most(_RUSH_AT_ONCE, (self.register(buyer) for buyer in buyers))

    def sold(self, category_id: str) -> int:
        """Places of the category that were given to somebody, as far as the answers tell."""
        return sum(
            each.size for each in self.buyers.values() if each.registration and each.form["category_id"] == category_id
        )

    async def register(self, buyer: Buyer) -> Entry:
        """Ask for places once; the same buyer may ask again."""
        entry = await self.registrations.ask(buyer.key, buyer.ask)
        if entry.outcome is Outcome.OK:
            buyer.registration = json.loads(entry.body)
        return entry

    async def stand_in_line(self, category_id: str) -> None:
        """Somebody new waits for a place of a category that is sold out."""
        path, form = "/registration/v1/waitlist", self._crowd.form(category_id)
        await self.site.call("POST", path, json=form, expect=201)

    async def pay(self, buyer: Buyer) -> None:
        """Upload a proof as soon as there is an invoice."""
        await self.invoiced(buyer)
        await self.proofs.ask(buyer.entry["registration_id"], buyer.pay)

    async def invoiced(self, buyer: Buyer) -> None:
        """Return when there is an invoice."""

        async def there() -> bool:
            return bool(await _tolerant(buyer.has_invoice()))

        await eventually(there, within=_INVOICE_SECONDS, every=0.2)

    async def keep_verifying(self) -> None:
        """Verify whatever proof waits, each once, until told to stop."""
        while not self.stopping.is_set():
            await self.verify_waiting()
            await asyncio.sleep(_BETWEEN_LOOKS)

    async def verify_waiting(self) -> None:
        """Verify the proofs that wait now and were not asked for before."""
        page = await _tolerant(self.staff.call("GET", "/payment/v1/payments?status=uploaded&limit=50"))
        waiting = [item["payment_id"] for item in (page or {"items": []})["items"]]
        fresh = [payment for payment in waiting if payment not in self.verifications.entries]
        await at_most(_AT_ONCE, [self.verify(payment) for payment in fresh])

    async def verify(self, payment_id: str) -> Entry:
        """Accept one proof."""
        path = f"/payment/v1/payments/{payment_id}/verify"
        return await self.verifications.ask(
            payment_id, lambda: self.site.call("POST", path, token=self.staff.token, expect=204)
        )

    async def ask_again(self) -> None:
        """Repeat, with the same keys, everything that nobody could tell about."""
        doubted = [self.buyers[key] for key in self.registrations.keys(Outcome.UNKNOWN)]
        await at_most(_AT_ONCE, [self.register(buyer) for buyer in doubted])
        unpaid = self.proofs.keys(Outcome.UNKNOWN)
        owing = [each for each in self.buyers.values() if each.registration and each.entry["registration_id"] in unpaid]
        await at_most(_AT_ONCE, [self.pay(buyer) for buyer in owing])
        await at_most(_AT_ONCE, [self.verify(payment) for payment in self.verifications.keys(Outcome.UNKNOWN)])

    async def repeat_answered(self) -> None:
        """Repeat every accepted registration: the log refuses an answer that is not the first one, byte for byte."""
        accepted = [self.buyers[key] for key in self.registrations.keys(Outcome.OK)]
        await at_most(_AT_ONCE, [self.register(buyer) for buyer in accepted])


async def _tolerant(asking: Awaitable[Any]) -> Any:
    with suppress(UnexpectedAnswer, httpx.TransportError):
        return await asking
    return None

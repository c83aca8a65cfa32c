"""Somebody has check-in's login at the broker and says that an unpaid registration was paid: nothing comes of it."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID, uuid4

import aio_pika
from aiormq.exceptions import ChannelAccessRefused
from contracts import ParticipantCheckedIn, PaymentVerified
from contracts.topology import SUBSCRIPTIONS, Names, routing_key
from standalone.journey.client import Buyer
from standalone.journey.ledger import Outcome
from testkit.golden import golden
from testkit.polling import eventually

from .faults import Breaker
from .traffic import Traffic

FORGER = "forger"
"""What a forger writes into `app_id`, so that a witness of the broker tells these messages from the platform's own."""
_FOREIGN = (PaymentVerified.TYPE, *(routing_key(PaymentVerified.TYPE, listener) for listener in SUBSCRIPTIONS))
_OWN = routing_key(ParticipantCheckedIn.TYPE, "registration")
_WAIT = 60.0


class Robbed(Protocol):
    """A stand that gives the logins of its services away."""

    def login(self, service: str) -> str:
        """The URL with which a service reaches the broker."""

    async def doctor(self, *, wait: int = 60) -> Mapping[str, Any]:
        """What `startline doctor --json` says when findings have had so many seconds to vanish."""

    async def operate(self, *command: str) -> str:
        """What a command of the operator prints."""


@dataclass
class Forgery:
    """Tried under every routing key of the event, and under one that the login may use."""

    stand: Robbed
    problems: list[str] = field(default_factory=list)

    async def play(self, breaker: Breaker, traffic: Traffic) -> None:
        """Forge, look for effects, and clear up as an operator would."""
        buyer = await _somebody_unpaid(traffic)
        await breaker.strike("forged payment.verified", lambda: self._forge(UUID(buyer.entry["registration_id"])))
        await eventually(self._is_noticed, within=_WAIT, every=1.0)
        await self._expect_unpaid(buyer, traffic)
        await self.stand.operate("dead-letters", "drop", "registration", "forged")
        if await self._is_noticed():
            self.problems.append("the forged event is still there after it was dropped")

    async def _forge(self, registration: UUID) -> None:
        event = golden(PaymentVerified)
        payload = event.payload.model_copy(update={"registration_id": registration})
        forged = event.model_copy(update={"message_id": uuid4(), "subject": registration, "payload": payload})
        async with await aio_pika.connect(self.stand.login("checkin")) as connection:
            for key in _FOREIGN:
                if await _publish(connection, forged.to_bytes(), key):
                    self.problems.append(f"the broker took {key} from checkin")
            if not await _publish(connection, forged.to_bytes(), _OWN):
                self.problems.append(f"the broker refused {_OWN} from checkin: nothing was tried on who hears it")

    async def _is_noticed(self) -> bool:
        return "forged_events" in json.dumps((await self.stand.doctor(wait=0))["findings"])

    async def _expect_unpaid(self, buyer: Buyer, traffic: Traffic) -> None:
        path = f"/payment/v1/invoices/{buyer.entry['registration_id']}"
        payments = (await traffic.site.call("GET", path, token=buyer.token)).json()["payments"]
        if (status := await buyer.status()) != "pending_payment" or payments:
            self.problems.append(f"a forged payment had an effect: {status}, {len(payments)} payments")


async def _somebody_unpaid(traffic: Traffic) -> Buyer:
    first = next(iter(traffic.buyers.values()))
    buyer = traffic.buyer(first.form["category_id"], 1)
    while (await traffic.register(buyer)).outcome is not Outcome.OK:
        pass
    await eventually(buyer.has_invoice, within=_WAIT)
    return buyer


async def _publish(connection: Any, body: bytes, key: str) -> bool:
    """Whether the broker takes it."""
    message = aio_pika.Message(body, user_id="checkin", app_id=FORGER)
    with suppress(ChannelAccessRefused):
        channel = await connection.channel()
        exchange = await channel.get_exchange(Names().exchange, ensure=False)
        await exchange.publish(message, routing_key=key)
        await channel.close()
        return True
    return False

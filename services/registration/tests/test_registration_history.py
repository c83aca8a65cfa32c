"""Histories of facts whose news come late, twice and in any order: in the end all is as if heard at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from contracts import (
    Payload,
    PaymentRejected,
    PaymentUploaded,
    PaymentVerified,
    RegistrationCancelled,
    RegistrationExpired,
    RegistrationReopened,
)
from contracts.payments import InvoicePayload
from hypothesis import given
from hypothesis import strategies as st
from registration.entries import payments
from testkit.histories import ACTS, CARRIED, PlainInvoice, PlainRegistration, Step, examples, pick

from .conftest import Race

ENDS_AND_RETURNS = (RegistrationExpired, RegistrationCancelled, RegistrationReopened)
STEPS = st.lists(
    st.tuples(st.sampled_from([act for act in (*ACTS, *CARRIED, *CARRIED) if act != "flip"]), st.integers(0, 8)),
    max_size=24,
)


@dataclass
class HeardAtOnce:
    """What becomes of a registration of whose payments everybody hears in the moment they happen."""

    status: str = "pending_payment"
    honoured: UUID | None = None
    given_back: list[UUID] = field(default_factory=list)

    def happens(self, fact: str | InvoicePayload) -> None:
        match fact:
            case "expired" if self.status == "pending_payment":
                self.status = "expired"
            case "cancelled":
                self._give_back(self.honoured)
                self.status, self.honoured = "cancelled", None
            case PaymentUploaded() if self.status in {"pending_payment", "expired"}:
                self.status = "payment_uploaded"
            case PaymentRejected() if self.status == "payment_uploaded":
                self.status = "pending_payment"
            case PaymentVerified():
                self.status, self.honoured = "payment_verified", fact.payment_id

    def _give_back(self, payment_id: UUID | None) -> None:
        self.given_back += [payment_id] if payment_id else []


class History:
    """Registration as it is, a plain invoice, and the news between them."""

    def __init__(self, race: Race, entry: dict[str, Any]) -> None:
        self.race = race
        self.id = UUID(entry["registration_id"])
        named = PlainRegistration(self.id, entry["registration_number"], race.clock())
        self.invoice = PlainInvoice(named, race.clock)
        self.at_once = HeardAtOnce()
        self.pools: dict[str, list[Payload]] = {"to_registration": [], "to_payment": []}
        self._told = 0

    async def play(self, steps: Sequence[Step]) -> None:
        """From the beginning until all news were heard."""
        for act, number in steps:
            self.race.clock.advance(timedelta(minutes=1))
            await self._step(act, number)
        while any(self.pools.values()):
            for carrier in CARRIED:
                await self._step(carrier, 1)

    async def _step(self, act: str, number: int) -> None:
        said = len(self.invoice.said)
        if act in CARRIED:
            await self._carry(act, number)
        elif act in {"sweep", "cancel"}:
            await (self._sweep() if act == "sweep" else self._cancel())
        else:
            getattr(self.invoice, act)()
        for news in self.invoice.said[said:]:
            self.at_once.happens(news)
            self.pools["to_registration"].append(news)
        published = [event.payload for event in await self.race.service.published(Payload)]
        ends = [each for each in published if isinstance(each, ENDS_AND_RETURNS) and each.registration_id == self.id]
        self.pools["to_payment"] += ends[self._told :]
        self._told = len(ends)

    async def _carry(self, carrier: str, number: int) -> None:
        news = pick(self.pools[carrier], number)
        if news is None:
            return
        if carrier == "to_payment":
            self.invoice.hear(news)
        else:
            await self.race.service.deliver(news, subject=self.id)

    async def _sweep(self) -> None:
        overdue = "UPDATE registrations SET expires_at = :then WHERE id = :id AND status = 'pending_payment'"
        await self.race.execute(overdue, id=self.id, then=self.race.clock() - timedelta(hours=1))
        if await self.race.sweep():
            self.at_once.happens("expired")

    async def _cancel(self) -> None:
        if (await self.race.cancel(str(self.id))).status_code == 204:
            self.at_once.happens("cancelled")

    async def must_agree(self) -> None:
        """Outcome and money are as if all had been heard at once, and each end has its last word."""
        assert await self.race.status(str(self.id)) == self.at_once.status
        published = [event.payload for event in await self.race.service.published(Payload)]
        own = [each for each in published if getattr(each, "registration_id", None) == self.id]
        refunds = {
            each.refund_payment_id for each in own if isinstance(each, RegistrationExpired | RegistrationCancelled)
        }
        assert refunds - {None} == set(self.at_once.given_back)
        places = await self.race.places()
        live = "SELECT count(*) FROM participants WHERE live AND registration_id = :id"
        assert places["taken"] - places["burned"] == await self.race.scalar(live, id=self.id)


async def _history(race: Race) -> History:
    """A registration of its own category, whose place nobody else takes."""
    await race.service.forget_published()
    await race.open(quota=1, bibs=20)
    return History(race, await race.registered())


@given(steps=STEPS)
@examples(40)
async def test_in_the_end_a_registration_stands_as_if_all_had_been_heard_at_once(
    race: Race, steps: Sequence[Step]
) -> None:
    history = await _history(race)
    await history.play(steps)
    await history.must_agree()


# The refusal is heard before its proof, after an expiry that knew of neither.
CROSSING: Sequence[Step] = [
    ("upload", 0),
    ("sweep", 0),
    ("reject", 0),
    ("to_registration", 1),
]


@pytest.mark.parametrize("guarded", [True, False])
async def test_only_the_order_of_news_makes_them_agree(
    race: Race, monkeypatch: pytest.MonkeyPatch, *, guarded: bool
) -> None:
    if not guarded:
        monkeypatch.setattr(payments, "_is_news", lambda *_: True)
    history = await _history(race)
    await history.play(CROSSING)
    status = await race.status(str(history.id))
    assert (status == history.at_once.status) is guarded

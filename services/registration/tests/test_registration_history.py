"""Histories of facts whose news come late, twice and in any order: in the end all is as if heard at once.

Payment's clock differs from registration's, and broker, database and worker are out for a while.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from contracts import (
    Event,
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
from registration.entries import payments
from testkit.histories import (
    ACTS,
    CARRIED,
    OUTAGES,
    SKEWS,
    PlainInvoice,
    PlainRegistration,
    Post,
    Step,
    examples,
    steps,
)

from .conftest import Race

ENDS_AND_RETURNS = (RegistrationExpired, RegistrationCancelled, RegistrationReopened)
STEPS = steps(*(act for act in ACTS if act != "flip"))


@dataclass
class HeardAtOnce:
    """What becomes of a registration of whose payments everybody hears in the moment they happen.

    `doubtful` is a payment that was verified, by somebody who did not know of it, so close to a cancellation that
    clocks which differ by `skew` tell either to be the first: either end is right.
    """

    skew: timedelta = timedelta()
    status: str = "pending_payment"
    honoured: UUID | None = None
    given_back: list[UUID] = field(default_factory=list)
    verified_at: datetime | None = None
    cancelled_at: datetime | None = None
    doubtful: UUID | None = None

    def expires(self) -> None:
        if self.status == "pending_payment":
            self.status = "expired"

    def is_cancelled(self, at: datetime, *, verification_heard: bool) -> None:
        self.given_back += [self.honoured] if self.honoured else []
        if self.honoured and not verification_heard and self._close(self.verified_at, at):
            self.doubtful = self.honoured
        self.status, self.honoured, self.cancelled_at = "cancelled", None, at

    def happens(self, fact: InvoicePayload, at: datetime, *, cancellation_heard: bool) -> None:
        match fact:
            case PaymentUploaded() if self.status in {"pending_payment", "expired"}:
                self.status = "payment_uploaded"
            case PaymentRejected() if self.status == "payment_uploaded":
                self.status = "pending_payment"
            case PaymentVerified():
                if self.status == "cancelled" and not cancellation_heard and self._close(self.cancelled_at, at):
                    self.doubtful = fact.payment_id
                self.status, self.honoured, self.verified_at = "payment_verified", fact.payment_id, at

    def _close(self, one: datetime | None, other: datetime) -> bool:
        return one is not None and abs(other - one) <= abs(self.skew) + timedelta(seconds=1)

    def is_decided(self, status: str) -> None:
        """What registration made of a doubtful payment when it heard of it."""
        if self.doubtful is None or status not in {"payment_verified", "cancelled"}:
            return
        kept = [each for each in self.given_back if each != self.doubtful]
        self.status = status
        self.honoured = self.doubtful if status == "payment_verified" else None
        self.given_back = kept if self.honoured else [*kept, self.doubtful]
        self.doubtful = None


class History:
    """Registration as it is, a plain invoice, and the news between them.

    Args:
        skew: how far payment's clock is ahead.
    """

    def __init__(self, race: Race, entry: dict[str, Any], skew: timedelta = timedelta()) -> None:
        self.race = race
        self.id = UUID(entry["registration_id"])
        named = PlainRegistration(self.id, entry["registration_number"], race.clock())
        self.invoice = PlainInvoice(named, lambda: race.clock() + skew)
        self.at_once = HeardAtOnce(skew)
        self.post = Post(reader="to_registration")
        self._told = 0
        self._overdue = False
        self._lost: list[Event[Any]] = []
        self._heard = 0

    async def play(self, steps: Sequence[Step]) -> None:
        """From the beginning until all news were heard."""
        for act, number in steps:
            self.race.clock.advance(timedelta(minutes=1))
            await self._step(act, number)
        for outage in sorted(self.post.out):
            await self._step(outage, 0)
        while not self.post.is_empty:
            for carrier in CARRIED:
                await self._step(carrier, 1)

    async def _step(self, act: str, number: int) -> None:
        said = len(self.invoice.said)
        if act in OUTAGES:
            await self._toggle(act)
        elif act in CARRIED:
            await self._carry(act, number)
        elif act == "sweep":
            await self._deadline_passes()
        elif act == "cancel":
            await self._cancel()
        else:
            getattr(self.invoice, act)()
        for news in self.invoice.said[said:]:
            cancellation_heard = self.invoice.ended == "cancelled"
            self.at_once.happens(news, self.race.clock(), cancellation_heard=cancellation_heard)
        self.post.say("to_registration", self.invoice.said[said:])
        await self._publish()

    async def _publish(self) -> None:
        published = [event.payload for event in await self.race.service.published(Payload)]
        ends = [each for each in published if isinstance(each, ENDS_AND_RETURNS) and each.registration_id == self.id]
        self.post.say("to_payment", ends[self._told :])
        self._told = len(ends)

    async def _toggle(self, outage: str) -> None:
        """Whose worker comes back looks for what is overdue before it reads its queue."""
        self.post.toggle(outage)
        if "database" not in self.post.out:
            for event in self._lost:
                await self.race.service.redeliver(event)
                await self._was_heard(event.payload)
            self._lost = []
            if self._overdue and "worker" not in self.post.out:
                await self._sweep()

    async def _carry(self, carrier: str, number: int) -> None:
        news = self.post.take(carrier, number)
        if news is None:
            return
        if carrier == "to_payment":
            self.invoice.hear(news)
        elif "database" in self.post.out:
            self._lost.append(await self.race.service.deliver_in_vain(news, subject=self.id))
        else:
            await self.race.service.deliver(news, subject=self.id)
            await self._was_heard(news)

    async def _was_heard(self, news: Payload) -> None:
        assert isinstance(news, InvoicePayload)
        self._heard = max(self._heard, news.sequence)
        if isinstance(news, PaymentVerified):
            self.at_once.is_decided(await self.race.status(str(self.id)))

    def _unheard(self, kind: type[InvoicePayload]) -> bool:
        return any(isinstance(news, kind) for news in self.invoice.said[self._heard :])

    async def _deadline_passes(self) -> None:
        if self.post.out & {"database", "worker"}:
            self._overdue = True
        else:
            await self._sweep()

    async def _sweep(self) -> None:
        self._overdue = False
        overdue = "UPDATE registrations SET expires_at = :then WHERE id = :id AND status = 'pending_payment'"
        await self.race.execute(overdue, id=self.id, then=self.race.clock() - timedelta(hours=1))
        # A refusal that is still on its way has moved the deadline: what expires before it comes is brought back by it.
        if await self.race.sweep() and not self._unheard(PaymentRejected):
            self.at_once.expires()

    async def _cancel(self) -> None:
        if "database" in self.post.out:
            return
        if (await self.race.cancel(str(self.id))).status_code == 204:
            self.at_once.is_cancelled(self.race.clock(), verification_heard=not self._unheard(PaymentVerified))

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


async def _history(race: Race, skew: timedelta = timedelta()) -> History:
    """A registration of its own category, whose place nobody else takes."""
    await race.service.forget_published()
    await race.open(quota=1, bibs=20)
    return History(race, await race.registered(), skew)


@given(steps=STEPS, skew=SKEWS)
@examples(40)
async def test_in_the_end_a_registration_stands_as_if_all_had_been_heard_at_once(
    race: Race, steps: Sequence[Step], skew: timedelta
) -> None:
    history = await _history(race, skew)
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
        monkeypatch.setattr(payments, "_is_newer", lambda *_: True)
    history = await _history(race)
    await history.play(CROSSING)
    status = await race.status(str(history.id))
    assert (status == history.at_once.status) is guarded

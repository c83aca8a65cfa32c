"""Histories of facts whose events come late, twice and in any order end as if all were handled at once.

Payment's clock differs from registration's, and broker, database and worker are out for a while.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from chassis.database import UnitOfWork
from contracts import (
    Event,
    Payload,
    PaymentRejected,
    PaymentUploaded,
    PaymentVerified,
    RegistrationCancelled,
    RegistrationConfirmed,
    RegistrationExpired,
    RegistrationReopened,
)
from contracts.payments import InvoicePayload
from hypothesis import given
from registration.entries import payments
from registration.entries.rules import Trigger
from registration.entries.tables import Registration
from registration.entries.transitions import move, retake
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
    plain_history,
    steps,
)

from .registration_driver import RegistrationDriver

ENDS_AND_RETURNS = (RegistrationExpired, RegistrationCancelled, RegistrationReopened)
STEPS = steps(*(act for act in ACTS if act != "flip"))
CONTESTED = steps(*ACTS)

_LEADS_TO: Mapping[type[Any], Collection[str]] = {
    type(None): ("pending_payment", "payment_uploaded"),
    RegistrationReopened: ("pending_payment", "payment_uploaded"),
    RegistrationConfirmed: ("payment_verified",),
    RegistrationExpired: ("expired",),
    RegistrationCancelled: ("cancelled",),
}
"""The newest event that a service with a copy handles, and the statuses that it may stand for."""


@dataclass
class HandledAtOnce:
    """What becomes of a registration whose payment events are handled in the moment they happen.

    `doubtful` is a payment that was verified, without knowing of it, so close to a cancellation that
    clocks which differ by `skew` put either one first: either end is right.
    """

    skew: timedelta = timedelta()
    status: str = "pending_payment"
    honoured: UUID | None = None
    given_back: list[UUID] = field(default_factory=list)
    verified_at: datetime | None = None
    cancelled_at: datetime | None = None
    doubtful: UUID | None = None

    def expire(self) -> None:
        if self.status == "pending_payment":
            self.status = "expired"

    def cancel(self, at: datetime, *, verification_handled: bool) -> None:
        self.given_back += [self.honoured] if self.honoured else []
        if self.honoured and not verification_handled and self._close(self.verified_at, at):
            self.doubtful = self.honoured
        self.status, self.honoured, self.cancelled_at = "cancelled", None, at

    def apply(self, fact: InvoicePayload, at: datetime, *, cancellation_handled: bool) -> None:
        match fact:
            case PaymentUploaded() if self.status in {"pending_payment", "expired"}:
                self.status = "payment_uploaded"
            case PaymentRejected() if self.status == "payment_uploaded":
                self.status = "pending_payment"
            case PaymentVerified():
                if self.status == "cancelled" and not cancellation_handled and self._close(self.cancelled_at, at):
                    self.doubtful = fact.payment_id
                self.status, self.honoured, self.verified_at = "payment_verified", fact.payment_id, at

    def _close(self, one: datetime | None, other: datetime) -> bool:
        return one is not None and abs(other - one) <= abs(self.skew) + timedelta(seconds=1)

    def decide(self, status: str) -> None:
        """Take over what registration decided about a doubtful payment."""
        if self.doubtful is None or status not in {"payment_verified", "cancelled"}:
            return
        kept = [each for each in self.given_back if each != self.doubtful]
        self.status = status
        self.honoured = self.doubtful if status == "payment_verified" else None
        self.given_back = kept if self.honoured else [*kept, self.doubtful]
        self.doubtful = None


class History:
    """Registration as it is, a plain invoice, and the events between them.

    Args:
        skew: how far payment's clock is ahead.
    """

    def __init__(self, driver: RegistrationDriver, entry: dict[str, Any], skew: timedelta = timedelta()) -> None:
        self.driver = driver
        self.id = UUID(entry["registration_id"])
        named = PlainRegistration(self.id, entry["registration_number"], driver.clock())
        self.invoice = PlainInvoice(named, lambda: driver.clock() + skew)
        self.at_once = HandledAtOnce(skew)
        self.post = Post(reader="to_registration")
        self._published = 0
        self._overdue = False
        self._lost: list[Event[Any]] = []
        self._handled = 0
        self._rivals = 0

    async def play(self, steps: Sequence[Step]) -> None:
        """Play the steps, and then deliver all events."""
        for act, number in steps:
            self.driver.clock.advance(timedelta(minutes=1))
            await self._step(act, number)
        for outage in sorted(self.post.out):
            await self._step(outage, 0)
        while not self.post.is_empty:
            for carrier in CARRIED:
                await self._step(carrier, 1)

    async def _step(self, act: str, number: int) -> None:
        published = len(self.invoice.published)
        if act in OUTAGES:
            await self._toggle(act)
        elif act in CARRIED:
            await self._carry(act, number)
        elif act == "sweep":
            await self._deadline_passes()
        elif act == "cancel":
            await self._cancel()
        elif act == "flip":
            await self._flip()
        else:
            getattr(self.invoice, act)()
        for payload in self.invoice.published[published:]:
            cancellation_handled = self.invoice.ended == "cancelled"
            self.at_once.apply(payload, self.driver.clock(), cancellation_handled=cancellation_handled)
        self.post.publish("to_registration", self.invoice.published[published:])
        await self._publish()

    async def _publish(self) -> None:
        published = [event.payload for event in await self.driver.published(Payload)]
        ends = [each for each in published if isinstance(each, ENDS_AND_RETURNS) and each.registration_id == self.id]
        self.post.publish("to_payment", ends[self._published :])
        self._published = len(ends)

    async def _toggle(self, outage: str) -> None:
        """Begin or end an outage; a worker that is back sweeps before it reads its queue."""
        self.post.toggle(outage)
        if "database" not in self.post.out:
            for event in self._lost:
                await self.driver.redeliver(event)
                await self._note_handled(event.payload)
            self._lost = []
            if self._overdue and "worker" not in self.post.out:
                await self._sweep()

    async def _carry(self, carrier: str, number: int) -> None:
        payload = self.post.take(carrier, number)
        if payload is None:
            return
        if carrier == "to_payment":
            self.invoice.handle(payload)
        elif "database" in self.post.out:
            self._lost.append(await self.driver.deliver_in_vain(payload, subject=self.id))
        else:
            await self.driver.deliver(payload, subject=self.id)
            await self._note_handled(payload)

    async def _note_handled(self, payload: Payload) -> None:
        assert isinstance(payload, InvoicePayload)
        self._handled = max(self._handled, payload.sequence)
        if isinstance(payload, PaymentVerified):
            self.at_once.decide(await self.driver.status(str(self.id)))

    def _is_unhandled(self, kind: type[InvoicePayload]) -> bool:
        return any(isinstance(payload, kind) for payload in self.invoice.published[self._handled :])

    async def _deadline_passes(self) -> None:
        if self.post.out & {"database", "worker"}:
            self._overdue = True
        else:
            await self._sweep()

    async def _sweep(self) -> None:
        self._overdue = False
        overdue = "UPDATE registrations SET expires_at = :then WHERE id = :id AND status = 'pending_payment'"
        await self.driver.execute(overdue, id=self.id, then=self.driver.clock() - timedelta(hours=1))
        # A rejection that is still on its way has moved the deadline: it reopens what expires before it comes.
        if await self.driver.sweep() and not self._is_unhandled(PaymentRejected):
            self.at_once.expire()

    async def _cancel(self) -> None:
        if "database" in self.post.out:
            return
        if (await self.driver.try_cancel(str(self.id))).status == 204:
            self.at_once.cancel(self.driver.clock(), verification_handled=not self._is_unhandled(PaymentVerified))

    async def _flip(self) -> None:
        """Have another runner take the place, if it is free, or give it back."""
        change = "UPDATE category_places SET taken = taken + :by WHERE category_id = :id AND taken - burned = :held"
        by = -1 if self._rivals else 1
        if "database" not in self.post.out:
            held = (await self.driver.places())["taken"] - (await self.driver.places())["burned"]
            await self.driver.execute(change, by=by, id=UUID(self.driver.category["id"]), held=self._rivals)
            self._rivals += by if held == self._rivals else 0

    async def assert_as_if_at_once(self) -> None:
        """Outcome and refunds are as if all events had been handled at once."""
        assert await self.driver.status(str(self.id)) == self.at_once.status
        assert await self._refunds() == set(self.at_once.given_back)
        await self.assert_copies_agree()

    async def assert_money_is_balanced(self) -> None:
        """Every verified payment either holds the place or goes back."""
        verified = {each.payment_id for each in self.invoice.published if isinstance(each, PaymentVerified)}
        query = "SELECT payment_id FROM registrations WHERE id = :id AND status = 'payment_verified'"
        honoured = {row["payment_id"] for row in await self.driver.rows(query, id=self.id)}
        refunds = await self._refunds()
        assert (honoured | refunds, honoured & refunds) == (verified, set())

    async def assert_copies_agree(self) -> None:
        """The newest of the registration's own events leads to its status, and places count its participants."""
        newest = max(await self._own(*ENDS_AND_RETURNS, RegistrationConfirmed), key=_revision, default=None)
        assert await self.driver.status(str(self.id)) in _LEADS_TO[type(newest)]
        places = await self.driver.places()
        live = (
            "SELECT count(*) FROM participants p JOIN registrations r ON r.id = p.registration_id"
            " WHERE p.live AND r.race_category_id = :id"
        )
        counted = await self.driver.scalar(live, id=UUID(self.driver.category["id"]))
        assert places["taken"] - places["burned"] - self._rivals == counted

    async def _refunds(self) -> set[UUID]:
        ends = await self._own(RegistrationExpired, RegistrationCancelled)
        return {each.refund_payment_id for each in ends} - {None}

    async def _own(self, *kinds: type[Payload]) -> list[Any]:
        published = [event.payload for event in await self.driver.published(Payload)]
        return [each for each in published if isinstance(each, kinds) and _about(each) == self.id]


def _about(payload: Any) -> Any:
    return payload.registration_id


def _revision(payload: Any) -> int:
    return int(payload.revision)


async def _history(driver: RegistrationDriver, skew: timedelta = timedelta()) -> History:
    """Create a registration in its own category, whose place no other takes."""
    await driver.forget_published()
    await driver.open_category(quota=1, bibs=20)
    return History(driver, await driver.register(), skew)


@given(steps=steps("upload", "reject", "verify"))
@examples(40)
async def test_events_at_the_same_moment_end_as_in_order(driver: RegistrationDriver, steps: Sequence[Step]) -> None:
    await driver.open_category(quota=1000)
    entry = await driver.register()
    deadline = datetime.fromisoformat(entry["expires_at"])
    registration = PlainRegistration(UUID(entry["registration_id"]), entry["registration_number"], deadline)
    _, published = plain_history(registration, driver.clock, steps)
    await driver.deliver_together(*published, *published[::2])
    assert await driver.status(entry["registration_id"]) == registration.status


@given(steps=STEPS, skew=SKEWS)
@examples(40)
async def test_events_in_any_order_end_as_if_all_had_been_handled_at_once(
    driver: RegistrationDriver, steps: Sequence[Step], skew: timedelta
) -> None:
    history = await _history(driver, skew)
    await history.play(steps)
    await history.assert_as_if_at_once()


# The rejection is handled before its proof, after an expiry that knew of neither.
CROSSING: Sequence[Step] = [
    ("upload", 0),
    ("sweep", 0),
    ("reject", 0),
    ("to_registration", 1),
]


@pytest.mark.parametrize("guarded", [True, False])
async def test_without_the_order_of_events_the_outcome_differs(
    driver: RegistrationDriver, monkeypatch: pytest.MonkeyPatch, *, guarded: bool
) -> None:
    if not guarded:
        monkeypatch.setattr(payments, "_is_newer", lambda *_: True)
    history = await _history(driver)
    await history.play(CROSSING)
    status = await driver.status(str(history.id))
    assert (status == history.at_once.status) is guarded


@given(steps=CONTESTED, skew=SKEWS)
@examples(25)
async def test_money_holds_the_place_or_goes_back_however_contested_the_place_is(
    driver: RegistrationDriver, steps: Sequence[Step], skew: timedelta
) -> None:
    history = await _history(driver, skew)
    await history.play(steps)
    await history.assert_money_is_balanced()
    await history.assert_copies_agree()


# The proof was in time, but its place is gone when it arrives; staff verify it.
GONE: Sequence[Step] = [("upload", 0), ("sweep", 0), ("flip", 0), ("to_registration", 1), ("verify", 0)]


@pytest.mark.parametrize("guarded", [True, False])
async def test_a_payment_without_a_place_goes_back_only_if_its_refund_is_published(
    driver: RegistrationDriver, monkeypatch: pytest.MonkeyPatch, *, guarded: bool
) -> None:
    if not guarded:
        monkeypatch.setattr(payments, "_announce_refund", lambda *_, **__: None)
    history = await _history(driver)
    await history.play(GONE)
    assert await driver.status(str(history.id)) == "expired"
    with nullcontext() if guarded else pytest.raises(AssertionError):
        await history.assert_money_is_balanced()


@pytest.mark.parametrize("guarded", [True, False])
async def test_copies_agree_only_if_a_reopening_is_published(
    driver: RegistrationDriver, monkeypatch: pytest.MonkeyPatch, *, guarded: bool
) -> None:
    async def silently(work: UnitOfWork, entry: Registration, trigger: Trigger, **_: Any) -> None:
        await retake(work, entry)
        move(work, entry, trigger)

    if not guarded:
        monkeypatch.setattr(payments, "_reopen", silently)
    history = await _history(driver)
    await history.play(CROSSING)
    assert await driver.status(str(history.id)) == "pending_payment"
    with nullcontext() if guarded else pytest.raises(AssertionError):
        await history.assert_copies_agree()

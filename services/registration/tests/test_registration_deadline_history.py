"""Histories of a deadline: a place paid in time by payment's clock is kept during any outage.

Another runner waits for the place, so that an expiry could not be undone.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from contracts import Payload
from hypothesis import given
from hypothesis import strategies as st
from registration import worker
from testkit.histories import OUTAGES, SKEWS, PlainInvoice, PlainRegistration, Step, examples

from .registration_background import Background
from .registration_driver import RegistrationDriver
from .waitlist_driver import WaitlistDriver

BEFORE = timedelta(minutes=20)
GIVEN_UP = timedelta(minutes=30)
"""How long past the grace an event that cannot be handled keeps a place."""
STEPS = st.lists(
    st.tuples(st.sampled_from(("time", "time", "upload", "others", *OUTAGES)), st.integers(0, 11)), max_size=16
)


class History:
    """A sold-out category with one entry in line, shortly before the deadline of the registration.

    Args:
        payment: how far payment's clock is ahead of the API's.
        background: how far the worker's is.
    """

    def __init__(
        self, driver: RegistrationDriver, payment: timedelta = timedelta(), background: timedelta = timedelta()
    ) -> None:
        self.driver, self.waitlist = driver, WaitlistDriver(driver)
        self.background = Background(driver, background)
        self._payment = payment
        self.paid = False
        self.given_up = False

    async def begin(self) -> None:
        await self.driver.create_event()
        await self.driver.open_category()
        self.others = await self.driver.register()
        [self.entry] = await self.waitlist.sell_out(bibs=20)
        self.waiting = await self.waitlist.join()
        self.deadline = datetime.fromisoformat((await self.driver.show(self.id))["expires_at"])
        named = PlainRegistration(UUID(self.id), self.entry["registration_number"], self.deadline)
        self.invoice = PlainInvoice(named, lambda: self.driver.clock() + self._payment)
        await self.driver.published(Payload)
        await self.driver.forget_published()
        self.driver.clock.advance(self.deadline - BEFORE - self.driver.clock())

    @property
    def id(self) -> str:
        return str(self.entry["registration_id"])

    async def play(self, steps: Sequence[Step]) -> None:
        """Play the steps from shortly before the deadline, until all is decided."""
        for act, number in steps:
            await self._step(act, number)
        self.background.end_outages()
        await self.background.work()
        self.driver.clock.advance(timedelta(hours=2))
        await self.background.work_until_settled()

    async def _step(self, act: str, number: int) -> None:
        if act in OUTAGES:
            self.background.toggle(act)
        elif act == "time":
            self.driver.clock.advance(timedelta(minutes=1 + number))
        elif act == "others":
            await self._make_overdue(self.others)
        elif not self.paid and self.driver.clock() + self._payment <= self.deadline:
            self._pay()
        self._note_given_up()
        await self.background.work()

    async def _make_overdue(self, entry: dict[str, Any]) -> None:
        overdue = "UPDATE registrations SET expires_at = :at WHERE id = CAST(:id AS uuid)"
        await self.driver.execute(overdue, at=self.driver.clock() - timedelta(hours=1), id=entry["registration_id"])

    def _pay(self) -> None:
        self.paid = True
        self.invoice.upload()
        [proof] = self.invoice.published
        self.background.publish_from_payment(proof, subject=UUID(self.id))

    def _note_given_up(self) -> None:
        late = self.driver.clock() + self.background.skew - self.deadline > self.driver.grace + GIVEN_UP
        self.given_up |= late and self.background.has_stuck_events

    async def end(self) -> None:
        """Leave no waiting list to process."""
        await self.driver.change_category(is_active=False)
        await self.background.work()

    async def outcome(self) -> tuple[str, str]:
        """Return the statuses of the registration, and of the entry that waits for its place."""
        return await self.driver.status(self.id), await self.waitlist.status(self.waiting)

    @property
    def expected(self) -> tuple[str, str]:
        return ("payment_uploaded", "waiting") if self.paid else ("expired", "offered")


@given(steps=STEPS, payment=SKEWS, background=SKEWS)
@examples(15)
async def test_a_place_is_kept_if_paid_in_time_and_offered_to_the_next_if_not(
    driver: RegistrationDriver, steps: Sequence[Step], payment: timedelta, background: timedelta
) -> None:
    history = History(driver, payment, background)
    await history.begin()
    await history.play(steps)
    assert history.given_up or await history.outcome() == history.expected
    await history.end()


# The proof waits in the queue, or in payment's outbox, until long after the deadline.
OUT: dict[str, Sequence[Step]] = {
    outage: [(outage, 0), ("upload", 0), *[("time", 11)] * 4, (outage, 0)] for outage in OUTAGES
}


@pytest.mark.parametrize("outage", OUT)
async def test_a_proof_survives_an_outage_past_its_deadline(driver: RegistrationDriver, outage: str) -> None:
    history = History(driver)
    await history.begin()
    await history.play(OUT[outage])
    assert await history.outcome() == ("payment_uploaded", "waiting")


# A mark comes back just after the deadline, while payment still takes proofs by its own clock; then the broker is out.
JUST_AFTER: Sequence[Step] = [
    ("time", 11),
    ("time", 7),
    ("others", 0),
    ("others", 0),
    ("broker", 0),
    ("upload", 0),
    ("time", 11),
    ("broker", 0),
]


async def test_a_mark_that_was_sent_within_the_grace_ends_no_deadline(driver: RegistrationDriver) -> None:
    history = History(driver, payment=timedelta(minutes=-1))
    await history.begin()
    await history.play(JUST_AFTER)
    assert history.paid
    assert await history.outcome() == ("payment_uploaded", "waiting")


@pytest.mark.parametrize("outage", ["broker", "worker"])
async def test_without_the_mark_an_outage_takes_a_paid_place(
    driver: RegistrationDriver, monkeypatch: pytest.MonkeyPatch, outage: str
) -> None:
    """The negative control: the sweep looks at the clock alone."""

    async def keep(self: worker.Deadlines) -> None:
        await worker.sweep(self.database, self.grace, self.terms)

    monkeypatch.setattr(worker.Deadlines, "keep", keep)
    history = History(driver)
    await history.begin()
    await history.play(OUT[outage])
    assert await history.outcome() == ("expired", "offered")

"""Histories of a deadline: whoever paid in time by payment's clock keeps the place, whatever is out meanwhile.

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

from .conftest import Race
from .registration_background import Background
from .registration_line import Line

BEFORE = timedelta(minutes=20)
GIVEN_UP = timedelta(minutes=30)
"""How long past the grace an event that cannot be taken in keeps a place."""
STEPS = st.lists(
    st.tuples(st.sampled_from(("time", "time", "upload", "others", *OUTAGES)), st.integers(0, 11)), max_size=16
)


class History:
    """A sold-out category with one in line, shortly before the deadline of the runner who has the place.

    Args:
        payment: how far payment's clock is ahead of the API's.
        background: how far the worker's is.
    """

    def __init__(self, race: Race, payment: timedelta = timedelta(), background: timedelta = timedelta()) -> None:
        self.race, self.line = race, Line(race)
        self.background = Background(race, background)
        self._payment = payment
        self.paid = False
        self.given_up = False

    async def begin(self) -> None:
        await self.race.create_event()
        await self.race.open()
        self.others = await self.race.registered()
        [self.entry] = await self.line.sell_out(bibs=20)
        self.waiting = await self.line.waiting()
        self.deadline = datetime.fromisoformat((await self.race.show(self.id))["expires_at"])
        named = PlainRegistration(UUID(self.id), self.entry["registration_number"], self.deadline)
        self.invoice = PlainInvoice(named, lambda: self.race.clock() + self._payment)
        await self.race.service.published(Payload)
        await self.race.service.forget_published()
        self.race.clock.advance(self.deadline - BEFORE - self.race.clock())

    @property
    def id(self) -> str:
        return str(self.entry["registration_id"])

    async def play(self, steps: Sequence[Step]) -> None:
        """From shortly before the deadline until all is decided."""
        for act, number in steps:
            await self._step(act, number)
        self.background.mend()
        await self.background.works()
        self.race.clock.advance(timedelta(hours=2))
        await self.background.works_on()

    async def _step(self, act: str, number: int) -> None:
        if act in OUTAGES:
            self.background.toggle(act)
        elif act == "time":
            self.race.clock.advance(timedelta(minutes=1 + number))
        elif act == "others":
            await self._is_overdue(self.others)
        elif not self.paid and self.race.clock() + self._payment <= self.deadline:
            self._pays()
        self._note_what_is_given_up()
        await self.background.works()

    async def _is_overdue(self, entry: dict[str, Any]) -> None:
        overdue = "UPDATE registrations SET expires_at = :at WHERE id = CAST(:id AS uuid)"
        await self.race.execute(overdue, at=self.race.clock() - timedelta(hours=1), id=entry["registration_id"])

    def _pays(self) -> None:
        self.paid = True
        self.invoice.upload()
        [proof] = self.invoice.said
        self.background.say(proof, subject=UUID(self.id))

    def _note_what_is_given_up(self) -> None:
        grace = timedelta(minutes=self.race.settings.expiry_grace_minutes)
        late = self.race.clock() + self.background.skew - self.deadline > grace + GIVEN_UP
        self.given_up |= late and self.background.cannot_take_in

    async def ends(self) -> None:
        """Leave no line to look after."""
        await self.line.change(is_active=False)
        await self.background.works()

    async def outcome(self) -> tuple[str, str]:
        """Of the registration, and of who waits for its place."""
        return await self.race.status(self.id), await self.line.status(self.waiting)

    @property
    def expected(self) -> tuple[str, str]:
        return ("payment_uploaded", "waiting") if self.paid else ("expired", "offered")


@given(steps=STEPS, payment=SKEWS, background=SKEWS)
@examples(15)
async def test_who_paid_in_time_keeps_the_place_and_who_did_not_gives_it_on(
    race: Race, steps: Sequence[Step], payment: timedelta, background: timedelta
) -> None:
    history = History(race, payment, background)
    await history.begin()
    await history.play(steps)
    assert history.given_up or await history.outcome() == history.expected
    await history.ends()


# The proof waits in the queue, or in payment's outbox, until long after the deadline.
OUT: dict[str, Sequence[Step]] = {
    outage: [(outage, 0), ("upload", 0), *[("time", 11)] * 4, (outage, 0)] for outage in OUTAGES
}


@pytest.mark.parametrize("outage", OUT)
async def test_a_proof_survives_an_outage_past_its_deadline(race: Race, outage: str) -> None:
    history = History(race)
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


async def test_a_mark_that_was_sent_within_the_grace_ends_no_deadline(race: Race) -> None:
    history = History(race, payment=timedelta(minutes=-1))
    await history.begin()
    await history.play(JUST_AFTER)
    assert history.paid
    assert await history.outcome() == ("payment_uploaded", "waiting")


@pytest.mark.parametrize("outage", ["broker", "worker"])
async def test_without_the_mark_an_outage_takes_the_place_of_who_paid(
    race: Race, monkeypatch: pytest.MonkeyPatch, outage: str
) -> None:
    """The negative control: the sweep looks at the clock alone."""

    async def keep(self: worker.Deadlines) -> None:
        await worker.sweep(self.database, self.grace, self.terms)

    monkeypatch.setattr(worker.Deadlines, "keep", keep)
    history = History(race)
    await history.begin()
    await history.play(OUT[outage])
    assert await history.outcome() == ("expired", "offered")

"""Histories of a registration whose events arrive in any order, late and twice: the roster always ends the same.

Registration's clock differs from check-in's, and database and worker fail for a while. An outage of the broker only
makes events late.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from chassis.errors import NotYet
from checkin.roster import commands
from contracts import ConfirmedParticipant, Event, Payload, RegistrationConfirmed
from hypothesis import given
from hypothesis import strategies as st
from testkit.clocks import ManualClock
from testkit.histories import SKEWS, examples

from .checkin_driver import CheckinDriver, cancellation, confirmation, correction, person

ACTS = st.lists(st.sampled_from(["confirm", "cancel", "rename"]), min_size=1, max_size=8)
TROUBLES = st.lists(st.sampled_from(["none", "none", "database", "worker"]), min_size=1, max_size=8)


class History:
    """One runner's registration: its events in order, and what the roster must have in the end.

    Args:
        skew: how far registration's clock is ahead.
    """

    def __init__(self, driver: CheckinDriver, clock: ManualClock, skew: timedelta = timedelta()) -> None:
        self.driver, self.clock, self.skew = driver, clock, skew
        self.id, self.runner = uuid4(), person("Ani 0")
        self.payloads: list[Payload] = []
        self.valid: bool | None = None
        self.bib = self.runner.bib_number

    def play(self, acts: Sequence[str]) -> None:
        """Apply the acts to a plain model; only what was confirmed can be cancelled."""
        for revision, act in enumerate(acts, start=2):
            if act == "confirm" and not self.valid:
                self._confirm(revision)
            elif act == "cancel" and self.valid:
                self.payloads.append(cancellation(self._confirmation(), revision=revision))
                self.valid = False
            elif act == "rename" and self.valid is not None:
                self._rename(revision)

    def _confirm(self, revision: int) -> None:
        self.bib += 1
        code = uuid4().hex
        self.runner = self.runner.model_copy(update={"bib_number": self.bib, "ticket_code": code})
        self.payloads.append(self._confirmation(self.runner, revision=revision))
        self.valid = True

    def _rename(self, revision: int) -> None:
        self.runner = self.runner.model_copy(update={"full_name": f"Ani {revision}"})
        name = self.runner.full_name
        self.payloads.append(
            correction(self._confirmation(), self.runner, revision=revision, full_name=name, is_confirmed=True)
        )

    def _confirmation(self, *people: ConfirmedParticipant, revision: int = 1) -> Any:
        return confirmation(*(people or (self.runner,)), registration_id=self.id, revision=revision)

    async def arrive(self, order: Sequence[int], troubles: Sequence[str]) -> None:
        """Deliver events as often and in the order that the numbers say; those that are too early again at the end.

        So are those that were lost with the database. An outage of the worker lasts an hour.
        """
        arriving = [self.payloads[number % len(self.payloads)] for number in order] + self.payloads
        early, lost = [], []
        for number, each in enumerate(arriving):
            trouble = troubles[number % len(troubles)]
            if trouble == "worker":
                self.clock.advance(timedelta(hours=1))
            envelope: dict[str, Any] = {"occurred_at": self.clock() + self.skew}
            if trouble == "database":
                lost.append(await self.driver.deliver_in_vain(each, **envelope))
            elif not await self._is_handled(each, **envelope):
                early.append(each)
        await self._deliver_again(early, lost)

    async def _is_handled(self, payload: Payload, **envelope: Any) -> bool:
        try:
            await self.driver.deliver(payload, **envelope)
        except NotYet:
            return False
        return True

    async def _deliver_again(self, early: Sequence[Payload], lost: Sequence[Event[Any]]) -> None:
        for event in sorted(lost, key=lambda event: event.type != RegistrationConfirmed.TYPE):
            await self.driver.redeliver(event)
        for each in early:
            assert await self._is_handled(each)

    async def stored(self) -> dict[str, Any]:
        query = (
            "SELECT full_name, bib_number, ticket_code, cancelled_at IS NULL AS valid"
            " FROM roster WHERE registration_id = :id"
        )
        [row] = await self.driver.rows(query, id=self.id)
        return row

    def expected(self) -> dict[str, Any]:
        runner = self.runner
        return {
            "full_name": runner.full_name,
            "bib_number": runner.bib_number,
            "ticket_code": runner.ticket_code,
            "valid": self.valid,
        }


@given(acts=ACTS, order=st.lists(st.integers(0, 30), max_size=12), skew=SKEWS, troubles=TROUBLES)
@examples(80)
async def test_the_roster_ends_in_the_state_of_the_registration(
    driver: CheckinDriver,
    clock: ManualClock,
    acts: Sequence[str],
    order: Sequence[int],
    skew: timedelta,
    troubles: Sequence[str],
) -> None:
    history = History(driver, clock, skew)
    history.play(["confirm", *acts])
    await history.arrive(order, troubles)
    assert await history.stored() == history.expected()


@given(acts=ACTS)
@examples(40)
async def test_events_at_the_same_moment_end_as_in_order(
    driver: CheckinDriver, clock: ManualClock, acts: Sequence[str]
) -> None:
    history = History(driver, clock)
    history.play(["confirm", *acts])
    await driver.deliver_together(*history.payloads, *history.payloads[::2])
    assert await history.stored() == history.expected()


async def test_the_last_of_several_tickets_is_stored_when_its_cancellation_arrives_first(
    driver: CheckinDriver, clock: ManualClock
) -> None:
    history = History(driver, clock)
    history.play(["confirm", "cancel", "confirm", "cancel"])
    await history.arrive([3], troubles=["none"])
    assert await history.stored() == history.expected()


@pytest.mark.parametrize("guarded", [True, False])
async def test_only_the_revision_keeps_a_cancelled_ticket_invalid(
    driver: CheckinDriver, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, *, guarded: bool
) -> None:
    async def always_newer(*_: Any) -> bool:
        return True

    if not guarded:
        monkeypatch.setattr(commands, "_record_revision", always_newer)
    history = History(driver, clock)
    history.play(["confirm", "cancel"])
    await history.driver.deliver(history.payloads[1])
    await history.driver.deliver(history.payloads[0])
    assert (await history.stored() == history.expected()) is guarded

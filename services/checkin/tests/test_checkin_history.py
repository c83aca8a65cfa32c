"""Histories of a registration whose news come in any order, late and twice: the roster ends as if heard at once.

Registration's clock differs from check-in's, and database and worker are out for a while. An outage of the broker is no
more to check-in than news that come late.
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
from testkit.harness import ManualClock
from testkit.histories import SKEWS, examples

from .checkin_world import PackDay, cancellation, confirmation, correction, person

ACTS = st.lists(st.sampled_from(["confirm", "cancel", "rename"]), min_size=1, max_size=8)
TROUBLES = st.lists(st.sampled_from(["none", "none", "database", "worker"]), min_size=1, max_size=8)


class History:
    """One runner's registration: what happened to it, in order, and what the roster says in the end.

    Args:
        skew: how far registration's clock is ahead.
    """

    def __init__(self, day: PackDay, clock: ManualClock, skew: timedelta = timedelta()) -> None:
        self.day, self.clock, self.skew = day, clock, skew
        self.id, self.runner = uuid4(), person("Ani 0")
        self.news: list[Payload] = []
        self.valid: bool | None = None
        self.bib = self.runner.bib_number

    def happens(self, acts: Sequence[str]) -> None:
        """Play the facts on the plain model; only what was confirmed can be cancelled."""
        for revision, act in enumerate(acts, start=2):
            if act == "confirm" and not self.valid:
                self._confirm(revision)
            elif act == "cancel" and self.valid:
                self.news.append(cancellation(self._said(), revision=revision))
                self.valid = False
            elif act == "rename" and self.valid is not None:
                self._rename(revision)

    def _confirm(self, revision: int) -> None:
        self.bib += 1
        code = uuid4().hex
        self.runner = self.runner.model_copy(update={"bib_number": self.bib, "ticket_code": code})
        self.news.append(self._said(self.runner, revision=revision))
        self.valid = True

    def _rename(self, revision: int) -> None:
        self.runner = self.runner.model_copy(update={"full_name": f"Ani {revision}"})
        name = self.runner.full_name
        self.news.append(correction(self._said(), self.runner, revision=revision, full_name=name, confirmed=True))

    def _said(self, *people: ConfirmedParticipant, revision: int = 1) -> Any:
        return confirmation(*(people or (self.runner,)), registration_id=self.id, revision=revision)

    async def is_heard(self, order: Sequence[int], troubles: Sequence[str]) -> None:
        """Each news as often and in the order that the numbers say; what is too early comes again at the end.

        So does what was lost with the database. A worker that was away leaves an hour before the next news.
        """
        late = [self.news[number % len(self.news)] for number in order] + self.news
        early, lost = [], []
        for number, each in enumerate(late):
            trouble = troubles[number % len(troubles)]
            if trouble == "worker":
                self.clock.advance(timedelta(hours=1))
            said: dict[str, Any] = {"subject": self.id, "occurred_at": self.clock() + self.skew}
            if trouble == "database":
                lost.append(await self.day.deliver_in_vain(each, **said))
            elif not await self._hears(each, **said):
                early.append(each)
        await self._tries_again(early, lost)

    async def _hears(self, news: Payload, **said: Any) -> bool:
        try:
            await self.day.deliver(news, **said)
        except NotYet:
            return False
        return True

    async def _tries_again(self, early: Sequence[Payload], lost: Sequence[Event[Any]]) -> None:
        for event in sorted(lost, key=lambda event: event.type != RegistrationConfirmed.TYPE):
            await self.day.redeliver(event)
        for each in early:
            assert await self._hears(each, subject=self.id)

    async def on_the_roster(self) -> dict[str, Any]:
        query = (
            "SELECT full_name, bib_number, ticket_code, cancelled_at IS NULL AS valid"
            " FROM roster WHERE registration_id = :id"
        )
        [row] = await self.day.rows(query, id=self.id)
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
async def test_in_the_end_the_roster_says_what_happened(
    day: PackDay,
    clock: ManualClock,
    acts: Sequence[str],
    order: Sequence[int],
    skew: timedelta,
    troubles: Sequence[str],
) -> None:
    history = History(day, clock, skew)
    history.happens(["confirm", *acts])
    await history.is_heard(order, troubles)
    assert await history.on_the_roster() == history.expected()


async def test_the_last_of_several_tickets_is_known_when_its_cancellation_was_heard_first(
    day: PackDay, clock: ManualClock
) -> None:
    history = History(day, clock)
    history.happens(["confirm", "cancel", "confirm", "cancel"])
    await history.is_heard([3], troubles=["none"])
    assert await history.on_the_roster() == history.expected()


@pytest.mark.parametrize("guarded", [True, False])
async def test_only_the_revision_keeps_a_cancelled_ticket_invalid(
    day: PackDay, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, *, guarded: bool
) -> None:
    async def deaf(*_: Any) -> bool:
        return True

    if not guarded:
        monkeypatch.setattr(commands, "_record_revision", deaf)
    history = History(day, clock)
    history.happens(["confirm", "cancel"])
    await history.day.deliver(history.news[1], subject=history.id)
    await history.day.deliver(history.news[0], subject=history.id)
    assert (await history.on_the_roster() == history.expected()) is guarded

"""Histories of a registration whose news come in any order, late and twice: the roster ends as if heard at once."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest
from chassis.errors import NotYet
from checkin.roster import commands
from contracts import ConfirmedParticipant, Payload
from hypothesis import given
from hypothesis import strategies as st
from testkit.histories import examples

from .checkin_world import PackDay, cancellation, confirmation, correction, person

ACTS = st.lists(st.sampled_from(["confirm", "cancel", "rename"]), min_size=1, max_size=8)


class History:
    """One runner's registration: what happened to it, in order, and what the roster says in the end."""

    def __init__(self, day: PackDay) -> None:
        self.day = day
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
        self.news.append(
            correction(self._said(), self.runner, revision=revision, full_name=name, confirmed=bool(self.valid))
        )

    def _said(self, *people: ConfirmedParticipant, revision: int = 1) -> Any:
        return confirmation(*(people or (self.runner,)), registration_id=self.id, revision=revision)

    async def is_heard(self, order: Sequence[int]) -> None:
        """Each news as often and in the order that the numbers say; what is too early comes again at the end."""
        late = [self.news[number % len(self.news)] for number in order] + self.news
        for _ in range(2):
            early = []
            for each in late:
                try:
                    await self.day.deliver(each, subject=self.id)
                except NotYet:
                    early.append(each)
            late = early
        assert not late

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


@given(acts=ACTS, order=st.lists(st.integers(0, 30), max_size=12))
@examples(80)
async def test_in_the_end_the_roster_says_what_happened(
    day: PackDay, acts: Sequence[str], order: Sequence[int]
) -> None:
    history = History(day)
    history.happens(["confirm", *acts])
    await history.is_heard(order)
    assert await history.on_the_roster() == history.expected()


@pytest.mark.parametrize("guarded", [True, False])
async def test_only_the_revision_keeps_a_cancelled_ticket_invalid(
    day: PackDay, monkeypatch: pytest.MonkeyPatch, *, guarded: bool
) -> None:
    async def deaf(*_: Any) -> bool:
        return True

    if not guarded:
        monkeypatch.setattr(commands, "_is_newest", deaf)
    history = History(day)
    history.happens(["confirm", "cancel"])
    await history.day.deliver(history.news[1], subject=history.id)
    await history.day.deliver(history.news[0], subject=history.id)
    assert (await history.on_the_roster() == history.expected()) is guarded

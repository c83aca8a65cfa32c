"""Histories of a line: places stay in step, and who hears its events in any order believes what is so.

The worker's clock differs from that of the API's processes, and broker, database, worker and notification are out for a
while. No offer lapses for time in which its end could not have been heard of, nor without its whole time.
"""

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from chassis.clock import SKEW
from contracts import Event, Payload, RegistrationCreated, WaitlistEnded, WaitlistOffered
from hypothesis import given
from hypothesis import strategies as st
from registration import worker
from registration.waitlist.deadlines import HEARD_LATE
from testkit.histories import OUTAGES, SKEWS, examples

from .conftest import Race
from .registration_background import Background
from .registration_line import Line

_BELIEVED: dict[Any, str] = {WaitlistOffered: "offered", WaitlistEnded: "ended", RegistrationCreated: "registered"}
_ACTS = (
    "free",
    "free",
    "free",
    "call ahead",
    "correct",
    "accept",
    "withdraw",
    "remove",
    "lapse",
    "close",
    "notification",
    *OUTAGES,
)
STEPS = st.lists(st.tuples(st.sampled_from(_ACTS), st.integers(0, 3)), max_size=14)


_LAPSED_AFTER = """
    SELECT count(*) FROM waitlist_entries
     WHERE race_category_id = CAST(:id AS uuid) AND status = 'expired' AND offer_expires_at > :moment
"""
_LAPSED_EARLY = """
    SELECT count(*) FROM waitlist_entries
     WHERE race_category_id = CAST(:id AS uuid) AND status = 'expired'
       AND NOT coalesce(offer_expires_at - offer_heard_at >= :whole, false)
       AND NOT (offer_heard_at IS NULL AND updated_at >= offer_expires_at + interval '1 day')
"""
_OPEN_AFTER_ITS_END = """
    SELECT count(*) FROM waitlist_entries
     WHERE race_category_id = CAST(:id AS uuid) AND status = 'offered' AND offer_expires_at < :moment
"""


@dataclass
class Listener:
    """Believes the newest that it heard of one place in line."""

    believes: str | None = None
    revision: int = -1

    def hear(self, news: Any) -> None:
        if news.revision > self.revision:
            self.believes, self.revision = _BELIEVED[type(news)], news.revision


class History:
    """A sold-out category with a group and three runners in line, and what happens to them.

    Args:
        skew: how far the worker's clock is ahead.
    """

    def __init__(self, race: Race, skew: timedelta = timedelta()) -> None:
        self.race, self.line = race, Line(race)
        self.background = Background(race, skew)
        self.undisturbed_at = race.clock()
        self.holders: list[dict[str, Any]] = []
        self.entries: list[dict[str, Any]] = []

    async def begin(self) -> None:
        await self.race.service.forget_published()
        await self.race.create_event()
        self.holders = await self.line.sell_out(quota=6, bibs=60)
        self.entries = [await self.line.waiting(group) for group in (5, 1, 1, 1)]

    async def play(self, steps: Sequence[tuple[str, int]]) -> None:
        """After each step places are in order."""
        for act, which in steps:
            await self.step(act, which)
            await self.line.must_be_in_order()

    async def step(self, act: str, which: int) -> None:
        entry, line = self.entries[which], self.line
        acts: dict[str, Callable[[], Awaitable[Any]]] = {
            "free": self._free,
            "call ahead": lambda: line.staff(entry, "offer"),
            "correct": lambda: self._correct(entry),
            "accept": lambda: line.accept(entry),
            "withdraw": lambda: line.withdraw(entry),
            "remove": lambda: line.staff(entry, "remove", reason="asked to"),
            "lapse": self._lapse,
            "close": self._close,
        }
        if act in ("notification", *OUTAGES):
            self.background.toggle(act)
        else:
            await acts[act]()
        await self.background.works()
        await self._only_heard_offers_lapse()

    async def _lapse(self) -> None:
        """Half a day and an hour pass, in which the worker does what it can."""
        self.race.clock.advance(timedelta(hours=13))
        await self.background.works_on()

    async def _only_heard_offers_lapse(self) -> None:
        """An offer is over only when its end came before a moment in which nothing was out."""
        if not self.background.out:
            self.undisturbed_at = self.race.clock() + abs(self.background.skew)
        category = self.race.category["id"]
        assert await self.race.scalar(_LAPSED_AFTER, id=category, moment=self.undisturbed_at) == 0
        whole = self.race.terms.time - HEARD_LATE - timedelta(minutes=1)
        assert await self.race.scalar(_LAPSED_EARLY, id=category, whole=whole) == 0

    async def _free(self) -> None:
        if self.holders:
            await self.race.cancel(self.holders.pop()["registration_id"])

    async def _close(self) -> None:
        await self.line.change(is_active=False)
        await self.background.works()

    async def _correct(self, entry: dict[str, Any]) -> None:
        [first, *_] = (await self.line.show(entry))["participants"]
        path = f"/registrations/{entry['waitlist_id']}/participants/{first['participant_id']}"
        body = {"email": f"{random.randbytes(4).hex()}@example.com"}
        answer = await self.race.http.patch(self.race.url(path), json=body, headers=self.race.staff())
        assert answer.status_code == 200, answer.text

    async def all_is_mended(self) -> None:
        """No offer stays open that nobody took in time."""
        self.background.mend()
        await self.background.works_on()
        await self.line.must_be_in_order()
        over = self.race.clock() - abs(self.background.skew) - SKEW - timedelta(minutes=1)
        assert await self.race.scalar(_OPEN_AFTER_ITS_END, id=self.race.category["id"], moment=over) == 0

    async def ends(self) -> None:
        """Leave no line to look after."""
        await self.line.change(is_active=False)
        await self.background.works()

    async def must_be_believed(self, shuffle: random.Random) -> None:
        """Whoever hears the events in another order and twice knows how each place in line stands."""
        published: list[Event[Any]] = [*await self.race.service.published(Payload)]
        for entry in self.entries:
            own = [each.payload for each in published if each.subject == UUID(entry["waitlist_id"])]
            news = [each for each in own if type(each) in _BELIEVED] * 2
            shuffle.shuffle(news)
            listener = Listener()
            for each in news:
                listener.hear(each)
            assert listener.believes == await self._is_so(entry)

    async def _is_so(self, entry: dict[str, Any]) -> str | None:
        shown = await self.line.show(entry)
        if shown["status"] == "accepted":
            return "registered"
        if shown["offered_at"] is None:
            return None
        return "offered" if shown["status"] == "offered" else "ended"


@given(steps=STEPS, shuffle=st.randoms(use_true_random=False), skew=SKEWS)
@examples(11)
async def test_whatever_happens_to_a_line_places_and_listeners_are_in_step(
    race: Race, steps: Sequence[tuple[str, int]], shuffle: random.Random, skew: timedelta
) -> None:
    history = History(race, skew)
    await history.begin()
    await history.play(steps)
    await history.all_is_mended()
    await history.must_be_believed(shuffle)
    await history.ends()


# A place is offered, and the end of the offer comes while the broker is out.
UNHEARD: Sequence[tuple[str, int]] = [("free", 0), ("lapse", 0), ("free", 0), ("broker", 0), ("lapse", 0)]


async def test_no_offer_lapses_while_the_broker_is_out(race: Race) -> None:
    history = History(race)
    await history.begin()
    await history.play(UNHEARD)
    assert (await history.line.statuses(*history.entries))[1:] == ["expired", "offered", "offered"]


async def test_without_the_mark_an_offer_lapses_unheard(race: Race, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: offers end by the clock alone."""

    async def process_waitlists(self: worker.Deadlines) -> None:
        await worker.process_waitlists(self.database, self.terms)

    monkeypatch.setattr(worker.Deadlines, "process_waitlists", process_waitlists)
    history = History(race)
    await history.begin()
    with pytest.raises(AssertionError):
        await history.play(UNHEARD)


async def test_without_its_revision_an_ended_offer_is_taken_for_open(race: Race) -> None:
    """The negative control: the last heard is believed."""
    history = History(race)
    await history.begin()
    for act, which in (("free", 1), ("withdraw", 1)):
        await history.step(act, which)
    subject = UUID(history.entries[1]["waitlist_id"])
    published = await race.service.published(Payload)
    news = [each.payload for each in published if each.subject == subject and type(each.payload) in _BELIEVED]
    assert [_BELIEVED[type(each)] for each in news] == ["offered", "ended"]
    deaf = Listener()
    for each in reversed(news):
        deaf.revision = -1
        deaf.hear(each)
    assert deaf.believes == "offered"
    assert await history._is_so(history.entries[1]) == "ended"

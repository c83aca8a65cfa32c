"""Histories of a line: places stay in step, and who hears its events in any order believes what is so."""

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from contracts import Event, Payload, RegistrationCreated, WaitlistEnded, WaitlistOffered
from hypothesis import given
from hypothesis import strategies as st
from testkit.histories import examples

from .conftest import Race
from .registration_line import Line

_BELIEVED: dict[Any, str] = {WaitlistOffered: "offered", WaitlistEnded: "ended", RegistrationCreated: "registered"}
_ACTS = ("free", "free", "free", "call ahead", "correct", "accept", "withdraw", "remove", "lapse", "close")
STEPS = st.lists(st.tuples(st.sampled_from(_ACTS), st.integers(0, 3)), max_size=14)


@dataclass
class Listener:
    """Believes the newest that it heard of one place in line."""

    believes: str | None = None
    revision: int = -1

    def hear(self, news: Any) -> None:
        if news.revision > self.revision:
            self.believes, self.revision = _BELIEVED[type(news)], news.revision


class History:
    """A sold-out category with a group and three runners in line, and what happens to them."""

    def __init__(self, race: Race) -> None:
        self.race, self.line = race, Line(race)
        self.holders: list[dict[str, Any]] = []
        self.entries: list[dict[str, Any]] = []

    async def begin(self) -> None:
        await self.race.service.forget_published()
        self.holders = await self.line.sell_out(quota=6, bibs=60)
        self.entries = [await self.line.waiting(group) for group in (5, 1, 1, 1)]

    async def step(self, act: str, which: int) -> None:
        entry, line = self.entries[which], self.line
        acts: dict[str, Callable[[], Awaitable[Any]]] = {
            "free": self._free,
            "call ahead": lambda: line.staff(entry, "offer"),
            "correct": lambda: self._correct(entry),
            "accept": lambda: line.accept(entry),
            "withdraw": lambda: line.withdraw(entry),
            "remove": lambda: line.staff(entry, "remove", reason="asked to"),
            "lapse": lambda: line.time_passes(13),
            "close": self._close,
        }
        await acts[act]()

    async def _free(self) -> None:
        if self.holders:
            await self.race.cancel(self.holders.pop()["registration_id"])

    async def _close(self) -> None:
        await self.line.change(is_active=False)
        await self.line.tend()

    async def _correct(self, entry: dict[str, Any]) -> None:
        [first, *_] = (await self.line.show(entry))["participants"]
        path = f"/registrations/{entry['waitlist_id']}/participants/{first['participant_id']}"
        body = {"email": f"{random.randbytes(4).hex()}@example.com"}
        answer = await self.race.http.patch(self.race.url(path), json=body, headers=self.race.staff())
        assert answer.status_code == 200, answer.text

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


@given(steps=STEPS, shuffle=st.randoms(use_true_random=False))
@examples(15)
async def test_whatever_happens_to_a_line_places_and_listeners_are_in_step(
    race: Race, steps: Sequence[tuple[str, int]], shuffle: random.Random
) -> None:
    history = History(race)
    await history.begin()
    for act, which in steps:
        await history.step(act, which)
        await history.line.must_be_in_order()
    await history.must_be_believed(shuffle)


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

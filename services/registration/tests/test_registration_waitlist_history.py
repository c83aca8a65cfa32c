"""Histories of a waiting list: places stay consistent, and listeners to its events in any order end with its state.

The worker's clock differs from that of the API's processes, and broker, database, worker, notification and the API are
out for a while. No offer expires for time in which its end could not have been published, nor without its whole time in
which it could be accepted.
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
from registration.waitlist.deadlines import RECEIVED_LATE
from testkit.histories import OUTAGES, SKEWS, examples

from .registration_background import Background
from .registration_driver import RegistrationDriver
from .waitlist_driver import WaitlistDriver

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
    "api",
    *OUTAGES,
)
_THROUGH_THE_API = {"free", "call ahead", "correct", "accept", "withdraw", "remove", "close"}
STEPS = st.lists(st.tuples(st.sampled_from(_ACTS), st.integers(0, 3)), max_size=14)


_LAPSED_AFTER = """
    SELECT count(*) FROM waitlist_entries
     WHERE race_category_id = CAST(:id AS uuid) AND status = 'expired' AND offer_expires_at > :moment
"""
_LAPSED_IN_ITS_TIME = """
    SELECT offer_received_at AS received, offer_expires_at AS ends FROM waitlist_entries
     WHERE race_category_id = CAST(:id AS uuid) AND status = 'expired'
       AND NOT (offer_received_at IS NULL AND updated_at >= offer_expires_at + interval '1 day')
"""
_OPEN_AFTER_ITS_END = """
    SELECT count(*) FROM waitlist_entries
     WHERE race_category_id = CAST(:id AS uuid) AND status = 'offered' AND offer_expires_at < :moment
"""


@dataclass
class Listener:
    """Believes the newest event about one entry."""

    believes: str | None = None
    revision: int = -1

    def handle(self, payload: Any) -> None:
        if payload.revision > self.revision:
            self.believes, self.revision = _BELIEVED[type(payload)], payload.revision


class History:
    """A sold-out category with a group and three runners in line, and what happens to them.

    Args:
        skew: how far the worker's clock is ahead.
    """

    def __init__(self, driver: RegistrationDriver, skew: timedelta = timedelta()) -> None:
        self.driver, self.waitlist = driver, WaitlistDriver(driver)
        self.background = Background(driver, skew)
        self.undisturbed_at = driver.clock()
        self.holders: list[dict[str, Any]] = []
        self.entries: list[dict[str, Any]] = []

    async def begin(self) -> None:
        await self.driver.forget_published()
        await self.driver.create_event()
        self.holders = await self.waitlist.sell_out(quota=6, bibs=60)
        self.entries = [await self.waitlist.join(group) for group in (5, 1, 1, 1)]

    async def play(self, steps: Sequence[tuple[str, int]]) -> None:
        """Play the steps; after each places are consistent."""
        for act, which in steps:
            await self.step(act, which)
            await self.waitlist.assert_consistent()

    async def step(self, act: str, which: int) -> None:
        entry, waitlist = self.entries[which], self.waitlist
        acts: dict[str, Callable[[], Awaitable[Any]]] = {
            "free": self._free,
            "call ahead": lambda: waitlist.try_offer(entry),
            "correct": lambda: self._correct(entry),
            "accept": lambda: waitlist.try_accept(entry),
            "withdraw": lambda: waitlist.try_withdraw(entry),
            "remove": lambda: waitlist.try_remove(entry, reason="asked to"),
            "lapse": self._lapse,
            "close": self._close,
        }
        await self.background.beat()
        if act in ("notification", "api", *OUTAGES):
            self.background.toggle(act)
        elif act not in _THROUGH_THE_API or "api" not in self.background.out:
            await acts[act]()
        await self.background.beat()
        await self.background.work()
        await self._assert_only_confirmed_offers_expired()

    async def _lapse(self) -> None:
        """Let half a day and an hour pass, in which the worker does what it can."""
        await self.background.pass_time(timedelta(hours=13))
        await self.background.work_until_settled()

    async def _assert_only_confirmed_offers_expired(self) -> None:
        """An offer is over only when its end came before a moment in which nothing was out.

        For an offer that was received, notification may be out.
        """
        if not self.background.out - {"notification"}:
            self.undisturbed_at = self.driver.clock() + abs(self.background.skew)
        category = self.driver.category["id"]
        assert await self.driver.scalar(_LAPSED_AFTER, id=category, moment=self.undisturbed_at) == 0
        for offer in await self.driver.rows(_LAPSED_IN_ITS_TIME, id=category):
            assert self._time_to_accept(offer) >= self.driver.terms.time - RECEIVED_LATE - timedelta(minutes=1)

    def _time_to_accept(self, offer: dict[str, Any]) -> timedelta:
        """Return for how long the API was open between the receipt of an offer and its end."""
        received, ends = offer["received"], offer["ends"]
        if received is None:
            return timedelta()
        lost = (min(end, ends) - max(begin, received) for begin, end in self.background.closed)
        return ends - received - sum((each for each in lost if each > timedelta()), timedelta())  # type: ignore[no-any-return]

    async def _free(self) -> None:
        if self.holders:
            await self.driver.cancel(self.holders.pop()["registration_id"])

    async def _close(self) -> None:
        await self.driver.change_category(is_active=False)
        await self.background.work()

    async def _correct(self, entry: dict[str, Any]) -> None:
        [first, *_] = (await self.waitlist.show(entry))["participants"]
        path = f"/registrations/{entry['waitlist_id']}/participants/{first['participant_id']}"
        body = {"email": f"{random.randbytes(4).hex()}@example.com"}
        answer = await self.driver.call("PATCH", path, by=self.driver.staff(), json=body)
        assert answer.status == 200, answer.body

    async def end_outages(self) -> None:
        """End all outages; no offer stays open after its end."""
        self.background.end_outages()
        await self.background.beat()
        await self.background.work_until_settled()
        await self.waitlist.assert_consistent()
        over = self.driver.clock() - abs(self.background.skew) - SKEW - timedelta(minutes=1)
        assert await self.driver.scalar(_OPEN_AFTER_ITS_END, id=self.driver.category["id"], moment=over) == 0

    async def end(self) -> None:
        """Leave no waiting list to process."""
        await self.driver.change_category(is_active=False)
        await self.background.work()

    async def assert_believed(self, shuffle: random.Random) -> None:
        """A listener to the events in another order, and twice, believes the state of each entry."""
        published: list[Event[Any]] = [*await self.driver.published(Payload)]
        for entry in self.entries:
            own = [each.payload for each in published if each.subject == UUID(entry["waitlist_id"])]
            events = [each for each in own if type(each) in _BELIEVED] * 2
            shuffle.shuffle(events)
            listener = Listener()
            for each in events:
                listener.handle(each)
            assert listener.believes == await self._state_of(entry)

    async def _state_of(self, entry: dict[str, Any]) -> str | None:
        shown = await self.waitlist.show(entry)
        if shown["status"] == "accepted":
            return "registered"
        if shown["offered_at"] is None:
            return None
        return "offered" if shown["status"] == "offered" else "ended"


@given(steps=STEPS, shuffle=st.randoms(use_true_random=False), skew=SKEWS)
@examples(11)
async def test_any_history_of_a_waiting_list_keeps_places_and_listeners_consistent(
    driver: RegistrationDriver, steps: Sequence[tuple[str, int]], shuffle: random.Random, skew: timedelta
) -> None:
    history = History(driver, skew)
    await history.begin()
    await history.play(steps)
    await history.end_outages()
    await history.assert_believed(shuffle)
    await history.end()


# A place is offered, and the end of the offer comes while the broker is out.
UNCONFIRMED: Sequence[tuple[str, int]] = [("free", 0), ("lapse", 0), ("free", 0), ("broker", 0), ("lapse", 0)]


async def test_no_offer_expires_while_the_broker_is_out(driver: RegistrationDriver) -> None:
    history = History(driver)
    await history.begin()
    await history.play(UNCONFIRMED)
    assert (await history.waitlist.statuses(*history.entries))[1:] == ["expired", "offered", "offered"]


async def test_without_the_mark_an_unconfirmed_offer_expires(
    driver: RegistrationDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: offers end by the clock alone."""

    async def process_waitlists(self: worker.Deadlines) -> None:
        await worker.process_waitlists(self.database, self.terms)

    monkeypatch.setattr(worker.Deadlines, "process_waitlists", process_waitlists)
    history = History(driver)
    await history.begin()
    with pytest.raises(AssertionError):
        await history.play(UNCONFIRMED)


# A place is offered, and the API is out over the end of the offer.
CLOSED: Sequence[tuple[str, int]] = [("free", 0), ("api", 0), ("lapse", 0), ("api", 0), ("lapse", 0)]


async def test_no_offer_expires_for_time_in_which_the_api_was_out(driver: RegistrationDriver) -> None:
    history = History(driver)
    await history.begin()
    await history.play(CLOSED[:-1])
    assert (await history.waitlist.statuses(*history.entries))[1:] == ["offered", "waiting", "waiting"]
    await history.play(CLOSED[-1:])
    assert (await history.waitlist.statuses(*history.entries))[1:] == ["expired", "offered", "waiting"]


async def test_without_the_record_of_uptime_an_offer_expires_that_could_not_be_accepted(
    driver: RegistrationDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: the API does not beat."""

    async def unknown(*_: object) -> None:
        return None

    monkeypatch.setattr("registration.waitlist.deadlines.uptime.open_until", unknown)
    monkeypatch.setattr("registration.waitlist.deadlines.add_outages", unknown)
    history = History(driver)
    await history.begin()
    with pytest.raises(AssertionError):
        await history.play(CLOSED)


async def test_without_its_revision_an_ended_offer_is_taken_for_open(driver: RegistrationDriver) -> None:
    """The negative control: the last event is believed."""
    history = History(driver)
    await history.begin()
    for act, which in (("free", 1), ("withdraw", 1)):
        await history.step(act, which)
    subject = UUID(history.entries[1]["waitlist_id"])
    published = await driver.published(Payload)
    events = [each.payload for each in published if each.subject == subject and type(each.payload) in _BELIEVED]
    assert [_BELIEVED[type(each)] for each in events] == ["offered", "ended"]
    deaf = Listener()
    for each in reversed(events):
        deaf.revision = -1
        deaf.handle(each)
    assert deaf.believes == "offered"
    assert await history._state_of(history.entries[1]) == "ended"

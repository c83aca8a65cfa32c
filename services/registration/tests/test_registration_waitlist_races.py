"""Waiting lists, offers and registrations at once, on real connections: no place is sold or offered twice."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from contracts import RegistrationCreated
from registration import worker
from registration.admission.errors import AlreadyRegistered
from registration.waitlist.errors import NoOffer, OfferExpired
from testkit.clocks import ManualClock

from .registration_driver import RegistrationDriver
from .waitlist_driver import WaitlistDriver


@pytest.fixture
def other(second_driver: RegistrationDriver) -> WaitlistDriver:
    """The same waiting lists through another process."""
    return WaitlistDriver(second_driver)


@pytest.fixture
async def later(driver: RegistrationDriver) -> AsyncIterator[WaitlistDriver]:
    """A process whose clock is ahead: for it, every offer made so far is over."""
    clock = ManualClock()
    clock.advance(timedelta(hours=13))
    made = driver.another_process(clock=clock)
    yield WaitlistDriver(made)
    await made.close()


def _disable_cache(*drivers: RegistrationDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have admission look at the places themselves each time, not at what it remembers of them."""
    for each in drivers:
        batcher = each.app.state.admission_service.batchers[UUID(drivers[0].category["id"])]
        monkeypatch.setattr(batcher, "_memory_seconds", 0.0)


async def _register_while_places_become_free(
    waitlist: WaitlistDriver, other: WaitlistDriver, monkeypatch: pytest.MonkeyPatch
) -> int:
    """Free twelve places while many try to register; return how many registered."""
    driver = waitlist.driver
    await driver.open_category(quota=12)
    overdue = [await driver.register() for _ in range(6)]
    driver.clock.advance(timedelta(hours=25))
    held = [await driver.register() for _ in range(6)]
    assert len(overdue) + len(held) == 12
    for _ in range(12):
        await waitlist.join()
    _disable_cache(driver, other.driver, monkeypatch=monkeypatch)
    releasing = asyncio.gather(
        *(driver.try_cancel(entry["registration_id"]) for entry in held), driver.sweep(), other.driver.sweep()
    )
    public = [
        _keep_trying(process, [driver.form() for _ in range(5)], releasing) for process in (driver, other.driver) * 4
    ]
    return sum(await asyncio.gather(*public))


async def _keep_trying(
    process: RegistrationDriver, forms: Sequence[dict[str, Any]], releasing: asyncio.Future[Any]
) -> int:
    """Try to register, one form after the other, until once after all places are free; return how many registered."""
    registered = 0
    for form in itertools.cycle(forms):
        over = releasing.done()
        answer = await process.try_register(form=form)
        assert answer.status in (201, 409), answer.body
        registered += answer.status == 201
        if over:
            break
    return registered


async def test_no_registration_takes_a_place_that_becomes_free_before_the_waiting_list(
    waitlist: WaitlistDriver, other: WaitlistDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await _register_while_places_become_free(waitlist, other, monkeypatch) == 0
    assert await waitlist.counts() == (12, 12, 0)
    assert len(set(await waitlist.offered_to())) == 12
    await waitlist.assert_consistent()


async def test_without_the_handover_registrations_take_places_before_the_waiting_list(
    waitlist: WaitlistDriver, other: WaitlistDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: places are freed without being offered to the waiting list."""

    async def forgetful(*_: Any, **__: Any) -> None:
        return

    for process in (waitlist.driver, other.driver):
        monkeypatch.setattr(process.app.state, "on_places_freed", forgetful)
    monkeypatch.setattr(worker, "offer_free_places", forgetful)
    assert await _register_while_places_become_free(waitlist, other, monkeypatch) > 0


async def test_without_holding_its_places_an_offer_could_be_sold_to_another(
    waitlist: WaitlistDriver, other: WaitlistDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control of the count: offers that are not part of what is taken."""
    [held] = await waitlist.sell_out()
    await waitlist.join()
    await waitlist.driver.cancel(held["registration_id"])
    _disable_cache(waitlist.driver, other.driver, monkeypatch=monkeypatch)
    assert (await waitlist.driver.try_register()).code == "category_full"
    await waitlist.driver.execute("UPDATE category_places SET taken = taken - offered, offered = 0")
    await waitlist.driver.register()
    with pytest.raises(AssertionError):
        await waitlist.assert_consistent()


async def test_any_number_of_workers_offer_each_place_once(waitlist: WaitlistDriver, other: WaitlistDriver) -> None:
    await waitlist.sell_out(quota=10, bibs=40)
    waiting = [await waitlist.join() for _ in range(20)]
    # As if these places had come back without being offered to the waiting list.
    for table in ("category_places", "race_categories"):
        await waitlist.driver.execute(f"UPDATE {table} SET quota = 25")
    await asyncio.gather(*(each.process() for each in (waitlist, other) * 4))
    assert await waitlist.offered_to() == [entry["waitlist_id"] for entry in waiting[:15]]
    assert await waitlist.counts() == (25, 15, 10)
    await waitlist.assert_consistent()


async def test_any_number_of_workers_end_an_offer_once(waitlist: WaitlistDriver, other: WaitlistDriver) -> None:
    held = await waitlist.sell_out(quota=5)
    waiting = [await waitlist.join() for _ in range(12)]
    for entry in held:
        await waitlist.driver.cancel(entry["registration_id"])
    waitlist.driver.clock.advance(timedelta(hours=12.1))
    await asyncio.gather(*(each.process() for each in (waitlist, other) * 4))
    assert await waitlist.statuses(*waiting) == ["expired"] * 5 + ["offered"] * 5 + ["waiting"] * 2
    assert await waitlist.counts() == (5, 5, 0)
    assert len(await waitlist.offered_to()) == 10


async def _offered(waitlist: WaitlistDriver, count: int, *, waiting: int = 0) -> list[dict[str, Any]]:
    """Return entries with an offer each, and more without."""
    held = await waitlist.sell_out(quota=count)
    entries = [await waitlist.join() for _ in range(count + waiting)]
    for entry in held:
        await waitlist.driver.cancel(entry["registration_id"])
    return entries


async def test_an_offer_accepted_twice_at_once_is_one_registration(
    waitlist: WaitlistDriver, other: WaitlistDriver
) -> None:
    entries = await _offered(waitlist, 4)
    await waitlist.driver.forget_published()
    answers = await asyncio.gather(
        *(each.try_accept(entry) for entry in entries for each in (waitlist, other, waitlist))
    )
    assert sorted(answer.status for answer in answers) == [201] * 4 + [409] * 8
    assert {answer.body.get("code") for answer in answers} == {None, "no_offer"}
    assert len(await waitlist.driver.published(RegistrationCreated)) == 4
    assert await waitlist.counts() == (4, 0, 4)
    await waitlist.assert_consistent()


async def test_accepting_while_the_offer_expires_has_one_outcome(
    waitlist: WaitlistDriver, later: WaitlistDriver
) -> None:
    entries = await _offered(waitlist, 12, waiting=12)
    answers, *_ = await asyncio.gather(
        asyncio.gather(*(waitlist.try_accept(entry) for entry in entries[:12])),
        later.process(),
        later.process(),
    )
    for entry, answer in zip(entries, answers, strict=False):
        expected = {201: "accepted", 409: "expired"}[answer.status]
        assert await waitlist.status(entry) == expected
        if answer.status == 409:
            assert answer.code == "offer_expired"
    accepted = sum(answer.status == 201 for answer in answers)
    assert await waitlist.counts() == (12, 12 - accepted, accepted)
    assert await waitlist.statuses(*entries[12 : 24 - accepted]) == ["offered"] * (12 - accepted)
    await waitlist.assert_consistent()


async def test_accepting_and_withdrawing_at_once_has_one_outcome(
    waitlist: WaitlistDriver, other: WaitlistDriver
) -> None:
    entries = await _offered(waitlist, 8)
    both = [call for entry in entries for call in (waitlist.try_accept(entry), other.try_withdraw(entry))]
    answers = await asyncio.gather(*both)
    for entry, accepted, withdrawn in zip(entries, answers[::2], answers[1::2], strict=True):
        assert (accepted.status, withdrawn.status) in {(201, 409), (409, 204)}
        assert await waitlist.status(entry) == ("accepted" if accepted.status == 201 else "withdrawn")
    await waitlist.assert_consistent()


async def test_accepting_and_registering_in_another_category_at_once_is_one_registration(
    waitlist: WaitlistDriver, other: WaitlistDriver
) -> None:
    driver = waitlist.driver
    held = await waitlist.sell_out(quota=6)
    forms = [driver.form() for _ in range(6)]
    entries = [await waitlist.join(form=form) for form in forms]
    for entry in held:
        await driver.cancel(entry["registration_id"])
    elsewhere = (await driver.open_category())["id"]
    both = [
        call
        for entry, form in zip(entries, forms, strict=True)
        for call in (waitlist.try_accept(entry), other.driver.try_register(form={**form, "category_id": elsewhere}))
    ]
    answers = await asyncio.gather(*both)
    for accepted, registered in zip(answers[::2], answers[1::2], strict=True):
        assert sorted((accepted.status, registered.status)) == [201, 409]
        refused = accepted if accepted.status == 409 else registered
        assert refused.code == "already_registered"
    assert await driver.live_participants() == 6
    await waitlist.assert_consistent()


async def test_entries_that_join_while_places_become_free_are_not_left_waiting(
    waitlist: WaitlistDriver, other: WaitlistDriver
) -> None:
    """Joining is refused while there are places, or waits, or gets an offer: no entry waits beside a free place."""
    held = await waitlist.sell_out(quota=10)
    driver = waitlist.driver
    forms = [driver.form() for _ in range(30)]
    joining = [(waitlist, other)[i % 2].try_join(form=form) for i, form in enumerate(forms)]
    cancelling = [driver.try_cancel(entry["registration_id"]) for entry in held]
    answers = (await asyncio.gather(*joining, *cancelling))[: len(joining)]
    assert {answer.body.get("code") for answer in answers} <= {None, "places_available"}
    await waitlist.assert_no_free_place_is_withheld()
    await waitlist.assert_consistent()


async def test_one_person_joins_once_on_many_connections(waitlist: WaitlistDriver, other: WaitlistDriver) -> None:
    await waitlist.sell_out()
    form = waitlist.driver.form()
    answers = await asyncio.gather(*((waitlist, other)[i % 2].try_join(form=form) for i in range(12)))
    codes = sorted(answer.body.get("code", "in line") for answer in answers)
    assert codes == ["already_waiting"] * 11 + ["in line"]


async def test_changing_the_quota_while_many_join_does_not_deadlock(
    waitlist: WaitlistDriver, other: WaitlistDriver
) -> None:
    await waitlist.sell_out(quota=4, bibs=200)
    forms = [waitlist.driver.form() for _ in range(24)]
    joining = [(waitlist, other)[i % 2].try_join(form=form) for i, form in enumerate(forms)]
    await asyncio.gather(
        *joining,
        *(waitlist.driver.try_change_category(quota=5 + index) for index in range(6)),
        other.process(),
        waitlist.process(),
    )
    await waitlist.process()
    await waitlist.assert_consistent()
    await waitlist.assert_no_free_place_is_withheld()
    assert await waitlist.driver.scalar(_DEADLOCKS) == 0


_WITH_AN_OFFER = "SELECT array_agg(id ORDER BY turn) FROM waitlist_entries WHERE status = 'offered'"
_DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


class RandomActions:
    """Random actions of runners, staff and workers, a few things at a time."""

    def __init__(self, lines: Sequence[WaitlistDriver], seed: int) -> None:
        self._lines = lines
        self._staff = lines[0]
        self._random = random.Random(seed)
        self._registered: list[dict[str, Any]] = []
        self._waiting: list[dict[str, Any]] = []
        self._quota = 8
        self.categories: list[str] = []

    async def sell_out(self) -> None:
        """Add a category, full and with a waiting list."""
        self._registered += await self._staff.sell_out(quota=self._quota, bibs=900)
        for _ in range(self._quota):
            form = self._staff.driver.form()
            self._waiting.append({**await self._staff.join(form=form), "form": form})
        self.categories.append(self._staff.driver.category["id"])

    async def round(self) -> None:
        """Do a dozen things at once."""
        doing: Sequence[Callable[[WaitlistDriver], Coroutine[Any, Any, None]]] = (
            *(self._register, self._register, self._register, self._join, self._join, self._join),
            *(self._cancel, self._cancel, self._expire, self._accept, self._accept, self._withdraw, self._process),
            self._verify,
        )
        await asyncio.gather(*(self._random.choice(doing)(self._random.choice(self._lines)) for _ in range(12)))

    def _some(self, entries: list[dict[str, Any]]) -> dict[str, Any] | None:
        return self._random.choice(entries) if entries else None

    def _form(self) -> dict[str, Any]:
        group = self._random.choice((1, 1, 1, 5))
        form: dict[str, Any] = self._staff.driver.form(group, category_id=self._random.choice(self.categories))
        existing = self._some(self._waiting)
        if existing and group == 1 and self._random.random() < 0.3:
            form["participants"] = existing["form"]["participants"][:1]
        return form

    async def _register(self, waitlist: WaitlistDriver) -> None:
        answer = await waitlist.driver.try_register(form=self._form())
        assert answer.status in (201, 409, 422), answer.body
        if answer.status == 201:
            self._registered.append(answer.body)

    async def _join(self, waitlist: WaitlistDriver) -> None:
        form = self._form()
        answer = await waitlist.try_join(form=form)
        assert answer.status in (201, 409, 422), answer.body
        if answer.status == 201:
            self._waiting.append({**answer.body, "form": form})

    async def _cancel(self, _: WaitlistDriver) -> None:
        if entry := self._some(self._registered):
            assert (await self._staff.driver.try_cancel(entry["registration_id"])).status in (204, 409)

    async def _verify(self, waitlist: WaitlistDriver) -> None:
        if entry := self._some(self._registered):
            await waitlist.driver.verify(entry)

    async def _expire(self, waitlist: WaitlistDriver) -> None:
        if entry := self._some(self._registered):
            overdue = "UPDATE registrations SET expires_at = now() - interval '1 hour' WHERE id = CAST(:id AS uuid)"
            await waitlist.driver.execute(overdue, id=entry["registration_id"])
        await waitlist.driver.sweep()

    async def _accept(self, waitlist: WaitlistDriver) -> None:
        offered = await waitlist.driver.scalar(_WITH_AN_OFFER)
        for entry_id in self._random.sample(offered or [], k=min(2, len(offered or []))):
            with suppress(NoOffer, OfferExpired, AlreadyRegistered):
                self._registered.append(await waitlist.driver.app.state.waitlist_service.accept(entry_id))

    async def _withdraw(self, waitlist: WaitlistDriver) -> None:
        if entry := self._some(self._waiting):
            assert (await waitlist.try_withdraw(entry)).status in (204, 409)

    async def _process(self, waitlist: WaitlistDriver) -> None:
        over = "offer_expires_at = now() - interval '3 minutes'"
        lapsing = f"UPDATE waitlist_entries SET {over} WHERE status = 'offered' AND turn % 3 = 0"
        await waitlist.driver.execute(lapsing)
        await waitlist.process()
        if self._random.random() < 0.3:
            self._quota += 1
            await self._staff.driver.change_category(self.categories[0], quota=self._quota)


@pytest.mark.parametrize("seed", [1, 2])
async def test_random_concurrent_actions_keep_places_offers_and_people_consistent(
    waitlist: WaitlistDriver, other: WaitlistDriver, seed: int
) -> None:
    actions = RandomActions((waitlist, other), seed)
    for _ in range(2):
        await actions.sell_out()
    for _ in range(25):
        await actions.round()
        await waitlist.assert_consistent()
    await waitlist.process()
    await waitlist.assert_no_free_place_is_withheld()
    done = {row: await waitlist.driver.scalar(_HOW_MANY, status=row) for row in ("accepted", "expired", "withdrawn")}
    assert min(done.values()) >= 1, done
    assert await waitlist.driver.scalar(_DEADLOCKS) == 0


_HOW_MANY = "SELECT count(*) FROM waitlist_entries WHERE status = :status"

"""Lines, offers and the public at once, on real connections: nobody gets past the line, nothing is offered twice."""

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
from testkit.harness import ManualClock

from .registration_line import Line


@pytest.fixture
def line(race: Any) -> Line:
    return Line(race)


@pytest.fixture
def other(second_process: Any) -> Line:
    """The same lines through another process."""
    return Line(second_process)


@pytest.fixture
async def later(race: Any, build: Any) -> AsyncIterator[Line]:
    """A process whose clock runs ahead: for it, every offer made so far is over."""
    clock = ManualClock()
    clock.advance(timedelta(hours=13))
    made = build(race.settings.database_url, clock, secret_keys=race.settings.secret_keys.get_secret_value())
    yield Line(made)
    await made.service.close()


def _forget_nothing_is_left(*races: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have admission look at the places themselves each time, not at what it remembers of them."""
    for each in races:
        batcher = each.service.app.state.admission_service.batchers[UUID(races[0].category["id"])]
        monkeypatch.setattr(batcher, "_memory_seconds", 0.0)


async def _rush_while_places_become_free(line: Line, other: Line, monkeypatch: pytest.MonkeyPatch) -> int:
    """Twelve places are given back by staff and by time while the public tries to register; how many got in."""
    race = line.race
    await race.open(quota=12)
    overdue = [await race.registered() for _ in range(6)]
    race.clock.advance(timedelta(hours=25))
    held = [await race.registered() for _ in range(6)]
    assert len(overdue) + len(held) == 12
    for _ in range(12):
        await line.waiting()
    _forget_nothing_is_left(race, other.race, monkeypatch=monkeypatch)
    releasing = asyncio.gather(
        *(race.cancel(entry["registration_id"]) for entry in held), race.sweep(), other.race.sweep()
    )
    public = [_keep_trying(process, [race.form() for _ in range(5)], releasing) for process in (race, other.race) * 4]
    return sum(await asyncio.gather(*public))


async def _keep_trying(process: Any, forms: Sequence[dict[str, Any]], releasing: asyncio.Future[Any]) -> int:
    """Try to register, one form after the other, until once after everything was released; how many got in."""
    got_in = 0
    for form in itertools.cycle(forms):
        over = releasing.done()
        answer = await process.register(form=form)
        assert answer.status_code in (201, 409), answer.text
        got_in += answer.status_code == 201
        if over:
            break
    return got_in


async def test_nobody_gets_past_the_line_in_the_instant_a_place_becomes_free(
    line: Line, other: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await _rush_while_places_become_free(line, other, monkeypatch) == 0
    assert await line.counted() == (12, 12, 0)
    assert len(set(await line.offers())) == 12
    await line.must_be_in_order()


async def test_without_the_handover_the_public_gets_past_the_line(
    line: Line, other: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: places are given back and only later looked at for the line."""

    async def forgetful(*_: Any, **__: Any) -> None:
        return

    for process in (line.race, other.race):
        monkeypatch.setattr(process.service.app.state, "on_places_freed", forgetful)
    monkeypatch.setattr(worker, "offer_free_places", forgetful)
    assert await _rush_while_places_become_free(line, other, monkeypatch) > 0


async def test_without_holding_its_places_an_offer_could_be_sold_to_somebody_else(
    line: Line, other: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control of the count: offers that are not part of what is taken."""
    [held] = await line.sell_out()
    await line.waiting()
    await line.race.cancel(held["registration_id"])
    _forget_nothing_is_left(line.race, other.race, monkeypatch=monkeypatch)
    assert (await line.race.register()).json()["code"] == "category_full"
    await line.execute("UPDATE category_places SET taken = taken - offered, offered = 0")
    assert (await line.race.register()).status_code == 201
    with pytest.raises(AssertionError):
        await line.must_be_in_order()


async def test_any_number_of_workers_offer_each_place_once(line: Line, other: Line) -> None:
    await line.sell_out(quota=10, bibs=40)
    waiting = [await line.waiting() for _ in range(20)]
    # As if these places had come back without anybody looking at the line.
    for table in ("category_places", "race_categories"):
        await line.execute(f"UPDATE {table} SET quota = 25")
    await asyncio.gather(*(each.process_waitlist() for each in (line, other) * 4))
    assert await line.offers() == [entry["waitlist_id"] for entry in waiting[:15]]
    assert await line.counted() == (25, 15, 10)
    await line.must_be_in_order()


async def test_any_number_of_workers_end_an_offer_once(line: Line, other: Line) -> None:
    held = await line.sell_out(quota=5)
    waiting = [await line.waiting() for _ in range(12)]
    for entry in held:
        await line.race.cancel(entry["registration_id"])
    line.race.clock.advance(timedelta(hours=12.1))
    await asyncio.gather(*(each.process_waitlist() for each in (line, other) * 4))
    assert await line.statuses(*waiting) == ["expired"] * 5 + ["offered"] * 5 + ["waiting"] * 2
    assert await line.counted() == (5, 5, 0)
    assert len(await line.offers()) == 10


async def _offered(line: Line, count: int, *, waiting: int = 0) -> list[dict[str, Any]]:
    """So many in line with an offer each, and more without."""
    held = await line.sell_out(quota=count)
    entries = [await line.waiting() for _ in range(count + waiting)]
    for entry in held:
        await line.race.cancel(entry["registration_id"])
    return entries


async def test_an_offer_accepted_twice_at_once_is_one_registration(line: Line, other: Line) -> None:
    entries = await _offered(line, 4)
    await line.race.service.forget_published()
    answers = await asyncio.gather(*(each.accept(entry) for entry in entries for each in (line, other, line)))
    assert sorted(answer.status_code for answer in answers) == [201] * 4 + [409] * 8
    assert {answer.json().get("code") for answer in answers} == {None, "no_offer"}
    assert len(await line.race.service.published(RegistrationCreated)) == 4
    assert await line.counted() == (4, 0, 4)
    await line.must_be_in_order()


async def test_accepting_while_the_offer_lapses_has_one_outcome(line: Line, later: Line) -> None:
    entries = await _offered(line, 12, waiting=12)
    answers, *_ = await asyncio.gather(
        asyncio.gather(*(line.accept(entry) for entry in entries[:12])),
        later.process_waitlist(),
        later.process_waitlist(),
    )
    for entry, answer in zip(entries, answers, strict=False):
        expected = {201: "accepted", 409: "expired"}[answer.status_code]
        assert await line.status(entry) == expected
        if answer.status_code == 409:
            assert answer.json()["code"] == "offer_expired"
    accepted = sum(answer.status_code == 201 for answer in answers)
    assert await line.counted() == (12, 12 - accepted, accepted)
    assert await line.statuses(*entries[12 : 24 - accepted]) == ["offered"] * (12 - accepted)
    await line.must_be_in_order()


async def test_accepting_and_withdrawing_at_once_has_one_outcome(line: Line, other: Line) -> None:
    entries = await _offered(line, 8)
    both = [call for entry in entries for call in (line.accept(entry), other.withdraw(entry))]
    answers = await asyncio.gather(*both)
    for entry, accepted, withdrawn in zip(entries, answers[::2], answers[1::2], strict=True):
        assert (accepted.status_code, withdrawn.status_code) in {(201, 409), (409, 204)}
        assert await line.status(entry) == ("accepted" if accepted.status_code == 201 else "withdrawn")
    await line.must_be_in_order()


async def test_accepting_and_registering_elsewhere_at_once_is_one_registration(line: Line, other: Line) -> None:
    race = line.race
    held = await line.sell_out(quota=6)
    forms = [race.form() for _ in range(6)]
    entries = [await line.waiting(form=form) for form in forms]
    for entry in held:
        await race.cancel(entry["registration_id"])
    elsewhere = (await race.open())["id"]
    both = [
        call
        for entry, form in zip(entries, forms, strict=True)
        for call in (line.accept(entry), other.race.register(form={**form, "category_id": elsewhere}))
    ]
    answers = await asyncio.gather(*both)
    for accepted, registered in zip(answers[::2], answers[1::2], strict=True):
        assert sorted((accepted.status_code, registered.status_code)) == [201, 409]
        refused = accepted if accepted.status_code == 409 else registered
        assert refused.json()["code"] == "already_registered"
    assert await race.live_participants() == 6
    await line.must_be_in_order()


async def test_those_who_join_while_places_become_free_are_never_forgotten(line: Line, other: Line) -> None:
    """Whoever joins is told that there are places, or waits, or gets an offer: nobody waits beside a free place."""
    held = await line.sell_out(quota=10)
    race = line.race
    forms = [race.form() for _ in range(30)]
    joining = [(line, other)[i % 2].join(form=form) for i, form in enumerate(forms)]
    cancelling = [race.cancel(entry["registration_id"]) for entry in held]
    answers = (await asyncio.gather(*joining, *cancelling))[: len(joining)]
    assert {answer.json().get("code") for answer in answers} <= {None, "places_available"}
    await line.nobody_waits_for_nothing()
    await line.must_be_in_order()


async def test_one_person_joins_once_on_many_connections(line: Line, other: Line) -> None:
    await line.sell_out()
    form = line.race.form()
    answers = await asyncio.gather(*((line, other)[i % 2].join(form=form) for i in range(12)))
    codes = sorted(answer.json().get("code", "in line") for answer in answers)
    assert codes == ["already_waiting"] * 11 + ["in line"]


async def test_changing_the_quota_during_a_rush_knows_no_deadlock(line: Line, other: Line) -> None:
    await line.sell_out(quota=4, bibs=200)
    forms = [line.race.form() for _ in range(24)]
    joining = [(line, other)[i % 2].join(form=form) for i, form in enumerate(forms)]
    await asyncio.gather(
        *joining,
        *(line.change(quota=5 + index) for index in range(6)),
        other.process_waitlist(),
        line.process_waitlist(),
    )
    await line.process_waitlist()
    await line.must_be_in_order()
    await line.nobody_waits_for_nothing()
    assert await line.race.scalar(_DEADLOCKS) == 0


_WITH_AN_OFFER = "SELECT array_agg(id ORDER BY turn) FROM waitlist_entries WHERE status = 'offered'"
_DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


class Hubbub:
    """Does everything there is to do, at random, a few things at a time."""

    def __init__(self, lines: Sequence[Line], seed: int) -> None:
        self._lines = lines
        self._staff = lines[0]
        self._random = random.Random(seed)
        self._registered: list[dict[str, Any]] = []
        self._waiting: list[dict[str, Any]] = []
        self._quota = 8
        self.categories: list[str] = []

    async def sell_out(self) -> None:
        """A further category, full and with a line."""
        self._registered += await self._staff.sell_out(quota=self._quota, bibs=900)
        for _ in range(self._quota):
            form = self._staff.race.form()
            self._waiting.append({**await self._staff.waiting(form=form), "form": form})
        self.categories.append(self._staff.race.category["id"])

    async def round(self) -> None:
        """A dozen things at once."""
        doing: Sequence[Callable[[Line], Coroutine[Any, Any, None]]] = (
            *(self._register, self._register, self._register, self._join, self._join, self._join),
            *(self._cancel, self._cancel, self._expire, self._accept, self._accept, self._leave, self._tend),
            self._verify,
        )
        await asyncio.gather(*(self._random.choice(doing)(self._random.choice(self._lines)) for _ in range(12)))

    def _some(self, entries: list[dict[str, Any]]) -> dict[str, Any] | None:
        return self._random.choice(entries) if entries else None

    def _form(self) -> dict[str, Any]:
        group = self._random.choice((1, 1, 1, 5))
        form: dict[str, Any] = self._staff.race.form(group, category_id=self._random.choice(self.categories))
        existing = self._some(self._waiting)
        if existing and group == 1 and self._random.random() < 0.3:
            form["participants"] = existing["form"]["participants"][:1]
        return form

    async def _register(self, line: Line) -> None:
        answer = await line.race.register(form=self._form())
        assert answer.status_code in (201, 409, 422), answer.text
        if answer.status_code == 201:
            self._registered.append(answer.json())

    async def _join(self, line: Line) -> None:
        form = self._form()
        answer = await line.join(form=form)
        assert answer.status_code in (201, 409, 422), answer.text
        if answer.status_code == 201:
            self._waiting.append({**answer.json(), "form": form})

    async def _cancel(self, _: Line) -> None:
        if entry := self._some(self._registered):
            assert (await self._staff.race.cancel(entry["registration_id"])).status_code in (204, 409)

    async def _verify(self, line: Line) -> None:
        if entry := self._some(self._registered):
            await line.race.verify(entry)

    async def _expire(self, line: Line) -> None:
        if entry := self._some(self._registered):
            overdue = "UPDATE registrations SET expires_at = now() - interval '1 hour' WHERE id = CAST(:id AS uuid)"
            await line.execute(overdue, id=entry["registration_id"])
        await line.race.sweep()

    async def _accept(self, line: Line) -> None:
        offered = await line.race.scalar(_WITH_AN_OFFER)
        for entry_id in self._random.sample(offered or [], k=min(2, len(offered or []))):
            with suppress(NoOffer, OfferExpired, AlreadyRegistered):
                self._registered.append(await line.race.service.app.state.waitlist_service.accept(entry_id))

    async def _leave(self, line: Line) -> None:
        if entry := self._some(self._waiting):
            assert (await line.withdraw(entry)).status_code in (204, 409)

    async def _tend(self, line: Line) -> None:
        over = "offer_expires_at = now() - interval '3 minutes'"
        lapsing = f"UPDATE waitlist_entries SET {over} WHERE status = 'offered' AND turn % 3 = 0"
        await line.execute(lapsing)
        await line.process_waitlist()
        if self._random.random() < 0.3:
            self._quota += 1
            await self._staff.change(self.categories[0], quota=self._quota)


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_happens_at_once_places_offers_and_people_agree(line: Line, other: Line, seed: int) -> None:
    hubbub = Hubbub((line, other), seed)
    for _ in range(2):
        await hubbub.sell_out()
    for _ in range(25):
        await hubbub.round()
        await line.must_be_in_order()
    await line.process_waitlist()
    await line.nobody_waits_for_nothing()
    done = {row: await line.race.scalar(_HOW_MANY, status=row) for row in ("accepted", "expired", "withdrawn")}
    assert min(done.values()) >= 1, done
    assert await line.race.scalar(_DEADLOCKS) == 0


_HOW_MANY = "SELECT count(*) FROM waitlist_entries WHERE status = :status"

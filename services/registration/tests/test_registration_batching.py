"""The batcher alone: the order of requests, with a scripted engine in place of the database."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import pytest
from chassis.errors import TooBusy, Unavailable
from registration.admission.admit_batch import Batch, Outcome
from registration.admission.errors import AlreadyRegistered, CategoryFull
from registration.admission.insert import ConcurrentConflict
from registration.admission.rules import RegistrationRequest
from registration.entries.creation import RegistrationBody
from registration.idempotency.errors import RequestInProgress
from registration.idempotency.rules import Answer
from registration.prices.errors import PromoUsedUp
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from testkit.polling import eventually

from .registration_batcher import Engine, Step, admit_all, admitted, answers_to, arrive, batcher, busy, request


async def test_a_lone_request_is_served_at_once() -> None:
    engine = Engine()
    one = request()
    [waiting] = await arrive(batcher(engine), one)
    for _ in range(5):  # iterations of the event loop: no timer can have run out
        await asyncio.sleep(0)
    assert waiting.done()
    assert (await waiting).body["registration_id"] == str(one.registration_id)
    assert engine.batches == [[one]]


async def test_requests_that_arrive_during_a_transaction_share_the_next_one() -> None:
    engine = Engine()
    at = batcher(engine)
    first = await busy(engine, at)
    arrivals = [request() for _ in range(7)]
    waiting = await arrive(at, *arrivals)
    engine.gate.set()
    answers = await answers_to([first, *waiting])
    assert engine.sizes == [1, 7]
    assert engine.batches[1] == arrivals
    assert [answer.body["registration_id"] for answer in answers[1:] if isinstance(answer, Answer)] == [
        str(each.registration_id) for each in arrivals
    ]


async def test_requests_that_have_arrived_share_the_first_transaction() -> None:
    engine = Engine()
    at = batcher(engine)

    async def after(iterations: int) -> Answer[RegistrationBody]:
        for _ in range(iterations):  # what a request needs from its socket to the queue
            await asyncio.sleep(0)
        return await at.apply(request())

    await answers_to([asyncio.create_task(after(iterations)) for iterations in (0, 0, 1, 1, 2, 2)])
    assert engine.sizes == [6]


async def test_a_batch_is_bounded_and_the_order_is_kept() -> None:
    engine = Engine()
    at = batcher(engine, batch_size=3)
    first = await busy(engine, at)
    arrivals = [request() for _ in range(8)]
    waiting = await arrive(at, *arrivals)
    engine.gate.set()
    await answers_to([first, *waiting])
    assert engine.sizes == [1, 3, 3, 2]
    assert [each for batch in engine.batches[1:] for each in batch] == arrivals


async def test_a_full_queue_refuses_at_once_with_retry_after() -> None:
    engine = Engine()
    at = batcher(engine, queue_size=2)
    first = await busy(engine, at)
    waiting = await arrive(at, request(), request())
    with pytest.raises(TooBusy) as refusal:
        await asyncio.wait_for(at.apply(request()), 1)
    assert (refusal.value.status, refusal.value.headers) == (503, {"Retry-After": "1"})
    engine.gate.set()
    assert all(isinstance(answer, Answer) for answer in await answers_to([first, *waiting]))


async def test_a_key_refused_for_a_full_queue_may_be_used_again() -> None:
    engine = Engine()
    at = batcher(engine, queue_size=1)
    first = await busy(engine, at)
    waiting = await arrive(at, request())
    with pytest.raises(TooBusy):
        await at.apply(request("k"))
    engine.gate.set()
    await answers_to([first, *waiting])
    assert isinstance(await at.apply(request("k")), Answer)


async def test_a_failing_batch_is_tried_one_by_one_and_fails_only_for_the_bad_one() -> None:
    bad = request()

    def fails_with_bad(requests: Sequence[RegistrationRequest]) -> Batch:
        if bad in requests:
            raise ValueError("cannot be stored")
        return admit_all(requests)

    engine = Engine(admit_all, *[fails_with_bad] * 6)
    at = batcher(engine)
    first = await busy(engine, at)
    good = [request() for _ in range(4)]
    waiting = await arrive(at, good[0], good[1], bad, good[2], good[3])
    engine.gate.set()
    answers = await answers_to([first, *waiting])
    assert engine.sizes == [1, 5, 1, 1, 1, 1, 1]
    assert [type(answer) for answer in answers[1:]] == [Answer, Answer, Unavailable, Answer, Answer]


async def test_a_refusal_by_the_engine_reaches_only_its_caller() -> None:
    def one_refused(requests: Sequence[RegistrationRequest]) -> Batch:
        outcomes: list[Outcome | None] = [AlreadyRegistered(participants=[0]), admitted()]
        return Batch(outcomes, None)

    engine = Engine(admit_all, one_refused)
    at = batcher(engine)
    first = await busy(engine, at)
    waiting = await arrive(at, request(), request())
    engine.gate.set()
    answers = await answers_to([first, *waiting])
    assert [type(answer) for answer in answers[1:]] == [AlreadyRegistered, Answer]


async def test_a_conflicting_batch_is_run_again() -> None:
    engine = Engine(ConcurrentConflict(), ConcurrentConflict(), admit_all)
    assert isinstance(await batcher(engine).apply(request()), Answer)
    assert engine.sizes == [1, 1, 1]


async def test_a_batch_that_loses_every_race_is_tried_one_by_one() -> None:
    engine = Engine(admit_all, ConcurrentConflict(), ConcurrentConflict(), ConcurrentConflict())
    at = batcher(engine)
    first = await busy(engine, at)
    waiting = await arrive(at, request(), request())
    engine.gate.set()
    assert all(isinstance(answer, Answer) for answer in await answers_to([first, *waiting]))
    assert engine.sizes == [1, 2, 2, 2, 1, 1]


async def test_a_request_that_loses_every_race_gets_unavailable() -> None:
    engine = Engine(*[ConcurrentConflict() for _ in range(3)])
    with pytest.raises(Unavailable):
        await batcher(engine).apply(request())


def _driver_error(state: str) -> Exception:
    class DriverError(Exception):
        sqlstate = state

    return DriverError()


_LOST = [
    ConnectionRefusedError(),
    TimeoutError(),
    PoolTimeout("no connection came free"),
    InterfaceError("SELECT 1", None, _driver_error("08006")),
    DBAPIError("SELECT 1", None, _driver_error("57P01"), connection_invalidated=True),
    DBAPIError("SELECT 1", None, _driver_error("55P03")),  # the places are locked: all would wait in turn
    DBAPIError("SELECT 1", None, _driver_error("53300")),
]


@pytest.mark.parametrize("error", _LOST, ids=lambda error: type(error).__name__)
async def test_without_a_database_all_get_unavailable_at_once_and_not_one_by_one(error: Exception) -> None:
    engine = Engine(admit_all, error)
    at = batcher(engine)
    first = await busy(engine, at)
    waiting = await arrive(at, *(request(f"k-{index}") for index in range(5)))
    engine.gate.set()
    answers = await answers_to([first, *waiting])
    assert {type(answer) for answer in answers[1:]} == {Unavailable}
    assert engine.sizes == [1, 5]
    assert isinstance(await at.apply(request("k-0")), Answer)


async def test_a_deadlock_is_worth_trying_one_by_one() -> None:
    engine = Engine(admit_all, DBAPIError("UPDATE", None, _driver_error("40P01")))
    at = batcher(engine)
    first = await busy(engine, at)
    waiting = await arrive(at, request(), request())
    engine.gate.set()
    assert all(isinstance(answer, Answer) for answer in await answers_to([first, *waiting]))
    assert engine.sizes == [1, 2, 1, 1]


async def test_a_client_that_left_the_queue_is_not_admitted_and_its_key_is_free_again() -> None:
    engine = Engine()
    at = batcher(engine)
    first = await busy(engine, at)
    stays = request()
    gone, waiting = await arrive(at, request("k"), stays)
    gone.cancel()
    engine.gate.set()
    await answers_to([first, gone, waiting])
    assert engine.batches[1] == [stays]
    assert isinstance(await at.apply(request("k")), Answer)


async def test_a_queue_whose_clients_all_left_starts_no_transaction() -> None:
    engine = Engine()
    at = batcher(engine)
    first = await busy(engine, at)
    gone = await arrive(at, request(), request())
    for task in gone:
        task.cancel()
    engine.gate.set()
    await answers_to([first, *gone])
    await at.drained()
    assert engine.sizes == [1]


async def test_a_client_that_leaves_during_its_transaction_disturbs_no_other() -> None:
    engine = Engine()
    at = batcher(engine)
    engine.gate.clear()
    gone = asyncio.create_task(at.apply(request("k")))
    await eventually(lambda: engine.batches)
    gone.cancel()
    [waiting] = await arrive(at, request())
    engine.gate.set()
    assert isinstance((await answers_to([waiting]))[0], Answer)
    assert isinstance(await at.apply(request("k")), Answer)


async def test_a_key_in_progress_is_refused_until_its_answer() -> None:
    engine = Engine()
    at = batcher(engine)
    engine.gate.clear()
    [first] = await arrive(at, request("k"))
    with pytest.raises(RequestInProgress):
        await at.apply(request("k"))
    engine.gate.set()
    await first
    assert isinstance(await at.apply(request("k")), Answer)


def _full(places_left: int) -> Step:
    def refuse(requests: Sequence[RegistrationRequest]) -> Batch:
        return Batch([CategoryFull(places_left=places_left) for _ in requests], places_left)

    return refuse


async def test_full_is_answered_from_memory_to_those_without_a_key() -> None:
    engine = Engine(_full(3))
    at = batcher(engine, memory_seconds=60)
    with pytest.raises(CategoryFull):
        await at.apply(request(size=5))
    with pytest.raises(CategoryFull) as refusal:
        await at.apply(request(size=5))
    assert refusal.value.extra == {"places_left": 3}
    assert engine.sizes == [1]
    assert isinstance(await at.apply(request(size=1)), Answer)


async def test_with_a_key_the_engine_is_asked_and_given_the_hint() -> None:
    engine = Engine(_full(0))
    at = batcher(engine, memory_seconds=60)
    with pytest.raises(CategoryFull):
        await at.apply(request())
    assert isinstance(await at.apply(request("repeat")), Answer)
    assert engine.hints == [None, 0]


async def test_full_is_forgotten_after_a_while() -> None:
    engine = Engine(_full(0), _full(0))
    at = batcher(engine, memory_seconds=0.05)
    with pytest.raises(CategoryFull):
        await at.apply(request())

    async def asked_again() -> bool:
        with pytest.raises(CategoryFull):
            await at.apply(request())
        return len(engine.batches) == 2

    await eventually(asked_again)


def _used_up(requests: Sequence[RegistrationRequest]) -> Batch:
    return Batch([PromoUsedUp(uses_left=0) for _ in requests], None, used_up=frozenset({"LARI20"}))


async def test_a_code_that_is_used_up_is_refused_from_memory_to_those_without_a_key() -> None:
    engine = Engine(_used_up)
    at = batcher(engine, memory_seconds=60)
    for _ in range(2):
        with pytest.raises(PromoUsedUp):
            await at.apply(request(code="LARI20"))
    assert engine.sizes == [1]
    for other in (request("repeat", code="LARI20"), request(code="OTHER"), request()):
        assert isinstance(await at.apply(other), Answer)


async def test_that_a_code_is_used_up_is_forgotten_after_a_while() -> None:
    engine = Engine(_used_up)
    at = batcher(engine, memory_seconds=0.05)
    with pytest.raises(PromoUsedUp):
        await at.apply(request(code="LARI20"))

    async def admitted_again() -> bool:
        with suppress(PromoUsedUp):
            return isinstance(await at.apply(request(code="LARI20")), Answer)
        return False

    await eventually(admitted_again)


async def test_requests_to_be_tried_again_come_before_later_arrivals() -> None:
    def first_of_each(requests: Sequence[RegistrationRequest]) -> Batch:
        outcomes: list[Outcome | None] = [admitted(), None, admitted(), None]
        return Batch(outcomes, None)

    engine = Engine(admit_all, first_of_each)
    at = batcher(engine, batch_size=4)
    first = await busy(engine, at)
    arrivals = [request() for _ in range(6)]
    waiting = await arrive(at, *arrivals)
    engine.gate.set()
    answers = await answers_to([first, *waiting])
    assert all(isinstance(answer, Answer) for answer in answers)
    assert engine.batches[2] == [arrivals[1], arrivals[3], arrivals[4], arrivals[5]]

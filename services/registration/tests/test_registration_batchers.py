"""The batchers of a process: a queue per category, and a maximum of concurrent transactions."""

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid4

from chassis.errors import StartlineError
from registration.admission.admit_batch import Batch
from registration.admission.batching import Batchers
from registration.admission.rules import RegistrationRequest
from registration.idempotency.rules import Answer
from testkit.polling import eventually

from .registration_batcher import Engine, answers_to, arrive, request


async def test_drained_means_every_queued_request_has_an_answer() -> None:
    engine = Engine()

    async def admit(_: UUID, requests: Sequence[RegistrationRequest], hint: int | None) -> Batch:
        return await engine(requests, hint)

    batchers = Batchers(admit, max_concurrent=4, batch_size=2, queue_size=10)
    await batchers.drained()
    engine.gate.clear()
    category_id = uuid4()
    waiting = await arrive(batchers[category_id], *(request() for _ in range(5)))
    drained = asyncio.create_task(batchers.drained())
    done, _ = await asyncio.wait({drained}, timeout=0.05)
    assert not done
    engine.gate.set()
    await asyncio.wait_for(drained, 5)
    assert engine.sizes == [2, 2, 1]
    assert all(isinstance(answer, Answer) for answer in await answers_to(waiting))


async def test_each_category_has_its_own_queue() -> None:
    held, free = Engine(), Engine()
    engines = {uuid4(): held, uuid4(): free}

    async def admit(category_id: UUID, requests: Sequence[RegistrationRequest], hint: int | None) -> Batch:
        return await engines[category_id](requests, hint)

    batchers = Batchers(admit, max_concurrent=4, batch_size=64, queue_size=400)
    busy, quiet = engines
    held.gate.clear()
    stuck = await arrive(batchers[busy], request())
    assert isinstance(await asyncio.wait_for(batchers[quiet].apply(request()), 1), Answer)
    held.gate.set()
    assert not any(isinstance(answer, StartlineError) for answer in await answers_to(stuck))


async def test_requests_that_wait_for_a_transaction_become_one_batch() -> None:
    engine = Engine()

    async def admit(_: UUID, requests: Sequence[RegistrationRequest], hint: int | None) -> Batch:
        return await engine(requests, hint)

    batchers = Batchers(admit, max_concurrent=2, batch_size=64, queue_size=400)
    engine.gate.clear()
    first, second, third = uuid4(), uuid4(), uuid4()
    served = [*await arrive(batchers[first], request()), *await arrive(batchers[second], request())]
    await eventually(lambda: engine.sizes == [1, 1])
    for _ in range(5):
        served += await arrive(batchers[third], request())
        await asyncio.sleep(0.01)
    assert engine.sizes == [1, 1], "a third transaction was begun"
    engine.gate.set()
    assert all(isinstance(answer, Answer) for answer in await answers_to(served))
    assert engine.sizes == [1, 1, 5]
